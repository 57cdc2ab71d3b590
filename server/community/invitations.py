"""Invitations and owner links: whether one opens, what it gives, what may be in its form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from server.community.errors import BadField
from server.community.offices import whole_number
from server.community.people import Role
from server.community.text import cleaned

DAYS_CHOICES = (1, 7, 30, 90)
LARGEST_USES = 100_000
LONGEST_NOTE = 120
MOST_INVITATIONS = 200
OWNER_LINK_LIFE = timedelta(days=2)
AFTER_SESSION = timedelta(days=7)
"""How long the link to a session opens after it, so that a session put off keeps its links."""
KEEP = "keep"
"""In the form of a change: leave the expiry as it is."""
_RANKS = tuple(Role)


class LinkState(StrEnum):
    """Whether a link opens, else why not."""

    VALID = "valid"
    EXPIRED = "expired"
    USED_UP = "used_up"
    REVOKED = "revoked"
    UNKNOWN = "unknown"


def given_roles(giver: Role) -> tuple[Role, ...]:
    """The roles that `giver` may put in an invitation: never above their own, never owner."""
    mine = _RANKS.index(giver)
    return tuple(role for role in _RANKS[: mine + 1] if role is not Role.OWNER)


def role_gained(role: Role, giver: Role, present: Role) -> Role:
    """What someone who is `present` becomes by an invitation that gives `role`.

    Never less than before, and nothing of what the giver may no longer give today.
    """
    if role not in given_roles(giver):
        return present
    return max(present, role, key=_RANKS.index)


@dataclass(frozen=True)
class Invitation:
    """A link that lets whoever holds it into an office, or (no office) into a whole community.

    `session_id`: it is to that session, which `office_id` is the place of; `whole`: to its series.
    `role` is what it makes of those who come; `opens` counts the browsers that looked, `uses` the
    people let in, `first_timers` those of them who were new to the community. No count says who.
    """

    id: str
    token: str
    community_id: str
    office_id: str | None
    note: str
    created_at: datetime
    expires_at: datetime | None
    max_uses: int | None
    uses: int
    revoked_at: datetime | None
    role: Role = Role.GUEST
    opens: int = 0
    first_timers: int = 0
    created_by: str | None = None
    session_id: str | None = None
    whole: bool = False

    def state(self, now: datetime) -> LinkState:
        """Whether it opens at `now`, for someone who has not used it yet."""
        if self.revoked_at is not None:
            return LinkState.REVOKED
        if self.expires_at is not None and self.expires_at <= now:
            return LinkState.EXPIRED
        if self.max_uses is not None and self.uses >= self.max_uses:
            return LinkState.USED_UP
        return LinkState.VALID


@dataclass(frozen=True)
class InvitationDraft:
    """What an owner decides about an invitation; `office_id` None opens the whole community."""

    office_id: str | None
    expires_at: datetime | None
    max_uses: int | None
    note: str
    role: Role = Role.GUEST
    session_id: str | None = None
    whole: bool = False


@dataclass(frozen=True)
class InvitationChange:
    """What may be changed of an invitation once it is made."""

    expires_at: datetime | None
    max_uses: int | None
    note: str


def draft_invitation(
    form: Mapping[str, str], office_ids: frozenset[str], giver: Role, now: datetime
) -> tuple[InvitationDraft | None, dict[str, str]]:
    """Read the form of an invitation: the draft (None when something is wrong), codes by field."""
    errors: dict[str, str] = {}
    office_id = form.get("office", "") or None
    if office_id is not None and office_id not in office_ids:
        errors["office"] = "not_a_choice"
    role = Role.GUEST
    asked = form.get("role", "") or Role.GUEST.value
    if asked not in {each.value for each in given_roles(giver)}:
        errors["role"] = "not_a_choice"
    else:
        role = Role(asked)
    if role is not Role.GUEST and office_id is not None:
        errors["role"] = "whole_house_only"
    days = form.get("days", "")
    if days not in {"", *map(str, DAYS_CHOICES)}:
        errors["days"] = "not_a_choice"
    max_uses, note = _uses_and_note(form, errors)
    expires_at = now + timedelta(days=int(days)) if days and "days" not in errors else None
    errors.update({**_missing_limits(role, expires_at, max_uses), **errors})
    if errors:
        return None, errors
    return InvitationDraft(office_id, expires_at, max_uses, note, role), {}


def change_invitation(
    form: Mapping[str, str], invitation: Invitation, now: datetime
) -> tuple[InvitationChange | None, dict[str, str]]:
    """Read the form of a change to `invitation`: the change, or codes by field."""
    errors: dict[str, str] = {}
    days = form.get("days", KEEP)
    if days not in {KEEP, "", *map(str, DAYS_CHOICES)}:
        errors["days"] = "not_a_choice"
    max_uses, note = _uses_and_note(form, errors)
    if max_uses is not None and max_uses < invitation.uses:
        errors["max_uses"] = "fewer_than_used"
    expires_at = invitation.expires_at
    if days != KEEP and "days" not in errors:
        expires_at = now + timedelta(days=int(days)) if days else None
    errors.update({**_missing_limits(invitation.role, expires_at, max_uses), **errors})
    if errors:
        return None, errors
    return InvitationChange(expires_at, max_uses, note), {}


def _uses_and_note(form: Mapping[str, str], errors: dict[str, str]) -> tuple[int | None, str]:
    max_uses = whole_number(form.get("max_uses", ""), LARGEST_USES)
    if form.get("max_uses", "").strip() and max_uses is None:
        errors["max_uses"] = "not_a_number"
    note = ""
    try:
        note = cleaned("note", form.get("note", ""), longest=LONGEST_NOTE)
    except BadField as error:
        errors["note"] = error.code
    return max_uses, note


def _missing_limits(
    role: Role, expires_at: datetime | None, max_uses: int | None
) -> dict[str, str]:
    """A link that gives power ends by itself, and not everybody may use it."""
    if role in (Role.GUEST, Role.MEMBER):
        return {}
    wanted = {"days": expires_at, "max_uses": max_uses}
    return {name: "limit_needed" for name, value in wanted.items() if value is None}
