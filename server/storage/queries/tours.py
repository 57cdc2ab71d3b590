"""Queries about tours and their stops."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, delete, exists, func, or_, select, update

from server.community.offices import Visibility
from server.community.sessions import OpenTo
from server.community.text import Bilingual, slug_of
from server.community.tour_proposals import StopState
from server.community.tours import RESERVED_SLUGS, Tour, TourDraft
from server.storage.database import Transaction
from server.storage.ids import new_id
from server.storage.tables import (
    CommunityRow,
    OfficeRow,
    SessionPlanRow,
    SessionRow,
    TourRow,
    TourStopRow,
)

MOST_SHOWN = 50
_IS_STOP = TourStopRow.state == StopState.ACCEPTED.value


async def tour_by_slug(db: Transaction, slug: str) -> Tour | None:
    """The tour at /tournees/`slug`."""
    found = await _read(db, select(TourRow).where(TourRow.slug == slug))
    return found[0] if found else None


async def tours_of_session(db: Transaction, session_id: str) -> list[Tour]:
    """The tours that stop at a session, oldest first."""
    stops = select(TourStopRow.tour_id).where(TourStopRow.session_id == session_id, _IS_STOP)
    query = select(TourRow).where(TourRow.id.in_(stops)).order_by(TourRow.created_at, TourRow.id)
    return await _read(db, query.limit(MOST_SHOWN))


async def tours_to_come(
    db: Transaction,
    now: datetime,
    maker_id: str | None = None,
    *,
    community_id: str | None = None,
) -> list[Tour]:
    """Tours that still stop somewhere anyone may find, the next to stop first.

    That is, in an open office of a listed community, at a session for all; and, last, every tour
    that `maker_id` made. With `community_id`, those that stop in that one, listed or not.
    """
    listed = CommunityRow.listed.is_(True)
    is_there = listed if community_id is None else CommunityRow.id == community_id
    found_by_all = (
        select(TourStopRow.tour_id, func.min(SessionRow.starts_at).label("next"))
        .join(SessionRow, SessionRow.id == TourStopRow.session_id)
        .join(SessionPlanRow, SessionPlanRow.id == SessionRow.plan_id)
        .join(OfficeRow, OfficeRow.id == SessionPlanRow.office_id)
        .join(CommunityRow, CommunityRow.id == SessionRow.community_id)
        .where(
            _IS_STOP,
            SessionRow.ends_at > now,
            SessionRow.cancelled_at.is_(None),
            SessionPlanRow.open_to == OpenTo.ALL.value,
            OfficeRow.visibility == Visibility.PUBLIC.value,
            is_there,
        )
        .group_by(TourStopRow.tour_id)
        .subquery()
    )
    is_shown = found_by_all.c.tour_id.is_not(None)
    query = (
        select(TourRow)
        .outerjoin(found_by_all, found_by_all.c.tour_id == TourRow.id)
        .where(or_(is_shown, TourRow.created_by == maker_id) if maker_id else is_shown)
        .order_by(found_by_all.c.next.is_(None), found_by_all.c.next, TourRow.id)
    )
    return await _read(db, query.limit(MOST_SHOWN))


async def count_tours(db: Transaction) -> int:
    """How many tours there are."""
    return await db.scalar(select(func.count()).select_from(TourRow)) or 0


async def add_tour(db: Transaction, draft: TourDraft, maker_id: str, now: datetime) -> Tour:
    """Make a tour, at an address of its own made from its title."""
    row = TourRow(
        id=new_id(),
        slug=await _free_slug(db, draft.title.read("fr")),
        title_fr=draft.title.fr,
        title_en=draft.title.en,
        text_fr=draft.text.fr,
        text_en=draft.text.en,
        created_by=maker_id,
        created_at=now,
    )
    db.add(row)
    await db.flush()
    await _put_stops(db, row.id, draft.session_ids)
    return _tour(row, draft.session_ids)


async def tour_by_id(db: Transaction, tour_id: str, *, hold: bool = False) -> Tour | None:
    """The tour of that id; with `hold`, nobody else adds a stop before this transaction ends."""
    query = select(TourRow).where(TourRow.id == tour_id)
    found = await _read(db, query.with_for_update() if hold else query)
    return found[0] if found else None


async def change_tour(
    db: Transaction, tour_id: str, draft: TourDraft, offered: Collection[str]
) -> None:
    """Write what its maker decided; its address stays, and so do stops not among those `offered`.

    Its maker may not see every stop: a house that accepted one may have closed its doors since.
    """
    await db.execute(
        update(TourRow)
        .where(TourRow.id == tour_id)
        .values(
            title_fr=draft.title.fr,
            title_en=draft.title.en,
            text_fr=draft.text.fr,
            text_en=draft.text.en,
        )
    )
    in_tour, chosen = TourStopRow.tour_id == tour_id, TourStopRow.session_id.in_(draft.session_ids)
    proposed = chosen & ~_IS_STOP  # before, and now chosen
    left_out = TourStopRow.session_id.in_(offered) & ~chosen & _IS_STOP
    await db.execute(delete(TourStopRow).where(in_tour, or_(proposed, left_out)))
    kept = set(await db.scalars(select(TourStopRow.session_id).where(in_tour, chosen)))
    await _put_stops(db, tour_id, draft.session_ids - kept)


async def remove_tour(db: Transaction, tour_id: str) -> None:
    """Remove a tour; its sessions stay."""
    await db.execute(delete(TourRow).where(TourRow.id == tour_id))


async def erase_beginnings(db: Transaction, maker_id: str) -> None:
    """Remove the tours of someone that stop nowhere yet: nobody is left to go on with them."""
    await db.execute(delete(TourRow).where(is_beginning_of(maker_id)))


def is_beginning_of(maker_id: str) -> ColumnElement[bool]:
    """That a tour is one of that person's which stops nowhere yet, in a query of tours."""
    stops = exists().where(TourStopRow.tour_id == TourRow.id, _IS_STOP)
    return and_(TourRow.created_by == maker_id, ~stops)


async def _put_stops(db: Transaction, tour_id: str, session_ids: Collection[str]) -> None:
    db.add_all(
        TourStopRow(
            id=new_id(),
            tour_id=tour_id,
            session_id=each,
            state=StopState.ACCEPTED.value,
            title_fr="",
            title_en="",
            time_zone="",
            note="",
            word="",
        )
        for each in sorted(session_ids)
    )
    await db.flush()


async def _free_slug(db: Transaction, title: str) -> str:
    wanted = slug_of(title, set(), otherwise="tournee")
    alike = select(TourRow.slug).where(TourRow.slug.startswith(wanted))
    return slug_of(title, {*await db.scalars(alike), *RESERVED_SLUGS}, otherwise="tournee")


async def _read(db: Transaction, query: Select[TourRow]) -> list[Tour]:
    rows = list(await db.scalars(query))
    stops: dict[str, set[str]] = {row.id: set() for row in rows}
    if rows:
        found = select(TourStopRow.tour_id, TourStopRow.session_id)
        found = found.where(TourStopRow.tour_id.in_(stops), _IS_STOP)
        for tour_id, session_id in await db.execute(found):
            if session_id is not None:
                stops[tour_id].add(session_id)
    return [_tour(row, stops[row.id]) for row in rows]


def _tour(row: TourRow, session_ids: Collection[str]) -> Tour:
    return Tour(
        id=row.id,
        slug=row.slug,
        title=Bilingual(row.title_fr, row.title_en),
        text=Bilingual(row.text_fr, row.text_en),
        maker_id=row.created_by,
        session_ids=frozenset(session_ids),
    )
