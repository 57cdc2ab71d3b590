"""Queries about who belongs to a community, and where someone belongs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Subquery, cast, delete, func, null, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from server.community.communities import Community
from server.community.people import Role
from server.community.text import ACCENTED, PLAIN, unaccented
from server.storage.queries.communities import community_of
from server.storage.tables import (
    AdmissionRow,
    CommunityRow,
    InvitationRow,
    MembershipRow,
    PersonRow,
)

PAGE = 50


@dataclass(frozen=True)
class Membership:
    """Where someone belongs; `owners`: how many the community has."""

    community: Community
    role: Role
    owners: int


@dataclass(frozen=True)
class Belonging:
    """Someone of a community, as those who look after it see them."""

    person_id: str
    name: str
    has_account: bool
    role: Role
    since: datetime
    seen_at: datetime


async def places_of(db: AsyncSession, person_id: str) -> list[Membership]:
    """The communities where someone has a role."""
    other = aliased(MembershipRow)
    owners = (
        select(func.count())
        .select_from(other)
        .where(other.community_id == CommunityRow.id, other.role == Role.OWNER.value)
        .correlate(CommunityRow)
        .scalar_subquery()
    )
    query = (
        select(CommunityRow, MembershipRow.role, owners)
        .join(MembershipRow, MembershipRow.community_id == CommunityRow.id)
        .where(MembershipRow.person_id == person_id)
        .order_by(CommunityRow.created_at, CommunityRow.id)
        .limit(200)
    )
    return [
        Membership(community_of(row), Role(role), count)
        for row, role, count in await db.execute(query)
    ]


async def count_owners(db: AsyncSession, community_id: str) -> int:
    """How many owners a community has."""
    query = select(func.count()).select_from(MembershipRow)
    query = query.where(
        MembershipRow.community_id == community_id, MembershipRow.role == Role.OWNER.value
    )
    return await db.scalar(query) or 0


async def people_of(
    db: AsyncSession, community_id: str, *, named: str = "", after: int = 0
) -> tuple[list[Belonging], int]:
    """A page of the people of a community, by name, and how many there are in all.

    Accents count neither for the order nor for the search, as in a dictionary.
    Those who have a role, and guests whom an invitation admitted.
    """
    who = _who_belongs(community_id)
    query = select(PersonRow, who.c.role, who.c.since).join(who, who.c.person_id == PersonRow.id)
    if named:
        query = query.where(_unaccented_name().contains(unaccented(named), autoescape=True))
    total = await db.scalar(select(func.count()).select_from(query.subquery())) or 0
    by_name = (_unaccented_name(), PersonRow.name, PersonRow.id)
    page = query.order_by(*by_name).offset(after).limit(PAGE)
    return [
        Belonging(
            person_id=row.id,
            name=row.name,
            has_account=row.email is not None,
            role=Role(role) if role else Role.GUEST,
            since=moment,
            seen_at=row.seen_at,
        )
        for row, role, moment in await db.execute(page)
    ], total


def _who_belongs(community_id: str) -> Subquery:
    """The ids of a community's people, each once, with their role, if any, and since when.

    It begins with those few, not with everyone of the server: a database that has not counted its
    rows yet compared each with each.
    """
    joined, admitted = MembershipRow.created_at, AdmissionRow.created_at
    members = select(
        MembershipRow.person_id,
        MembershipRow.role,
        joined.label("joined"),
        cast(null(), admitted.type).label("admitted"),
    ).where(MembershipRow.community_id == community_id)
    guests = (
        select(
            AdmissionRow.person_id,
            cast(null(), MembershipRow.role.type),
            cast(null(), joined.type),
            admitted,
        )
        .join(InvitationRow, InvitationRow.id == AdmissionRow.invitation_id)
        .where(InvitationRow.community_id == community_id, InvitationRow.revoked_at.is_(None))
    )
    both = union_all(members, guests).subquery()
    since = func.coalesce(func.max(both.c.joined), func.min(both.c.admitted))
    return (
        select(both.c.person_id, func.max(both.c.role).label("role"), since.label("since"))
        .group_by(both.c.person_id)
        .subquery()
    )


def _unaccented_name() -> ColumnElement[str]:
    """`unaccented` of a name, as the database makes it."""
    return func.lower(func.translate(PersonRow.name, ACCENTED, PLAIN))


async def remove_from(db: AsyncSession, community_id: str, person_id: str) -> None:
    """Take away someone's role, and what invitations opened to them there."""
    await db.execute(
        delete(MembershipRow).where(
            MembershipRow.community_id == community_id, MembershipRow.person_id == person_id
        )
    )
    theirs = select(InvitationRow.id).where(InvitationRow.community_id == community_id)
    await db.execute(
        delete(AdmissionRow).where(
            AdmissionRow.person_id == person_id, AdmissionRow.invitation_id.in_(theirs)
        )
    )


async def is_of(db: AsyncSession, community_id: str, person_id: str) -> bool:
    """Whether someone has a role in a community, or an invitation that is not revoked."""
    admitted = (
        select(AdmissionRow.person_id)
        .join(InvitationRow, InvitationRow.id == AdmissionRow.invitation_id)
        .where(
            AdmissionRow.person_id == person_id,
            InvitationRow.community_id == community_id,
            InvitationRow.revoked_at.is_(None),
        )
        .limit(1)
    )
    row = await db.get(MembershipRow, (person_id, community_id))
    return row is not None or await db.scalar(admitted) is not None
