"""Sessions called off and restored, one or several, in both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from server.community.series_edits import Reach
from server.storage.database import Database
from server.storage.queries import session_cancelling, session_changes, sessions
from tests.server.storage.test_sessions import FIRST, NOW, WEEKLY, all_of, days, make


@pytest.mark.parametrize(
    ("reach", "expected"),
    [
        (Reach.THIS, ["09-08T13", "09-15T13", "09-22T13x", "09-29T13", "10-06T13"]),
        (Reach.FOLLOWING, ["09-08T13", "09-15T13", "09-22T13x", "09-29T13x", "10-06T13x"]),
        (Reach.ALL, ["09-08T13x", "09-15T13x", "09-22T13x", "09-29T13x", "10-06T13x"]),
    ],
)
async def test_calling_off(database: Database, reach: Reach, expected: list[str]) -> None:
    async with database.writing() as db:
        community_id, _, _ = await make(db)
        third = (await all_of(db, community_id))[2]
        await session_cancelling.cancel_session(db, third, reach, NOW)
        assert days(await all_of(db, community_id)) == expected


@pytest.mark.parametrize(
    ("together", "expected"),
    [
        (False, ["09-08T13", "09-15T13", "09-22T13", "09-29T13x", "10-06T13x"]),
        (True, ["09-08T13", "09-15T13", "09-22T13", "09-29T13", "10-06T13"]),
    ],
)
async def test_what_was_called_off_takes_place_after_all(
    database: Database, together: bool, expected: list[str]
) -> None:
    async with database.writing() as db:
        community_id, _, _ = await make(db)
        before = await all_of(db, community_id)
        await session_cancelling.cancel_session(db, before[2], Reach.FOLLOWING, NOW)
        off = (await all_of(db, community_id))[2]
        later = NOW + timedelta(minutes=1)
        assert await session_cancelling.called_off_together(db, off, later) == 3
        await session_cancelling.restore_session(db, off, together=together, now=later)
        after = await all_of(db, community_id)
        series = await sessions.series_by_id(db, off.series_id)
    assert days(after) == expected
    assert after[2].sequence > off.sequence > before[2].sequence
    assert series is not None
    assert series.schedule.recurrence is not None
    if together:
        assert series.schedule == FIRST
    else:
        assert str(series.schedule.recurrence.until) == "2026-09-21"


async def test_only_what_was_called_off_at_once_comes_back_together(database: Database) -> None:
    async with database.writing() as db:
        community_id, _, _ = await make(db)
        found = await all_of(db, community_id)
        await session_cancelling.cancel_session(db, found[1], Reach.THIS, NOW)
        later = NOW + timedelta(hours=1)
        await session_cancelling.cancel_session(db, found[0], Reach.ALL, later)
        off = (await all_of(db, community_id))[0]
        await session_cancelling.restore_session(db, off, together=True, now=later)
        after = await all_of(db, community_id)
    assert days(after) == ["09-08T13", "09-15T13x", "09-22T13", "09-29T13", "10-06T13"]


@pytest.mark.parametrize("reach", [Reach.FOLLOWING, Reach.ALL])
async def test_a_restored_series_without_end_has_none(database: Database, reach: Reach) -> None:
    """Also what came within the horizon while it was called off takes place, and only once."""
    forever = replace(FIRST, recurrence=replace(WEEKLY, count=None))
    later = NOW + timedelta(weeks=4)
    async with database.writing() as db:
        community_id, _, _ = await make(db, forever)
        chosen = (await all_of(db, community_id))[5]
        await session_cancelling.cancel_session(db, chosen, reach, NOW)
        assert await session_changes.extend_series(db, later) == 0
        off = await sessions.session_by_id(db, chosen.id)
        assert off is not None
        await session_cancelling.restore_session(db, off, together=True, now=later)
        series = await sessions.series_by_id(db, off.series_id)
        after = await all_of(db, community_id)
        assert await session_changes.extend_series(db, later + timedelta(weeks=2)) == 2
    assert series is not None
    assert series.schedule == forever
    assert len(after) == 29
    assert len({each.starts_at for each in after}) == 29
    assert {each.starts_at for each in after if each.cancelled_at} == {
        each.starts_at for each in after if each.ends_at <= later and reach is Reach.ALL
    }


async def test_words_that_call_off_are_taken_back_in_any_order(database: Database) -> None:
    forever = replace(FIRST, recurrence=replace(WEEKLY, count=None))
    async with database.writing() as db:
        community_id, _, _ = await make(db, forever)
        found = await all_of(db, community_id)
        later = NOW + timedelta(hours=1)
        await session_cancelling.cancel_session(db, found[9], Reach.FOLLOWING, NOW)
        await session_cancelling.cancel_session(db, found[4], Reach.FOLLOWING, later)
        for index in (9, 4):
            off = (await all_of(db, community_id))[index]
            await session_cancelling.restore_session(db, off, together=True, now=later)
        series = await sessions.series_by_id(db, found[0].series_id)
        after = await all_of(db, community_id)
    assert series is not None
    assert series.schedule == forever
    assert not [each for each in after if each.cancelled_at]


async def test_dates_restored_one_by_one_bring_the_end_back_too(database: Database) -> None:
    async with database.writing() as db:
        community_id, _, _ = await make(db)
        chosen = (await all_of(db, community_id))[3]
        await session_cancelling.cancel_session(db, chosen, Reach.FOLLOWING, NOW)
        for index in (3, 4):
            off = (await all_of(db, community_id))[index]
            await session_cancelling.restore_session(db, off, together=False, now=NOW)
        series = await sessions.series_by_id(db, chosen.series_id)
    assert series is not None
    assert series.schedule == FIRST
