"""Who may push which door: the one rule that pages, JSON and removals all ask."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from server.community.offices import Office, Visibility
from server.community.people import Person, Role, may_manage


class Refusal(StrEnum):
    """Why someone may not enter now."""

    NAME_REQUIRED = "name_required"
    NOT_ALLOWED = "not_allowed"
    EXPELLED = "expelled"
    FULL = "full"


@dataclass(frozen=True)
class Standing:
    """What someone holds in one community: a role, and the invitations that still admit them.

    `whole_community`: an invitation to the community admits them everywhere; `office_ids`: the
    offices that others open to them. `expelled_from`: those they may not enter before midnight.
    """

    role: Role = Role.GUEST
    whole_community: bool = False
    office_ids: frozenset[str] = frozenset()
    expelled_from: frozenset[str] = frozenset()


STRANGER = Standing()


def is_invited(standing: Standing, office: Office) -> bool:
    """Whether `office`'s door is open to someone of that standing, leaving room aside."""
    return office.id not in standing.expelled_from and (
        office.visibility is Visibility.PUBLIC
        or standing.role is not Role.GUEST
        or standing.whole_community
        or office.id in standing.office_ids
    )


def refusal(
    person: Person | None,
    standing: Standing,
    office: Office,
    *,
    count: int,
    already_inside: bool = False,
) -> Refusal | None:
    """Why `person` may not enter `office`, where `count` people are; None when they may.

    Whoever manages the community always gets in, and so does someone already inside (another
    device or a reload replaces the first). Who was shown out stays out, whatever their role.
    """
    if office.id in standing.expelled_from:
        return Refusal.EXPELLED
    if not is_invited(standing, office):
        return Refusal.NOT_ALLOWED
    if count >= office.capacity and not already_inside and not may_manage(standing.role):
        return Refusal.FULL
    if person is None:
        return Refusal.NAME_REQUIRED
    return None
