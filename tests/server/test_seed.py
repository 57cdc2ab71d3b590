"""A month of a 700-member community: the same each time, each page within its queries."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web
from sqlalchemy import event, select
from sqlalchemy.engine import Engine

from server.community.sessions import OpenTo
from server.community.text import Bilingual
from server.community.tours import TourDraft
from server.keys import DATABASE, JOBS, SESSION_CLOCK, SETTINGS
from server.serving import new_owner_link
from server.storage.database import Database
from server.storage.queries import tours
from server.storage.queries.communities import community_by_slug
from server.storage.queries.session_answers import counts_of
from server.storage.queries.sessions import sessions_between
from server.storage.seed import SLUG, AlreadySeeded, seed_community
from server.storage.tables import PersonRow
from tests.server.conftest import Visitors
from tests.server.visitors import Visitor

HOUSE = f"/c/{SLUG}"
SLOWEST = 1.0
"""Seconds: far above what a quiet machine needs, so that only a mistake of ours passes it."""


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


@pytest.fixture
async def full_house(house: web.Application) -> web.Application:
    """The house with 700 members and their month, its own work stopped: it is not counted."""
    async with house[DATABASE].writing() as db:
        await seed_community(db, 700, datetime.now(UTC))
    await house[SESSION_CLOCK].close()
    await house[JOBS].close()
    return house


async def pages_of(house: web.Application) -> dict[str, int]:
    """Every page of the community, with how many statements it may need."""
    now = datetime.now(UTC)
    async with house[DATABASE].reading() as db:
        community = await community_by_slug(db, SLUG)
        assert community is not None
        found = await sessions_between(db, community.id, now, now + timedelta(days=30))
        counts = await counts_of(db, [each.id for each in found])
    shown = [each for each in found if each.plan.open_to is OpenTo.ALL]
    tour = await make_tour(house, [each.id for each in shown[:12]])
    busiest = max(shown, key=lambda each: counts[each.id].yes if each.id in counts else 0)
    return {
        "/": 6,
        HOUSE: 10,
        f"{HOUSE}/place": 10,
        f"{HOUSE}/place/salle": 10,
        f"{HOUSE}/seances": 14,
        f"{HOUSE}/seances?mois={now:%Y-%m}": 12,
        f"{HOUSE}/seances/{busiest.id}": 22,
        f"{HOUSE}/gerer": 12,
        f"{HOUSE}/seances/nouvelle": 10,
        f"{HOUSE}/seances/{busiest.id}/modifier": 14,
        f"{HOUSE}/seances/animation": 14,
        f"{HOUSE}/gerer/frequentation": 14,
        f"{HOUSE}/gerer/personnes": 12,
        f"{HOUSE}/gerer/maison": 10,
        f"{HOUSE}/calendrier": 10,
        f"{HOUSE}/calendrier.ics": 10,
        f"{HOUSE}/seances/{busiest.id}/presences.csv": 10,
        f"{HOUSE}/seances/{busiest.id}/serie.ics": 12,
        "/compte": 14,
        "/tournees": 8,
        "/tournees/nouvelle": 16,
        f"/tournees/{tour}": 26,
        f"/tournees/{tour}/modifier": 26,
    }


async def make_tour(house: web.Application, stops: list[str]) -> str:
    """A tour of that many stops, the owner's: its word in the address."""
    draft = TourDraft(Bilingual("Tournée"), Bilingual(""), frozenset(stops))
    async with house[DATABASE].writing() as db:
        latest = select(PersonRow.id).order_by(PersonRow.created_at.desc()).limit(1)
        owner = await db.scalar(latest)
        return (await tours.add_tour(db, draft, owner or "", datetime.now(UTC))).slug


FOR_OWNERS = ("/gerer", "/nouvelle", "/modifier", "/animation", "/compte", ".csv")
"""Pages that the street does not see."""


@pytest.mark.alone
async def test_every_page_of_a_full_house_is_quick(
    full_house: web.Application, owner_of_all: Visitor, visitor: Visitor
) -> None:
    lines, over = list[str](), list[str]()
    for path, most in (await pages_of(full_house)).items():
        for who, browser in (("owner", owner_of_all), ("street", visitor)):
            if who == "street" and any(each in path for each in FOR_OWNERS):
                continue
            await browser.open(path)  # templates are compiled at their first use
            with counting() as told:
                began = time.perf_counter()
                status = await browser.open(path)
                took = time.perf_counter() - began
            page, count = path.removeprefix(HOUSE)[:30], len(told.statements)
            lines.append(f"{page:30} {who:7} {count:3} statements {took * 1000:6.0f} ms")
            assert status == 200, path
            if count > most:
                over += [f"{path}: {count}, not {most}", *told.statements]
            assert took < SLOWEST, path
    print("\n" + "\n".join(lines))
    assert not over, "\n".join(over)


@pytest.fixture
async def owner_of_all(full_house: web.Application, visitors: Visitors) -> Visitor:
    """The owner of the seeded community."""
    found = visitors()
    link = await new_owner_link(full_house[DATABASE], full_house[SETTINGS], SLUG)
    path = link.removeprefix(full_house[SETTINGS].address)
    await found.open(path)
    await found.send(path, name="Odile")
    return found


async def test_the_same_month_each_time(tmp_path_factory: pytest.TempPathFactory) -> None:
    now = datetime(2026, 9, 1, 12, tzinfo=UTC)
    made = []
    for _ in range(2):
        folder = tmp_path_factory.mktemp("seed")
        database = Database(f"sqlite+aiosqlite:///{folder / 'moulin.sqlite3'}")
        await database.migrate()
        async with database.writing() as db:
            counts = await seed_community(db, 60, now)
            community = await community_by_slug(db, SLUG)
            assert community is not None
            found = await sessions_between(db, community.id, now, now + timedelta(days=30))
            with pytest.raises(AlreadySeeded):
                await seed_community(db, 60, now)
        await database.close()
        made.append((counts, [(each.plan.title, each.starts_at) for each in found]))
    assert made[0] == made[1]
    assert made[0][0].members == 60
    assert made[0][0].sessions > 90
