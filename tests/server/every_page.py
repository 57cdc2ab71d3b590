"""Every page of a busy house: its address, who reads it, and how many statements it may need."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from aiohttp import web
from sqlalchemy import event
from sqlalchemy.engine import Engine

from server.community.invitations import InvitationDraft
from server.community.sessions import OpenTo, Session
from server.community.text import Bilingual
from server.community.tours import TourDraft
from server.keys import DATABASE, SETTINGS
from server.serving import new_owner_link
from server.storage.queries import feeds, invitations, tours
from server.storage.queries.communities import community_by_slug
from server.storage.queries.offices import offices_of
from server.storage.queries.people import person_by_email
from server.storage.queries.session_answers import counts_of
from server.storage.queries.sessions import sessions_between
from server.storage.seed import SLUG
from tests.server.mailbox import sign_in
from tests.server.visitors import Visitor

HOUSE = f"/c/{SLUG}"
HOST = "membre0@exemple.invalid"
"""Who hosts most in the seeded month, and so has the longest calendars."""
OWNER, STREET = "owner", "street"
BOTH = (OWNER, STREET)
NOT_PAGES = frozenset(
    {
        "/c/{community}/evenements",  # stays open
        "/cartes/{code}.jpg",  # drawn once
        "/static/{version}/{path}",
        *("/rtc", "/rtc/validate", "/rtc/v1", "/rtc/v1/validate"),
    }
)


@dataclass(frozen=True)
class Page:
    """One address, the statements it may need at most, by whom it is read, and the answer."""

    path: str
    most: int
    readers: tuple[str, ...] = BOTH
    status: int = 200

    @property
    def name(self) -> str:
        """The address without what is the same for all, or long and random."""
        parts = self.path.replace(HOUSE, "…", 1).split("/")
        return "/".join(each if len(each) < 22 else each[:6] + "…" for each in parts)


@dataclass
class Told:
    """The statements that a request sent to the database."""

    statements: list[str] = field(default_factory=list)


@contextmanager
def counting() -> Iterator[Told]:
    """Count the statements of every engine while the block lasts."""
    told = Told()

    def count(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        if not statement.startswith("BEGIN"):
            told.statements.append(statement)

    event.listen(Engine, "before_cursor_execute", count)
    try:
        yield told
    finally:
        event.remove(Engine, "before_cursor_execute", count)


@dataclass(frozen=True)
class _Found:
    """What addresses need to know of the house."""

    busiest: Session
    office_id: str
    tour: str
    invitation_id: str
    invitation: str
    private: str
    public: str
    key: str


async def pages_of(house: web.Application) -> list[Page]:
    """Every page of the seeded community and of the server around it."""
    found = await _found(house)
    return [*_for_all(found), *_of_sessions(found), *_of_calendars(found), *_for_owners(found)]


def _for_all(found: _Found) -> list[Page]:
    return [
        Page("/", 6),
        Page("/sante", 2),
        Page("/confidentialite", 2),
        Page("/robots.txt", 0),
        Page("/application-fr.webmanifest", 0),
        Page("/sw.js", 0),
        Page("/courrier", 4),
        Page("/connexion", 2),
        Page("/entree/inconnue", 4, status=410),
        Page("/garder/inconnue", 4, status=410),
        Page("/suite/inconnue", 4, status=410),
        Page(found.key, 6),
        Page(f"/i/{found.invitation}", 10),
        Page(HOUSE, 10),
        Page(f"{HOUSE}/place", 10),
        Page(f"{HOUSE}/place/salle", 10),
        Page(f"{HOUSE}/place/au-revoir", 8),
        Page("/tournees", 8),
        Page(f"/tournees/{found.tour}", 26),
    ]


def _of_sessions(found: _Found) -> list[Page]:
    busiest = f"{HOUSE}/seances/{found.busiest.id}"
    return [
        Page(f"{HOUSE}/seances", 14),
        Page(f"{HOUSE}/seances?mois={found.busiest.starts_at:%Y-%m}", 12),
        Page(busiest, 22),
        Page(f"{HOUSE}/seances/nouvelle", 10, (OWNER,)),
        Page(f"{busiest}/modifier", 14, (OWNER,)),
        Page(f"{busiest}/lampe", 10, (OWNER,)),
        Page(f"{busiest}/presences.csv", 10, (OWNER,)),
        Page(f"{HOUSE}/seances/animation", 14, (OWNER,)),
    ]


def _of_calendars(found: _Found) -> list[Page]:
    busiest = f"{HOUSE}/seances/{found.busiest.id}"
    return [
        Page(f"{HOUSE}/calendrier", 10),
        Page(f"{HOUSE}/calendrier.ics", 6),
        Page(f"{HOUSE}/place/calendrier.ics", 6),
        Page(f"{busiest}/seance.ics", 10),
        Page(f"{busiest}/serie.ics", 12),
        Page(f"/tournees/{found.tour}/calendrier.ics", 10),
        Page(f"/calendrier/{found.private}.ics", 10, (STREET,)),
        Page(f"/calendrier/{found.private}/{SLUG}.ics", 10, (STREET,)),
        Page(f"/calendrier/{found.private}/{SLUG}/place.ics", 10, (STREET,)),
        Page(f"/calendrier/public/{found.public}.ics", 8, (STREET,)),
    ]


def _for_owners(found: _Found) -> list[Page]:
    manage, invitation = f"{HOUSE}/gerer", f"{HOUSE}/gerer/invitations/{found.invitation_id}"
    paths = {
        manage: 12,
        f"{manage}/frequentation": 14,
        f"{manage}/frequentation.csv": 12,
        f"{manage}/personnes": 12,
        f"{manage}/maison": 10,
        f"{manage}/offices/{found.office_id}": 8,
        invitation: 12,
        f"{invitation}/affiche": 10,
        f"{invitation}/code.svg": 8,
        "/maisons/nouvelle": 6,
        "/compte": 14,
        "/compte/notifications": 6,
        "/tournees/nouvelle": 16,
        f"/tournees/{found.tour}/modifier": 26,
        f"/tournees/{found.tour}/proposer": 12,
        f"{manage}/propositions": 10,
    }
    return [Page(path, most, (OWNER,)) for path, most in paths.items()]


async def _found(house: web.Application) -> _Found:
    now = datetime.now(UTC)
    key = await new_owner_link(house[DATABASE], house[SETTINGS], SLUG)
    async with house[DATABASE].writing() as db:
        community = await community_by_slug(db, SLUG)
        assert community is not None
        month = await sessions_between(db, community.id, now, now + timedelta(days=30))
        counts = await counts_of(db, [each.id for each in month])
        shown = [each for each in month if each.plan.open_to is OpenTo.ALL]
        host = await person_by_email(db, HOST)
        assert host is not None
        made = await invitations.add_invitation(
            db,
            community.id,
            InvitationDraft(None, None, None, ""),
            created_by=host.id,
            now=now,
        )
        tour = TourDraft(
            Bilingual("Tournée"), Bilingual(""), frozenset(each.id for each in shown[:12])
        )
        return _Found(
            busiest=max(shown, key=lambda each: counts[each.id].yes if each.id in counts else 0),
            office_id=(await offices_of(db, community.id))[0].id,
            tour=(await tours.add_tour(db, tour, host.id, now)).slug,
            invitation_id=made.id,
            invitation=made.token,
            private=await feeds.open_feed(db, feeds.Feed.PRIVATE, host.id, now),
            public=await feeds.open_feed(db, feeds.Feed.PUBLIC, host.id, now),
            key=key.removeprefix(house[SETTINGS].address),
        )


async def come_in_as_owner(house: web.Application, visitor: Visitor) -> None:
    """The host of the seeded house signs in on a browser, and keeps the whole server too."""
    await sign_in(house, visitor, HOST)
    link = await new_owner_link(house[DATABASE], house[SETTINGS], SLUG)
    await visitor.send(link.removeprefix(house[SETTINGS].address))
    assert visitor.path == f"{HOUSE}/gerer", visitor.text
