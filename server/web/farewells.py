"""When someone goes: their sessions are handed over, their seats freed, and who must know is told.

Nothing that is sent names who went. It is told in the transaction in which they go, after what is
about them was erased.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from aiohttp import web

from server.community.answers import newly_seated
from server.storage.database import Transaction
from server.storage.queries import (
    people,
    person_data,
    session_answers,
    session_hosting,
    sessions,
    tour_proposals,
)
from server.storage.queries.session_answers import NamedReply
from server.storage.queries.session_hosting import HandedOver
from server.web.host_letters import tell_guests, tell_heir, tell_organisers
from server.web.person import right_now
from server.web.session_invitations import batches, tell_seated, told_of
from server.web.session_reminders import notify_seated
from server.web.tour_letters import take_back


async def erase_and_tell(
    app: web.Application, db: Transaction, person_id: str, email: str | None
) -> None:
    """Erase someone, and tell those whose sessions or whose place in line change by it."""
    now = right_now()
    handed = await session_hosting.hand_over(db, person_id, now)
    lines = await _lines(db, person_id, now)
    for proposal_id in await tour_proposals.proposed_by(db, person_id):
        await take_back(db, proposal_id)  # that letter says who proposes
    await person_data.erase_person(db, person_id, email)
    db.expire_all()
    await tell_handed_over(app, db, handed, now)
    await _tell_seated(app, db, lines, now)


async def forget_and_tell(app: web.Application, db: Transaction, person_id: str) -> bool:
    """Erase someone who has neither role nor account, and give their seats; False for others."""
    now = right_now()
    lines = await _lines(db, person_id, now)
    is_gone = await people.forget_guest(db, person_id)
    db.expire_all()
    if is_gone:
        await _tell_seated(app, db, lines, now)
    return is_gone


async def tell_handed_over(
    app: web.Application, db: Transaction, handed: Sequence[HandedOver], now: datetime
) -> None:
    """Tell who answered that the host changed, who hosts now, and organisers where nobody does."""
    orphans: dict[str, list[str]] = {}
    for each in handed:
        told = await told_of(db, app, each.community_id, now)
        if told is None:
            continue
        await tell_guests(db, told, each)
        if each.host_id is not None:
            await tell_heir(db, told, each.host_id, each.session_ids)
        else:
            orphans.setdefault(each.community_id, []).extend(each.session_ids)
    for community_id, session_ids in orphans.items():
        told = await told_of(db, app, community_id, now)
        if told is not None:
            await tell_organisers(db, told, session_ids)


async def _lines(db: Transaction, person_id: str, now: datetime) -> dict[str, list[NamedReply]]:
    """Who is in line, by session, wherever that person may leave a seat."""
    held = await session_answers.seats_held(db, person_id, now)
    return {each: await session_answers.replies_to(db, each) for each in held}


async def _tell_seated(
    app: web.Application, db: Transaction, lines: dict[str, list[NamedReply]], now: datetime
) -> None:
    """Who waited, and has a seat now that others left the line of `lines`, learns it."""
    for some in batches(lines):
        for session in await sessions.sessions_by_ids(db, some):
            before = [each.reply for each in lines[session.id]]
            after = [each.reply for each in await session_answers.replies_to(db, session.id)]
            capacity = session.plan.capacity
            told = await told_of(db, app, session.community_id, now)
            for person_id in newly_seated(before, after, capacity, capacity):
                lucky = await people.person_by_id(db, person_id)
                if lucky is not None and told is not None:
                    await tell_seated(db, told, session, lucky)
                    await notify_seated(db, told, session, lucky)
