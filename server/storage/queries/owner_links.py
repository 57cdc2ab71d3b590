"""Queries about owner links: one use each, and only their hash is kept."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from server.community.invitations import OWNER_LINK_LIFE, LinkState
from server.storage.ids import hash_of, new_id, new_token
from server.storage.tables import OwnerLinkRow


async def add_owner_link(
    db: AsyncSession, community_id: str, now: datetime, *, opens_server: bool = False
) -> str:
    """Make a link's token, to show once; those of this community not used yet stop opening.

    With `opens_server`, whoever uses it may also open communities on this server.
    """
    await db.execute(
        delete(OwnerLinkRow).where(
            OwnerLinkRow.community_id == community_id, OwnerLinkRow.used_at.is_(None)
        )
    )
    token = new_token()
    db.add(
        OwnerLinkRow(
            id=new_id(),
            token_hash=hash_of(token),
            community_id=community_id,
            created_at=now,
            expires_at=now + OWNER_LINK_LIFE,
            used_at=None,
            opens_server=opens_server,
        )
    )
    await db.flush()
    return token


async def owner_link_state(
    db: AsyncSession, token: str, now: datetime
) -> tuple[LinkState, str | None]:
    """Whether a link opens, and the community it opens (None when unknown)."""
    row = await db.scalar(select(OwnerLinkRow).where(OwnerLinkRow.token_hash == hash_of(token)))
    if row is None:
        return LinkState.UNKNOWN, None
    if row.used_at is not None:
        return LinkState.USED_UP, row.community_id
    if row.expires_at <= now:
        return LinkState.EXPIRED, row.community_id
    return LinkState.VALID, row.community_id


async def use_owner_link(db: AsyncSession, token: str, now: datetime) -> str | None:
    """Use a link up: the community it opens, or None when it does not open."""
    result = await db.execute(
        update(OwnerLinkRow)
        .where(
            OwnerLinkRow.token_hash == hash_of(token),
            OwnerLinkRow.used_at.is_(None),
            OwnerLinkRow.expires_at > now,
        )
        .values(used_at=now)
        .returning(OwnerLinkRow.community_id)
    )
    found = result.first()
    return str(found[0]) if found else None


async def opens_server(db: AsyncSession, token: str) -> bool:
    """Whether a link also lets its holder open communities on this server."""
    query = select(OwnerLinkRow.opens_server).where(OwnerLinkRow.token_hash == hash_of(token))
    return bool(await db.scalar(query))
