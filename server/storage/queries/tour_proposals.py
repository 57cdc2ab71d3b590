"""Queries about stops proposed to other houses; an answer is given once, by whoever comes first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, delete, func, or_, select, update

from server.community.communities import Community
from server.community.people import Person, Role, may_manage
from server.community.text import Bilingual
from server.community.tour_proposals import (
    Proposal,
    ProposalDraft,
    Slot,
    StopState,
)
from server.community.tours import Tour
from server.storage.database import Transaction
from server.storage.ids import new_id
from server.storage.queries.communities import community_of
from server.storage.queries.people import person_of
from server.storage.queries.tours import is_beginning_of
from server.storage.tables import (
    CommunityRow,
    MembershipRow,
    PersonRow,
    SessionPlanRow,
    SessionRow,
    SessionSeriesRow,
    TourRow,
    TourStopRow,
)

MOST_SHOWN = 100
MOST_ASKED = 20
"""Proposals that a house reads at once; those that follow come as it answers."""
MOST_TOLD = 50
"""Organisers of one house that a letter goes to."""

_ASKED = TourStopRow.state == StopState.PROPOSED.value
_Proposals = Select[TourStopRow, SessionRow, SessionPlanRow, SessionSeriesRow]


@dataclass(frozen=True)
class Asked:
    """A proposal as the house asked reads it: for which tour, and by whom."""

    proposal: Proposal
    tour_title: Bilingual
    tour_slug: str
    by: str


async def proposals_of_tour(db: Transaction, tour_id: str) -> list[tuple[Proposal, Community]]:
    """The stops of a tour that are only proposed, or were declined, each with the house asked."""
    return await _read_asked(db, TourStopRow.tour_id == tour_id, most=MOST_SHOWN)


async def open_proposals_to(db: Transaction, community_id: str, now: datetime) -> list[Asked]:
    """What waits for a community's answer, the next date first."""
    query = (
        _proposals()
        .join(TourRow, TourRow.id == TourStopRow.tour_id)
        .join(PersonRow, PersonRow.id == TourStopRow.proposed_by)
        .add_columns(TourRow, PersonRow.name)
        .where(TourStopRow.community_id == community_id, _is_open(now))
        .limit(MOST_ASKED)
    )
    return [
        Asked(
            _proposal(stop, session, plan, series),
            Bilingual(tour.title_fr, tour.title_en),
            tour.slug,
            name,
        )
        for stop, session, plan, series, tour, name in await db.execute(query)
    ]


async def count_open_to(db: Transaction, community_id: str, now: datetime) -> int:
    """How many proposals wait for a community's answer."""
    query = (
        select(func.count())
        .select_from(TourStopRow)
        .outerjoin(SessionRow, SessionRow.id == TourStopRow.session_id)
        .where(TourStopRow.community_id == community_id, _is_open(now))
    )
    return await db.scalar(query) or 0


async def proposal_by_id(db: Transaction, proposal_id: str) -> Proposal | None:
    """The proposal of that id; None for a stop, and for what is not there."""
    row = (await db.execute(_proposals().where(TourStopRow.id == proposal_id))).first()
    return _proposal(*row) if row else None


async def add_proposal(
    db: Transaction, tour: Tour, community_id: str, draft: ProposalDraft, by: str, now: datetime
) -> Proposal | None:
    """Propose a stop; None when that very one is proposed, or is a stop already.

    A session that was declined may be proposed again, and takes the place of what was declined.
    """
    slot = draft.slot
    same = TourStopRow.session_id == draft.session_id
    if slot is not None:
        same = and_(
            TourStopRow.community_id == community_id,
            TourStopRow.starts_at == slot.starts_at,
            TourStopRow.title_fr == slot.title.fr,
            TourStopRow.title_en == slot.title.en,
            TourStopRow.minutes == slot.minutes,
        )
    same = and_(TourStopRow.tour_id == tour.id, same)
    declined = TourStopRow.state == StopState.DECLINED.value
    await db.execute(delete(TourStopRow).where(same, declined))
    if await db.scalar(select(TourStopRow.id).where(same).limit(1)) is not None:
        return None
    row = TourStopRow(
        id=new_id(),
        tour_id=tour.id,
        session_id=draft.session_id,
        state=StopState.PROPOSED.value,
        community_id=community_id,
        note=draft.note,
        word="",
        proposed_by=by,
        proposed_at=now,
        **_columns(slot),
    )
    db.add(row)
    await db.flush()
    return await proposal_by_id(db, row.id)


def _columns(slot: Slot | None) -> dict[str, Any]:
    return {
        "title_fr": slot.title.fr if slot else "",
        "title_en": slot.title.en if slot else "",
        "starts_at": slot.starts_at if slot else None,
        "time_zone": slot.time_zone if slot else "",
        "minutes": slot.minutes if slot else None,
    }


async def count_proposals(db: Transaction, tour_id: str) -> int:
    """How many stops of a tour wait for an answer, or were declined."""
    query = select(func.count()).select_from(TourStopRow)
    is_one = TourStopRow.state != StopState.ACCEPTED.value
    return await db.scalar(query.where(TourStopRow.tour_id == tour_id, is_one)) or 0


async def accept_proposal(db: Transaction, proposal_id: str) -> bool:
    """Take a proposal as accepted; False when it was answered or withdrawn meanwhile.

    What was written around it is erased. `link_stop` says which session it is, unless it knows.
    """
    return await _answer(
        db,
        proposal_id,
        state=StopState.ACCEPTED.value,
        note="",
        proposed_by=None,
        proposed_at=None,
        **_columns(None),
    )


