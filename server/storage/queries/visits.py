"""Queries about visits: noting them, and reading those of a session or of a community."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import func, select, update

from server.community.visits import ABSENCE, Seen, Visit
from server.storage.database import Transaction
from server.storage.ids import new_id
from server.storage.tables import OfficeRow, PersonRow, VisitRow

MOST_VISITS = 30_000
MOST_OPEN = 20_000


async def offices_to_look_at(db: Transaction) -> dict[str, str]:
    """Every office of the server, with its community."""
    query = select(OfficeRow.id, OfficeRow.community_id)
    return {row.id: row.community_id for row in await db.execute(query)}


async def visits_going_on(db: Transaction, now: datetime) -> list[Visit]:
    """The visits of those who were seen just before."""
    query = select(VisitRow).where(VisitRow.seen_at > now - ABSENCE).limit(MOST_OPEN)
    return [_visit(row) for row in await db.scalars(query)]


async def note_visits(
    db: Transaction, lasting: Sequence[str], come: Iterable[Seen], now: datetime
) -> None:
    """Note that visits go on, and that others begin. Who is not of this server is left out."""
    if lasting:
        await db.execute(update(VisitRow).where(VisitRow.id.in_(lasting)).values(seen_at=now))
    fresh = list(come)
    known = set(
        await db.scalars(
            select(PersonRow.id).where(PersonRow.id.in_({each.person_id for each in fresh}))
        )
    )
    db.add_all(
        VisitRow(
            id=new_id(),
            community_id=each.community_id,
            office_id=each.office_id,
            person_id=each.person_id,
            came_at=now,
            seen_at=now,
        )
        for each in fresh
        if each.person_id in known
    )
    await db.flush()


async def visits_between(
    db: Transaction,
    community_id: str,
    begin: datetime,
    end: datetime,
    *,
    office_id: str | None = None,
) -> list[Visit]:
    """The visits of a community that overlap `begin` to `end`, by arrival."""
    query = (
        select(VisitRow)
        .where(
            VisitRow.community_id == community_id,
            VisitRow.seen_at > begin,
            VisitRow.came_at < end,
        )
        .order_by(VisitRow.came_at)
        .limit(MOST_VISITS)
    )
    if office_id is not None:
        query = query.where(VisitRow.office_id == office_id)
    return [
        Visit(*row)
        for row in await db.execute(
            query.with_only_columns(
                VisitRow.id,
                VisitRow.community_id,
                VisitRow.office_id,
                VisitRow.person_id,
                VisitRow.came_at,
                VisitRow.seen_at,
            )
        )
    ]


async def first_visits(db: Transaction, community_id: str, begin: datetime) -> dict[str, datetime]:
    """When each person who first came since `begin` did."""
    first = func.min(VisitRow.came_at)
    query = (
        select(VisitRow.person_id, first)
        .where(VisitRow.community_id == community_id, VisitRow.person_id.is_not(None))
        .group_by(VisitRow.person_id)
        .having(first >= begin)
        .limit(MOST_VISITS)
    )
    return {row[0]: row[1] for row in await db.execute(query) if row[0] is not None}


def _visit(row: VisitRow) -> Visit:
    return Visit(row.id, row.community_id, row.office_id, row.person_id, row.came_at, row.seen_at)
