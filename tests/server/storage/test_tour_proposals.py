"""Proposed stops in both databases: asked, answered once, and never a stop before a yes."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from server.community.people import Notification, Role
from server.community.phases import length
from server.community.series_edits import Reach
from server.community.text import Bilingual
from server.community.tour_proposals import (
    USUAL_LENGTH,
    Proposal,
    ProposalDraft,
    Slot,
    StopState,
)
from server.community.tours import Tour, TourDraft
from server.storage.database import Database, Transaction
from server.storage.queries import session_cancelling, tour_proposals, tours
from server.storage.queries.people import add_person, person_by_id, set_role
from server.storage.queries.person_data import erase_person
from tests.server.storage.test_sessions import NOW, all_of, make

SOON = NOW + timedelta(days=3)
ZONE = "America/Toronto"


async def tour_of(db: Transaction, maker_id: str, *session_ids: str) -> Tour:
    """A tour that somebody made."""
    draft = TourDraft(Bilingual("La tournée"), Bilingual(""), frozenset(session_ids))
    return await tours.add_tour(db, draft, maker_id, NOW)


def moment(
    title: str = "Chez vous", at: datetime = SOON, minutes: int = USUAL_LENGTH
) -> ProposalDraft:
    return ProposalDraft(None, Slot(Bilingual(title), at, ZONE, minutes), "On vient à six.")


async def propose(
    db: Transaction, tour: Tour, community_id: str, draft: ProposalDraft, now: datetime = NOW
) -> Proposal:
    made = await tour_proposals.add_proposal(
        db, tour, community_id, draft, tour.maker_id or "", now
    )
    assert made is not None
    return made


async def stops(db: Transaction, tour: Tour) -> frozenset[str]:
    found = await tours.tour_by_slug(db, tour.slug)
    assert found is not None
    return found.session_ids


async def test_a_moment_and_a_session_read_back_and_are_no_stops(database: Database) -> None:
    async with database.writing() as db:
        community_id, first, draft = await make(db)
        maker = await add_person(db, "Ana", NOW)
        tour = await tour_of(db, maker.id)
        asked = await propose(db, tour, community_id, moment())
        linked = await propose(db, tour, community_id, ProposalDraft(first, None, ""))
    async with database.reading() as db:
        found = await tour_proposals.proposals_of_tour(db, tour.id)
        waiting = await tour_proposals.open_proposals_to(db, community_id, NOW)
        assert [each for each, _ in found] == [asked, linked]
        assert [(each.proposal, each.by) for each in waiting] == [(asked, "Ana"), (linked, "Ana")]
        assert asked.slot == Slot(Bilingual("Chez vous"), SOON, ZONE)
        assert (asked.note, asked.proposed_by) == ("On vient à six.", maker.id)
        assert (linked.session_id, linked.slot.title) == (first, draft.plan.title)
        assert await stops(db, tour) == frozenset()
        assert await tours.tours_of_session(db, first) == []
        assert await tours.tours_to_come(db, NOW) == []


async def test_a_moment_keeps_its_length_and_another_length_is_another_moment(
    database: Database,
) -> None:
    async with database.writing() as db:
        community_id, first, draft = await make(db)
        tour = await tour_of(db, (await add_person(db, "Ana", NOW)).id)
        short = await propose(db, tour, community_id, moment(minutes=45))
        long = await propose(db, tour, community_id, moment(minutes=180))
        linked = await propose(db, tour, community_id, ProposalDraft(first, None, ""))
    assert [each.slot.minutes for each in (short, long)] == [45, 180]
    assert short.slot.ends_at == SOON + timedelta(minutes=45)
    assert timedelta(minutes=linked.slot.minutes) == length(draft.plan.phases)
    await database.downgrade("0012")
    await database.migrate()
    async with database.reading() as db:
        found = await tour_proposals.proposals_of_tour(db, tour.id)
    # What was proposed before lengths were told lasts two hours.
    assert {each.slot.minutes for each, _ in found if each.session_id is None} == {120}


async def test_an_answer_is_given_once(database: Database) -> None:
    async with database.writing() as db:
        community_id, first, _ = await make(db)
        maker = await add_person(db, "Ana", NOW)
        tour = await tour_of(db, maker.id)
        yes = await propose(db, tour, community_id, moment())
        no = await propose(db, tour, community_id, ProposalDraft(first, None, "Et celle-là?"))
        assert await tour_proposals.accept_proposal(db, yes.id)
        await tour_proposals.link_stop(db, yes, first)
        for answered in (
            await tour_proposals.accept_proposal(db, yes.id),
            await tour_proposals.decline_proposal(db, yes.id, "Non"),
            await tour_proposals.withdraw_proposal(db, yes.id),
        ):
            assert not answered
        assert await tour_proposals.proposal_by_id(db, yes.id) is None
        assert await stops(db, tour) == {first}
        # It was proposed by itself too, and is answered along.
        assert await tour_proposals.proposals_of_tour(db, tour.id) == []
        assert not await tour_proposals.accept_proposal(db, no.id)


async def test_what_is_withdrawn_is_gone(database: Database) -> None:
    async with database.writing() as db:
        community_id, _, _ = await make(db)
        tour = await tour_of(db, (await add_person(db, "Ana", NOW)).id)
        asked = await propose(db, tour, community_id, moment())
        assert await tour_proposals.withdraw_proposal(db, asked.id)
        assert not await tour_proposals.accept_proposal(db, asked.id)
        assert await tour_proposals.proposals_of_tour(db, tour.id) == []
        assert await tour_proposals.count_open_to(db, community_id, NOW) == 0


async def test_what_was_declined_stays_with_its_word_and_may_be_proposed_again(
    database: Database,
) -> None:
    async with database.writing() as db:
        community_id, first, _ = await make(db)
        tour = await tour_of(db, (await add_person(db, "Ana", NOW)).id)
        drafts = (moment(), ProposalDraft(first, None, ""))
        for draft in drafts:
            asked = await propose(db, tour, community_id, draft)
            again = await tour_proposals.add_proposal(
                db, tour, community_id, draft, tour.maker_id or "", NOW
            )
            assert again is None  # the same twice is one
            assert await tour_proposals.decline_proposal(db, asked.id, "Une autre fois.")
            declined = await tour_proposals.proposal_by_id(db, asked.id)
            assert declined is not None
            assert (declined.state, declined.word) == (StopState.DECLINED, "Une autre fois.")
        assert await tour_proposals.count_open_to(db, community_id, NOW) == 0
        assert await tour_proposals.count_proposals(db, tour.id) == 2
        for draft in drafts:
            await propose(db, tour, community_id, draft)
        assert await tour_proposals.count_proposals(db, tour.id) == 2
        assert await tour_proposals.count_open_to(db, community_id, NOW) == 2


async def test_what_is_past_or_called_off_waits_for_no_answer(database: Database) -> None:
    async with database.writing() as db:
        community_id, _, _ = await make(db)
        found = await all_of(db, community_id)
        tour = await tour_of(db, (await add_person(db, "Ana", NOW)).id)
        await propose(db, tour, community_id, moment())
        for each in found[:2]:
            await propose(db, tour, community_id, ProposalDraft(each.id, None, ""))
        assert await tour_proposals.count_open_to(db, community_id, NOW) == 3
        assert await tour_proposals.count_open_to(db, community_id, SOON) == 2
        assert await tour_proposals.count_open_to(db, community_id, found[0].starts_at) == 1
        await session_cancelling.cancel_session(db, found[1], Reach.THIS, NOW)
        assert await tour_proposals.count_open_to(db, community_id, NOW) <= 2
        waiting = await tour_proposals.open_proposals_to(db, community_id, NOW)
        assert found[1].id not in {each.proposal.session_id for each in waiting}


async def test_changing_a_tour_keeps_what_was_not_offered(database: Database) -> None:
    async with database.writing() as db:
        community_id, _, _ = await make(db)
        own, hidden, asked, late = [each.id for each in (await all_of(db, community_id))[:4]]
        tour = await tour_of(db, (await add_person(db, "Ana", NOW)).id, own, hidden)
        for each in (asked, late):
            await propose(db, tour, community_id, ProposalDraft(each, None, ""))
        draft = TourDraft(Bilingual("La tournée"), Bilingual(""), frozenset({asked}))
        await tours.change_tour(db, tour.id, draft, {own, asked})
        assert await stops(db, tour) == {hidden, asked}
        (left,) = await tour_proposals.proposals_of_tour(db, tour.id)
        assert left[0].session_id == late


async def test_proposals_go_with_who_made_them_and_stops_stay(database: Database) -> None:
    async with database.writing() as db:
        community_id, first, _ = await make(db)
        maker = await add_person(db, "Ana", NOW)
        tour = await tour_of(db, maker.id)
        yes = await propose(db, tour, community_id, ProposalDraft(first, None, "Un mot"))
        await propose(db, tour, community_id, moment())
        assert await tour_proposals.accept_proposal(db, yes.id)
        await erase_person(db, maker.id, None)
        assert await tour_proposals.proposals_of_tour(db, tour.id) == []
        assert await stops(db, tour) == {first}


async def test_the_organisers_of_a_house_are_found(database: Database) -> None:
    async with database.writing() as db:
        community_id, _, _ = await make(db)
        for role in Role:
            person = await add_person(db, role.value, NOW)
            if role is not Role.GUEST:
                await set_role(db, community_id, person.id, role, NOW)
        found = await tour_proposals.organisers_of(db, community_id)
    assert {each.name for each in found} == {"organiser", "owner"}


@pytest.mark.parametrize(
    ("before", "after"),
    [("changes,reminders", {"changes", "reminders", "proposals"}), ("", set())],
)
async def test_the_migration_keeps_stops_and_wishes_down_and_up(
    database: Database, before: str, after: set[str]
) -> None:
    async with database.writing() as db:
        community_id, first, _ = await make(db)
        maker = await add_person(db, "Ana", NOW)
        tour = await tour_of(db, maker.id, first)
        await propose(db, tour, community_id, moment())
    await database.downgrade("0011")
    async with database.writing() as db:
        kept = (await db.execute(text("SELECT tour_id, session_id FROM tour_stops"))).all()
        wanted = (await db.execute(text("SELECT notifications FROM people"))).scalars()
        assert [tuple(each) for each in kept] == [(tour.id, first)]
        assert set(wanted) == {"changes,reminders"}
        await db.execute(text("UPDATE people SET notifications = :it"), {"it": before})
    await database.migrate()
    async with database.reading() as db:
        person = await person_by_id(db, maker.id)
        assert person is not None
        assert person.notifications == {Notification(each) for each in after}
        assert await stops(db, tour) == {first}
        assert await tour_proposals.proposals_of_tour(db, tour.id) == []


async def test_what_someone_leaves_is_known_with_its_houses(database: Database) -> None:
    async with database.writing() as db:
        community_id, first, _ = await make(db)
        ana, bo = await add_person(db, "Ana", NOW), await add_person(db, "Bo", NOW)
        going, beginning = await tour_of(db, ana.id, first), await tour_of(db, ana.id)
        theirs = await tour_of(db, bo.id, first)
        asked = await propose(db, going, community_id, moment("Un"))
        refused = await propose(db, going, community_id, moment("Deux"))
        assert await tour_proposals.decline_proposal(db, refused.id, "Complet.")
        accepted = await propose(db, going, community_id, moment("Trois"))
        assert await tour_proposals.accept_proposal(db, accepted.id)
        by_bo = await tour_proposals.add_proposal(
            db, beginning, community_id, moment("Quatre"), bo.id, NOW
        )
        assert by_bo is not None
        kept = await propose(db, theirs, community_id, moment("Cinq"))
        found = await tour_proposals.left_by(db, ana.id)
        assert {each.id for each, _ in found} == {asked.id, refused.id, by_bo.id}
        assert {house.id for _, house in found} == {community_id}

        withdrawn = await tour_proposals.withdraw_waiting(db, ana.id)
        assert [each for each, _ in withdrawn] == [asked]
        left = [refused.id, by_bo.id, kept.id]
        assert [each.id for each, _ in await tour_proposals.proposals_of_tour(db, going.id)] == [
            refused.id
        ]
        for each in left:
            assert await tour_proposals.proposal_by_id(db, each) is not None
