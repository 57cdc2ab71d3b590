"""Queries about offices and the order of their doors."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from server.community.offices import MOST_OFFICES, Office, OfficeDraft, OfficeKind, Visibility
from server.community.text import Bilingual
from server.storage.ids import new_id
from server.storage.tables import OfficeRow


async def offices_of(db: AsyncSession, community_id: str) -> list[Office]:
    """The offices of a community, in the order of their doors."""
    query = (
        select(OfficeRow)
        .where(OfficeRow.community_id == community_id)
        .order_by(OfficeRow.position, OfficeRow.id)
        .limit(MOST_OFFICES)
    )
    return [_office(row) for row in await db.scalars(query)]


async def offices_by_community(db: AsyncSession, community_ids: list[str]) -> dict[str, list[str]]:
    """The ids of the offices of several communities."""
    query = (
        select(OfficeRow.community_id, OfficeRow.id)
        .where(OfficeRow.community_id.in_(community_ids))
        .limit(MOST_OFFICES * max(1, len(community_ids)))
    )
    found: dict[str, list[str]] = {community_id: [] for community_id in community_ids}
    for community_id, office_id in await db.execute(query):
        found[community_id].append(office_id)
    return found


async def office_by_slug(db: AsyncSession, community_id: str, slug: str) -> Office | None:
    """The office at /c/…/`slug`."""
    query = select(OfficeRow).where(OfficeRow.community_id == community_id, OfficeRow.slug == slug)
    row = await db.scalar(query)
    return _office(row) if row else None


async def office_by_id(db: AsyncSession, office_id: str) -> Office | None:
    """The office of that id, which is also its room's name."""
    row = await db.get(OfficeRow, office_id)
    return _office(row) if row is not None else None


async def add_office(
    db: AsyncSession, community_id: str, slug: str, draft: OfficeDraft, now: datetime
) -> Office:
    """Open an office, its door after the others."""
    last = await db.scalar(
        select(func.max(OfficeRow.position)).where(OfficeRow.community_id == community_id)
    )
    row = OfficeRow(
        id="of_" + new_id(),
        community_id=community_id,
        slug=slug,
        position=0 if last is None else last + 1,
        created_at=now,
        **_columns(draft),
    )
    db.add(row)
    await db.flush()
    return _office(row)


async def change_office(db: AsyncSession, office_id: str, draft: OfficeDraft) -> None:
    """Write the owner's decisions about an office; its address stays."""
    await db.execute(update(OfficeRow).where(OfficeRow.id == office_id).values(**_columns(draft)))


async def remove_office(db: AsyncSession, office_id: str) -> None:
    """Take an office down, with its invitations."""
    await db.execute(delete(OfficeRow).where(OfficeRow.id == office_id))


async def move_office(db: AsyncSession, community_id: str, office_id: str, step: int) -> None:
    """Move a door up (`step` -1) or down (+1); nothing happens at the ends."""
    offices = await offices_of(db, community_id)
    order = [office.id for office in offices]
    if office_id not in order:
        return
    index = order.index(office_id)
    other = index + step
    if not 0 <= other < len(order):
        return
    order[index], order[other] = order[other], order[index]
    for position, each in enumerate(order):
        await db.execute(update(OfficeRow).where(OfficeRow.id == each).values(position=position))


def _columns(draft: OfficeDraft) -> dict[str, Any]:
    return {
        "kind": draft.kind.value,
        "name_fr": draft.name.fr,
        "name_en": draft.name.en,
        "description_fr": draft.description.fr,
        "description_en": draft.description.en,
        "capacity": draft.capacity,
        "visibility": draft.visibility.value,
        "show_names": draft.show_names,
    }


def _office(row: OfficeRow) -> Office:
    return Office(
        id=row.id,
        community_id=row.community_id,
        slug=row.slug,
        position=row.position,
        kind=OfficeKind(row.kind),
        name=Bilingual(row.name_fr, row.name_en),
        description=Bilingual(row.description_fr, row.description_en),
        capacity=row.capacity,
        visibility=Visibility(row.visibility),
        show_names=row.show_names,
    )
