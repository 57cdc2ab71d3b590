"""The ends that series had before a word called off their dates to come, so that they come back."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy import delete, update

from server.community.recurrence import Schedule
from server.storage.database import Transaction
from server.storage.queries.sessions import schedule_of
from server.storage.tables import SessionSeriesEndRow, SessionSeriesRow


async def remember_end(db: Transaction, series: SessionSeriesRow, now: datetime) -> None:
    """Keep the end that a series has, which the word of `now` is about to take."""
    db.add(
        SessionSeriesEndRow(
            series_id=series.id, cancelled_at=now, until=series.until, count=series.count
        )
    )
    await db.flush()


async def take_end(
    db: Transaction, series: SessionSeriesRow, cancelled_at: datetime
) -> Schedule | None:
    """The schedule with the end that the word of `cancelled_at` took from it; None if none did."""
    row = await db.get(SessionSeriesEndRow, (series.id, cancelled_at))
    schedule = schedule_of(series)
    if row is None or schedule.recurrence is None:
        return None
    await db.delete(row)
    rule = replace(schedule.recurrence, until=row.until, count=row.count)
    return replace(schedule, recurrence=rule)


async def forget_ends(db: Transaction, series_id: str) -> None:
    """The series has another rule: its ends of before mean nothing any more."""
    await db.execute(delete(SessionSeriesEndRow).where(SessionSeriesEndRow.series_id == series_id))


async def pass_ends(db: Transaction, series_id: str, to: str) -> None:
    """The dates at the end of a series are another's now, and so are its ends of before."""
    await db.execute(
        update(SessionSeriesEndRow)
        .where(SessionSeriesEndRow.series_id == series_id)
        .values(series_id=to)
    )
