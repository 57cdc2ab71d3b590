"""Offices: the standing rooms of a community, and what may be written in their forms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from server.community.errors import BadField
from server.community.text import Bilingual, cleaned

LONGEST_OFFICE_NAME = 60
LONGEST_DESCRIPTION = 400
LARGEST_CAPACITY = 500
MOST_OFFICES = 100
RESERVED_SLUGS = frozenset({"gerer", "evenements", "seances", "calendrier"})
"""Pieces of address that pages of the community have for themselves."""


class OfficeKind(StrEnum):
    """What an office is for."""

    CAFE = "cafe"
    FOCUS = "focus"
    OPEN_SPACE = "open_space"


class Visibility(StrEnum):
    """Who may push the door: anyone with a name, or those who were invited."""

    PUBLIC = "public"
    INVITATION = "invitation"


@dataclass(frozen=True)
class OfficeDraft:
    """What an owner decides about an office."""

    kind: OfficeKind
    name: Bilingual
    description: Bilingual
    capacity: int
    visibility: Visibility
    show_names: bool


@dataclass(frozen=True)
class Office:
    """One office; `id` is also its room's name in the live rooms."""

    id: str
    community_id: str
    slug: str
    position: int
    kind: OfficeKind
    name: Bilingual
    description: Bilingual
    capacity: int
    visibility: Visibility
    show_names: bool


def draft_office(form: Mapping[str, str]) -> tuple[OfficeDraft | None, dict[str, str]]:
    """Read an office's form: the draft (None when something is wrong) and error codes by field."""
    reader = _Reader(form)
    draft = OfficeDraft(
        kind=OfficeKind(reader.choice("kind", [kind.value for kind in OfficeKind])),
        name=Bilingual(
            reader.text(
                "name_fr", LONGEST_OFFICE_NAME, required=not form.get("name_en", "").strip()
            ),
            reader.text("name_en", LONGEST_OFFICE_NAME),
        ),
        description=Bilingual(
            reader.text("description_fr", LONGEST_DESCRIPTION),
            reader.text("description_en", LONGEST_DESCRIPTION),
        ),
        capacity=reader.number("capacity", LARGEST_CAPACITY),
        visibility=Visibility(reader.choice("visibility", [each.value for each in Visibility])),
        show_names=form.get("show_names") == "1",
    )
    return (None if reader.errors else draft), reader.errors


class _Reader:
    """Reads fields one by one and keeps the code of what is wrong with each."""

    def __init__(self, form: Mapping[str, str]) -> None:
        self._form = form
        self.errors: dict[str, str] = {}

    def text(self, field: str, longest: int, *, required: bool = False) -> str:
        try:
            return cleaned(field, self._form.get(field, ""), longest=longest, required=required)
        except BadField as error:
            self.errors[field] = error.code
            return ""

    def choice(self, field: str, choices: list[str]) -> str:
        value = self._form.get(field, "")
        if value not in choices:
            self.errors[field] = "not_a_choice"
            return choices[0]
        return value

    def number(self, field: str, largest: int) -> int:
        value = whole_number(self._form.get(field, ""), largest)
        if value is None:
            self.errors[field] = "not_a_number"
            return 1
        return value


def whole_number(text: str, largest: int) -> int | None:
    """The number from 1 to `largest` that `text` writes, else None."""
    text = text.strip()
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        return None
    number = int(text)
    return number if 1 <= number <= largest else None
