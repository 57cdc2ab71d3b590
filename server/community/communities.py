"""Communities: a group of people and its offices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from server.community.errors import BadField
from server.community.text import Bilingual, cleaned

LONGEST_COMMUNITY_NAME = 60
LONGEST_DESCRIPTION = 400
TIME_ZONES = (
    "America/Toronto",
    "America/Halifax",
    "America/St_Johns",
    "America/Winnipeg",
    "America/Edmonton",
    "America/Vancouver",
    "Europe/Paris",
    "Europe/Brussels",
    "Europe/Zurich",
    "UTC",
)
"""The time zones to choose from first; any other that the machine knows may be written."""


@dataclass(frozen=True)
class Community:
    """A group of people and its offices; `listed` in the public directory of its server, or not."""

    id: str
    slug: str
    name: Bilingual
    description: Bilingual
    time_zone: str
    listed: bool = True


@dataclass(frozen=True)
class CommunityDraft:
    """What an owner decides about a community."""

    name: Bilingual
    description: Bilingual
    time_zone: str
    listed: bool


def draft_community(form: Mapping[str, str]) -> tuple[CommunityDraft | None, dict[str, str]]:
    """Read a community's form: the draft (None when something is wrong), codes by field."""
    errors: dict[str, str] = {}

    def text(field: str, longest: int, *, required: bool = False) -> str:
        try:
            return cleaned(field, form.get(field, ""), longest=longest, required=required)
        except BadField as error:
            errors[field] = error.code
            return ""

    no_english = not form.get("name_en", "").strip()
    name = Bilingual(
        text("name_fr", LONGEST_COMMUNITY_NAME, required=no_english),
        text("name_en", LONGEST_COMMUNITY_NAME),
    )
    description = Bilingual(
        text("description_fr", LONGEST_DESCRIPTION), text("description_en", LONGEST_DESCRIPTION)
    )
    time_zone = form.get("time_zone", "").strip()
    if not is_time_zone(time_zone):
        errors["time_zone"] = "not_a_choice"
    if errors:
        return None, errors
    return CommunityDraft(name, description, time_zone, form.get("listed") == "1"), {}


def is_time_zone(name: str) -> bool:
    """Whether this machine knows a time zone of that name."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return 0 < len(name) <= 64
