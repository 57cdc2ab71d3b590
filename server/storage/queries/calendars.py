"""Queries of calendars: the series that a feed tells, one person's sessions, and whom to invite."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import exists, or_, select

from server.community.answers import Answer
from server.community.calendar_events import SeriesAtDates
from server.community.people import Person
from server.community.rota import Duty
from server.community.sessions import Session
from server.storage.database import Transaction
from server.storage.queries.people import person_of
from server.storage.queries.session_rows import HORIZON
from server.storage.queries.sessions import (
    MOST_SHOWN,
    series_by_ids,
    sessions_between,
    sessions_by_ids,
    sessions_of_series,
)
from server.storage.tables import (
    HostNewsRow,
    PersonRow,
    SessionAnswerRow,
    SessionHostRow,
    SessionRow,
)

PAST_SHOWN = timedelta(days=60)
"""How far back a feed goes."""
MOST_IN_FEED = 2000
MOST_INVITED = 5000


async def series_in_feed(
    db: Transaction, community_id: str, now: datetime, office_id: str | None = None
) -> list[SeriesAtDates]:
    """The series of a community, or of one of its offices, as a feed tells them."""
    found = await sessions_between(
        db,
        community_id,
        now - PAST_SHOWN,
        now + 2 * HORIZON,
        office_id=office_id,
        most=MOST_IN_FEED,
    )
    by_series: dict[str, list[Session]] = {}
    for each in found:
        by_series.setdefault(each.series_id, []).append(each)
    # Past what was read, sessions are there by their rule alone: none must seem called off.
    read_until = found[-1].starts_at if len(found) == MOST_IN_FEED else None
    return [
        SeriesAtDates(
            series,
            tuple(by_series[series.id]),
            known_until if read_until is None else min(known_until, read_until),
        )
        for series, known_until in await series_by_ids(db, list(by_series))
    ]


async def series_at_dates(db: Transaction, series_id: str, now: datetime) -> SeriesAtDates | None:
    """One series as a calendar tells it."""
    found = await series_by_ids(db, [series_id])
    if not found:
        return None
    series, known_until = found[0]
    dates = await sessions_of_series(db, series_id, since=now - PAST_SHOWN, most=MOST_IN_FEED)
    return SeriesAtDates(series, tuple(dates), known_until)


async def sessions_of_person(db: Transaction, person_id: str, now: datetime) -> list[Session]:
    """The sessions that someone hosts, comes to or may come to, those called off too."""
    answered = select(SessionAnswerRow.session_id).where(
        SessionAnswerRow.person_id == person_id,
        SessionAnswerRow.answer.in_([Answer.YES.value, Answer.MAYBE.value]),
    )
    hosted = select(SessionHostRow.plan_id).where(SessionHostRow.person_id == person_id)
    query = (
        select(SessionRow.id)
        .where(
            SessionRow.ends_at > now - PAST_SHOWN,
            or_(SessionRow.id.in_(answered), SessionRow.plan_id.in_(hosted)),
        )
        .order_by(SessionRow.starts_at)
        .limit(MOST_SHOWN)
    )
    return await sessions_by_ids(db, list(await db.scalars(query)))


async def invited_to(
    db: Transaction, session_ids: Collection[str]
) -> list[tuple[str, Person, Answer]]:
    """Who has an address and said that they come, or may come, to each of those sessions."""
    query = (
        select(SessionAnswerRow.session_id, SessionAnswerRow.answer, PersonRow)
        .join(PersonRow, PersonRow.id == SessionAnswerRow.person_id)
        .where(
            SessionAnswerRow.session_id.in_(session_ids),
            SessionAnswerRow.answer.in_([Answer.YES.value, Answer.MAYBE.value]),
            PersonRow.email.is_not(None),
        )
        .order_by(SessionAnswerRow.session_id, PersonRow.id)
        .limit(MOST_INVITED)
    )
    return [
        (session_id, person_of(row), Answer(answer))
        for session_id, answer, row in await db.execute(query)
    ]


async def concerned_by(
    db: Transaction, session_ids: Collection[str]
) -> list[tuple[str, Person, Answer | None]]:
    """Who is to hear of changes of those sessions: who was `invited_to`, and their hosts.

    The answer is None for a host who gave none. One who said that they do not come is left out, and
    so is one to whom the session was given and who is not told of that yet: that news, when it
    leaves, says how the session is then.
    """
    answered = exists().where(
        SessionAnswerRow.session_id == SessionRow.id,
        SessionAnswerRow.person_id == PersonRow.id,
    )
    unaware = exists().where(
        HostNewsRow.session_id == SessionRow.id,
        HostNewsRow.person_id == PersonRow.id,
        HostNewsRow.before == Duty.NONE.value,
    )
    query = (
        select(SessionRow.id, PersonRow)
        .join(SessionHostRow, SessionHostRow.plan_id == SessionRow.plan_id)
        .join(PersonRow, PersonRow.id == SessionHostRow.person_id)
        .where(SessionRow.id.in_(session_ids), PersonRow.email.is_not(None), ~answered, ~unaware)
        .order_by(SessionRow.id, SessionHostRow.position)
    )
    hosts = [(session_id, person_of(row), None) for session_id, row in await db.execute(query)]
    return [*await invited_to(db, session_ids), *hosts]
