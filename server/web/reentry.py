"""Nobody comes back, with a token still good, to an office that is no longer open to them."""

from __future__ import annotations

from contextlib import suppress

from aiohttp import web

from rooms.errors import NotFound
from server.community import entry
from server.community.entry import Refusal
from server.community.people import Person, person_id_of
from server.keys import DATABASE, LIVE_ROOMS, PRESENCE
from server.signalling.routes import claims_of, refusal
from server.signalling.tokens import InvalidToken
from server.storage.queries import communities, offices
from server.web.middleware import Handler
from server.web.person import right_now


@web.middleware
async def refuse_lost_rights(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Ask the house again at each join of one of its people: tokens outlive a change of mind.

    Identities that the house did not give are let through: whoever signed their token answers
    for them, and may open any room.
    """
    if request.path.startswith("/rtc"):
        why_not = await _why_not(request)
        if why_not:
            return refusal(403, why_not)
    return await handler(request)


async def _why_not(request: web.Request) -> str:
    """Why this token's bearer may not join now; "" when they may, or the house has no say."""
    try:
        claims = claims_of(request)
    except InvalidToken:
        return ""  # signalling says what is wrong with it
    person_id = person_id_of(claims.identity)
    if person_id is None:
        return ""
    async with request.app[DATABASE].reading() as db:
        office = await offices.office_by_id(db, claims.room)
        if office is None:
            return "this office is no more"
        standing = await communities.standing_of(db, office.community_id, person_id, right_now())
    inside = _inside(request.app, office.id)
    found = entry.refusal(
        Person(person_id, claims.name),
        standing,
        office,
        count=len(inside),
        already_inside=claims.identity in inside,
    )
    if found is Refusal.EXPELLED:
        return "you were shown out of this office until tomorrow"
    if found is Refusal.FULL:
        return "this office is full"
    return "this office is no longer open to you" if found else ""


def _inside(app: web.Application, room: str) -> set[str]:
    """Those whom presence shows, and those still on their way in through this very process."""
    inside = {each.identity for each in app[PRESENCE].who(room)}
    with suppress(NotFound):
        inside |= {each.identity for each in app[LIVE_ROOMS].get(room)}
    return inside
