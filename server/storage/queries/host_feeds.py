"""Queries of public feeds: the sessions that someone hosts, read by anyone who has the address."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import exists, select

from server.community.offices import Visibility
from server.community.people import Role
from server.community.sessions import OpenTo, Session, may_host
from server.storage.database import Transaction
from server.storage.queries.calendars import PAST_SHOWN
from server.storage.queries.sessions import MOST_SHOWN, sessions_by_ids
from server.storage.tables import (
    CommunityRow,
    MembershipRow,
    OfficeRow,
    SessionHostRow,
    SessionPlanRow,
    SessionRow,
)


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
