"""Stops that houses said yes to, in both databases: found, left, and told when they are off."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete

from server.community.text import Bilingual
from server.community.tour_proposals import ProposalDraft
from server.community.tours import TourDraft
from server.storage.database import Database
from server.storage.queries import (
    office_sessions,
    sessions,
    tour_proposals,
    tour_stops,
    tours,
)
from server.storage.queries.letters import add_letter, letter_left, waiting_letters
from server.storage.queries.people import add_person
from server.storage.queries.push_notices import add_notice, waiting_notices
from server.storage.tables import SessionHostRow
from tests.server.storage.test_sessions import NOW, all_of, make
from tests.server.storage.test_tour_proposals import moment, propose, tour_of


async def test_stops_are_found_by_session_tour_and_house(database: Database) -> None:
    async with database.writing() as db:
        community_id, _, _ = await make(db)
        own, yes, waits, no = [each.id for each in await all_of(db, community_id)][:4]
        maker = await add_person(db, "Ana", NOW)
        tour = await tour_of(db, maker.id, own)
        asked = {
            each: await propose(db, tour, community_id, ProposalDraft(each, None, ""))
            for each in (yes, waits, no)
        }
        await propose(db, tour, community_id, moment())
        assert await tour_proposals.accept_proposal(db, asked[yes].id)
        assert await tour_proposals.decline_proposal(db, asked[no].id, "")
        found = await tour_stops.stops_at(db, [own, yes, waits, no])
        assert {each.session_id: (each.told_id, each.was_asked) for each in found} == {
            own: (maker.id, False),
            yes: (maker.id, True),
            waits: (maker.id, False),
        }
        assert {each.community_id for each in found} == {community_id}
        for read in (
            await tour_stops.accepted_stops(db, tour.id, NOW),
            await tour_stops.stops_of_house(db, community_id, NOW),
        ):
            assert [each.session_id for each in read] == [yes]
        later = NOW + timedelta(days=999)
        assert await tour_stops.stops_of_house(db, community_id, later) == []
        # Its maker writes the tour again: the house's yes is still a yes.
        draft = TourDraft(Bilingual("La tournée"), Bilingual(""), frozenset({own, yes}))
        await tours.change_tour(db, tour.id, draft, {own, yes})
        (stop,) = await tour_stops.accepted_stops(db, tour.id, NOW)
        assert not await tour_stops.leave_tour(db, stop.id, "another")
        assert await tour_stops.leave_tour(db, stop.id, community_id)
        assert not await tour_stops.leave_tour(db, stop.id, community_id)
        assert await sessions.session_by_id(db, yes) is not None


async def test_stops_are_told_when_their_office_is_called_off(database: Database) -> None:
    async with database.writing() as db:
        community_id, first, _ = await make(db)
        stop = (await all_of(db, community_id))[2]
        await tour_of(db, (await add_person(db, "Ana", NOW)).id, stop.id)
        await db.execute(delete(SessionHostRow))
        changed = await office_sessions.call_off_sessions(db, stop.plan.office_id, NOW)
        assert stop.id in changed.cancelled
        assert first not in changed.cancelled  # nobody hosts or answered it, no tour stops there


async def test_who_has_not_been_told_yet(database: Database) -> None:
    async with database.writing() as db:
        ids = [(await add_person(db, name, NOW)).id for name in ("Ana", "Bo")]
        sent = [
            await add_letter(
                db,
                person_id=each,
                address=f"{each}@exemple.org",
                kind="proposal",
                about="it",
                lang="fr",
                subject="",
                text="",
                html="",
                attachments=(),
                now=NOW,
                send_at=NOW,
            )
            for each in ids
        ]
        await letter_left(db, sent[0], NOW)
        await add_notice(
            db, person_id=ids[0], about="it", payload="{}", now=NOW, send_at=NOW, expires_at=NOW
        )
        assert await waiting_letters(db, "it") == {ids[1]}
        assert await waiting_notices(db, "it") == {ids[0]}
        assert await waiting_letters(db, "else") == await waiting_notices(db, "else") == frozenset()
