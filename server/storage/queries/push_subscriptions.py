"""Queries about the devices that want notices, one subscription a login."""

from __future__ import annotations

import hashlib
from datetime import datetime

from sqlalchemy import delete, or_, select
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
    """Reach that device there from now on; whoever was reached there before is no longer."""
    hashed = hashlib.sha256(endpoint.encode()).hexdigest()
    await db.execute(
        delete(PushSubscriptionRow).where(
            or_(
                PushSubscriptionRow.endpoint_hash == hashed,
                PushSubscriptionRow.login_id == login_id,
            )
        )
    )
    db.add(
        PushSubscriptionRow(
            login_id=login_id,
            person_id=person_id,
            endpoint=endpoint,
            endpoint_hash=hashed,
            public_key=public_key,
            secret=secret,
            created_at=now,
        )
    )
    await db.flush()


async def is_subscribed(db: AsyncSession, login_id: str) -> bool:
    """Whether that device gets notices."""
    query = select(PushSubscriptionRow.login_id).where(PushSubscriptionRow.login_id == login_id)
    return await db.scalar(query) is not None


async def end_subscription(db: AsyncSession, login_id: str) -> None:
    """That device gets no notices any more, not even those that wait for it."""
    await db.execute(delete(PushSubscriptionRow).where(PushSubscriptionRow.login_id == login_id))
