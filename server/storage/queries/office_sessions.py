"""Queries about the sessions to come of an office that goes: how many, moved, or called off."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, or_, select, update

from server.community.sessions import OpenTo
from server.storage.database import Transaction
from server.storage.queries.session_rows import Changed
from server.storage.queries.tour_stops import is_stop
from server.storage.tables import (
    InvitationRow,
    SessionAnswerRow,
    SessionHostRow,
    SessionInvitationRow,
    SessionPlanRow,
    SessionRow,
    SessionSeriesRow,
)


@dataclass(frozen=True)
class Planned:
    """What is to come in an office: sessions, people who answered them, and for whom they are."""

    sessions: int
    people: int
    open_to_all: bool


async def planned_in(
    db: Transaction, office_ids: Collection[str], now: datetime
) -> dict[str, Planned]:
    """What is to come in each of those offices where something is."""
    query = (
        select(
            SessionPlanRow.office_id,
            func.count(SessionRow.id.distinct()),
            func.count(SessionAnswerRow.person_id.distinct()),
            func.min(SessionPlanRow.open_to),  # "all" comes before the others
        )
        .join(SessionPlanRow, SessionPlanRow.id == SessionRow.plan_id)
        .outerjoin(SessionAnswerRow, SessionAnswerRow.session_id == SessionRow.id)
        .where(
            SessionPlanRow.office_id.in_(office_ids),
            SessionRow.ends_at > now,
            SessionRow.cancelled_at.is_(None),
        )
        .group_by(SessionPlanRow.office_id)
    )
    return {
        office_id: Planned(sessions, people, first == OpenTo.ALL.value)
        for office_id, sessions, people, first in await db.execute(query)
    }


async def move_sessions(db: Transaction, office_id: str, to: str, now: datetime) -> Changed:
    """Have all that is planned in an office take place in another, and links to it lead there.

    What is over goes along, so that its figures stay. Tells of those that somebody answered, or
    hosts.
    """
    known = await _known(db, office_id, now)
    plans = select(SessionPlanRow.id).where(SessionPlanRow.office_id == office_id)
    await _touch(db, office_id, now)
    await db.execute(
        update(SessionSeriesRow)
        .where(SessionSeriesRow.plan_id.in_(plans))
        .values(sequence=SessionSeriesRow.sequence + 1)
    )
    await db.execute(
        update(InvitationRow)
        .where(
            InvitationRow.office_id == office_id,
            InvitationRow.id.in_(select(SessionInvitationRow.invitation_id)),
        )
        .values(office_id=to)
    )
    await db.execute(
        update(SessionPlanRow).where(SessionPlanRow.office_id == office_id).values(office_id=to)
    )
    return Changed(changed=known)


async def call_off_sessions(db: Transaction, office_id: str, now: datetime) -> Changed:
    """Call off all that is to come in an office.

    Tells of those that somebody answered, or hosts, and that a tour stops at, or waits to.
    """
    known = await _known(db, office_id, now)
    found = list(await db.scalars(_to_come(office_id, now)))
    stops = set(await db.scalars(is_stop(found)))
    await _touch(db, office_id, now, cancelled_at=now)
    return Changed(cancelled=(*known, *(each for each in found if each in stops - {*known})))


async def _known(db: Transaction, office_id: str, now: datetime) -> tuple[str, ...]:
    """What is to come there that somebody answered, or hosts: there is someone to tell."""
    answered, hosted = select(SessionAnswerRow.session_id), select(SessionHostRow.plan_id)
    query = _to_come(office_id, now).where(
        or_(SessionRow.id.in_(answered), SessionRow.plan_id.in_(hosted))
    )
    return tuple(await db.scalars(query.order_by(SessionRow.starts_at, SessionRow.id)))


async def _touch(
    db: Transaction, office_id: str, now: datetime, cancelled_at: datetime | None = None
) -> None:
    """Note that all that is to come there changed, for calendars."""
    await db.execute(
        update(SessionRow)
        .where(SessionRow.id.in_(_to_come(office_id, now)))
        .values(sequence=SessionRow.sequence + 1, changed_at=now, cancelled_at=cancelled_at)
        .execution_options(synchronize_session=False)
    )


def _to_come(office_id: str, now: datetime) -> Select[str]:
    return (
        select(SessionRow.id)
        .join(SessionPlanRow, SessionPlanRow.id == SessionRow.plan_id)
        .where(
            SessionPlanRow.office_id == office_id,
            SessionRow.ends_at > now,
            SessionRow.cancelled_at.is_(None),
        )
    )
