"""The rows of sessions as changes make and touch them: plans, series, sessions at their dates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, exists, select, update

from server.community.phases import length, read_phases, write_phases
from server.community.recurrence import Schedule, in_utc
from server.community.series_edits import Dated
from server.community.sessions import Microphones, Plan
from server.storage.database import Transaction
from server.storage.ids import new_id
from server.storage.tables import (
    SessionHostRow,
    SessionPlanRow,
    SessionRow,
    SessionSeriesRow,
)

HORIZON = timedelta(weeks=26)
MOST_IN_SERIES = 400
MOST_ON_RULE = 10_000
"""Dates of a rule that are computed at most, from the series' beginning on."""


@dataclass(frozen=True)
class Changed:
    """What a change did, for those to be told: ids of sessions changed, and of those called off.

    `gone`: those of which nothing is left, as nobody had answered them: only hosts knew of them.
    """

    changed: tuple[str, ...] = ()
    cancelled: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    series_id: str = ""


def plan_length(plan: SessionPlanRow) -> timedelta:
    """How long the phases of a plan last."""
    return length(read_phases(plan.phases))


async def rows_of_series(db: Transaction, series_id: str) -> list[SessionRow]:
    """The latest sessions of a series, the last one first."""
    query = (
        select(SessionRow)
        .where(SessionRow.series_id == series_id)
        .order_by(SessionRow.original_start.desc())
        .limit(MOST_IN_SERIES)
    )
    return list(await db.scalars(query))


async def add_plan(db: Transaction, plan: Plan) -> str:
    """Keep a plan; its id."""
    row = SessionPlanRow(id=new_id(), **_plan_columns(plan))
    db.add(row)
    await db.flush()
    await _write_hosts(db, row.id, plan)
    return row.id


async def write_plan(db: Transaction, plan_id: str, plan: Plan) -> None:
    """Change a plan, for every session that follows it."""
    await db.execute(
        update(SessionPlanRow).where(SessionPlanRow.id == plan_id).values(**_plan_columns(plan))
    )
    await db.execute(delete(SessionHostRow).where(SessionHostRow.plan_id == plan_id))
    await _write_hosts(db, plan_id, plan)


async def forget_lonely_plan(db: Transaction, plan_id: str) -> None:
    """Remove a plan that neither a series nor a session follows any more."""
    await db.execute(
        delete(SessionPlanRow).where(
            SessionPlanRow.id == plan_id,
            ~exists().where(SessionRow.plan_id == plan_id),
            ~exists().where(SessionSeriesRow.plan_id == plan_id),
        )
    )


async def _write_hosts(db: Transaction, plan_id: str, plan: Plan) -> None:
    hosts = dict.fromkeys(plan.co_host_ids, 1)
    if plan.host_id is not None:
        hosts[plan.host_id] = 0
    for number, (person_id, is_co_host) in enumerate(hosts.items(), 1):
        position = number if is_co_host else 0
        db.add(SessionHostRow(plan_id=plan_id, person_id=person_id, position=position))
    await db.flush()


def _plan_columns(plan: Plan) -> dict[str, Any]:
    return {
        "office_id": plan.office_id,
        "title_fr": plan.title.fr,
        "title_en": plan.title.en,
        "text_fr": plan.text.fr,
        "text_en": plan.text.en,
        "theme": plan.theme,
        "phases": write_phases(plan.phases),
        "capacity": plan.capacity,
        "open_to": plan.open_to.value,
    }


async def add_series(
    db: Transaction,
    community_id: str,
    plan_id: str,
    schedule: Schedule,
    by: str | None,
    now: datetime,
    lineage: str = "",
) -> SessionSeriesRow:
    """Keep a series; its sessions are made by the caller. `lineage`: of the one it comes from."""
    series_id = new_id()
    row = SessionSeriesRow(
        id=series_id,
        lineage=lineage or series_id,
        community_id=community_id,
        plan_id=plan_id,
        sequence=0,
        known_until=horizon(in_utc(schedule.start, schedule.time_zone), now),
        created_by=by,
        created_at=now,
        **_schedule_columns(schedule),
    )
    db.add(row)
    await db.flush()
    return row


async def keep_schedule(db: Transaction, series: SessionSeriesRow, schedule: Schedule) -> None:
    """Change when a series takes place; its sessions are not touched."""
    for name, value in _schedule_columns(schedule).items():
        setattr(series, name, value)
    series.sequence += 1
    await db.flush()


def _schedule_columns(schedule: Schedule) -> dict[str, Any]:
    rule = schedule.recurrence
    return {
        "start": schedule.start,
        "time_zone": schedule.time_zone,
        "frequency": rule.frequency.value if rule else "",
        "weekdays": "".join(map(str, rule.weekdays)) if rule else "",
        "interval": rule.interval if rule else 1,
        "ordinal": rule.ordinal if rule else 0,
        "until": rule.until if rule else None,
        "count": rule.count if rule else None,
    }


def horizon(first: datetime, now: datetime) -> datetime:
    """Up to when a series that begins at `first` has rows."""
    return max(first, now) + HORIZON


def session_row(
    series: SessionSeriesRow, plan_id: str, lasts: timedelta, start: datetime, now: datetime
) -> SessionRow:
    """A session that follows its series, not yet added."""
    return SessionRow(
        id="se_" + new_id(),
        series_id=series.id,
        community_id=series.community_id,
        plan_id=plan_id,
        original_start=start,
        starts_at=start,
        ends_at=start + lasts,
        own_start=False,
        sequence=0,
        changed_at=now,
        cancelled_at=None,
        ended_at=None,
        microphones=Microphones.PHASES.value,
        lamp_id=None,
    )


def dated(row: SessionRow) -> Dated:
    """The session as the rules of edits see it."""
    return Dated(row.id, row.original_start, row.starts_at if row.own_start else None)


def touch(row: SessionRow, now: datetime) -> None:
    """Note that a session changed."""
    row.sequence += 1
    row.changed_at = now
