"""Tours in both databases: their stops, which are found, and what becomes of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import update

from server.community.series_edits import Reach
from server.community.text import Bilingual
from server.community.tours import TourDraft
from server.storage.database import Database, Transaction
from server.storage.queries import session_cancelling, tours
from server.storage.queries.people import add_person
from server.storage.queries.person_data import erase_person
from server.storage.tables import CommunityRow
from tests.server.storage.test_sessions import NOW, all_of, make

LATER = datetime(2027, 1, 1, tzinfo=UTC)


async def tour_at(db: Transaction, *session_ids: str) -> tuple[str, str]:
    """A tour that stops there, made by somebody: its address, its maker."""
    maker = await add_person(db, "Odile", NOW)
    draft = TourDraft(Bilingual("La tournée"), Bilingual("On y va."), frozenset(session_ids))
    return (await tours.add_tour(db, draft, maker.id, NOW)).slug, maker.id


async def test_a_tour_reads_back_changes_and_goes(database: Database) -> None:
    async with database.writing() as db:
        community_id, first, _ = await make(db)
        second = (await all_of(db, community_id))[1].id
        slug, maker_id = await tour_at(db, first, second)
        other, _ = await tour_at(db, first)
        tour = await tours.tour_by_slug(db, slug)
        assert tour is not None
        assert (slug, other) == ("la-tournee", "la-tournee-2")
        assert (tour.maker_id, tour.session_ids) == (maker_id, frozenset({first, second}))
        assert [each.slug for each in await tours.tours_of_session(db, second)] == [slug]
        draft = TourDraft(Bilingual("", "Tour"), Bilingual(""), frozenset({second}))
        await tours.change_tour(db, tour.id, draft, {first, second})
        changed = await tours.tour_by_slug(db, slug)
        assert changed is not None
        assert (changed.title.read("fr"), changed.session_ids) == ("Tour", frozenset({second}))
        await tours.remove_tour(db, tour.id)
        assert await tours.tour_by_slug(db, slug) is None
        assert await tours.count_tours(db) == 1
        assert len(await all_of(db, community_id)) == 5


async def test_tours_are_found_while_a_stop_is_to_come(database: Database) -> None:
    async with database.writing() as db:
        community_id, _, _ = await make(db)
        found = await all_of(db, community_id)
        late, _ = await tour_at(db, found[3].id)
        soon, maker_id = await tour_at(db, found[1].id, found[4].id)
        assert [each.slug for each in await tours.tours_to_come(db, NOW)] == [soon, late]
        assert await tours.tours_to_come(db, LATER) == []
        assert [each.slug for each in await tours.tours_to_come(db, LATER, maker_id)] == [soon]
        await session_cancelling.cancel_session(db, found[3], Reach.THIS, NOW)
        assert [each.slug for each in await tours.tours_to_come(db, NOW)] == [soon]
        await db.execute(update(CommunityRow).values(listed=False))
        assert await tours.tours_to_come(db, NOW) == []


async def test_a_tour_outlives_its_maker_and_its_sessions(database: Database) -> None:
    async with database.writing() as db:
        community_id, _, _ = await make(db)
        last = (await all_of(db, community_id))[-1]
        slug, maker_id = await tour_at(db, last.id)
        await erase_person(db, maker_id, None)
        # Nobody answered it: called off with all, its row goes, and the stop with it.
        await session_cancelling.cancel_session(db, last, Reach.ALL, NOW + timedelta(hours=1))
        tour = await tours.tour_by_slug(db, slug)
    assert tour is not None
    assert tour.maker_id is None
    assert tour.session_ids in (frozenset(), frozenset({last.id}))


async def test_a_tour_that_stops_nowhere_goes_with_its_maker(database: Database) -> None:
    async with database.writing() as db:
        _, first, _ = await make(db)
        empty, maker_id = await tour_at(db)
        other, other_id = await tour_at(db)
        full = await tours.add_tour(
            db, TourDraft(Bilingual("P"), Bilingual(""), frozenset({first})), maker_id, NOW
        )
        await erase_person(db, maker_id, None)
        left = [await tours.tour_by_slug(db, each) for each in (empty, other, full.slug)]
    assert [each.maker_id if each else "gone" for each in left] == ["gone", other_id, None]


async def test_the_migration_of_tours_goes_down_and_up(database: Database) -> None:
    async with database.writing() as db:
        _, first, _ = await make(db)
        await tour_at(db, first)
    await database.downgrade("0007")
    await database.migrate()
    async with database.reading() as db:
        assert await tours.count_tours(db) == 0
