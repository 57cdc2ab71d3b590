"""Sessions in both databases: series and their edits, the waiting list, and migrations."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from server.community.answers import Answer, PartyTooLarge, seat
from server.community.phases import read_phases
from server.community.recurrence import Frequency, Recurrence, Schedule
from server.community.series_edits import Reach
from server.community.sessions import Microphones, OpenTo, Plan, Session, SessionDraft
from server.community.text import Bilingual
from server.storage.database import Database
from server.storage.demo_community import open_demo_community
from server.storage.queries import session_answers, session_changes, sessions
from server.storage.queries.offices import offices_of, remove_office
from server.storage.queries.people import add_person, forget_guest

NOW = datetime(2026, 9, 1, 9, tzinfo=UTC)
WEEKLY = Recurrence(Frequency.WEEKLY, (1,), count=5)
FIRST = Schedule(datetime(2026, 9, 8, 9), "America/Toronto", WEEKLY)


async def make(db: AsyncSession, schedule: Schedule = FIRST) -> tuple[str, str, SessionDraft]:
    """A community with one series hosted by somebody: its id, the first session's, the draft."""
    community = await open_demo_community(db, NOW)
    office = (await offices_of(db, community.id))[0]
    host, co_host = await add_person(db, "Odile", NOW), await add_person(db, "Luc", NOW)
    plan = Plan(
        title=Bilingual("Mardi matin", "Tuesday morning"),
        text=Bilingual("On avance."),
        theme="Comptabilité",
        office_id=office.id,
        host_id=host.id,
        co_host_ids=(co_host.id,),
        phases=read_phases("focus 50, break 10"),
        capacity=2,
        open_to=OpenTo.ALL,
    )
    draft = SessionDraft(plan, schedule)
    return (
        community.id,
        await session_changes.add_session(db, community.id, draft, None, NOW),
        draft,
    )


async def all_of(db: AsyncSession, community_id: str) -> list[Session]:
    return await sessions.sessions_between(db, community_id, NOW, NOW + timedelta(days=365))


def days(found: list[Session]) -> list[str]:
    return [f"{each.starts_at:%m-%dT%H}" + ("x" if each.cancelled_at else "") for each in found]


async def test_a_series_reads_back_as_it_was_written(database: Database) -> None:
    async with database.writing() as db:
        community_id, first_id, draft = await make(db)
    async with database.reading() as db:
        first = await sessions.session_by_id(db, first_id)
        found = await all_of(db, community_id)
        assert first is not None
        series = await sessions.series_by_id(db, first.series_id)
    assert first.plan == draft.plan
    assert first == found[0]
    assert days(found) == ["09-08T13", "09-15T13", "09-22T13", "09-29T13", "10-06T13"]
    assert series is not None
    assert (series.schedule, series.plan) == (draft.schedule, draft.plan)


async def test_a_change_of_one_leaves_the_others(database: Database) -> None:
    async with database.writing() as db:
        community_id, _, draft = await make(db)
        third = (await all_of(db, community_id))[2]
        own = replace(
            draft,
            plan=replace(draft.plan, title=Bilingual("Exception")),
            schedule=Schedule(datetime(2026, 9, 23, 10), "America/Toronto"),
        )
        await session_changes.change_session(db, third, own, Reach.THIS, NOW)
        after = await all_of(db, community_id)
        # Then all are renamed: the exception keeps its name and its place.
        renamed = replace(draft, plan=replace(draft.plan, title=Bilingual("Autrement")))
        await session_changes.change_session(db, after[0], renamed, Reach.ALL, NOW)
        last = await all_of(db, community_id)
    assert days(after) == ["09-08T13", "09-15T13", "09-23T14", "09-29T13", "10-06T13"]
    assert [each.is_exception for each in after] == [False, False, True, False, False]
    assert after[2].original_start == third.original_start
    assert [each.plan.title.fr for each in last] == [
        "Autrement",
        "Autrement",
        "Exception",
        "Autrement",
        "Autrement",
    ]
    assert last[0].sequence > after[0].sequence


@pytest.mark.parametrize("reach", [Reach.FOLLOWING, Reach.ALL])
async def test_the_date_that_is_edited_changes_even_if_it_was_set_apart(
    database: Database, reach: Reach
) -> None:
    async with database.writing() as db:
        community_id, _, draft = await make(db)
        third = (await all_of(db, community_id))[2]
        apart = replace(draft, plan=replace(draft.plan, title=Bilingual("Exception")))
        apart = replace(apart, schedule=replace(FIRST, start=datetime(2026, 9, 22, 9)))
        await session_changes.change_session(db, third, apart, Reach.THIS, NOW)
        third = (await all_of(db, community_id))[2]
        renamed = replace(apart, plan=replace(draft.plan, title=Bilingual("Autrement")))
        await session_changes.change_session(db, third, renamed, reach, NOW)
        after = await all_of(db, community_id)
    untouched = "Autrement" if reach is Reach.ALL else draft.plan.title.fr
    assert [each.plan.title.fr for each in after[:4]] == [untouched] * 2 + ["Autrement"] * 2
    assert not after[2].is_exception


