"""A month of a 700-member community: the same each time, each page within its queries."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from server.keys import DATABASE, JOBS, SESSION_CLOCK
from server.storage.database import Database
from server.storage.queries.communities import community_by_slug
from server.storage.queries.sessions import sessions_between
from server.storage.seed import SLUG, AlreadySeeded, seed_community
from tests.server.conftest import Visitors
from tests.server.every_page import NOT_PAGES, OWNER, Page, come_in_as_owner, counting, pages_of

SLOWEST = 1.0
"""Seconds: far above what a quiet machine needs, so that only a mistake of ours passes it."""


@pytest.fixture
async def full_house(house: web.Application) -> web.Application:
    """The house with 700 members and their month, its own work stopped: it is not counted."""
    async with house[DATABASE].writing() as db:
        await seed_community(db, 700, datetime.now(UTC))
    await house[SESSION_CLOCK].close()
    await house[JOBS].close()
    return house


@pytest.mark.alone
async def test_every_page_of_a_full_house_is_quick(
    full_house: web.Application, visitors: Visitors
) -> None:
    owner, stranger = visitors(), visitors()
    await come_in_as_owner(full_house, owner)
    lines, over, pages = list[str](), list[str](), await pages_of(full_house)
    assert await left_out(full_house, pages) == NOT_PAGES
    for page in pages:
        for reader in page.readers:
            browser = owner if reader == OWNER else stranger
            await browser.open(page.path)  # templates are compiled at their first use
            with counting() as told:
                began = time.process_time()
                status = await browser.open(page.path)
                took = time.process_time() - began
            count = len(told.statements)
            lines.append(f"{page.name:42} {reader:7} {count:3} statements {took * 1000:6.0f} ms")
            assert status == page.status, page.path
            if count > page.most:
                over += [f"{page.path}: {count}, not {page.most}", *told.statements]
            assert took < SLOWEST, page.path
    print("\n" + "\n".join(lines))
    assert not over, "\n".join(over)


async def left_out(house: web.Application, pages: list[Page]) -> set[str]:
    """The addresses of the house that no page stands for."""
    routes = house.router
    listed = {
        (await routes.resolve(make_mocked_request("GET", each.path))).route.resource
        for each in pages
    }
    known = {each.resource for each in routes.routes() if each.method == "GET"}
    return {each.canonical for each in known - listed if each is not None}


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
