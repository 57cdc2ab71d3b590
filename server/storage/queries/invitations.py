"""Queries about invitations: making, revoking, and the one way to use them up."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from server.community.errors import LinkRefused
from server.community.invitations import (
    MOST_INVITATIONS,
    Invitation,
    InvitationDraft,
    LinkState,
)
from server.storage.ids import new_id, new_token
from server.storage.tables import AdmissionRow, InvitationRow


async def invitations_of(db: AsyncSession, community_id: str) -> list[Invitation]:
    """The latest invitations of a community, newest first."""
    query = (
        select(InvitationRow)
        .where(InvitationRow.community_id == community_id)
        .order_by(InvitationRow.created_at.desc(), InvitationRow.id)
        .limit(MOST_INVITATIONS)
    )
    return [_invitation(row) for row in await db.scalars(query)]


async def count_open_invitations(db: AsyncSession, community_id: str) -> int:
    """How many invitations of a community are not revoked."""
    query = select(func.count()).select_from(InvitationRow)
    query = query.where(
        InvitationRow.community_id == community_id, InvitationRow.revoked_at.is_(None)
    )
    return await db.scalar(query) or 0


async def invitation_by_token(db: AsyncSession, token: str) -> Invitation | None:
    """The invitation at /i/`token`."""
    row = await db.scalar(select(InvitationRow).where(InvitationRow.token == token))
    return _invitation(row) if row else None


async def add_invitation(
    db: AsyncSession,
    community_id: str,
    draft: InvitationDraft,
    *,
    created_by: str | None,
    now: datetime,
) -> Invitation:
    """Make an invitation with a fresh token."""
    row = InvitationRow(
        id=new_id(),
        token=new_token(),
        community_id=community_id,
        office_id=draft.office_id,
        created_by=created_by,
        note=draft.note,
        created_at=now,
        expires_at=draft.expires_at,
        max_uses=draft.max_uses,
        uses=0,
        revoked_at=None,
    )
    db.add(row)
    await db.flush()
    return _invitation(row)


async def revoke_invitation(
    db: AsyncSession, community_id: str, invitation_id: str, now: datetime
) -> bool:
    """Close an invitation and what it opened; False when it is not there or closed already."""
    result = await db.execute(
        update(InvitationRow)
        .where(
            InvitationRow.id == invitation_id,
            InvitationRow.community_id == community_id,
            InvitationRow.revoked_at.is_(None),
        )
        .values(revoked_at=now)
        .returning(InvitationRow.id)
    )
    return result.first() is not None


async def was_admitted(db: AsyncSession, invitation_id: str, person_id: str) -> bool:
    """Whether a person has used an invitation before."""
    return await db.get(AdmissionRow, (person_id, invitation_id)) is not None


async def use_invitation(
    db: AsyncSession, invitation: Invitation, person_id: str, now: datetime
) -> None:
    """Let a person in by an invitation; raises LinkRefused when it does not open.

    One statement both checks and counts, so that no number of people at once passes `max_uses`.
    Someone it has let in before uses nothing up.
    """
    if await was_admitted(db, invitation.id, person_id):
        state = invitation.state(now)
        if state not in (LinkState.VALID, LinkState.USED_UP):
            raise LinkRefused(state)
        return
    counted = await db.execute(
        update(InvitationRow)
        .where(
            InvitationRow.id == invitation.id,
            InvitationRow.revoked_at.is_(None),
            or_(InvitationRow.expires_at.is_(None), InvitationRow.expires_at > now),
            or_(InvitationRow.max_uses.is_(None), InvitationRow.uses < InvitationRow.max_uses),
        )
        .values(uses=InvitationRow.uses + 1)
        .returning(InvitationRow.id)
    )
    if counted.first() is None:
        row = await db.get(InvitationRow, invitation.id, populate_existing=True)
        raise LinkRefused(LinkState.UNKNOWN if row is None else _invitation(row).state(now))
    db.add(AdmissionRow(person_id=person_id, invitation_id=invitation.id, created_at=now))
    await db.flush()


def _invitation(row: InvitationRow) -> Invitation:
    return Invitation(
        id=row.id,
        token=row.token,
        community_id=row.community_id,
        office_id=row.office_id,
        note=row.note,
        created_at=row.created_at,
        expires_at=row.expires_at,
        max_uses=row.max_uses,
        uses=row.uses,
        revoked_at=row.revoked_at,
    )
