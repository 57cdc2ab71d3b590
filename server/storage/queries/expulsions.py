"""Queries about those shown out of an office for the day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from server.community.people import Role
from server.storage.ids import new_id
from server.storage.tables import ExpulsionRow, MembershipRow, OfficeRow, PersonRow

MOST_LISTED = 200


@dataclass(frozen=True)
class Expulsion:
    """Somebody who may not enter an office `until` then, as those who may undo it see them."""

    id: str
    person_id: str
    name: str
    role: Role
    office_id: str
    until: datetime


async def expel(
    db: AsyncSession, person_id: str, office_id: str, *, until: datetime, now: datetime
) -> None:
    """Somebody may not enter an office until then; this replaces what was decided before."""
    await readmit(db, person_id, office_id)
    db.add(
        ExpulsionRow(
            id=new_id(), person_id=person_id, office_id=office_id, created_at=now, until=until
        )
    )
    await db.flush()


async def readmit(db: AsyncSession, person_id: str, office_id: str) -> None:
    """Nothing keeps that person out of that office any more."""
    await db.execute(
        delete(ExpulsionRow).where(
            ExpulsionRow.person_id == person_id, ExpulsionRow.office_id == office_id
        )
    )


async def expelled_from(
    db: AsyncSession, community_id: str, person_id: str, now: datetime
) -> frozenset[str]:
    """The offices of a community that someone may not enter today."""
    query = (
        select(ExpulsionRow.office_id)
        .join(OfficeRow, OfficeRow.id == ExpulsionRow.office_id)
        .where(
            ExpulsionRow.person_id == person_id,
            ExpulsionRow.until > now,
            OfficeRow.community_id == community_id,
        )
        .limit(500)
    )
    return frozenset(await db.scalars(query))


async def expulsions_of(db: AsyncSession, community_id: str, now: datetime) -> list[Expulsion]:
    """Those who may not enter an office of a community today, the latest first."""
    belongs = (MembershipRow.person_id == ExpulsionRow.person_id) & (
        MembershipRow.community_id == community_id
    )
    query = (
        select(ExpulsionRow, PersonRow.name, MembershipRow.role)
        .join(OfficeRow, OfficeRow.id == ExpulsionRow.office_id)
        .join(PersonRow, PersonRow.id == ExpulsionRow.person_id)
        .outerjoin(MembershipRow, belongs)
        .where(OfficeRow.community_id == community_id, ExpulsionRow.until > now)
        .order_by(ExpulsionRow.created_at.desc(), ExpulsionRow.id)
        .limit(MOST_LISTED)
    )
    return [
        Expulsion(
            id=row.id,
            person_id=row.person_id,
            name=name,
            role=Role(role) if role else Role.GUEST,
            office_id=row.office_id,
            until=row.until,
        )
        for row, name, role in await db.execute(query)
    ]
