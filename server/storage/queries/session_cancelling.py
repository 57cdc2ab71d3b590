"""Calling sessions off, and having them take place after all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from server.community.recurrence import Schedule, ended_before, further, in_local, starts
from server.community.series_edits import Reach, reached
from server.community.sessions import Session
from server.storage.database import Transaction
from server.storage.queries.series_ends import remember_end, take_end
from server.storage.queries.session_rows import (
    MOST_ON_RULE,
    Changed,
    dated,
    keep_schedule,
    plan_length,
    rows_of_series,
    session_row,
    touch,
)
from server.storage.queries.sessions import schedule_of
from server.storage.tables import SessionPlanRow, SessionRow, SessionSeriesRow


async def cancel_session(db: Transaction, session: Session, reach: Reach, now: datetime) -> Changed:
    """Call off one session, it and those that follow, or all to come."""
    series = await db.get_one(SessionSeriesRow, session.series_id)
    rows = await rows_of_series(db, series.id)
    chosen = dated(next(row for row in rows if row.id == session.id))
    ids = {each.id for each in reached([dated(row) for row in rows], chosen, reach, now)}
    cancelled = []
    for row in rows:
        if row.id in ids and row.cancelled_at is None:
            row.cancelled_at = now
            touch(row, now)
            cancelled.append(row.id)
    if reach is not Reach.THIS and series.frequency:
        since = session.original_start if reach is Reach.FOLLOWING else now
        await remember_end(db, series, now)
        await keep_schedule(db, series, ended_before(schedule_of(series), since))
    await db.flush()
    return Changed(cancelled=tuple(cancelled), series_id=series.id)


async def called_off_together(db: Transaction, session: Session, now: datetime) -> int:
    """How many dates to come were called off by the word that called off this one, itself too."""
    return len(await _together(db, session, now))


async def restore_session(
    db: Transaction, session: Session, *, together: bool, now: datetime
) -> Changed:
    """Have a session that was called off take place, alone or with those called off `together`.

    Those who had answered have answered still. A series whose end was called off has its end of
    before again, or none, once nothing is left of what that word called off.
    """
    series = await db.get_one(SessionSeriesRow, session.series_id)
    called_off = await _together(db, session, now)
    rows = [row for row in called_off if together or row.id == session.id]
    for row in rows:
        row.cancelled_at = None
        touch(row, now)
    if session.cancelled_at is not None and len(rows) == len(called_off):
        end = await take_end(db, series, session.cancelled_at)
        if end is None and together:
            end = _ending_with(series, rows)
        await _carry_on(db, series, end, now)
    await db.flush()
    return Changed(changed=tuple(row.id for row in rows), series_id=series.id)


async def _together(db: Transaction, session: Session, now: datetime) -> list[SessionRow]:
    if session.cancelled_at is None:
        return []
    rows = await rows_of_series(db, session.series_id)
    return [row for row in rows if row.cancelled_at == session.cancelled_at and row.ends_at > now]


def _ending_with(series: SessionSeriesRow, rows: Sequence[SessionRow]) -> Schedule:
    """The schedule up to the last of those dates, where no end of before was kept."""
    schedule = schedule_of(series)
    if schedule.recurrence is None:
        return schedule
    until = in_local(max(row.original_start for row in rows), schedule.time_zone).date()
    return replace(schedule, recurrence=replace(schedule.recurrence, until=until, count=None))


async def _carry_on(
    db: Transaction, series: SessionSeriesRow, end: Schedule | None, now: datetime
) -> None:
    """Let a series go on as `end` says, if that is further than it goes."""
    present = schedule_of(series)
    if end is None or further(present, end) == present:
        return
    await keep_schedule(db, series, end)
    known = {row.original_start for row in await rows_of_series(db, series.id)}
    lasts = plan_length(await db.get_one(SessionPlanRow, series.plan_id))
    for moment in starts(end, series.known_until, MOST_ON_RULE):
        if moment > now and moment not in known:  # it came within the horizon meanwhile
            db.add(session_row(series, series.plan_id, lasts, moment, now))
