"""Queries that erase what has served its time, each kind by the moment that counts for it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from server.community.people import Role
from server.community.retention import Kind
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
    VisitRow,
)

AT_ONCE = 500

Eraser = Callable[[AsyncSession, datetime], Awaitable[int]]


async def erase_old(db: AsyncSession, kind: Kind, before: datetime) -> int:
    """Erase what of that kind ended `before` then; how many, `AT_ONCE` at the most."""
    return await _ERASERS[kind](db, before)


async def _guests(db: AsyncSession, before: datetime) -> int:
    """Guests not seen since, but those who hold a role: an owner may have no address yet."""
    has_role = select(MembershipRow.person_id).where(MembershipRow.person_id == PersonRow.id)
    return await _people(
        db, PersonRow.email.is_(None), PersonRow.seen_at < before, ~has_role.exists()
    )


async def _members(db: AsyncSession, before: datetime) -> int:
    """Members not seen since, but owners: their houses would have nobody."""
    owns = select(MembershipRow.person_id).where(
        MembershipRow.person_id == PersonRow.id, MembershipRow.role == Role.OWNER.value
    )
    return await _people(
        db,
        PersonRow.email.is_not(None),
        PersonRow.seen_at < before,
        PersonRow.keeps_server.is_(False),
        ~owns.exists(),
    )


async def _people(db: AsyncSession, *which: ColumnElement[bool]) -> int:
    query = select(PersonRow.id, PersonRow.email).where(*which).limit(AT_ONCE)
    found = list(await db.execute(query))
    for person_id, email in found:
        await erase_person(db, person_id, email)
    return len(found)


def _rows(table: type[Table], which: Callable[[datetime], ColumnElement[bool]]) -> Eraser:
    async def erase(db: AsyncSession, before: datetime) -> int:
        key: Any = table.__table__.c.id
        old = select(key).where(which(before)).limit(AT_ONCE)
        ids = list(await db.scalars(old))
        await db.execute(delete(table).where(key.in_(ids)))
        return len(ids)

    return erase


_ERASERS: dict[Kind, Eraser] = {
    Kind.GUESTS: _guests,
    Kind.MEMBERS: _members,
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
}
