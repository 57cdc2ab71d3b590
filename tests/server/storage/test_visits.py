"""Visits and private feeds in both databases: noted, read, counted, erased; and their migration."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from server.community.retention import Kind
from server.community.visits import Seen
from server.storage.database import Database
from server.storage.demo_community import open_demo_community
from server.storage.queries import feeds, visits
from server.storage.queries.feeds import Feed
from server.storage.queries.offices import offices_of
from server.storage.queries.people import add_person
from server.storage.queries.person_data import erase_person, gather_person, merge_people
from server.storage.queries.retention import erase_old

NOW = datetime(2026, 9, 1, 13, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


async def come(db: AsyncSession, *names: str) -> list[Seen]:
    """People who are in the first office of a community."""
    community = await open_demo_community(db, NOW)
    office = (await offices_of(db, community.id))[0]
    people = [await add_person(db, name, NOW) for name in names]
    return [Seen(community.id, office.id, each.id) for each in people]


async def test_a_visit_lasts_as_long_as_someone_is_seen(database: Database) -> None:
    async with database.writing() as db:
        ana, bo = await come(db, "Ana", "Bo")
        assert (await visits.offices_to_look_at(db))[ana.office_id] == ana.community_id
        await visits.note_visits(db, [], [ana, bo, Seen(ana.community_id, ana.office_id, "x")], NOW)
        going_on = await visits.visits_going_on(db, NOW + MINUTE)
        mine = next(each for each in going_on if each.person_id == ana.person_id)
        await visits.note_visits(db, [mine.id], [], NOW + 4 * MINUTE)
        assert [each.id for each in await visits.visits_going_on(db, NOW + 6 * MINUTE)] == [mine.id]
        found = await visits.visits_between(
            db, ana.community_id, NOW + MINUTE, NOW + 9 * MINUTE, office_id=ana.office_id
        )
        assert [(each.id, each.came_at, each.seen_at) for each in found] == [
            (mine.id, NOW, NOW + 4 * MINUTE)
        ]
        firsts = await visits.first_visits(db, ana.community_id, NOW - MINUTE)
        assert firsts == {ana.person_id: NOW, bo.person_id: NOW}
        assert await visits.first_visits(db, ana.community_id, NOW + MINUTE) == {}


async def test_visits_outlive_a_person_without_naming_them(database: Database) -> None:
    async with database.writing() as db:
        ana, bo = await come(db, "Ana", "Bo")
        await visits.note_visits(db, [], [ana, bo], NOW)
        await merge_people(db, bo.person_id, ana.person_id, NOW)
        assert len((await gather_person(db, ana.person_id))["visits"]) == 2
        await erase_person(db, ana.person_id, None)
    async with database.reading() as db:
        found = await visits.visits_between(db, ana.community_id, NOW - MINUTE, NOW + MINUTE)
        assert [each.person_id for each in found] == [None, None]


async def test_visits_are_erased_in_time(database: Database) -> None:
    async with database.writing() as db:
        ana, bo = await come(db, "Ana", "Bo")
        await visits.note_visits(db, [], [ana], NOW)
        await visits.note_visits(db, [], [bo], NOW + timedelta(days=2))
        assert await erase_old(db, Kind.VISITS, NOW + timedelta(days=1)) == 1
        end = NOW + timedelta(days=9)
        assert len(await visits.visits_between(db, ana.community_id, NOW, end)) == 1


async def test_a_feed_has_one_address_which_no_export_tells(database: Database) -> None:
    async with database.writing() as db:
        [ana] = await come(db, "Ana")
        first = await feeds.open_feed(db, Feed.PRIVATE, ana.person_id, NOW)
        second = await feeds.open_feed(db, Feed.PRIVATE, ana.person_id, NOW)
        assert await feeds.person_of_feed(db, Feed.PRIVATE, first) is None
        found = await feeds.person_of_feed(db, Feed.PRIVATE, second)
        assert found is not None
        assert found.id == ana.person_id
        assert await feeds.feed_token(db, Feed.PRIVATE, ana.person_id) == second
        assert second not in str(await gather_person(db, ana.person_id))
        await erase_person(db, ana.person_id, None)
        assert await feeds.person_of_feed(db, Feed.PRIVATE, second) is None


async def test_migrations_go_down_and_up_with_visits_in_them(database: Database) -> None:
    async with database.writing() as db:
        [ana] = await come(db, "Ana")
        await visits.note_visits(db, [], [ana], NOW)
        await feeds.open_feed(db, Feed.PRIVATE, ana.person_id, NOW)
    await database.downgrade("0003")
    await database.migrate()
    async with database.reading() as db:
        assert await feeds.feed_token(db, Feed.PRIVATE, ana.person_id) is None
        assert await visits.visits_going_on(db, NOW) == []
