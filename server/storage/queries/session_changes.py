"""Writing sessions: creating a series, editing this one, this and following or all, calling off.

Every session within HORIZON has a row of its own, so that a page reads what happens in a month by
one range of an index, and an answer, a move or a cancellation stays with its date. A series without
end is carried on by `extend_series` as time passes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import delete, exists, or_, select, update

from server.community.phases import length
from server.community.recurrence import Schedule, aligned, ended_before, in_utc, starts
from server.community.series_dates import EditedDate, schedule_following, schedule_of_all
from server.community.series_edits import Reach, rescheduled
from server.community.sessions import Microphones, Session, SessionDraft
from server.storage.database import Transaction
from server.storage.queries.series_ends import forget_ends, pass_ends
from server.storage.queries.session_rows import (
    HORIZON,
    MOST_IN_SERIES,
    MOST_ON_RULE,
    Changed,
    add_plan,
    add_series,
    dated,
    forget_lonely_plan,
    horizon,
    keep_schedule,
    plan_length,
    rows_of_series,
    session_row,
    touch,
    write_plan,
)
from server.storage.queries.sessions import schedule_of, series_by_id
from server.storage.queries.tour_stops import is_stop
from server.storage.tables import (
    SessionAnswerRow,
    SessionInvitationRow,
    SessionPlanRow,
    SessionRow,
    SessionSeriesRow,
)

MOST_EXTENDED = 200


async def add_session(
    db: Transaction, community_id: str, draft: SessionDraft, by: str | None, now: datetime
) -> str:
    """Create a series (of one, without recurrence); the id of its first session."""
    plan_id = await add_plan(db, draft.plan)
    series = await add_series(db, community_id, plan_id, aligned(draft.schedule), by, now)
    first = in_utc(series.start, series.time_zone)
    moments = starts(schedule_of(series), horizon(first, now), MOST_IN_SERIES)
    rows = [
        session_row(series, plan_id, length(draft.plan.phases), moment, now) for moment in moments
    ]
    db.add_all(rows)
    await db.flush()
    return rows[0].id


async def extend_series(db: Transaction, now: datetime) -> int:
    """Give the series that come back their sessions up to the horizon; how many were added.

    Each series is claimed by moving its `known_until`: of two processes only one adds.
    """
    until, added = now + HORIZON, 0
    query = (
        select(SessionSeriesRow)
        .where(
            SessionSeriesRow.frequency != "",
            SessionSeriesRow.known_until < until - timedelta(days=1),
        )
        .limit(MOST_EXTENDED)
    )
    for series in list(await db.scalars(query)):
        known = series.known_until
        claim = (
            update(SessionSeriesRow)
            .where(SessionSeriesRow.id == series.id, SessionSeriesRow.known_until == known)
            .values(known_until=until)
            .returning(SessionSeriesRow.id)
        )
        if (await db.execute(claim)).first() is None:
            continue
        plan = await db.get_one(SessionPlanRow, series.plan_id)
        fresh = [each for each in starts(schedule_of(series), until, MOST_ON_RULE) if each > known]
        for moment in fresh:
            db.add(session_row(series, plan.id, plan_length(plan), moment, now))
        added += len(fresh)
    await db.flush()
    return added


async def change_session(
    db: Transaction, session: Session, draft: SessionDraft, reach: Reach, now: datetime
) -> Changed:
    """Write a host's edit of one session, of it and those that follow, or of all to come."""
    series = await db.get_one(SessionSeriesRow, session.series_id)
    if reach is Reach.THIS or not series.frequency:
        if not series.frequency:
            await _reschedule_series(db, series, draft.schedule, now)
        return await _change_one(db, session, series, draft, now)
    rows = await rows_of_series(db, series.id)
    before, edited = schedule_of(series), EditedDate(session.original_start, session.starts_at)
    if reach is Reach.FOLLOWING and any(
        row.original_start < session.original_start for row in rows
    ):
        schedule = schedule_following(before, edited, draft.schedule)
        series = await _split(db, session, series, draft, rows, now)
        rows = [row for row in rows if row.series_id == series.id]
    else:
        schedule = schedule_of_all(before, edited, draft.schedule)
        await leave_history(db, series, rows, now)
    row = next(row for row in rows if row.id == session.id)
    await _rejoin(db, row, series)
    stays = edited.is_moved and edited.keeps_day(before, draft.schedule)
    along = [each for each in rows if _goes_along(each, session.id, stays, now)]
    changed = await _change_many(db, series, replace(draft, schedule=schedule), along, now)
    late = [each for each in rows if each not in along and each.plan_id == series.plan_id]
    changed = await _lengthen(db, draft, late, changed, now)
    return await _stay(db, row, draft, changed) if stays else changed


