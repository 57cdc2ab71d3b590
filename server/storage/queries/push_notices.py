"""Queries about notices: queued for a person, spread to their devices when due, taken, ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from server.storage.ids import new_id
from server.storage.tables import PushNoticeRow, PushSubscriptionRow

CLAIM = timedelta(minutes=2)
"""How long the process that takes a notice has to send it before another may try."""
MOST_DEVICES = 20


@dataclass(frozen=True)
class DueNotice:
    """A notice for one device, to send now; `attempts` counts this one."""

    id: str
    login_id: str
    endpoint: str
    public_key: bytes
    secret: bytes
    about: str
    payload: str
    expires_at: datetime
    attempts: int


async def add_notice(
    db: AsyncSession,
    *,
    person_id: str,
    about: str,
    payload: str,
    now: datetime,
    send_at: datetime,
    expires_at: datetime,
    login_id: str | None = None,
) -> None:
    """Queue a notice for a person, or for one of their devices."""
    db.add(
        PushNoticeRow(
            id=new_id(),
            person_id=person_id,
            login_id=login_id,
            about=about,
            payload=payload,
            created_at=now,
            next_try_at=send_at,
            expires_at=expires_at,
            attempts=0,
        )
    )
    await db.flush()


async def cancel_notices(db: AsyncSession, about: str, person_id: str | None = None) -> None:
    """Take back the notices about something, those of one person or of all."""
    query = delete(PushNoticeRow).where(PushNoticeRow.about == about)
    if person_id is not None:
        query = query.where(PushNoticeRow.person_id == person_id)
    await db.execute(query)


async def waiting_notices(db: AsyncSession, about: str) -> frozenset[str]:
    """The ids of those to whom a notice about something has not left."""
    query = select(PushNoticeRow.person_id).where(PushNoticeRow.about == about)
    return frozenset(await db.scalars(query))


async def spread_due_notices(db: AsyncSession, now: datetime, most: int) -> int:
    """Make of each notice that is due one for each device of its person; how many were due.

    What nobody wants, or what came too late to be of use, goes.
    """
    due = (
        select(PushNoticeRow)
        .where(PushNoticeRow.next_try_at <= now, PushNoticeRow.login_id.is_(None))
        .order_by(PushNoticeRow.next_try_at, PushNoticeRow.id)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    rows = list(await db.scalars(due))
    for row in rows:
        devices = (
            select(PushSubscriptionRow.login_id)
            .where(PushSubscriptionRow.person_id == row.person_id)
            .order_by(PushSubscriptionRow.created_at.desc())
            .limit(MOST_DEVICES)
        )
        for login_id in list(await db.scalars(devices)) if row.expires_at > now else ():
            await add_notice(
                db,
                person_id=row.person_id,
                login_id=login_id,
                about=row.about,
                payload=row.payload,
                now=now,
                send_at=now,
                expires_at=row.expires_at,
            )
    await end_notices(db, [row.id for row in rows])
    return len(rows)


async def take_due_notices(db: AsyncSession, now: datetime, most: int) -> list[DueNotice]:
    """Take notices to send now; another process may take them again after `CLAIM`."""
    await db.execute(
        delete(PushNoticeRow).where(
            PushNoticeRow.expires_at <= now, PushNoticeRow.login_id.is_not(None)
        )
    )
    due = (
        select(PushNoticeRow.id)
        .where(PushNoticeRow.next_try_at <= now, PushNoticeRow.login_id.is_not(None))
        .order_by(PushNoticeRow.next_try_at, PushNoticeRow.id)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    ids = list(await db.scalars(due))
    await db.execute(
        update(PushNoticeRow)
        .where(PushNoticeRow.id.in_(ids))
        .values(next_try_at=now + CLAIM, attempts=PushNoticeRow.attempts + 1)
        .execution_options(synchronize_session=False)
    )
    query = (
        select(PushNoticeRow, PushSubscriptionRow)
        .join(PushSubscriptionRow, PushSubscriptionRow.login_id == PushNoticeRow.login_id)
        .where(PushNoticeRow.id.in_(ids))
        .order_by(PushNoticeRow.created_at, PushNoticeRow.id)
        .execution_options(populate_existing=True)
    )
    return [_due(row, device) for row, device in await db.execute(query)]


async def retry_notice(db: AsyncSession, notice_id: str, later: datetime) -> None:
    """A notice is to be tried again then."""
    await db.execute(
        update(PushNoticeRow).where(PushNoticeRow.id == notice_id).values(next_try_at=later)
    )


async def end_notices(db: AsyncSession, notice_ids: Sequence[str]) -> None:
    """Those notices were taken, or are given up: nothing of them is kept."""
    await db.execute(delete(PushNoticeRow).where(PushNoticeRow.id.in_(notice_ids)))


def _due(row: PushNoticeRow, device: PushSubscriptionRow) -> DueNotice:
    return DueNotice(
        id=row.id,
        login_id=device.login_id,
        endpoint=device.endpoint,
        public_key=device.public_key,
        secret=device.secret,
        about=row.about,
        payload=row.payload,
        expires_at=row.expires_at,
        attempts=row.attempts,
    )
