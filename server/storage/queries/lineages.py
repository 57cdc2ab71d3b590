"""Queries across a lineage: a series, and those that "this and following" made of it since.

Whoever holds a link to a series, or reads when it comes back, is led on to what became of it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy import Select, func, select
from sqlalchemy.orm import aliased

from server.community.sessions import Session
from server.storage.database import Transaction
from server.storage.queries.sessions import sessions_by_ids
from server.storage.tables import (
    AdmissionRow,
    InvitationRow,
    SessionInvitationRow,
    SessionPlanRow,
    SessionRow,
    SessionSeriesRow,
)


async def date_to_come(db: Transaction, session: Session, now: datetime) -> Session:
    """That session, or once it is over or called off the next of its lineage, if there is one."""
    return (await dates_to_come(db, [session], now))[session.id]


async def dates_to_come(
    db: Transaction, found: Iterable[Session], now: datetime
) -> dict[str, Session]:
    """The date that each session stands for now, as `date_to_come` says, by the session's id."""
    stand = {each.id: each for each in found}
    gone = [each.id for each in stand.values() if each.cancelled_at is not None]
    gone += [each.id for each in stand.values() if each.id not in gone and each.ends_at <= now]
    if not gone:
        return stand
    others, of, to_come = _of_same_lineage(now)
    place = func.row_number().over(partition_by=of.id, order_by=(others.starts_at, others.id))
    ranked = to_come.where(of.id.in_(gone)).add_columns(of.id.label("of"), place.label("place"))
    first = ranked.subquery()
    rows = await db.execute(select(first.c.of, first.c.id).where(first.c.place == 1))
    following = {row.of: row.id for row in rows}
    by_id = {each.id: each for each in await sessions_by_ids(db, list(following.values()))}
    return stand | {of_id: by_id[next_id] for of_id, next_id in following.items()}


async def following_dates(
    db: Transaction, session: Session, now: datetime, most: int
) -> list[Session]:
    """The other dates of its lineage that start after `now`, without those called off."""
    others, of, to_come = _of_same_lineage(now)
    query = (
        to_come.where(of.id == session.id, others.id != session.id, others.starts_at > now)
        .order_by(others.starts_at, others.id)
        .limit(most)
    )
    return await sessions_by_ids(db, [row.id for row in await db.execute(query)])


async def following_starts(
    db: Transaction, session_ids: Collection[str], now: datetime
) -> dict[str, datetime]:
    """When the lineage of each of those sessions comes back after it, and after `now`."""
    if not session_ids:
        return {}
    others, of, to_come = _of_same_lineage(now)
    query = (
        to_come.with_only_columns(of.id, func.min(others.starts_at))
        .where(of.id.in_(session_ids), others.starts_at > of.starts_at, others.starts_at > now)
        .group_by(of.id)
    )
    return {row[0]: row[1] for row in await db.execute(query)}


def offices_opened_by_sessions(person_id: str, now: datetime) -> Select[str]:
    """The offices of the dates to come of those sessions to which invitations let someone in.

    To be narrowed, by the caller, to invitations that still open.
    """
    others, of, to_come = _of_same_lineage(now)
    return (
        to_come.with_only_columns(SessionPlanRow.office_id)
        .join(SessionPlanRow, SessionPlanRow.id == others.plan_id)
        .join(SessionInvitationRow, SessionInvitationRow.session_id == of.id)
        .join(InvitationRow, InvitationRow.id == SessionInvitationRow.invitation_id)
        .join(AdmissionRow, AdmissionRow.invitation_id == InvitationRow.id)
        .where(AdmissionRow.person_id == person_id)
    )


def _of_same_lineage(
    now: datetime,
) -> tuple[type[SessionRow], type[SessionRow], Select[str]]:
    """Sessions to come beside those of their lineage: both tables, and the ids of the first."""
    return _OTHERS, _OF, _LINEAGE.where(_OTHERS.ends_at > now, _OTHERS.cancelled_at.is_(None))


# Made once: to name tables anew for each query took SQLAlchemy longer than to ask it.
_OTHERS, _OF = aliased(SessionRow), aliased(SessionRow)
_THEIRS, _ITS = aliased(SessionSeriesRow), aliased(SessionSeriesRow)
_LINEAGE = (
    select(_OTHERS.id)
    .join(_THEIRS, _THEIRS.id == _OTHERS.series_id)
    .join(_ITS, _ITS.lineage == _THEIRS.lineage)
    .join(_OF, _OF.series_id == _ITS.id)
)
