"""Queries about people and their roles."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, exists, update
from sqlalchemy.ext.asyncio import AsyncSession

from server.community.people import Person, Role
from server.storage.ids import new_id
from server.storage.tables import MembershipRow, PersonRow


async def person_by_id(db: AsyncSession, person_id: str) -> Person | None:
    """The person of that id."""
    row = await db.get(PersonRow, person_id)
    return _person(row) if row else None


async def add_person(db: AsyncSession, name: str, now: datetime) -> Person:
    """Someone new, known by a name alone."""
    row = PersonRow(id=new_id(), name=name, login_version=1, created_at=now)
    db.add(row)
    await db.flush()
    return _person(row)


async def rename_person(db: AsyncSession, person_id: str, name: str) -> None:
    """Change the name someone goes by."""
    await db.execute(update(PersonRow).where(PersonRow.id == person_id).values(name=name))


async def end_logins(db: AsyncSession, person_id: str) -> None:
    """Make every cookie given to a person so far worthless."""
    await db.execute(
        update(PersonRow)
        .where(PersonRow.id == person_id)
        .values(login_version=PersonRow.login_version + 1)
    )


async def forget_guest(db: AsyncSession, person_id: str) -> bool:
    """Erase someone who has no role anywhere; False when they have one."""
    has_role = exists().where(MembershipRow.person_id == person_id)
    result = await db.execute(
        delete(PersonRow).where(PersonRow.id == person_id, ~has_role).returning(PersonRow.id)
    )
    return result.first() is not None


async def set_role(
    db: AsyncSession, community_id: str, person_id: str, role: Role, now: datetime
) -> None:
    """Give someone a role in a community, instead of the one they had."""
    row = await db.get(MembershipRow, (person_id, community_id))
    if row is None:
        db.add(
            MembershipRow(
                person_id=person_id, community_id=community_id, role=role.value, created_at=now
            )
        )
    else:
        row.role = role.value
    await db.flush()


def _person(row: PersonRow) -> Person:
    return Person(id=row.id, name=row.name, login_version=row.login_version)
