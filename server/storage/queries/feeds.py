"""Queries of people's feeds: their addresses opened, found and closed; a token is the only key."""

from __future__ import annotations

from datetime import datetime
from enum import Enum

from sqlalchemy import delete, select

from server.community.people import Person
from server.storage.database import Transaction
from server.storage.ids import new_token
from server.storage.queries.people import person_of
from server.storage.tables import CalendarFeedRow, HostFeedRow, PersonRow


class Feed(Enum):
    """What a feed shows: someone's own sessions, to them; or those they host for all, to anyone."""

    PRIVATE = CalendarFeedRow
    PUBLIC = HostFeedRow


async def feed_token(db: Transaction, feed: Feed, person_id: str) -> str | None:
    """The token of someone's feed; None without one."""
    row = feed.value
    token: str | None = await db.scalar(select(row.token).where(row.person_id == person_id))
    return token


async def open_feed(db: Transaction, feed: Feed, person_id: str, now: datetime) -> str:
    """Give someone a feed: its token. The address of one they had shows nothing any more."""
    await close_feed(db, feed, person_id)
    token = new_token()
    db.add(feed.value(person_id=person_id, token=token, created_at=now))
    await db.flush()
    return token


async def close_feed(db: Transaction, feed: Feed, person_id: str) -> None:
    """Take back someone's feed."""
    await db.execute(delete(feed.value).where(feed.value.person_id == person_id))


async def person_of_feed(db: Transaction, feed: Feed, token: str) -> Person | None:
    """Whose feed that is."""
    row = feed.value
    query = select(PersonRow).join(row, row.person_id == PersonRow.id).where(row.token == token)
    found = await db.scalar(query)
    return person_of(found) if found is not None else None