async def rule_live(
    db: Transaction,
    session_id: str,
    *,
    microphones: Microphones | None = None,
    lamp_id: str | None = None,
    ended_at: datetime | None = None,
) -> None:
    """Keep what was decided while the session runs; None leaves a thing as it is."""
    values = {
        "microphones": microphones.value if microphones is not None else None,
        "lamp_id": lamp_id,
        "ended_at": ended_at,
    }
    kept = {name: value for name, value in values.items() if value is not None}
    await db.execute(update(SessionRow).where(SessionRow.id == session_id).values(**kept))


async def _change_one(
    db: Transaction, session: Session, series: SessionSeriesRow, draft: SessionDraft, now: datetime
) -> Changed:
    row = await db.get_one(SessionRow, session.id)
    if series.frequency and row.plan_id == series.plan_id:
        if draft.plan != session.plan:
            row.plan_id = await add_plan(db, draft.plan)
    else:
        await write_plan(db, row.plan_id, draft.plan)
    row.starts_at = in_utc(draft.schedule.start, draft.schedule.time_zone)
    row.ends_at = row.starts_at + length(draft.plan.phases)
    row.own_start = bool(series.frequency) and row.starts_at != row.original_start
    if not series.frequency:
        row.original_start = row.starts_at
    touch(row, now)
    await db.flush()
    return Changed(changed=(row.id,), series_id=series.id)


async def _change_many(
    db: Transaction,
    series: SessionSeriesRow,
    draft: SessionDraft,
    rows: Sequence[SessionRow],
    now: datetime,
) -> Changed:
    before, old_zone = schedule_of(series), series.time_zone
    await write_plan(db, series.plan_id, draft.plan)
    await keep_schedule(db, series, draft.schedule)
    future = {row.id: row for row in rows}
    moved = {row.id: row.original_start for row in future.values()}
    dropped: tuple[str, ...] = ()
    if before != draft.schedule:
        await forget_ends(db, series.id)
        first = in_utc(draft.schedule.start, draft.schedule.time_zone)
        series.known_until = horizon(first, now)
        moments = starts(draft.schedule, series.known_until, MOST_IN_SERIES)
        old = [dated(row) for row in future.values()]
        fresh = [each for each in moments if each > now]
        changes = rescheduled(old, fresh, old_zone, draft.schedule.time_zone)
        moved, dropped = changes.moved, changes.dropped
        lasts = length(draft.plan.phases)
        db.add_all(session_row(series, series.plan_id, lasts, each, now) for each in changes.added)
    for session_id, start in moved.items():
        row = future[session_id]
        row.original_start = start
        if not row.own_start:
            row.starts_at = start
        if row.plan_id == series.plan_id:
            row.ends_at = row.starts_at + length(draft.plan.phases)
        touch(row, now)
    told = [each for each in moved if future[each].cancelled_at is None]
    placeless = [future[each] for each in dropped if future[each].starts_at > now]
    cancelled, gone = await _drop(db, placeless, now)
    await db.flush()
    return Changed(tuple(told), cancelled, gone, series.id)


async def _split(
    db: Transaction,
    session: Session,
    series: SessionSeriesRow,
    draft: SessionDraft,
    rows: Sequence[SessionRow],
    now: datetime,
) -> SessionSeriesRow:
    """Give the chosen session and those that follow a series of their own, of the same lineage."""
    before = schedule_of(series)
    plan_id = await add_plan(db, draft.plan)
    schedule = replace(before, start=draft.schedule.start)
    fresh = await add_series(
        db, series.community_id, plan_id, schedule, series.created_by, now, series.lineage
    )
    fresh.known_until = series.known_until
    await pass_ends(db, series.id, fresh.id)
    for row in rows:
        if row.original_start >= session.original_start:
            row.series_id = fresh.id
            if row.plan_id == series.plan_id:
                row.plan_id = plan_id
    await keep_schedule(db, series, ended_before(before, session.original_start))
    await db.flush()
    return fresh


