"""Queries about the devices that want notices, one subscription a login."""

from __future__ import annotations

import hashlib
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from server.storage.tables import PushSubscriptionRow


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


async def is_subscribed(db: AsyncSession, login_id: str) -> bool:
    """Whether that device gets notices."""
    query = select(PushSubscriptionRow.login_id).where(PushSubscriptionRow.login_id == login_id)
    return await db.scalar(query) is not None


async def end_subscription(db: AsyncSession, login_id: str, endpoint: str | None = None) -> None:
    """That device gets no notices any more, not even those that wait for it.

    With `endpoint`, only if that is still its address: it may have told another one meanwhile.
    """
    query = delete(PushSubscriptionRow).where(PushSubscriptionRow.login_id == login_id)
    if endpoint is not None:
        query = query.where(PushSubscriptionRow.endpoint == endpoint)
    await db.execute(query)
