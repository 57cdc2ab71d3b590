"""Queries about leases: which of several processes does a periodic job."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import or_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from server.storage.tables import LeaseRow

EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


async def take_lease(
    db: AsyncSession, name: str, holder: str, *, until: datetime, now: datetime
) -> bool:
    """Whether `holder` may do the job `name`, for itself alone, until `until`."""
    insert = (
        postgresql.insert(LeaseRow)
        if db.get_bind().dialect.name == "postgresql"
        else sqlite.insert(LeaseRow)
    )
    await db.execute(insert.values(name=name, holder="", until=EPOCH).on_conflict_do_nothing())
    taken = await db.execute(
        update(LeaseRow)
        .where(LeaseRow.name == name, or_(LeaseRow.holder == holder, LeaseRow.until <= now))
        .values(holder=holder, until=until)
        .returning(LeaseRow.name)
    )
    return taken.first() is not None


async def return_lease(db: AsyncSession, name: str, holder: str) -> None:
    """Let another process do the job from now on."""
    await db.execute(
        update(LeaseRow).where(LeaseRow.name == name, LeaseRow.holder == holder).values(until=EPOCH)
    )