async def set_apart(
    db: AsyncSession, session: Session, draft: SessionDraft, start: datetime
) -> None:
    """Move one date alone."""
    apart = replace(draft, schedule=replace(draft.schedule, start=start))
    await session_changes.change_session(db, session, apart, Reach.THIS, NOW)


@pytest.mark.parametrize("reach", [Reach.FOLLOWING, Reach.ALL])
@pytest.mark.parametrize(
    ("written", "expected"),
    [
        # Only words changed: the moved date stays where it is, and the others on their day.
        (datetime(2026, 9, 23, 14), ["09-23T18", "09-29T13", "10-06T13"]),
        # Another hour is for all, the day stays each one's own.
        (datetime(2026, 9, 23, 15), ["09-23T19", "09-29T19", "10-06T19"]),
        # Another day is for all.
        (datetime(2026, 9, 24, 14), ["09-24T18", "10-01T18", "10-08T18"]),
    ],
)
async def test_a_moved_date_does_not_move_its_series_unless_it_is_moved_again(
    database: Database, reach: Reach, written: datetime, expected: list[str]
) -> None:
    async with database.writing() as db:
        community_id, _, draft = await make(db)
        before = await all_of(db, community_id)
        await set_apart(db, before[2], draft, datetime(2026, 9, 23, 14))
        third = (await all_of(db, community_id))[2]
        renamed = replace(draft.plan, title=Bilingual("Autrement"))
        edit = SessionDraft(renamed, replace(FIRST, start=written))
        await session_changes.change_session(db, third, edit, reach, NOW)
        after = await all_of(db, community_id)
    assert [each.id for each in after] == [each.id for each in before]
    assert days(after)[2:] == expected
    assert {each.plan.title.fr for each in after[2:]} == {"Autrement"}
    assert (after[2].starts_at == after[2].original_start) == (expected[0] == "09-24T18")


async def test_a_date_moved_from_a_day_gone_by_changes_with_the_page_on_which_one_writes(
    database: Database,
) -> None:
    now = datetime(2026, 9, 9, tzinfo=UTC)
    async with database.writing() as db:
        community_id, _, draft = await make(db)
        await set_apart(db, (await all_of(db, community_id))[0], draft, datetime(2026, 9, 10, 9))
        first = (await all_of(db, community_id))[0]
        longer = replace(
            draft.plan, title=Bilingual("Autrement"), phases=read_phases("focus 90, break 10")
        )
        edit = SessionDraft(longer, replace(FIRST, start=datetime(2026, 9, 10, 10)))
        changed = await session_changes.change_session(db, first, edit, Reach.ALL, now)
        after = await all_of(db, community_id)
    assert days(after) == ["09-10T14", "09-15T14", "09-22T14", "09-29T14", "10-06T14"]
    assert {each.plan.title.fr for each in after} == {"Autrement"}
    assert set(changed.changed) == {each.id for each in after}


async def test_what_has_begun_keeps_the_plan_it_had(database: Database) -> None:
    now = datetime(2026, 9, 16, tzinfo=UTC)
    async with database.writing() as db:
        community_id, _, draft = await make(db)
        third = (await all_of(db, community_id))[2]
        renamed = replace(draft.plan, title=Bilingual("Autrement"), host_id=None)
        edit = SessionDraft(renamed, replace(FIRST, start=datetime(2026, 9, 22, 9)))
        await session_changes.change_session(db, third, edit, Reach.ALL, now)
        after = await all_of(db, community_id)
    assert [each.plan for each in after] == [draft.plan] * 2 + [renamed] * 3


async def test_this_and_following_become_a_series_of_their_own(database: Database) -> None:
    async with database.writing() as db:
        community_id, _, draft = await make(db)
        before = await all_of(db, community_id)
        guest = await add_person(db, "Ana", NOW)
        await session_answers.put_answer(db, before[3].id, 2, guest.id, Answer.YES, 0, None, NOW)
        later = replace(
            draft,
            schedule=Schedule(
                datetime(2026, 9, 24, 14),
                "America/Toronto",
                replace(WEEKLY, weekdays=(3,), count=3),
            ),
        )
        changed = await session_changes.change_session(db, before[2], later, Reach.FOLLOWING, NOW)
        after = await all_of(db, community_id)
        assert await session_answers.answers_by(db, guest.id, [before[3].id])
    assert days(after) == ["09-08T13", "09-15T13", "09-24T18", "10-01T18", "10-08T18"]
    assert [each.id for each in after] == [each.id for each in before]
    assert len({each.series_id for each in after}) == 2
    assert set(changed.changed) == {each.id for each in after[2:]}


