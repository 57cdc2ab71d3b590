"""Queries that erase what has served its time, each kind by the moment that counts for it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from server.community.people import Person, Role
from server.community.retention import WARNED_AFTER, Kind
from server.storage.queries.people import person_of
from server.storage.queries.person_data import erase_person
from server.storage.tables import (
    ExpulsionRow,
    InvitationRow,
    LetterRow,
    LoginLinkRow,
    LoginRow,
    MembershipRow,
    OwnerLinkRow,
    PasskeyChallengeRow,
    PersonRow,
    Table,
    TourStopRow,
    VisitRow,
)

AT_ONCE = 500

Eraser = Callable[[AsyncSession, datetime], Awaitable[int]]
PersonEraser = Callable[[AsyncSession, str, str | None], Awaitable[None]]
"""Erases the person of an id and an address; the server's own also tells who must know."""


async def erase_old(
    db: AsyncSession, kind: Kind, before: datetime, erase: PersonEraser = erase_person
) -> int:
    """Erase what of that kind ended `before` then; how many, `AT_ONCE` at the most."""
    if kind in _PEOPLE:
        return await _people(db, erase, *_PEOPLE[kind](before))
    return await _ERASERS[kind](db, before)


def _guests(before: datetime) -> tuple[ColumnElement[bool], ...]:
    """Guests not seen since, but those who hold a role: an owner may have no address yet."""
    has_role = select(MembershipRow.person_id).where(MembershipRow.person_id == PersonRow.id)
    return PersonRow.email.is_(None), PersonRow.seen_at < before, ~has_role.exists()


def _members(before: datetime) -> tuple[ColumnElement[bool], ...]:
    """Members not seen since, who were told of it in time."""
    return *_absent(before), PersonRow.warned_at < before + WARNED_AFTER


def _absent(before: datetime) -> tuple[ColumnElement[bool], ...]:
    """Members not seen since, but owners: their houses would have nobody."""
    owns = select(MembershipRow.person_id).where(
        MembershipRow.person_id == PersonRow.id, MembershipRow.role == Role.OWNER.value
    )
    return (
        PersonRow.email.is_not(None),
        PersonRow.seen_at < before,
        PersonRow.keeps_server.is_(False),
        ~owns.exists(),
    )


async def absent_members(db: AsyncSession, before: datetime) -> list[Person]:
    """Members not seen since and not told yet that they will be erased, `AT_ONCE` at the most."""
    query = (
        select(PersonRow)
        .where(*_absent(before), PersonRow.warned_at.is_(None))
        .order_by(PersonRow.seen_at, PersonRow.id)
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    return [person_of(row) for row in await db.scalars(query)]


async def mark_warned(db: AsyncSession, person_ids: Sequence[str], now: datetime) -> None:
    """Those were told that they will be erased."""
    await db.execute(update(PersonRow).where(PersonRow.id.in_(person_ids)).values(warned_at=now))


async def is_warned(db: AsyncSession, person_id: str) -> bool:
    """Whether someone was told that they will be erased, and did not come back since."""
    query = select(PersonRow.warned_at).where(PersonRow.id == person_id)
    return await db.scalar(query) is not None


async def keep_member(db: AsyncSession, person_id: str, now: datetime) -> None:
    """Someone who was told wants to be kept: they count as seen now."""
    await db.execute(
        update(PersonRow)
        .where(PersonRow.id == person_id, PersonRow.warned_at.is_not(None))
        .values(seen_at=now, warned_at=None)
    )


async def _people(db: AsyncSession, erase: PersonEraser, *which: ColumnElement[bool]) -> int:
    query = select(PersonRow.id, PersonRow.email).where(*which).limit(AT_ONCE)
    found = list(await db.execute(query))
    for person_id, email in found:
        await erase(db, person_id, email)
    return len(found)


def _rows(table: type[Table], which: Callable[[datetime], ColumnElement[bool]]) -> Eraser:
    async def erase(db: AsyncSession, before: datetime) -> int:
        key: Any = table.__table__.c.id
        old = select(key).where(which(before)).limit(AT_ONCE)
        ids = list(await db.scalars(old))
        await db.execute(delete(table).where(key.in_(ids)))
        return len(ids)

    return erase


_PEOPLE: dict[Kind, Callable[[datetime], tuple[ColumnElement[bool], ...]]] = {
    Kind.GUESTS: _guests,
    Kind.MEMBERS: _members,
}
_ERASERS: dict[Kind, Eraser] = {
    Kind.LOGINS: _rows(LoginRow, lambda before: LoginRow.seen_at < before),
    Kind.LOGIN_LINKS: _rows(LoginLinkRow, lambda before: LoginLinkRow.created_at < before),
    Kind.LETTERS: _rows(
        LetterRow, lambda before: (LetterRow.created_at < before) & (LetterRow.next_try_at < before)
    ),
    Kind.INVITATIONS: _rows(
        InvitationRow,
        lambda before: or_(InvitationRow.revoked_at < before, InvitationRow.expires_at < before),
    ),
    Kind.OWNER_LINKS: _rows(OwnerLinkRow, lambda before: OwnerLinkRow.expires_at < before),
    Kind.CHALLENGES: _rows(
        PasskeyChallengeRow, lambda before: PasskeyChallengeRow.expires_at < before
    ),
    Kind.VISITS: _rows(VisitRow, lambda before: VisitRow.seen_at < before),
    Kind.EXPULSIONS: _rows(ExpulsionRow, lambda before: ExpulsionRow.until < before),
    Kind.PROPOSALS: _rows(TourStopRow, lambda before: TourStopRow.proposed_at < before),
}
