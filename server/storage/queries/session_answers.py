"""Queries about answers to sessions, and the reminders that people ask for."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Case, case, delete, func, select

from server.community.answers import Answer, Reply, reply_again
from server.community.people import Person
from server.storage.database import Transaction
from server.storage.queries.people import person_of
from server.storage.tables import PersonRow, SessionAnswerRow, SessionPlanRow, SessionRow

MOST_ANSWERS = 2000


@dataclass(frozen=True)
class NamedReply:
    """A reply and the name of who gave it; `remind_minutes` before the start, if asked for."""

    reply: Reply
    name: str
    remind_minutes: int | None


@dataclass(frozen=True)
class Counts:
    """The seats asked for and the answers given, for one session."""

    seats: int = 0
    yes: int = 0
    maybe: int = 0
    no: int = 0


async def replies_to(db: Transaction, session_id: str) -> list[NamedReply]:
    """The replies to a session, in order of arrival."""
    query = (
        select(SessionAnswerRow, PersonRow.name)
        .join(PersonRow, PersonRow.id == SessionAnswerRow.person_id)
        .where(SessionAnswerRow.session_id == session_id)
        .order_by(SessionAnswerRow.placed_at, SessionAnswerRow.person_id)
        .limit(MOST_ANSWERS)
    )
    return [
        NamedReply(_reply(row), name, row.remind_minutes) for row, name in await db.execute(query)
    ]


async def counts_of(db: Transaction, session_ids: Collection[str]) -> dict[str, Counts]:
    """The counts of several sessions; those without an answer are left out."""
    if not session_ids:
        return {}

    def said(answer: Answer) -> Case[int]:
        return case((SessionAnswerRow.answer == answer.value, 1), else_=0)

    yes = said(Answer.YES)
    query = (
        select(
            SessionAnswerRow.session_id,
            func.sum(yes * (SessionAnswerRow.companions + 1)),
            func.sum(yes),
            func.sum(said(Answer.MAYBE)),
            func.sum(said(Answer.NO)),
        )
        .where(SessionAnswerRow.session_id.in_(session_ids))
        .group_by(SessionAnswerRow.session_id)
    )
    rows = (await db.execute(query)).all()
    return {row[0]: Counts(int(row[1]), int(row[2]), int(row[3]), int(row[4])) for row in rows}


async def answers_by(
    db: Transaction, person_id: str, session_ids: Collection[str]
) -> dict[str, Answer]:
    """What one person says of several sessions."""
    if not session_ids:
        return {}
    query = select(SessionAnswerRow.session_id, SessionAnswerRow.answer).where(
        SessionAnswerRow.person_id == person_id, SessionAnswerRow.session_id.in_(session_ids)
    )
    return {session_id: Answer(answer) for session_id, answer in await db.execute(query)}


async def seats_held(db: Transaction, person_id: str, now: datetime) -> list[str]:
    """The sessions to come with a number of seats to which someone said yes."""
    query = (
        select(SessionRow.id)
        .join(SessionAnswerRow, SessionAnswerRow.session_id == SessionRow.id)
        .join(SessionPlanRow, SessionPlanRow.id == SessionRow.plan_id)
        .where(
            SessionAnswerRow.person_id == person_id,
            SessionAnswerRow.answer == Answer.YES.value,
            SessionPlanRow.capacity.is_not(None),
            SessionRow.starts_at > now,
            SessionRow.cancelled_at.is_(None),
        )
        .order_by(SessionRow.starts_at, SessionRow.id)
        .limit(MOST_ANSWERS)
    )
    return list(await db.scalars(query))


async def answered_in(
    db: Transaction, person_id: str, community_id: str, now: datetime
) -> list[str]:
    """The sessions to come of a community that someone answered, those called off too."""
    query = (
        select(SessionRow.id)
        .join(SessionAnswerRow, SessionAnswerRow.session_id == SessionRow.id)
        .where(
            SessionAnswerRow.person_id == person_id,
            SessionRow.community_id == community_id,
            SessionRow.starts_at > now,
        )
        .order_by(SessionRow.starts_at, SessionRow.id)
        .limit(MOST_ANSWERS)
    )
    return list(await db.scalars(query))


async def forget_answers(db: Transaction, person_id: str, session_ids: Collection[str]) -> None:
    """Erase what one person said of those sessions."""
    await db.execute(
        delete(SessionAnswerRow).where(
            SessionAnswerRow.person_id == person_id, SessionAnswerRow.session_id.in_(session_ids)
        )
    )


async def put_answer(
    db: Transaction,
    session_id: str,
    capacity: int | None,
    person_id: str,
    answer: Answer,
    companions: int,
    remind_minutes: int | None,
    now: datetime,
) -> Reply:
    """Keep a person's answer, in the place of the one before; raises PartyTooLarge."""
    before = [each.reply for each in await replies_to(db, session_id)]
    reply = reply_again(before, capacity, person_id, answer, companions, now)
    row = await db.get(SessionAnswerRow, (session_id, person_id))
    if row is None:
        row = SessionAnswerRow(session_id=session_id, person_id=person_id)
        db.add(row)
    row.answer = reply.answer.value
    row.companions = reply.companions
    row.placed_at = reply.placed_at
    row.changed_at = now
    row.remind_minutes = remind_minutes if answer is not Answer.NO else None
    await db.flush()
    return reply


async def reminders_of(
    db: Transaction, session_ids: Collection[str]
) -> list[tuple[str, Person, int]]:
    """Who wants to be reminded of those sessions, and how many minutes before."""
    query = (
        select(SessionAnswerRow.session_id, SessionAnswerRow.remind_minutes, PersonRow)
        .join(PersonRow, PersonRow.id == SessionAnswerRow.person_id)
        .where(
            SessionAnswerRow.session_id.in_(session_ids),
            SessionAnswerRow.remind_minutes.is_not(None),
            PersonRow.email.is_not(None),
        )
        .limit(MOST_ANSWERS)
    )
    return [
        (session_id, person_of(row), minutes)
        for session_id, minutes, row in await db.execute(query)
        if minutes is not None
    ]


def _reply(row: SessionAnswerRow) -> Reply:
    return Reply(row.person_id, Answer(row.answer), row.companions, row.placed_at)
