"""Queries about the devices that want notices, one subscription a login."""

from __future__ import annotations

import hashlib
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from server.storage.tables import LoginRow, PushSubscriptionRow


async def put_subscription(
    db: AsyncSession,
    login_id: str,
    person_id: str,
    *,
    endpoint: str,
    public_key: bytes,
    secret: bytes,
    now: datetime,
) -> None:
    """Reach that device there from now on; whoever was reached there before is no longer.

    What waits for the device goes to its new address.
    """
    hashed = hashlib.sha256(endpoint.encode()).hexdigest()
    await db.execute(
        delete(PushSubscriptionRow).where(
            PushSubscriptionRow.endpoint_hash == hashed, PushSubscriptionRow.login_id != login_id
        )
    )
    row = await db.get(PushSubscriptionRow, login_id)
    if row is None:
        row = PushSubscriptionRow(login_id=login_id)
        db.add(row)
    row.person_id, row.endpoint, row.endpoint_hash = person_id, endpoint, hashed
    row.public_key, row.secret, row.created_at = public_key, secret, now
    await db.flush()
    await _want(db, login_id, wants=True)


async def is_subscribed(db: AsyncSession, login_id: str) -> bool:
    """Whether that device gets notices."""
    query = select(PushSubscriptionRow.login_id).where(PushSubscriptionRow.login_id == login_id)
    return await db.scalar(query) is not None


async def end_subscription(db: AsyncSession, login_id: str, endpoint: str | None = None) -> None:
    """That device gets no notices any more, not even those that wait for it.

    It may still want some: see `turn_off`. With `endpoint`, only if that is still its address: it
    may have told another one meanwhile.
    """
    query = delete(PushSubscriptionRow).where(PushSubscriptionRow.login_id == login_id)
    if endpoint is not None:
        query = query.where(PushSubscriptionRow.endpoint == endpoint)
    await db.execute(query)


async def turn_off(db: AsyncSession, login_id: str) -> None:
    """Whoever is known on that device wants no notices there."""
    await end_subscription(db, login_id)
    await _want(db, login_id, wants=False)


async def is_wanted(db: AsyncSession, login_id: str) -> bool:
    """Whether notices were asked for on that device and not turned off there since."""
    query = select(LoginRow.wants_notices).where(LoginRow.id == login_id)
    return bool(await db.scalar(query))


async def _want(db: AsyncSession, login_id: str, *, wants: bool) -> None:
    row = update(LoginRow).where(LoginRow.id == login_id)
    await db.execute(row.values(wants_notices=wants))
