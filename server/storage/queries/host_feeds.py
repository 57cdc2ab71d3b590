"""Queries of public feeds: the sessions that someone hosts, read by anyone who has the address."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, exists, select

from server.community.offices import Visibility
from server.community.people import Person, Role
from server.community.sessions import OpenTo, Session, may_host
from server.storage.database import Transaction
from server.storage.ids import new_token
from server.storage.queries.calendars import PAST_SHOWN
from server.storage.queries.people import person_of
from server.storage.queries.sessions import MOST_SHOWN, sessions_by_ids
from server.storage.tables import (
    CommunityRow,
    HostFeedRow,
    MembershipRow,
    OfficeRow,
    PersonRow,
    SessionHostRow,
    SessionPlanRow,
    SessionRow,
)


async def host_feed_token(db: Transaction, person_id: str) -> str | None:
    """The token of someone's public feed; None without one."""
    query = select(HostFeedRow.token).where(HostFeedRow.person_id == person_id)
    token: str | None = await db.scalar(query)
    return token


async def open_host_feed(db: Transaction, person_id: str, now: datetime) -> str:
    """Give someone a public feed; the address of one they had shows nothing any more."""
    await close_host_feed(db, person_id)
    row = HostFeedRow(person_id=person_id, token=new_token(), created_at=now)
    db.add(row)
    await db.flush()
    return row.token


async def close_host_feed(db: Transaction, person_id: str) -> None:
    """Take back someone's public feed."""
    await db.execute(delete(HostFeedRow).where(HostFeedRow.person_id == person_id))


async def host_of_feed(db: Transaction, token: str) -> Person | None:
    """Whose public feed that is."""
    query = (
        select(PersonRow)
        .join(HostFeedRow, HostFeedRow.person_id == PersonRow.id)
        .where(HostFeedRow.token == token)
    )
    row = await db.scalar(query)
    return person_of(row) if row is not None else None


async def may_host_somewhere(db: Transaction, person_id: str) -> bool:
    """Whether that person may host in any community."""
    roles = [role.value for role in Role if may_host(role)]
    is_host = exists().where(MembershipRow.person_id == person_id, MembershipRow.role.in_(roles))
    return bool(await db.scalar(select(is_host)))


async def public_sessions_of(db: Transaction, person_id: str, now: datetime) -> list[Session]:
    """The sessions that someone hosts where anyone may find them, those called off too.

    That is, for all, in an open office of a listed community.
    """
    hosted = select(SessionHostRow.plan_id).where(SessionHostRow.person_id == person_id)
    query = (
        select(SessionRow.id)
        .join(SessionPlanRow, SessionPlanRow.id == SessionRow.plan_id)
        .join(OfficeRow, OfficeRow.id == SessionPlanRow.office_id)
        .join(CommunityRow, CommunityRow.id == SessionRow.community_id)
        .where(
            SessionRow.ends_at > now - PAST_SHOWN,
            SessionRow.plan_id.in_(hosted),
            SessionPlanRow.open_to == OpenTo.ALL.value,
            OfficeRow.visibility == Visibility.PUBLIC.value,
            CommunityRow.listed.is_(True),
        )
        .order_by(SessionRow.starts_at)
        .limit(MOST_SHOWN)
    )
    return await sessions_by_ids(db, list(await db.scalars(query)))