async def test_a_shorter_series_calls_off_only_what_was_answered(database: Database) -> None:
    async with database.writing() as db:
        community_id, _, draft = await make(db)
        before = await all_of(db, community_id)
        guest = await add_person(db, "Ana", NOW)
        await session_answers.put_answer(db, before[4].id, 2, guest.id, Answer.MAYBE, 0, None, NOW)
        shorter = replace(draft, schedule=replace(FIRST, recurrence=replace(WEEKLY, count=3)))
        changed = await session_changes.change_session(db, before[0], shorter, Reach.ALL, NOW)
        after = await all_of(db, community_id)
    assert days(after) == ["09-08T13", "09-15T13", "09-22T13", "10-06T13x"]
    assert changed.cancelled == (before[4].id,)


async def test_all_moves_what_is_to_come_and_leaves_history(database: Database) -> None:
    now = datetime(2026, 9, 16, tzinfo=UTC)
    async with database.writing() as db:
        community_id, _, draft = await make(db)
        before = await all_of(db, community_id)
        moved = replace(draft, schedule=replace(FIRST, start=datetime(2026, 9, 29, 10)))
        await session_changes.change_session(db, before[3], moved, Reach.ALL, now)
        after = await all_of(db, community_id)
    assert days(after) == ["09-08T13", "09-15T13", "09-22T14", "09-29T14", "10-06T14"]


async def test_a_series_without_end_goes_on_as_time_passes(database: Database) -> None:
    forever = replace(FIRST, recurrence=replace(WEEKLY, count=None))
    async with database.writing() as db:
        community_id, _, _ = await make(db, forever)
        before = len(await all_of(db, community_id))
        later = NOW + timedelta(weeks=4)
        added = await session_changes.extend_series(db, later)
        assert await session_changes.extend_series(db, later) == 0
        found = await all_of(db, community_id)
    assert before == 26
    assert len(found) == before + added
    assert added == 3
    assert len({each.starts_at for each in found}) == len(found)


async def test_the_waiting_list_and_companions(database: Database) -> None:
    async with database.writing() as db:
        _, session_id, _ = await make(db)
        people = [await add_person(db, name, NOW) for name in ("Ana", "Bo", "Cy")]
        for minute, person in enumerate(people):
            at = NOW + timedelta(minutes=minute)
            await session_answers.put_answer(db, session_id, 2, person.id, Answer.YES, 0, 60, at)
        with pytest.raises(PartyTooLarge):
            await session_answers.put_answer(
                db, session_id, 2, people[0].id, Answer.YES, 1, None, NOW
            )
        replies = [each.reply for each in await session_answers.replies_to(db, session_id)]
        assert seat(replies, 2).is_waiting(people[2].id)
        counts = await session_answers.counts_of(db, [session_id])
        assert counts[session_id] == session_answers.Counts(seats=3, yes=3)
        assert await forget_guest(db, people[0].id)
        replies = [each.reply for each in await session_answers.replies_to(db, session_id)]
    assert not seat(replies, 2).waiting


async def test_what_a_host_decides_live_is_kept(database: Database) -> None:
    async with database.writing() as db:
        _, session_id, draft = await make(db)
        await session_changes.rule_live(db, session_id, microphones=Microphones.OPEN)
        await session_changes.rule_live(db, session_id, lamp_id=draft.plan.co_host_ids[0])
        found = await sessions.session_by_id(db, session_id)
    assert found is not None
    assert (found.microphones, found.lamp_id) == (Microphones.OPEN, draft.plan.co_host_ids[0])


async def test_sessions_go_with_their_office(database: Database) -> None:
    async with database.writing() as db:
        community_id, _, draft = await make(db)
        await remove_office(db, draft.plan.office_id)
        assert await all_of(db, community_id) == []


async def test_migrations_go_down_and_up_with_sessions_in_them(database: Database) -> None:
    async with database.writing() as db:
        _, session_id, draft = await make(db)
        assert draft.plan.host_id is not None
        await session_answers.put_answer(
            db, session_id, 2, draft.plan.host_id, Answer.YES, 1, 15, NOW
        )
    await database.downgrade("0002")
    await database.migrate()
    async with database.reading() as db:
        assert await sessions.session_by_id(db, session_id) is None
