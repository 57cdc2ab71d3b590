"""Handing over the sessions that someone hosts, when that person goes."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, or_, select

from server.community.people import Role
from server.community.sessions import may_host
from server.storage.database import Transaction
from server.storage.queries.session_changes import leave_history
from server.storage.queries.session_rows import rows_of_series
from server.storage.tables import (
    MembershipRow,
    OfficeRow,
    SessionHostRow,
    SessionPlanRow,
    SessionRow,
    SessionSeriesRow,
)


@dataclass(frozen=True)
class HandedOver:
    """Sessions to come of one community whose host went; `host_id` None: nobody hosts them now."""

    community_id: str
    host_id: str | None
    session_ids: tuple[str, ...]


async def hand_over(
    db: Transaction, person_id: str, now: datetime, community_id: str | None = None
) -> list[HandedOver]:
    """Take someone out of all that they are to host, everywhere or in one community.

    The first co-host who may still host becomes the host. What is over keeps the hosts it had.
    """
    await _part_from_history(db, await _plans(db, person_id, now, community_id), now)
    found: dict[tuple[str, str | None], list[str]] = {}
    for plan_id, where in (await _plans(db, person_id, now, community_id)).items():
        was_host, host_id = await _leave(db, plan_id, where, person_id)
        if was_host:
            found.setdefault((where, host_id), []).extend(await _to_come(db, plan_id, now))
    return [
        HandedOver(where, host_id, tuple(session_ids))
        for (where, host_id), session_ids in found.items()
        if session_ids
    ]


async def _plans(
    db: Transaction, person_id: str, now: datetime, community_id: str | None
) -> dict[str, str]:
    """What that person hosts, or helps to, and that is not over: communities by plans."""
    query = (
        select(SessionPlanRow.id, OfficeRow.community_id)
        .join(OfficeRow, OfficeRow.id == SessionPlanRow.office_id)
        .join(SessionHostRow, SessionHostRow.plan_id == SessionPlanRow.id)
        .where(
            SessionHostRow.person_id == person_id,
            or_(
                exists().where(SessionRow.plan_id == SessionPlanRow.id, SessionRow.ends_at > now),
                exists().where(
                    SessionSeriesRow.plan_id == SessionPlanRow.id, SessionSeriesRow.frequency != ""
                ),
            ),
        )
        .order_by(SessionPlanRow.id)
    )
    if community_id is not None:
        query = query.where(OfficeRow.community_id == community_id)
    return {row.id: row.community_id for row in await db.execute(query)}


async def _part_from_history(db: Transaction, plan_ids: Collection[str], now: datetime) -> None:
    """Give the dates to come of these plans' series another plan than those that have begun."""
    query = select(SessionSeriesRow).where(
        SessionSeriesRow.plan_id.in_(plan_ids), SessionSeriesRow.frequency != ""
    )
    for series in list(await db.scalars(query)):
        await leave_history(db, series, await rows_of_series(db, series.id), now)


async def _leave(
    db: Transaction, plan_id: str, community_id: str, person_id: str
) -> tuple[bool, str | None]:
    """Take someone out of a plan: whether they were its host, and who is now."""
    query = select(SessionHostRow).where(SessionHostRow.plan_id == plan_id)
    hosts = list(await db.scalars(query.order_by(SessionHostRow.position)))
    mine = next(each for each in hosts if each.person_id == person_id)
    others = [each for each in hosts if each is not mine]
    await db.delete(mine)
    if mine.position > 0:
        return False, None
    able = await _able(db, community_id, [each.person_id for each in others])
    heir = next((each for each in others if each.person_id in able), None)
    if heir is not None:
        heir.position = 0
    await db.flush()
    return True, heir.person_id if heir is not None else None


async def _able(db: Transaction, community_id: str, person_ids: Collection[str]) -> set[str]:
    roles = [role.value for role in Role if may_host(role)]
    query = select(MembershipRow.person_id).where(
        MembershipRow.community_id == community_id,
        MembershipRow.person_id.in_(person_ids),
        MembershipRow.role.in_(roles),
    )
    return set(await db.scalars(query))


async def _to_come(db: Transaction, plan_id: str, now: datetime) -> list[str]:
    query = (
        select(SessionRow.id)
        .where(
            SessionRow.plan_id == plan_id,
            SessionRow.ends_at > now,
            SessionRow.cancelled_at.is_(None),
        )
        .order_by(SessionRow.starts_at)
    )
    return list(await db.scalars(query))
