"""Queries about mailed links: one use each, and only their hash is kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from server.community.accounts import LOGIN_LINK_LIFE
from server.community.invitations import LinkState
from server.storage.ids import hash_of, new_id, new_token
from server.storage.tables import LoginLinkRow


@dataclass(frozen=True)
class LoginLink:
    """Whose address a link proves, and where to go on to."""

    email: str
    next_path: str


async def count_recent_links(db: AsyncSession, email: str, now: datetime) -> int:
    """How many links an address was sent in the last hour."""
    query = select(func.count()).select_from(LoginLinkRow)
    query = query.where(
        LoginLinkRow.email == email, LoginLinkRow.created_at > now - timedelta(hours=1)
    )
    return await db.scalar(query) or 0


async def add_login_link(db: AsyncSession, email: str, next_path: str, now: datetime) -> str:
    """Make a link's token, to mail and never to show."""
    token = new_token()
    db.add(
        LoginLinkRow(
            id=new_id(),
            token_hash=hash_of(token),
            email=email,
            next_path=next_path[:300],
            created_at=now,
            expires_at=now + LOGIN_LINK_LIFE,
            used_at=None,
        )
    )
    await db.flush()
    return token


async def login_link_state(
    db: AsyncSession, token: str, now: datetime
) -> tuple[LinkState, LoginLink | None]:
    """Whether a link signs in, and what it proves (None when unknown)."""
    row = await db.scalar(select(LoginLinkRow).where(LoginLinkRow.token_hash == hash_of(token)))
    if row is None:
        return LinkState.UNKNOWN, None
    link = LoginLink(row.email, row.next_path)
    if row.used_at is not None:
        return LinkState.USED_UP, link
    return (LinkState.EXPIRED if row.expires_at <= now else LinkState.VALID), link


async def use_login_link(db: AsyncSession, token: str, now: datetime) -> LoginLink | None:
    """Use a link up: what it proves, or None when it no longer signs in."""
    result = await db.execute(
        update(LoginLinkRow)
        .where(
            LoginLinkRow.token_hash == hash_of(token),
            LoginLinkRow.used_at.is_(None),
            LoginLinkRow.expires_at > now,
        )
        .values(used_at=now)
        .returning(LoginLinkRow.email, LoginLinkRow.next_path)
    )
    found = result.first()
    return LoginLink(found[0], found[1]) if found else None
