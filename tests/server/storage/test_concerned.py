"""Who is to hear of changes of sessions, and what changes leave to be told, in both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from server.community.answers import Answer
from server.community.recurrence import Schedule
from server.community.rota import Duty, DutyChange
from server.community.series_edits import Reach
from server.storage.database import Database, Transaction
from server.storage.queries import (
    calendars,
    host_news,
    office_sessions,
    session_answers,
    session_cancelling,
    session_changes,
)
from server.storage.queries.offices import offices_of
from server.storage.queries.people import add_person, become_member
from tests.server.storage.test_sessions import FIRST, NOW, WEEKLY, all_of, make


async def say(db: Transaction, session_id: str, person_id: str, answer: Answer) -> None:
    await session_answers.put_answer(db, session_id, 9, person_id, answer, 0, None, NOW)


async def test_hosts_are_concerned_like_those_who_answered(database: Database) -> None:
    async with database.writing() as db:
        community_id, _, draft = await make(db)
        first, second, third, *_ = await all_of(db, community_id)
        host, co_host = draft.plan.host_id, draft.plan.co_host_ids[0]
        assert host is not None
        await become_member(db, host, "odile@exemple.org", "fr")
        ana = await add_person(db, "Ana", NOW, email="ana@exemple.org")
        await say(db, first.id, ana.id, Answer.YES)
        await say(db, second.id, host, Answer.MAYBE)
        await say(db, second.id, ana.id, Answer.NO)
        await say(db, third.id, host, Answer.NO)

        async def told(*session_ids: str) -> set[tuple[str, str, Answer | None]]:
            found = await calendars.concerned_by(db, session_ids)
            assert len(found) == len({(each, person.id) for each, person, _ in found})
            return {(each, person.name, answer) for each, person, answer in found}

        assert await told(first.id, second.id, third.id) == {
            (first.id, "Ana", Answer.YES),
            (first.id, "Odile", None),
            (second.id, "Odile", Answer.MAYBE),
        }  # Luc, the co-host, has no address
        await become_member(db, co_host, "luc@exemple.org", "fr")
        assert (third.id, "Luc", None) in await told(third.id)
        for before, is_told in ((Duty.NONE, False), (Duty.HOST, True)):
            change = DutyChange(co_host, third, before)
            await host_news.forget_changes(db, [change])
            await host_news.note_change(db, change, NOW)
            assert ((third.id, "Luc", None) in await told(third.id)) is is_told


@pytest.mark.parametrize("moves", [False, True])
async def test_an_office_that_goes_concerns_who_answered_there_and_who_hosts(
    database: Database, moves: bool
) -> None:
    async with database.writing() as db:
        community_id, _, draft = await make(db)
        known = {each.id for each in await all_of(db, community_id)}
        nobodys = replace(draft.plan, host_id=None, co_host_ids=())
        alone = Schedule(FIRST.start + timedelta(hours=5), FIRST.time_zone)
        answered = await session_changes.add_session(
            db, community_id, replace(draft, plan=nobodys, schedule=alone), None, NOW
        )
        ana = await add_person(db, "Ana", NOW)
        await say(db, answered, ana.id, Answer.YES)
        office, other, *_ = [each.id for each in await offices_of(db, community_id)]
        assert office == draft.plan.office_id
        if moves:
            told = (await office_sessions.move_sessions(db, office, other, NOW)).changed
        else:
            told = (await office_sessions.call_off_sessions(db, office, NOW)).cancelled
        assert len(told) == len(known) + 1
        assert set(told) == known | {answered}


async def test_what_a_rule_drops_is_told_apart(database: Database) -> None:
    """Gone where nobody answered, called off where somebody did, and no news if it was off."""
    async with database.writing() as db:
        community_id, _, draft = await make(db)
        found = await all_of(db, community_id)
        ana = await add_person(db, "Ana", NOW)
        for each in found[2:4]:
            await say(db, each.id, ana.id, Answer.YES)
        for each in (found[1], found[2]):
            await session_cancelling.cancel_session(db, each, Reach.THIS, NOW)
        first = (await all_of(db, community_id))[0]
        short = replace(FIRST, recurrence=replace(WEEKLY, count=1))
        wanted = replace(draft, schedule=short)
        changed = await session_changes.change_session(db, first, wanted, Reach.ALL, NOW)
        assert changed.changed == (found[0].id,)
        assert changed.cancelled == (found[3].id,)
        assert changed.gone == (found[4].id,)
        left = [each.id for each in await all_of(db, community_id)]
        assert left == [found[0].id, found[2].id, found[3].id]


async def test_what_someone_answered_in_a_house_is_found_and_erased(database: Database) -> None:
    async with database.writing() as db:
        community_id, _, _ = await make(db)
        found = await all_of(db, community_id)
        ana, bo = await add_person(db, "Ana", NOW), await add_person(db, "Bo", NOW)
        for each in found[:3]:
            await say(db, each.id, ana.id, Answer.YES)
            await say(db, each.id, bo.id, Answer.MAYBE)
        later = found[0].starts_at
        mine = await session_answers.answered_in(db, ana.id, community_id, later)
        assert mine == [found[1].id, found[2].id]
        assert await session_answers.answered_in(db, ana.id, "elsewhere", NOW) == []
        await session_answers.forget_answers(db, ana.id, mine)
        ids = [each.id for each in found]
        assert set(await session_answers.answers_by(db, ana.id, ids)) == {found[0].id}
        assert len(await session_answers.answers_by(db, bo.id, ids)) == 3