async def leave_history(
    db: Transaction, series: SessionSeriesRow, rows: Sequence[SessionRow], now: datetime
) -> None:
    """Let what has begun keep the plan that it had, and give what is to come another to change."""
    shared = [row for row in rows if row.plan_id == series.plan_id]
    if all(row.starts_at > now for row in shared):
        return
    found = await series_by_id(db, series.id)
    if found is None:
        return
    series.plan_id = await add_plan(db, found.plan)
    for row in shared:
        if row.starts_at > now:
            row.plan_id = series.plan_id
    await db.flush()


async def _rejoin(db: Transaction, row: SessionRow, series: SessionSeriesRow) -> None:
    """The date on which a whole series is edited follows it again, if an earlier edit set it apart.

    Otherwise the very page on which somebody wrote would be the one that does not change.
    """
    row.own_start, apart = False, row.plan_id
    if apart != series.plan_id:
        row.plan_id = series.plan_id
        await db.flush()
        await forget_lonely_plan(db, apart)


def _goes_along(row: SessionRow, edited_id: str, stays: bool, now: datetime) -> bool:
    """Whether a session takes the place that a series' new rule gives it: not what has begun."""
    if row.id == edited_id:
        return row.starts_at > now and (row.original_start > now or not stays)
    return row.original_start > now


async def _lengthen(
    db: Transaction,
    draft: SessionDraft,
    rows: Sequence[SessionRow],
    changed: Changed,
    now: datetime,
) -> Changed:
    """Change what follows the plan but has no place among the rule's days to come.

    That is a date that runs, or one moved from a day gone by to one to come.
    """
    for row in rows:
        row.ends_at = row.starts_at + length(draft.plan.phases)
        touch(row, now)
    await db.flush()
    told = tuple(row.id for row in rows if row.cancelled_at is None)
    return replace(changed, changed=(*changed.changed, *told))


async def _stay(db: Transaction, row: SessionRow, draft: SessionDraft, changed: Changed) -> Changed:
    """Keep a date where an earlier edit moved it, while its series changes as its form says."""
    if row.id in changed.changed:
        row.starts_at = in_utc(draft.schedule.start, draft.schedule.time_zone)
        row.ends_at = row.starts_at + length(draft.plan.phases)
        row.own_start = row.starts_at != row.original_start
        await db.flush()
    return changed


async def _reschedule_series(
    db: Transaction, series: SessionSeriesRow, schedule: Schedule, now: datetime
) -> None:
    """A session that took place once may begin to come back: its other dates are added."""
    schedule = aligned(schedule)
    await keep_schedule(db, series, schedule)
    if schedule.recurrence is None:
        return
    first = in_utc(schedule.start, schedule.time_zone)
    plan = await db.get_one(SessionPlanRow, series.plan_id)
    for moment in starts(schedule, horizon(first, now), MOST_IN_SERIES)[1:]:
        db.add(session_row(series, series.plan_id, plan_length(plan), moment, now))
    series.known_until = horizon(first, now)


async def _drop(
    db: Transaction, rows: Sequence[SessionRow], now: datetime
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Sessions without a place left: called off where somebody answered or a link leads, else gone.

    A link goes on to the dates to come of a session that is called off, not of one that is gone;
    who composes a tour that stops there, or waits to, is to learn it. What had been called off
    before is told no more: the ids are those of what was to take place.
    """
    was_on = {row.id: row.cancelled_at is None for row in rows}
    known = select(SessionRow.id).where(
        SessionRow.id.in_(was_on),
        or_(
            exists().where(SessionAnswerRow.session_id == SessionRow.id),
            exists().where(SessionInvitationRow.session_id == SessionRow.id),
            SessionRow.id.in_(is_stop(was_on)),
        ),
    )
    kept = set(await db.scalars(known)) if was_on else set()
    for row in rows:
        if row.id in kept and was_on[row.id]:
            row.cancelled_at = now
            touch(row, now)
    gone = [each for each in was_on if each not in kept]
    if gone:
        await db.execute(delete(SessionRow).where(SessionRow.id.in_(gone)))
    told = [each for each, is_news in was_on.items() if is_news]
    cancelled = tuple(each for each in told if each in kept)
    return cancelled, tuple(each for each in told if each in gone)
