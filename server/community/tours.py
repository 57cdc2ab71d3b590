"""Tours: series of sessions across communities, who may make and change them, and their form."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from server.community.communities import Community
from server.community.entry import Standing
from server.community.errors import BadField
from server.community.offices import Office, Visibility
from server.community.people import Person, Role
from server.community.sessions import OpenTo, Session
from server.community.text import Bilingual, clean, cleaned

MOST_STOPS = 24
MOST_TOURS = 500
LONGEST_TITLE = 100
LONGEST_TEXT = 2000
RESERVED_SLUGS = frozenset({"nouvelle"})


@dataclass(frozen=True)
class Tour:
    """A series of sessions across communities; `maker_id` is None once who made it is erased.

    Its stops are the sessions `session_ids`, in the order of their dates wherever they are shown.
    """

    id: str
    slug: str
    title: Bilingual
    text: Bilingual
    maker_id: str | None
    session_ids: frozenset[str]


@dataclass(frozen=True)
class TourDraft:
    """What its maker decides about a tour."""

    title: Bilingual
    text: Bilingual
    session_ids: frozenset[str]


def may_change(tour: Tour, person: Person | None) -> bool:
    """Whether that person may change and remove a tour: its maker, and who keeps the server."""
    return person is not None and (person.keeps_server or person.id == tour.maker_id)


def may_show(community: Community, session: Session, office: Office, standing: Standing) -> bool:
    """Whether a tour shows a stop to someone of that `standing` there, who may see its session.

    A house outside the public list is named to those who hold something in it; to others only by
    what it announces for all, in an open office.
    """
    if community.listed or standing.whole_community or standing.office_ids:
        return True
    if standing.role is not Role.GUEST:
        return True
    return session.plan.open_to is OpenTo.ALL and office.visibility is Visibility.PUBLIC


def draft_tour(
    form: Mapping[str, Sequence[str]], offered: Collection[str]
) -> tuple[TourDraft | None, dict[str, str]]:
    """Read a tour's form: the draft (None when something is wrong), codes by field.

    `offered`: the sessions that may be chosen; others are left out. A tour may begin without any,
    with stops proposed to other houses.
    """
    errors: dict[str, str] = {}

    def one(field: str) -> str:
        return next(iter(form.get(field, ())), "")

    def title(field: str, *, required: bool = False) -> str:
        try:
            return cleaned(field, one(field), longest=LONGEST_TITLE, required=required)
        except BadField as error:
            errors[field] = error.code
            return ""

    def text(field: str) -> str:
        lines = "\n".join(clean(line) for line in one(field).splitlines()).strip()
        if len(lines) > LONGEST_TEXT:
            errors[field] = "too_long"
        return lines

    no_english = not one("title_en").strip()
    chosen = frozenset(form.get("stops", ())) & frozenset(offered)
    draft = TourDraft(
        Bilingual(title("title_fr", required=no_english), title("title_en")),
        Bilingual(text("text_fr"), text("text_en")),
        chosen,
    )
    if len(chosen) > MOST_STOPS:
        errors["stops"] = "too_many_stops"
    return (None, errors) if errors else (draft, {})
