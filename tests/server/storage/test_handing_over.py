"""Hosts who go and offices that go, in both databases: what becomes of the sessions to come."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from server.community.answers import Answer
from server.community.invitations import InvitationDraft
from server.community.people import Role
from server.community.series_edits import Reach
from server.community.sessions import SessionDraft
from server.storage.database import Database, Transaction
from server.storage.queries import (
    invitations,
    office_sessions,
    session_answers,
    session_changes,
    session_hosting,
    sessions,
)
from server.storage.queries.offices import offices_of, remove_office
from server.storage.queries.people import add_person, set_role
from server.storage.queries.person_data import erase_person
from server.storage.queries.session_hosting import HandedOver
from tests.server.storage.test_sessions import NOW, all_of, make

LATER = NOW + timedelta(days=9)
"""When one of the five dates is over."""


async def hosts(db: Transaction, community_id: str, draft: SessionDraft) -> tuple[str, str]:
    """The host and the co-host of the series, who may both host there."""
    assert draft.plan.host_id is not None
    both = draft.plan.host_id, draft.plan.co_host_ids[0]
    for each in both:
        await set_role(db, community_id, each, Role.HOST, NOW)
    return both


@pytest.mark.parametrize("erased", [False, True])
async def test_a_co_host_takes_over_what_is_to_come(database: Database, erased: bool) -> None:
    async with database.writing() as db:
        community_id, _, draft = await make(db)
        host, co_host = await hosts(db, community_id, draft)
        handed = await session_hosting.hand_over(db, host, LATER)
        if erased:
            await erase_person(db, host, None)
        found = await all_of(db, community_id)
        series = await sessions.series_by_id(db, found[0].series_id)
    ids = tuple(each.id for each in found[1:])
    assert handed == [HandedOver(community_id, co_host, ids)]
    assert {each.host_ids for each in found[1:]} == {(co_host,)}
    assert found[0].host_ids == ((co_host,) if erased else (host, co_host))
    assert found[0].plan.host_id == (None if erased else host)  # history is not written anew
    assert series is not None
    assert series.plan.host_id == co_host
    assert not any(each.is_exception for each in found[1:])


async def test_who_may_not_host_any_more_does_not_take_over(database: Database) -> None:
    async with database.writing() as db:
        community_id, _, draft = await make(db)
        host, co_host = await hosts(db, community_id, draft)
        await set_role(db, community_id, co_host, Role.MEMBER, NOW)
        [handed] = await session_hosting.hand_over(db, host, NOW)
        [first, *_] = await all_of(db, community_id)
    assert handed.host_id is None
    assert len(handed.session_ids) == 5
    assert (first.plan.host_id, first.plan.co_host_ids) == (None, (co_host,))


async def test_a_co_host_goes_quietly_and_elsewhere_nothing_changes(database: Database) -> None:
    async with database.writing() as db:
        community_id, _, draft = await make(db)
        host, co_host = await hosts(db, community_id, draft)
        assert await session_hosting.hand_over(db, host, NOW, "another house") == []
        assert await session_hosting.hand_over(db, co_host, NOW, community_id) == []
        [first, *_] = await all_of(db, community_id)
    assert first.host_ids == (host,)


async def test_a_date_with_hosts_of_its_own_is_handed_over_too(database: Database) -> None:
    async with database.writing() as db:
        community_id, _, draft = await make(db)
        host, co_host = await hosts(db, community_id, draft)
        third = (await all_of(db, community_id))[2]
        alone = replace(draft, plan=replace(draft.plan, co_host_ids=()))
        start = draft.schedule.start + timedelta(weeks=2)
        alone = replace(alone, schedule=replace(draft.schedule, start=start))
        await session_changes.change_session(db, third, alone, Reach.THIS, NOW)
        handed = await session_hosting.hand_over(db, host, NOW)
        after = await all_of(db, community_id)
    assert {each.host_id: len(each.session_ids) for each in handed} == {None: 1, co_host: 4}
    assert [each.plan.host_id for each in after] == [co_host, co_host, None, co_host, co_host]


async def answered(db: Transaction, community_id: str, number: int) -> str:
    """Somebody says yes to the date of that number; its id."""
    session = (await all_of(db, community_id))[number]
    guest = await add_person(db, "Ana", NOW)
    await session_answers.put_answer(db, session.id, 2, guest.id, Answer.YES, 0, None, NOW)
    return session.id


async def test_the_owner_learns_what_is_planned_in_an_office(database: Database) -> None:
    async with database.writing() as db:
        community_id, _, draft = await make(db)
        doors = [each.id for each in await offices_of(db, community_id)]
        await answered(db, community_id, 0)
        await answered(db, community_id, 0)
        found = await office_sessions.planned_in(db, doors, NOW)
        over = await office_sessions.planned_in(db, doors, NOW + timedelta(days=90))
    assert found == {draft.plan.office_id: office_sessions.Planned(5, 2, open_to_all=True)}
    assert over == {}


async def test_sessions_move_with_their_history_their_links_and_a_higher_sequence(
    database: Database,
) -> None:
    async with database.writing() as db:
        community_id, first_id, draft = await make(db)
        other = (await offices_of(db, community_id))[1].id
        invited = InvitationDraft(draft.plan.office_id, None, None, "", session_id=first_id)
        link = await invitations.add_invitation(db, community_id, invited, created_by=None, now=NOW)
        before = await sessions.series_by_id(db, (await all_of(db, community_id))[0].series_id)
        changed = await office_sessions.move_sessions(db, draft.plan.office_id, other, LATER)
        await remove_office(db, draft.plan.office_id)
        found = await all_of(db, community_id)
        series = await sessions.series_by_id(db, found[0].series_id)
        kept = await invitations.invitation_by_token(db, link.token)
    assert changed.changed == tuple(each.id for each in found[1:])  # their hosts are to know
    assert {each.plan.office_id for each in found} == {other}
    assert [each.sequence for each in found] == [0, 1, 1, 1, 1]
    assert before is not None
    assert series is not None
    assert series.sequence == before.sequence + 1
    assert kept is not None
    assert (kept.office_id, kept.session_id) == (other, first_id)


async def test_sessions_are_called_off_before_their_office_goes(database: Database) -> None:
    async with database.writing() as db:
        community_id, _, draft = await make(db)
        changed = await office_sessions.call_off_sessions(db, draft.plan.office_id, LATER)
        found = await all_of(db, community_id)
    assert changed.cancelled == tuple(each.id for each in found[1:])
    assert [each.cancelled_at for each in found] == [None, *[LATER] * 4]
    assert [each.sequence for each in found] == [0, 1, 1, 1, 1]
