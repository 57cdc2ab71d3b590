"""Nobody comes back, with a token still good, to an office that is no longer open to them."""

from __future__ import annotations

from aiohttp import web

from server.community.entry import is_invited
from server.community.people import person_id_of
from server.keys import DATABASE
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
    if request.path.startswith("/rtc") and not await _may_join(request):
        return refusal(403, "this office is no longer open to you")
    return await handler(request)


async def _may_join(request: web.Request) -> bool:
    try:
        claims = claims_of(request)
    except InvalidToken:
        return True  # signalling says what is wrong with it
    person_id = person_id_of(claims.identity)
    if person_id is None:
        return True
    async with request.app[DATABASE].reading() as db:
        office = await offices.office_by_id(db, claims.room)
        if office is None:
            return False
        standing = await communities.standing_of(db, office.community_id, person_id, right_now())
    return is_invited(standing, office)
