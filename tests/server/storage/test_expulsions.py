"""Those shown out for the day: until when, where, and what becomes of it when people change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from server.community.communities import Community
from server.community.people import Role
from server.community.retention import Kind, kept_for
from server.retention import apply_retention
from server.storage.database import Database
from server.storage.demo_community import open_demo_community
from server.storage.queries.communities import standing_of
from server.storage.queries.expulsions import expel, expulsions_of, readmit
from server.storage.queries.offices import offices_of, remove_office
from server.storage.queries.people import add_person, set_role
from server.storage.queries.person_data import erase_person, gather_person, merge_people
from server.storage.tables import ExpulsionRow

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
UNTIL = NOW + timedelta(hours=17)


@pytest.fixture
async def community(database: Database) -> Community:
    async with database.writing() as db:
        return await open_demo_community(db, NOW)


@pytest.fixture
async def office(database: Database, community: Community) -> str:
    async with database.reading() as db:
        return (await offices_of(db, community.id))[0].id


@pytest.fixture
async def zoe(database: Database, office: str) -> str:
    """A guest who was shown out of the first office."""
    async with database.writing() as db:
        person = await add_person(db, "Zoé", NOW)
        await expel(db, person.id, office, until=UNTIL, now=NOW)
    return person.id


async def kept_out(
    database: Database, community: Community, person: str, now: datetime
) -> frozenset[str]:
    async with database.reading() as db:
        return (await standing_of(db, community.id, person, now)).expelled_from


async def count(database: Database) -> int:
    async with database.reading() as db:
        return await db.scalar(select(func.count()).select_from(ExpulsionRow)) or 0


async def test_one_is_out_of_that_office_until_then(
    database: Database, community: Community, office: str, zoe: str
) -> None:
    assert await kept_out(database, community, zoe, NOW) == {office}
    assert await kept_out(database, community, zoe, UNTIL - timedelta(seconds=1)) == {office}
    assert await kept_out(database, community, zoe, UNTIL) == frozenset()
    async with database.reading() as db:
        assert (await standing_of(db, "another", zoe, NOW)).expelled_from == frozenset()
        assert await expulsions_of(db, community.id, UNTIL) == []


async def test_twice_is_once_and_may_be_undone(
    database: Database, community: Community, office: str, zoe: str
) -> None:
    async with database.writing() as db:
        await expel(db, zoe, office, until=UNTIL, now=NOW)
        await set_role(db, community.id, zoe, Role.HOST, NOW)
        (found,) = await expulsions_of(db, community.id, NOW)
        assert (found.name, found.role, found.office_id) == ("Zoé", Role.HOST, office)
        assert (found.person_id, found.until) == (zoe, UNTIL)
        await readmit(db, zoe, office)
    assert await kept_out(database, community, zoe, NOW) == frozenset()


async def test_signing_in_does_not_open_the_door_again(
    database: Database, community: Community, office: str, zoe: str
) -> None:
    async with database.writing() as db:
        lea = await add_person(db, "Léa", NOW, email="lea@exemple.org")
        await expel(db, lea.id, office, until=UNTIL, now=NOW)
        await merge_people(db, zoe, lea.id, NOW)
    assert await kept_out(database, community, lea.id, NOW) == {office}


async def test_it_goes_with_the_person_the_office_or_time(
    database: Database, community: Community, office: str, zoe: str
) -> None:
    async with database.writing() as db:
        assert len((await gather_person(db, zoe))["expulsions"]) == 1
        await erase_person(db, zoe, None)
    assert await count(database) == 0
    async with database.writing() as db:
        for name in ("Ana", "Bao"):
            person = await add_person(db, name, NOW)
            await expel(db, person.id, office, until=UNTIL, now=NOW)
    after = UNTIL + kept_for(Kind.EXPULSIONS)
    assert (await apply_retention(database, lambda: after))[Kind.EXPULSIONS] == 0
    erased = await apply_retention(database, lambda: after + timedelta(seconds=1))
    assert erased[Kind.EXPULSIONS] == 2
    async with database.writing() as db:
        person = await add_person(db, "Chloé", NOW)
        await expel(db, person.id, office, until=UNTIL, now=NOW)
        await remove_office(db, office)
    assert await count(database) == 0


async def test_the_migration_goes_down_and_up_with_records_in_it(
    database: Database, community: Community, zoe: str
) -> None:
    await database.downgrade("0005")
    await database.migrate()
    assert await count(database) == 0
    assert await kept_out(database, community, zoe, NOW) == frozenset()
