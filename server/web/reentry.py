"""Nobody comes back, with a token still good, to what is no longer open to them."""

from __future__ import annotations

from contextlib import suppress

from aiohttp import web

from rooms.errors import NotFound
from server.community import entry
from server.community.entry import Refusal
from server.community.merging import RANK
from server.community.people import Person, Role, person_id_of
from server.keys import DATABASE, LIVE_ROOMS, PRESENCE
from server.signalling.routes import claims_of, refusal
from server.signalling.tokens import Claims, InvalidToken
from server.storage.queries import communities, offices, people
from server.web.middleware import Handler
from server.web.person import right_now


@web.middleware
async def refuse_lost_rights(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Ask the house again at each join of one of its people, and at each call that moderates:
    tokens outlive a change of mind.

    Identities that the house did not give are let through: whoever signed their token answers
    for them, and may open any room.
    """
    if request.path.startswith("/rtc"):
        why_not = await _why_not(request)
        if why_not:
            return refusal(403, why_not)
    elif request.path.startswith("/twirp/") and not await _may_still_moderate(request):
        why_not = "this token's bearer no longer owns the house"
        told = {"code": "permission_denied", "msg": why_not}
        return web.json_response(told, status=403)
    return await handler(request)


async def _may_still_moderate(request: web.Request) -> bool:
    """Whether this token's bearer still is what its grant came from, or the house has no say."""
    try:
        claims = claims_of(request)
    except InvalidToken:
        return True  # the call says what is wrong with it
    person_id = person_id_of(claims.identity)
    if person_id is None:
        return True
    async with request.app[DATABASE].reading() as db:
        office = await offices.office_by_id(db, claims.room)
        if office is None:
            return False
        return await people.role_of(db, office.community_id, person_id) is Role.OWNER


def _overstates(claims: Claims, role: Role) -> bool:
    """Whether a token says more of its bearer than they are by now; others would be told it."""
    told = claims.attributes.get("role")
    return (claims.room_admin and role is not Role.OWNER) or (
        told in set(Role) and RANK[Role(told)] > RANK[role]
    )


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
        if await people.person_by_id(db, person_id) is None:
            return "the house does not know you any more"
        standing = await communities.standing_of(db, office.community_id, person_id, right_now())
    if _overstates(claims, standing.role):
        return "your role has changed: enter the office again"
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
