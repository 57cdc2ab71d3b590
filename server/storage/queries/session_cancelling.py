"""Calling sessions off, and having them take place after all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from server.community.recurrence import ended_before, in_local
from server.community.series_edits import Reach, reached
from server.community.sessions import Session
from server.storage.database import Transaction
from server.storage.queries.session_rows import (
    Changed,
    dated,
    keep_schedule,
    rows_of_series,
    touch,
)
from server.storage.queries.sessions import schedule_of
from server.storage.tables import SessionRow, SessionSeriesRow


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

    Those who had answered have answered still. A series whose end was called off goes on up to the
    last date that takes place again.
    """
    series = await db.get_one(SessionSeriesRow, session.series_id)
    rows = await _together(db, session, now)
    if not together:
        rows = [row for row in rows if row.id == session.id]
    for row in rows:
        row.cancelled_at = None
        touch(row, now)
    if together:
        await _carry_on(db, series, rows)
    await db.flush()
    return Changed(changed=tuple(row.id for row in rows), series_id=series.id)


async def _together(db: Transaction, session: Session, now: datetime) -> list[SessionRow]:
    if session.cancelled_at is None:
        return []
    rows = await rows_of_series(db, session.series_id)
    return [row for row in rows if row.cancelled_at == session.cancelled_at and row.ends_at > now]


async def _carry_on(db: Transaction, series: SessionSeriesRow, rows: Sequence[SessionRow]) -> None:
    schedule = schedule_of(series)
    rule = schedule.recurrence
    if rule is None or rule.until is None or not rows:
        return
    latest = max(row.original_start for row in rows)
    last = in_local(latest, schedule.time_zone).date()
    if last > rule.until:
        await keep_schedule(db, series, replace(schedule, recurrence=replace(rule, until=last)))
