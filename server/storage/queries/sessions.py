"""Queries that read sessions: each a fixed number of statements, however many there are."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select

from server.community.people import Role
from server.community.phases import read_phases
from server.community.recurrence import Frequency, Recurrence, Schedule
from server.community.sessions import Microphones, OpenTo, Plan, Series, Session, may_host
from server.community.text import Bilingual, unaccented
from server.storage.database import Transaction
from server.storage.tables import (
    MembershipRow,
    PersonRow,
    SessionHostRow,
    SessionPlanRow,
    SessionRow,
    SessionSeriesRow,
)

MOST_SHOWN = 300
"""Sessions that one page or feed reads at most."""


async def session_by_id(db: Transaction, session_id: str) -> Session | None:
    """The session of that id."""
    found = await _read(db, _sessions().where(SessionRow.id == session_id))
    return found[0] if found else None


async def sessions_between(
    db: Transaction,
    community_id: str,
    begin: datetime,
    end: datetime,
    *,
    office_id: str | None = None,
    most: int = MOST_SHOWN,
) -> list[Session]:
    """The sessions of a community that overlap `begin` to `end`, by start, cancelled ones too."""
    query = _sessions().where(
        SessionRow.community_id == community_id,
        SessionRow.ends_at > begin,
        SessionRow.starts_at < end,
    )
    if office_id is not None:
        query = query.where(SessionPlanRow.office_id == office_id)
    return await _read(db, query.limit(most))


async def sessions_running_between(
    db: Transaction, begin: datetime, end: datetime, most: int = MOST_SHOWN
) -> list[Session]:
    """The sessions of all communities that overlap `begin` to `end` and are not called off."""
    query = _sessions().where(
        SessionRow.ends_at > begin, SessionRow.starts_at < end, SessionRow.cancelled_at.is_(None)
    )
    return await _read(db, query.limit(most))


async def sessions_of_series(
    db: Transaction, series_id: str, *, since: datetime | None = None, most: int = MOST_SHOWN
) -> list[Session]:
    """The sessions of a series that have a row, by start, cancelled ones too."""
    query = _sessions().where(SessionRow.series_id == series_id)
    if since is not None:
        query = query.where(SessionRow.starts_at >= since)
    return await _read(db, query.limit(most))


async def sessions_by_ids(db: Transaction, session_ids: Collection[str]) -> list[Session]:
    """Those sessions, by start; at most MOST_SHOWN of them."""
    query = _sessions().where(SessionRow.id.in_(list(session_ids)[:MOST_SHOWN]))
    return await _read(db, query)


async def series_by_id(db: Transaction, series_id: str) -> Series | None:
    """The series of that id."""
    found = await series_by_ids(db, [series_id])
    return found[0][0] if found else None


async def series_by_ids(
    db: Transaction, series_ids: Collection[str]
) -> list[tuple[Series, datetime]]:
    """Those series, each with the moment up to which every session of it has its row."""
    query = (
        select(SessionSeriesRow, SessionPlanRow)
        .join(SessionPlanRow, SessionPlanRow.id == SessionSeriesRow.plan_id)
        .where(SessionSeriesRow.id.in_(series_ids))
    )
    rows = (await db.execute(query)).all()
    hosts = await _hosts(db, [plan.id for _, plan in rows])
    return [
        (
            Series(
                id=row.id,
                community_id=row.community_id,
                schedule=schedule_of(row),
                plan=_plan(plan, hosts.get(plan.id, [])),
                sequence=row.sequence,
                created_at=row.created_at,
            ),
            row.known_until,
        )
        for row, plan in rows
    ]


async def names_of(db: Transaction, person_ids: Iterable[str]) -> dict[str, str]:
    """The names of those people."""
    ids = set(person_ids)
    if not ids:
        return {}
    query = select(PersonRow.id, PersonRow.name).where(PersonRow.id.in_(ids))
    return {row.id: row.name for row in await db.execute(query)}


def schedule_of(row: SessionSeriesRow) -> Schedule:
    """The schedule that a row keeps."""
    recurrence = None
    if row.frequency:
        recurrence = Recurrence(
            frequency=Frequency(row.frequency),
            weekdays=tuple(int(day) for day in row.weekdays),
            interval=row.interval,
            ordinal=row.ordinal,
            until=row.until,
            count=row.count,
        )
    return Schedule(row.start, row.time_zone, recurrence)


def _sessions() -> Select[*tuple[Any, ...]]:
    """Sessions with their plans and what they need of their series, by start.

    Columns rather than rows of tables: a feed reads hundreds, of which SQLAlchemy would make
    objects that are gone at once.
    """
    return (
        select(
            SessionRow.id,
            SessionRow.series_id,
            SessionRow.community_id,
            SessionRow.plan_id,
            SessionRow.original_start,
            SessionRow.starts_at,
            SessionRow.own_start,
            SessionRow.sequence,
            SessionRow.changed_at,
            SessionRow.cancelled_at,
            SessionRow.ended_at,
            SessionRow.microphones,
            SessionRow.lamp_id,
            SessionSeriesRow.time_zone,
            SessionSeriesRow.frequency,
            SessionSeriesRow.plan_id.label("series_plan_id"),
            *_PLAN,
        )
        .join(SessionPlanRow, SessionPlanRow.id == SessionRow.plan_id)
        .join(SessionSeriesRow, SessionSeriesRow.id == SessionRow.series_id)
        .order_by(SessionRow.starts_at, SessionRow.id)
    )


_PLAN = (
    SessionPlanRow.office_id,
    SessionPlanRow.title_fr,
    SessionPlanRow.title_en,
    SessionPlanRow.text_fr,
    SessionPlanRow.text_en,
    SessionPlanRow.theme,
    SessionPlanRow.phases,
    SessionPlanRow.capacity,
    SessionPlanRow.open_to,
)


async def _read(db: Transaction, query: Select[*tuple[Any, ...]]) -> list[Session]:
    rows = (await db.execute(query)).all()
    found = {row.plan_id: row for row in rows}
    hosts = await _hosts(db, found)
    # A series shares its plan: a month of sessions is made of a dozen.
    plans = {plan_id: _plan(row, hosts.get(plan_id, [])) for plan_id, row in found.items()}
    return [_session(row, plans[row.plan_id]) for row in rows]


async def _hosts(db: Transaction, plan_ids: Collection[str]) -> dict[str, list[tuple[int, str]]]:
    if not plan_ids:
        return {}
    query = (
        select(SessionHostRow.plan_id, SessionHostRow.position, SessionHostRow.person_id)
        .where(SessionHostRow.plan_id.in_(plan_ids))
        .order_by(SessionHostRow.position)
    )
    found: dict[str, list[tuple[int, str]]] = {}
    for plan_id, position, person_id in await db.execute(query):
        found.setdefault(plan_id, []).append((position, person_id))
    return found


def _plan(row: Any, hosts: list[tuple[int, str]]) -> Plan:
    return Plan(
        title=Bilingual(row.title_fr, row.title_en),
        text=Bilingual(row.text_fr, row.text_en),
        theme=row.theme,
        office_id=row.office_id,
        host_id=next((person for position, person in hosts if position == 0), None),
        co_host_ids=tuple(person for position, person in hosts if position > 0),
        phases=read_phases(row.phases),
        capacity=row.capacity,
        open_to=OpenTo(row.open_to),
    )


def _session(row: Any, plan: Plan) -> Session:
    return Session(
        id=row.id,
        series_id=row.series_id,
        community_id=row.community_id,
        time_zone=row.time_zone,
        recurs=bool(row.frequency),
        plan=plan,
        original_start=row.original_start,
        starts_at=row.starts_at,
        is_exception=row.own_start or row.plan_id != row.series_plan_id,
        sequence=row.sequence,
        changed_at=row.changed_at,
        cancelled_at=row.cancelled_at,
        ended_at=row.ended_at,
        microphones=Microphones(row.microphones),
        lamp_id=row.lamp_id,
    )


async def possible_hosts(db: Transaction, community_id: str) -> dict[str, str]:
    """The names of those who may host in a community, by id, in the order of a dictionary."""
    roles = [role.value for role in Role if may_host(role)]
    query = (
        select(PersonRow.id, PersonRow.name)
        .join(MembershipRow, MembershipRow.person_id == PersonRow.id)
        .where(MembershipRow.community_id == community_id, MembershipRow.role.in_(roles))
        .order_by(PersonRow.name, PersonRow.id)
        .limit(MOST_SHOWN)
    )
    found = {row.id: row.name for row in await db.execute(query)}
    return dict(sorted(found.items(), key=lambda each: unaccented(each[1])))


async def next_starts(
    db: Transaction, office_ids: Collection[str], now: datetime
) -> dict[str, datetime]:
    """When the next session of each of those offices starts, after `now`."""
    if not office_ids:
        return {}
    query = (
        select(SessionPlanRow.office_id, func.min(SessionRow.starts_at))
        .join(SessionPlanRow, SessionPlanRow.id == SessionRow.plan_id)
        .where(
            SessionPlanRow.office_id.in_(office_ids),
            SessionRow.starts_at > now,
            SessionRow.cancelled_at.is_(None),
        )
        .group_by(SessionPlanRow.office_id)
    )
    return {row[0]: row[1] for row in await db.execute(query)}