async def link_stop(db: Transaction, proposal: Proposal, session_id: str) -> None:
    """Say which session an accepted proposal is, not a stop yet; one may be proposed by itself."""
    apart = and_(TourStopRow.tour_id == proposal.tour_id, TourStopRow.session_id == session_id)
    await db.execute(delete(TourStopRow).where(apart, TourStopRow.id != proposal.id))
    stop = update(TourStopRow).where(TourStopRow.id == proposal.id)
    await db.execute(stop.values(session_id=session_id))


async def decline_proposal(db: Transaction, proposal_id: str, word: str) -> bool:
    """Decline a proposal with a word; False when it was answered or withdrawn meanwhile."""
    return await _answer(db, proposal_id, state=StopState.DECLINED.value, word=word)


async def withdraw_proposal(db: Transaction, proposal_id: str) -> bool:
    """Erase a proposal, answered with a no or not at all; False when it is a stop by now."""
    query = delete(TourStopRow).where(
        TourStopRow.id == proposal_id, TourStopRow.state != StopState.ACCEPTED.value
    )
    return (await db.execute(query.returning(TourStopRow.id))).first() is not None


async def left_by(db: Transaction, person_id: str) -> list[tuple[Proposal, Community]]:
    """What goes with someone who is erased: what they proposed, and nobody accepted yet.

    With it goes what anyone proposed for a tour of theirs that stops nowhere yet.
    """
    beginnings = select(TourRow.id).where(is_beginning_of(person_id))
    return await _read_asked(
        db, or_(TourStopRow.proposed_by == person_id, TourStopRow.tour_id.in_(beginnings))
    )


async def withdraw_waiting(db: Transaction, person_id: str) -> list[tuple[Proposal, Community]]:
    """Erase what someone proposed and nobody answered yet: what that was, each with its house."""
    waiting = and_(TourStopRow.proposed_by == person_id, _ASKED)
    found = await _read_asked(db, waiting)
    # One that is accepted at this very moment is a stop, and stays.
    query = delete(TourStopRow).where(waiting).returning(TourStopRow.id)
    gone = set(await db.scalars(query))
    return [(proposal, house) for proposal, house in found if proposal.id in gone]


async def organisers_of(db: Transaction, community_id: str) -> list[Person]:
    """Those who look after a community."""
    roles = [role.value for role in Role if may_manage(role)]
    query = (
        select(PersonRow)
        .join(MembershipRow, MembershipRow.person_id == PersonRow.id)
        .where(MembershipRow.community_id == community_id, MembershipRow.role.in_(roles))
        .order_by(PersonRow.id)
        .limit(MOST_TOLD)
    )
    return [person_of(row) for row in await db.scalars(query)]


async def _answer(db: Transaction, proposal_id: str, **values: object) -> bool:
    query = update(TourStopRow).where(TourStopRow.id == proposal_id, _ASKED).values(**values)
    return (await db.execute(query.returning(TourStopRow.id))).first() is not None


async def _read_asked(
    db: Transaction, which: ColumnElement[bool], most: int | None = None
) -> list[tuple[Proposal, Community]]:
    query = _proposals().join(CommunityRow, CommunityRow.id == TourStopRow.community_id)
    rows = await db.execute(query.add_columns(CommunityRow).where(which).limit(most))
    return [
        (_proposal(stop, session, plan, series), community_of(community))
        for stop, session, plan, series, community in rows
    ]


def _is_open(now: datetime) -> ColumnElement[bool]:
    moment = func.coalesce(SessionRow.starts_at, TourStopRow.starts_at)
    return and_(
        _ASKED, or_(SessionRow.id.is_(None), SessionRow.cancelled_at.is_(None)), moment > now
    )


def _proposals() -> _Proposals:
    return (
        select(TourStopRow, SessionRow, SessionPlanRow, SessionSeriesRow)
        .outerjoin(SessionRow, SessionRow.id == TourStopRow.session_id)
        .outerjoin(SessionPlanRow, SessionPlanRow.id == SessionRow.plan_id)
        .outerjoin(SessionSeriesRow, SessionSeriesRow.id == SessionRow.series_id)
        .where(TourStopRow.state != StopState.ACCEPTED.value)
        .order_by(func.coalesce(SessionRow.starts_at, TourStopRow.starts_at), TourStopRow.id)
    )


def _proposal(
    row: TourStopRow,
    session: SessionRow | None,
    plan: SessionPlanRow | None,
    series: SessionSeriesRow | None,
) -> Proposal:
    """The proposal of a row, by its session's own title and hours where there is one."""
    if session is not None and plan is not None and series is not None:
        minutes = int((session.ends_at - session.starts_at).total_seconds()) // 60
        title = Bilingual(plan.title_fr, plan.title_en)
        slot = Slot(title, session.starts_at, series.time_zone, minutes)
    else:
        if row.starts_at is None or row.minutes is None:
            raise ValueError(f"a proposal without a moment: {row.id}")
        title = Bilingual(row.title_fr, row.title_en)
        slot = Slot(title, row.starts_at, row.time_zone, row.minutes)
    return Proposal(
        id=row.id,
        tour_id=row.tour_id,
        community_id=row.community_id or "",
        session_id=row.session_id,
        slot=slot,
        called_off=session is not None and session.cancelled_at is not None,
        note=row.note,
        word=row.word,
        state=StopState(row.state),
        proposed_by=row.proposed_by,
    )
