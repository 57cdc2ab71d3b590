"""Queries about what members say of themselves: their card, and the letters that they want."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from server.community.accounts import Card
from server.community.people import Notification
from server.storage.queries.people import written_notifications
from server.storage.tables import PersonRow


async def card_of(db: AsyncSession, person_id: str) -> Card:
    """Someone's card, empty when they wrote none."""
    row = await db.get(PersonRow, person_id)
    return _card(row) if row is not None else Card()


async def shown_cards(db: AsyncSession, person_ids: Sequence[str]) -> dict[str, Card]:
    """The cards that their members chose to show, among those people, by id."""
    query = select(PersonRow).where(
        PersonRow.id.in_(person_ids), PersonRow.card_shown_at.is_not(None)
    )
    return {row.id: _card(row) for row in await db.scalars(query)}


async def change_card(db: AsyncSession, person_id: str, card: Card, now: datetime) -> None:
    """Write a card; `card_shown_at` keeps since when its member agrees to show it."""
    row = await db.get(PersonRow, person_id)
    if row is None:
        return
    row.title, row.skills, row.link = card.title, card.skills, card.link
    row.can_help, row.looks_for, row.languages = card.can_help, card.looks_for, card.languages
    row.card_shown_at = (row.card_shown_at or now) if card.shown else None
    await db.flush()


async def choose_letters(
    db: AsyncSession, person_id: str, lang: str, wanted: frozenset[Notification]
) -> None:
    """Write to someone in that language, and only letters of those kinds."""
    await db.execute(
        update(PersonRow)
        .where(PersonRow.id == person_id)
        .values(lang=lang, notifications=written_notifications(wanted))
    )


def _card(row: PersonRow) -> Card:
    return Card(
        title=row.title,
        skills=row.skills,
        can_help=row.can_help,
        looks_for=row.looks_for,
        link=row.link,
        languages=row.languages,
        shown=row.card_shown_at is not None,
    )
