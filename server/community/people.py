"""People and their roles in a community."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from server.community.text import cleaned

LONGEST_NAME = 60


class Role(StrEnum):
    """What someone is in one community, from the least to the most."""

    GUEST = "guest"
    MEMBER = "member"
    HOST = "host"
    ORGANISER = "organiser"
    OWNER = "owner"


_IDENTITY = re.compile(r"[gm]_[0-9a-f]{16}")
_MANAGING = frozenset({Role.ORGANISER, Role.OWNER})


class Notification(StrEnum):
    """The kinds of letters that a member may turn off; those that sign in are not among them."""

    REMINDERS = "reminders"
    CHANGES = "changes"
    PROPOSALS = "proposals"


@dataclass(frozen=True)
class Person:
    """Someone this server knows by a name, and by an address once they have an account.

    `lang` is the language to write to them in. `keeps_server`: may open communities.
    """

    id: str
    name: str
    email: str | None = None
    lang: str = "fr"
    notifications: frozenset[Notification] = frozenset(Notification)
    keeps_server: bool = False


def person_name(text: str) -> str:
    """The name someone typed, cleaned; raises BadField."""
    return cleaned("name", text, longest=LONGEST_NAME, required=True)


def may_manage(role: Role) -> bool:
    """Whether `role` may create and remove offices and invitations."""
    return role in _MANAGING


def identity_of(person: Person, role: Role) -> str:
    """The identity of `person` in the live rooms: "g_" for a guest, "m_" for anyone with a role."""
    return ("g_" if role is Role.GUEST else "m_") + person.id


def person_id_of(identity: str) -> str | None:
    """The person's id in an identity made by `identity_of`; None for any other identity."""
    return identity[2:] if _IDENTITY.fullmatch(identity) else None
