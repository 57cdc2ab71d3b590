"""Removing an office: its sessions to come move or are called off, and who answered is told."""

from __future__ import annotations

from aiohttp import web

from server.community.offices import Office
from server.keys import DATABASE
from server.storage.database import Transaction
from server.storage.queries import office_sessions, offices
from server.web.evictions import empty_office
from server.web.fields import form_fields
from server.web.manage import done, managed_office, show_office
from server.web.office_plans import CALL_OFF, other_offices
from server.web.person import check_rate, right_now
from server.web.place import Place, managed_place
from server.web.rate_limits import CHANGES
from server.web.session_invitations import Told
from server.web.session_news import tell, wake


async def remove_office(request: web.Request) -> web.Response:
    """POST …/gerer/offices/{id}/supprimer: those inside are told to leave.

    With sessions to come, `sessions` says what becomes of them: "cancel", or another office's id;
    without it the office stays, and its page asks.
    """
    place = await managed_place(request)
    check_rate(request, CHANGES)
    office, wanted = managed_office(request, place), (await form_fields(request)).get("sessions")
    async with request.app[DATABASE].writing() as db:
        what = await _settle(request, place, db, office, wanted or "")
        if what:
            await offices.remove_office(db, office.id)
    if not what:
        return await show_office(request, place, office, status=409)
    empty_office(request.app, office.id)
    wake(request.app)
    return done(request, place, what)


async def _settle(
    request: web.Request, place: Place, db: Transaction, office: Office, wanted: str
) -> str:
    """Move or call off what is planned in an office, and tell of it; "" when that is not said."""
    now = right_now()
    planned = (await office_sessions.planned_in(db, [office.id], now)).get(office.id)
    if planned is None:
        return "office-removed"
    told = Told(
        request.app,
        place.community,
        place.offices,
        now,
        pages_go=wanted == CALL_OFF,
        by_id=place.person.id if place.person else "",
    )
    if wanted == CALL_OFF:
        await tell(db, told, await office_sessions.call_off_sessions(db, office.id, now))
        return "office-removed-cancelled"
    if wanted not in {each.id for each in other_offices(place, office, planned)}:
        return ""
    await tell(db, told, await office_sessions.move_sessions(db, office.id, wanted, now))
    return "office-removed-moved"
