"""Queries about passkeys, and about the challenges that prove one holds them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from server.storage.tables import PasskeyChallengeRow, PasskeyRow

CHALLENGE_LIFE = timedelta(minutes=5)
MOST_PASSKEYS = 20


@dataclass(frozen=True)
class Passkey:
    """A passkey; `id` is ours, `credential_id` the browser's."""

    id: str
    person_id: str
    credential_id: bytes
    public_key: bytes
    sign_count: int
    name: str
    created_at: datetime
    used_at: datetime | None


def passkey_id(credential_id: bytes) -> str:
    """Our id of a passkey."""
    return hashlib.sha256(credential_id).hexdigest()


async def keep_challenge(
    db: AsyncSession, challenge: bytes, person_id: str | None, now: datetime
) -> None:
    """Remember a challenge given to a browser."""
    hashed = hashlib.sha256(challenge).hexdigest()
    db.add(PasskeyChallengeRow(id=hashed, person_id=person_id, expires_at=now + CHALLENGE_LIFE))
    await db.flush()


async def use_challenge(
    db: AsyncSession, challenge: bytes, person_id: str | None, now: datetime
) -> bool:
    """Whether we gave that challenge, for that use, not long ago; it serves once."""
    same_person = (
        PasskeyChallengeRow.person_id.is_(None)
        if person_id is None
        else PasskeyChallengeRow.person_id == person_id
    )
    used = await db.execute(
        delete(PasskeyChallengeRow)
        .where(
            PasskeyChallengeRow.id == hashlib.sha256(challenge).hexdigest(),
            PasskeyChallengeRow.expires_at > now,
            same_person,
        )
        .returning(PasskeyChallengeRow.id)
    )
    return used.first() is not None


async def count_passkeys(db: AsyncSession, person_id: str) -> int:
    """How many passkeys someone has."""
    query = select(func.count()).select_from(PasskeyRow).where(PasskeyRow.person_id == person_id)
    return await db.scalar(query) or 0


async def passkeys_of(db: AsyncSession, person_id: str) -> list[Passkey]:
    """Someone's passkeys, oldest first."""
    query = (
        select(PasskeyRow)
        .where(PasskeyRow.person_id == person_id)
        .order_by(PasskeyRow.created_at, PasskeyRow.id)
        .limit(MOST_PASSKEYS)
    )
    return [_passkey(row) for row in await db.scalars(query)]


async def passkey_by_id(db: AsyncSession, found_id: str) -> Passkey | None:
    """The passkey of that id of ours."""
    row = await db.get(PasskeyRow, found_id)
    return _passkey(row) if row else None


async def add_passkey(
    db: AsyncSession,
    person_id: str,
    *,
    credential_id: bytes,
    public_key: bytes,
    sign_count: int,
    name: str,
    now: datetime,
) -> None:
    """Keep a passkey; its credential must not be known yet."""
    db.add(
        PasskeyRow(
            id=passkey_id(credential_id),
            person_id=person_id,
            credential_id=credential_id,
            public_key=public_key,
            sign_count=sign_count,
            name=name,
            created_at=now,
            used_at=None,
        )
    )
    await db.flush()


async def passkey_used(db: AsyncSession, found_id: str, sign_count: int, now: datetime) -> None:
    """A passkey has signed in; its counter must never go back."""
    await db.execute(
        update(PasskeyRow)
        .where(PasskeyRow.id == found_id)
        .values(sign_count=sign_count, used_at=now)
    )


async def rename_passkey(db: AsyncSession, person_id: str, found_id: str, name: str) -> None:
    """Someone calls one of their passkeys that."""
    await db.execute(
        update(PasskeyRow)
        .where(PasskeyRow.id == found_id, PasskeyRow.person_id == person_id)
        .values(name=name)
    )


async def remove_passkey(db: AsyncSession, person_id: str, found_id: str) -> None:
    """A passkey signs in no more."""
    await db.execute(
        delete(PasskeyRow).where(PasskeyRow.id == found_id, PasskeyRow.person_id == person_id)
    )


def _passkey(row: PasskeyRow) -> Passkey:
    return Passkey(
        id=row.id,
        person_id=row.person_id,
        credential_id=row.credential_id,
        public_key=row.public_key,
        sign_count=row.sign_count,
        name=row.name,
        created_at=row.created_at,
        used_at=row.used_at,
    )
