"""Queries about logins: the devices on which someone is known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from server.community.people import Person
from server.community.roles import HANDED_OVER
from server.storage.ids import new_id
from server.storage.queries.people import person_by_id, person_of
from server.storage.tables import LoginRow, MembershipRow, PersonRow

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
    await _see_person(db, person_id, now)
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
    await _see_person(db, person_id, now)


async def _see_person(db: AsyncSession, person_id: str, now: datetime) -> None:
    """Whatever an absent member was told no longer holds."""
    await db.execute(
        update(PersonRow).where(PersonRow.id == person_id).values(seen_at=now, warned_at=None)
    )


async def take_guests_login(db: AsyncSession, login_id: str) -> Person | None:
    """End a guest's login, and say whose it was; None when it has ended, or may not be moved.

    Of several who try at once, one gets an answer. Who has an account proves it by themselves, and
    power over others stays where it is.
    """
    guests = select(PersonRow.id).where(*_handed_over())
    ended = await db.scalar(
        delete(LoginRow)
        .where(LoginRow.id == login_id, LoginRow.person_id.in_(guests))
        .returning(LoginRow.person_id)
    )
    return await person_by_id(db, ended) if ended is not None else None


async def may_be_handed_over(db: AsyncSession, person_id: str) -> bool:
    """Whether `take_guests_login` would take a login of that person."""
    query = select(PersonRow.id).where(PersonRow.id == person_id, *_handed_over())
    return await db.scalar(query) is not None


def _handed_over() -> tuple[ColumnElement[bool], ...]:
    powers = select(MembershipRow.person_id).where(
        MembershipRow.person_id == PersonRow.id, MembershipRow.role.not_in(HANDED_OVER)
    )
    return PersonRow.email.is_(None), PersonRow.keeps_server.is_(False), ~powers.exists()


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
