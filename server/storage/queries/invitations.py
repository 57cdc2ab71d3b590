"""Queries about invitations: making, revoking, and the one way to use them up."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, or_, select, true, update
from sqlalchemy.ext.asyncio import AsyncSession

from server.community.errors import LinkRefused
from server.community.invitations import (
    MOST_INVITATIONS,
    Invitation,
    InvitationChange,
    InvitationDraft,
    LinkState,
    role_gained,
)
from server.community.people import Role
from server.storage.ids import new_id, new_token
from server.storage.queries.people import set_role
from server.storage.tables import AdmissionRow, InvitationRow, MembershipRow, SessionInvitationRow


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


async def invitation_by_id(
    db: AsyncSession, community_id: str, invitation_id: str
) -> Invitation | None:
    """The invitation of that id, if it is that community's."""
    row = await db.get(InvitationRow, invitation_id)
    return _invitation(row) if row and row.community_id == community_id else None


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
        role=draft.role.value,
        opens=0,
        first_timers=0,
    )
    db.add(row)
    await db.flush()
    if draft.session_id is not None:
        link = SessionInvitationRow(invitation_id=row.id, session_id=draft.session_id)
        link.whole = draft.whole
        db.add(link)
        await db.flush()
    await db.refresh(row, ["session_id", "whole"])
    return _invitation(row)


async def change_invitation(
    db: AsyncSession, community_id: str, invitation_id: str, change: InvitationChange
) -> bool:
    """Change an invitation that is not revoked; False when that cannot be.

    It cannot when the uses asked for have been passed in the meantime.
    """
    result = await db.execute(
        update(InvitationRow)
        .where(
            InvitationRow.id == invitation_id,
            InvitationRow.community_id == community_id,
            InvitationRow.revoked_at.is_(None),
            InvitationRow.uses <= change.max_uses if change.max_uses is not None else true(),
        )
        .values(expires_at=change.expires_at, max_uses=change.max_uses, note=change.note)
        .returning(InvitationRow.id)
    )
    return result.first() is not None


async def count_opening(db: AsyncSession, invitation_id: str) -> None:
    """One more browser has looked at an invitation."""
    await db.execute(
        update(InvitationRow)
        .where(InvitationRow.id == invitation_id)
        .values(opens=InvitationRow.opens + 1)
    )


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
    is_new = await _is_new(db, invitation.community_id, person_id)
    counted = await db.execute(
        update(InvitationRow)
        .where(
            InvitationRow.id == invitation.id,
            InvitationRow.revoked_at.is_(None),
            or_(InvitationRow.expires_at.is_(None), InvitationRow.expires_at > now),
            or_(InvitationRow.max_uses.is_(None), InvitationRow.uses < InvitationRow.max_uses),
        )
        .values(uses=InvitationRow.uses + 1, first_timers=InvitationRow.first_timers + int(is_new))
        .returning(InvitationRow.id)
    )
    if counted.first() is None:
        row = await db.get(InvitationRow, invitation.id, populate_existing=True)
        raise LinkRefused(LinkState.UNKNOWN if row is None else _invitation(row).state(now))
    db.add(AdmissionRow(person_id=person_id, invitation_id=invitation.id, created_at=now))
    await db.flush()
    if invitation.role is not Role.GUEST:
        await _give_role(db, invitation, person_id, now)


async def _is_new(db: AsyncSession, community_id: str, person_id: str) -> bool:
    """Whether a person has no role in a community, and came by none of its invitations."""
    if await _role(db, community_id, person_id) is not Role.GUEST:
        return False
    before = (
        select(AdmissionRow.person_id)
        .join(InvitationRow, AdmissionRow.invitation_id == InvitationRow.id)
        .where(AdmissionRow.person_id == person_id, InvitationRow.community_id == community_id)
    )
    return await db.scalar(before.limit(1)) is None


async def _give_role(
    db: AsyncSession, invitation: Invitation, person_id: str, now: datetime
) -> None:
    """Make of a person what the invitation makes of people, as far as its giver still may."""
    giver = await _role(db, invitation.community_id, invitation.created_by or "")
    present = await _role(db, invitation.community_id, person_id)
    gained = role_gained(invitation.role, giver, present)
    if gained is not present:
        await set_role(db, invitation.community_id, person_id, gained, now)


async def _role(db: AsyncSession, community_id: str, person_id: str) -> Role:
    row = await db.get(MembershipRow, (person_id, community_id))
    return Role(row.role) if row else Role.GUEST


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
        role=Role(row.role),
        opens=row.opens,
        first_timers=row.first_timers,
        created_by=row.created_by,
        session_id=row.session_id,
        whole=bool(row.whole),
    )
