"""When someone goes: their sessions are handed over, their seats freed, and who must know is told.

Nothing that is sent names who went. It is told in the transaction in which they go, after what is
about them was erased.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from aiohttp import web

from server.storage.database import Transaction
from server.storage.queries import people, person_data, session_hosting
from server.storage.queries.session_hosting import HandedOver
from server.web.host_letters import tell_guests, tell_heir, tell_organisers
from server.web.person import right_now
from server.web.seat_news import lines_with, tell_seated
from server.web.session_invitations import told_of
from server.web.tour_farewells import left_by, tell_left_behind


async def erase_and_tell(
    app: web.Application, db: Transaction, person_id: str, email: str | None
) -> None:
    """Erase someone, and tell those whose sessions, place in line or questions change by it."""
    now = right_now()
    handed = await session_hosting.hand_over(db, person_id, now)
    lines, asked = await lines_with(db, person_id, now), await left_by(db, person_id)
    await person_data.erase_person(db, person_id, email)
    db.expire_all()
    await tell_handed_over(app, db, handed, now)
    await tell_seated(app, db, lines, now)
    await tell_left_behind(app, db, asked, now)


async def forget_and_tell(app: web.Application, db: Transaction, person_id: str) -> bool:
    """Erase someone who has neither role nor account, and give their seats; False for others."""
    now = right_now()
    lines = await lines_with(db, person_id, now)
    is_gone = await people.forget_guest(db, person_id)
    db.expire_all()
    if is_gone:
        await tell_seated(app, db, lines, now)
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
