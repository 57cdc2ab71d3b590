"""Queries about communities, and about what someone holds in one of them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from server.community.communities import Community, CommunityDraft
from server.community.entry import Standing
from server.community.people import Role
from server.community.text import Bilingual, slug_of
from server.storage.ids import new_id
from server.storage.queries.expulsions import expelled_from
from server.storage.queries.lineages import offices_opened_by_sessions
from server.storage.tables import AdmissionRow, CommunityRow, InvitationRow, MembershipRow

MOST_LISTED = 200


async def list_communities(db: AsyncSession) -> list[Community]:
    """The first communities, oldest first."""
    query = select(CommunityRow).order_by(CommunityRow.created_at, CommunityRow.id)
    return [community_of(row) for row in await db.scalars(query.limit(MOST_LISTED))]


async def count_communities(db: AsyncSession) -> int:
    """How many communities there are."""
    return await db.scalar(select(func.count()).select_from(CommunityRow)) or 0


async def community_by_slug(db: AsyncSession, slug: str) -> Community | None:
    """The community at /c/`slug`."""
    row = await db.scalar(select(CommunityRow).where(CommunityRow.slug == slug))
    return community_of(row) if row else None


async def community_by_id(db: AsyncSession, community_id: str) -> Community | None:
    """The community of that id."""
    row = await db.get(CommunityRow, community_id)
    return community_of(row) if row else None


async def add_community(
    db: AsyncSession,
    *,
    slug: str,
    name: Bilingual,
    description: Bilingual,
    time_zone: str,
    now: datetime,
    listed: bool = True,
) -> Community:
    """Open a community; its slug must be free."""
    row = CommunityRow(
        id=new_id(),
        slug=slug,
        name_fr=name.fr,
        name_en=name.en,
        description_fr=description.fr,
        description_en=description.en,
        time_zone=time_zone,
        listed=listed,
        created_at=now,
    )
    db.add(row)
    await db.flush()
    return community_of(row)


async def change_community(db: AsyncSession, community_id: str, draft: CommunityDraft) -> None:
    """Write the owner's decisions about a community; its address stays."""
    await db.execute(
        update(CommunityRow)
        .where(CommunityRow.id == community_id)
        .values(
            name_fr=draft.name.fr,
            name_en=draft.name.en,
            description_fr=draft.description.fr,
            description_en=draft.description.en,
            time_zone=draft.time_zone,
            listed=draft.listed,
        )
    )


async def free_slug(db: AsyncSession, name: str) -> str:
    """A piece of address made from a name, that no community has."""
    wanted = slug_of(name, set(), otherwise="maison")
    alike = select(CommunityRow.slug).where(CommunityRow.slug.startswith(wanted))
    return slug_of(name, set(await db.scalars(alike)), otherwise="maison")


async def standing_of(
    db: AsyncSession, community_id: str, person_id: str, now: datetime
) -> Standing:
    """What a person holds in a community: role, invitations that still open, expulsions.

    An invitation to a session also opens the offices where its dates to come take place.
    """
    role = await db.scalar(
        select(MembershipRow.role).where(
            MembershipRow.person_id == person_id, MembershipRow.community_id == community_id
        )
    )
    own = (
        select(InvitationRow.office_id)
        .join(AdmissionRow, AdmissionRow.invitation_id == InvitationRow.id)
        .where(AdmissionRow.person_id == person_id)
    )
    is_open = (
        InvitationRow.community_id == community_id,
        InvitationRow.revoked_at.is_(None),
        or_(InvitationRow.expires_at.is_(None), InvitationRow.expires_at > now),
    )
    by_session = offices_opened_by_sessions(person_id, now)
    query = own.where(*is_open).union(by_session.where(*is_open)).limit(500)
    opened = set(await db.scalars(query))
    return Standing(
        role=Role(role) if role else Role.GUEST,
        whole_community=None in opened,
        office_ids=frozenset(office_id for office_id in opened if office_id is not None),
        expelled_from=await expelled_from(db, community_id, person_id, now),
    )


async def has_owner(db: AsyncSession, community_id: str) -> bool:
    """Whether someone has claimed the community."""
    query = select(MembershipRow.person_id).where(
        MembershipRow.community_id == community_id, MembershipRow.role == Role.OWNER.value
    )
    return await db.scalar(query.limit(1)) is not None


def community_of(row: CommunityRow) -> Community:
    """The community of a row."""
    return Community(
        id=row.id,
        slug=row.slug,
        name=Bilingual(row.name_fr, row.name_en),
        description=Bilingual(row.description_fr, row.description_en),
        time_zone=row.time_zone,
        listed=row.listed,
    )
