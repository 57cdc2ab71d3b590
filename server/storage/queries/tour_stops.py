"""Queries about the stops of tours that other houses accepted, and those whose sessions change."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, delete, select

from server.community.text import Bilingual
from server.community.tour_proposals import StopState
from server.storage.database import Transaction
from server.storage.tables import SessionRow, TourRow, TourStopRow

MOST_SHOWN = 50
_IS_ACCEPTED = TourStopRow.state == StopState.ACCEPTED.value


@dataclass(frozen=True)
class TourStop:
    """A session of `community_id` that a tour stops at, or that is proposed to be one.

    `told_id`: who composes the tour, or who proposes the stop. `was_asked`: its house said yes to
    somebody who does not look after it.
    """

    id: str
    session_id: str
    community_id: str
    tour_id: str
    tour_slug: str
    tour_title: Bilingual
    told_id: str | None
    was_asked: bool


async def stops_at(db: Transaction, session_ids: Collection[str]) -> list[TourStop]:
    """The stops at those sessions, and the proposals of them that nobody declined, by date."""
    living = TourStopRow.state != StopState.DECLINED.value
    query = _stops().where(TourStopRow.session_id.in_(session_ids), living)
    return await _read(db, query)


async def accepted_stops(db: Transaction, tour_id: str, now: datetime) -> list[TourStop]:
    """The stops of a tour that other houses said yes to, while they are to come, by date."""
    return await _read(db, _to_come(now).where(TourStopRow.tour_id == tour_id))


async def stops_of_house(db: Transaction, community_id: str, now: datetime) -> list[TourStop]:
    """The stops to come that a house said yes to, by date."""
    in_it = SessionRow.community_id == community_id
    return await _read(db, _to_come(now).where(in_it).limit(MOST_SHOWN))


async def leave_tour(db: Transaction, stop_id: str, community_id: str) -> bool:
    """Take a stop out of its tour, if that community said yes to it; its session stays."""
    query = delete(TourStopRow).where(
        TourStopRow.id == stop_id, TourStopRow.community_id == community_id, _IS_ACCEPTED
    )
    return (await db.execute(query.returning(TourStopRow.id))).first() is not None


def is_stop(session_ids: Collection[str]) -> Select[str | None]:
    """Of those sessions, which a tour stops at, or waits to: a query, to be part of others."""
    living = TourStopRow.state != StopState.DECLINED.value
    return select(TourStopRow.session_id).where(TourStopRow.session_id.in_(session_ids), living)


def _stops() -> Select[TourStopRow, TourRow, str]:
    return (
        select(TourStopRow, TourRow, SessionRow.community_id)
        .join(TourRow, TourRow.id == TourStopRow.tour_id)
        .join(SessionRow, SessionRow.id == TourStopRow.session_id)
        .order_by(SessionRow.starts_at, TourStopRow.id)
    )


def _to_come(now: datetime) -> Select[TourStopRow, TourRow, str]:
    return _stops().where(
        _IS_ACCEPTED,
        TourStopRow.community_id.is_not(None),
        SessionRow.cancelled_at.is_(None),
        SessionRow.ends_at > now,
    )


async def _read(db: Transaction, query: Select[TourStopRow, TourRow, str]) -> list[TourStop]:
    found = []
    for stop, tour, community_id in await db.execute(query):
        is_accepted = stop.state == StopState.ACCEPTED.value
        found.append(
            TourStop(
                id=stop.id,
                session_id=stop.session_id or "",
                community_id=community_id,
                tour_id=tour.id,
                tour_slug=tour.slug,
                tour_title=Bilingual(tour.title_fr, tour.title_en),
                told_id=tour.created_by if is_accepted else stop.proposed_by,
                was_asked=is_accepted and stop.community_id is not None,
            )
        )
    return found
