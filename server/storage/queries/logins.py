"""Queries about logins: the devices on which someone is known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from server.community.people import Person
from server.storage.ids import new_id
from server.storage.queries.people import person_of
from server.storage.tables import LoginRow, PersonRow

MOST_LISTED = 100


@dataclass(frozen=True)
class Login:
    """Someone known on one device; `device` is what its browser says it is."""

    id: str
    device: str
    method: str
    created_at: datetime
    seen_at: datetime


async def add_login(
    db: AsyncSession, person_id: str, *, device: str, method: str, now: datetime
) -> str:
    """Know someone on one more device; returns the login's id."""
    row = LoginRow(
        id=new_id(),
        person_id=person_id,
        device=device,
        method=method,
        created_at=now,
        seen_at=now,
    )
    db.add(row)
    await db.flush()
    return row.id


async def person_of_login(db: AsyncSession, login_id: str) -> tuple[Person, datetime] | None:
    """Who is known by a login, and when it was last seen; None once it has ended."""
    query = (
        select(PersonRow, LoginRow.seen_at)
        .join(LoginRow, LoginRow.person_id == PersonRow.id)
        .where(LoginRow.id == login_id)
    )
    found = (await db.execute(query)).first()
    return (person_of(found[0]), found[1]) if found else None


async def see_login(db: AsyncSession, login_id: str, person_id: str, now: datetime) -> None:
    """Someone is here, on that device."""
    await db.execute(update(LoginRow).where(LoginRow.id == login_id).values(seen_at=now))
    await db.execute(update(PersonRow).where(PersonRow.id == person_id).values(seen_at=now))


async def logins_of(db: AsyncSession, person_id: str) -> list[Login]:
    """The devices on which someone is known, the last seen first."""
    query = (
        select(LoginRow)
        .where(LoginRow.person_id == person_id)
        .order_by(LoginRow.seen_at.desc(), LoginRow.id)
        .limit(MOST_LISTED)
    )
    return [
        Login(row.id, row.device, row.method, row.created_at, row.seen_at)
        for row in await db.scalars(query)
    ]


async def end_login(db: AsyncSession, person_id: str, login_id: str) -> None:
    """Make one device's cookie worthless."""
    await db.execute(
        delete(LoginRow).where(LoginRow.id == login_id, LoginRow.person_id == person_id)
    )


async def end_logins(db: AsyncSession, person_id: str, *, but: str | None = None) -> None:
    """Make every cookie given to a person worthless, but one device's."""
    await db.execute(
        delete(LoginRow).where(LoginRow.person_id == person_id, LoginRow.id != (but or ""))
    )
