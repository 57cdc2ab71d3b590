"""Invitations and owner links: whether one still opens, and what may be written in its form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from server.community.errors import BadField
from server.community.offices import whole_number
from server.community.text import cleaned

DAYS_CHOICES = (1, 7, 30, 90)
LARGEST_USES = 100_000
LONGEST_NOTE = 120
MOST_INVITATIONS = 200
OWNER_LINK_LIFE = timedelta(days=2)


class LinkState(StrEnum):
    """Whether a link opens, else why not."""

    VALID = "valid"
    EXPIRED = "expired"
    USED_UP = "used_up"
    REVOKED = "revoked"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Invitation:
    """A link that lets whoever holds it into an office, or (no office) into a whole community."""

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


def draft_invitation(
    form: Mapping[str, str], office_ids: frozenset[str], now: datetime
) -> tuple[InvitationDraft | None, dict[str, str]]:
    """Read an invitation's form: the draft (None when something is wrong), codes by field."""
    errors: dict[str, str] = {}
    office_id = form.get("office", "") or None
    if office_id is not None and office_id not in office_ids:
        errors["office"] = "not_a_choice"
    days = form.get("days", "")
    if days not in {"", *map(str, DAYS_CHOICES)}:
        errors["days"] = "not_a_choice"
    max_uses = whole_number(form.get("max_uses", ""), LARGEST_USES)
    if form.get("max_uses", "").strip() and max_uses is None:
        errors["max_uses"] = "not_a_number"
    note = ""
    try:
        note = cleaned("note", form.get("note", ""), longest=LONGEST_NOTE)
    except BadField as error:
        errors["note"] = error.code
    if errors:
        return None, errors
    expires_at = now + timedelta(days=int(days)) if days else None
    return InvitationDraft(office_id, expires_at, max_uses, note), {}
