"""Seats that come free as somebody goes: who waited learns it, of however many dates at once.

The lines are read before, and again after; whoever moved up is told by `gathered_news`, one person
and one house at a time.
"""

from __future__ import annotations

from datetime import datetime

from aiohttp import web

from server.community.answers import Answer, Reply, newly_seated
from server.community.sessions import Session, may_answer
from server.storage.database import Transaction
from server.storage.queries import communities, people, person_data, session_answers, sessions
from server.storage.queries.letters import cancel_letters
from server.web.gathered_news import Item, tell_person
from server.web.session_invitations import News, Told, batches, news_about, told_of
from server.web.session_reminders import forget_reminder, notify_seated

Lines = dict[str, list[Reply]]
"""Who is in line for a seat, by session."""


async def lines_with(db: Transaction, person_id: str, now: datetime) -> Lines:
    """The lines in which that person may leave a seat."""
    held = await session_answers.seats_held(db, person_id, now)
    return {each: await _line(db, each) for each in held}


async def tell_seated(app: web.Application, db: Transaction, lines: Lines, now: datetime) -> None:
    """Who waited in those lines, and has a seat now that others left them, learns it."""
    seats: dict[str, dict[str, list[Session]]] = {}
    for some in batches(lines):
        for session in await sessions.sessions_by_ids(db, some):
            capacity, after = session.plan.capacity, await _line(db, session.id)
            by_person = seats.setdefault(session.community_id, {})
            for person_id in newly_seated(lines[session.id], after, capacity, capacity):
                by_person.setdefault(person_id, []).append(session)
    for community_id, by_person in seats.items():
        told = await told_of(db, app, community_id, now)
        if told is not None:
            for person_id, found in by_person.items():
                await _tell(db, told, person_id, found)


async def merge_and_tell(
    app: web.Application, db: Transaction, goes: str, stays: str, now: datetime
) -> None:
    """Have one person hold what two held; where both had a seat, one is free."""
    lines = await lines_with(db, goes, now)
    await person_data.merge_people(db, goes, stays, now)
    db.expire_all()
    await tell_seated(app, db, lines, now)


async def leave_what_is_closed(
    app: web.Application, db: Transaction, person_id: str, community_id: str, now: datetime
) -> None:
    """Somebody left a house: sessions to come that they may not answer any more have no answer.

    Neither do they remind, or write to, someone who may not see them.
    """
    standing = await communities.standing_of(db, community_id, person_id, now)
    closed: dict[str, Session] = {}
    for some in batches(await session_answers.answered_in(db, person_id, community_id, now)):
        found = await sessions.sessions_by_ids(db, some)
        closed |= {each.id: each for each in found if not may_answer(each, person_id, standing)}
    held = await lines_with(db, person_id, now)
    await session_answers.forget_answers(db, person_id, list(closed))
    for each in closed.values():
        await forget_reminder(db, each, person_id)
        await cancel_letters(db, news_about(each), person_id)
    await tell_seated(app, db, {each: held[each] for each in held.keys() & closed.keys()}, now)


async def _tell(db: Transaction, told: Told, person_id: str, found: list[Session]) -> None:
    person = await people.person_by_id(db, person_id)
    if person is None:
        return
    items = [Item(each, Answer.YES, News.SEATED) for each in found]
    await tell_person(db, told, person, items)
    await notify_seated(db, told, found, person)


async def _line(db: Transaction, session_id: str) -> list[Reply]:
    return [each.reply for each in await session_answers.replies_to(db, session_id)]
