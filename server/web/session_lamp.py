"""What those in the office decide while a session runs: the lamp, the microphones, the end."""

from __future__ import annotations

from aiohttp import web

from server.community.entry import is_invited
from server.community.people import may_manage, person_id_of
from server.community.sessions import (
    Microphones,
    Session,
    SessionState,
    lamp_holder,
    may_take_lamp,
)
from server.keys import DATABASE, PRESENCE, SESSION_CLOCK
from server.storage.queries import session_changes, sessions
from server.web.fields import json_object
from server.web.person import check_rate, right_now
from server.web.place import Place, place_of
from server.web.rate_limits import CHANGES
from server.web.refused import Refused
from server.web.sessions import session_of


async def lamp(request: web.Request) -> web.Response:
    """GET /c/{community}/seances/{session}/lampe: who holds the lamp, and what one may do.

    {"holder": name or "", "is_mine", "may_take", "may_rule", "microphones": phases|open|closed}.
    For those who may enter the office: whoever holds the lamp is there.
    """
    place = await place_of(request)
    session = await session_of(request, place)
    office = next((each for each in place.offices if each.id == session.plan.office_id), None)
    is_open = office is not None and is_invited(place.standing, office)
    if not is_open and not _may_rule(request, place, session):
        raise Refused(403, "not_allowed")
    return await _answer(request, place, session)


async def take_lamp(request: web.Request) -> web.Response:
    """POST …/lampe: someone present takes the lamp while its hosts are away."""
    place, session = await _running(request)
    person_id = place.person.id if place.person else ""
    if not may_take_lamp(session, person_id, _present(request, session)):
        raise Refused(409, "lamp_taken")
    async with request.app[DATABASE].writing() as db:
        await session_changes.rule_live(db, session.id, lamp_id=person_id)
    return await _ruled(request, place, session.id)


async def rule_microphones(request: web.Request) -> web.Response:
    """POST …/micros {"microphones"}: as the phases say, open, or closed, whatever they say."""
    place, session = await _ruling(request)
    wanted = (await json_object(request)).get("microphones")
    if wanted not in set(map(str, Microphones)):
        raise Refused(400, "bad_request")
    async with request.app[DATABASE].writing() as db:
        await session_changes.rule_live(db, session.id, microphones=Microphones(str(wanted)))
    return await _ruled(request, place, session.id)


async def end_session(request: web.Request) -> web.Response:
    """POST …/terminer: the session ends now."""
    place, session = await _ruling(request)
    async with request.app[DATABASE].writing() as db:
        await session_changes.rule_live(db, session.id, ended_at=right_now())
    return await _ruled(request, place, session.id)


async def _running(request: web.Request) -> tuple[Place, Session]:
    check_rate(request, CHANGES)
    place = await place_of(request)
    session = await session_of(request, place)
    if session.state(right_now()) is not SessionState.RUNNING:
        raise Refused(409, "session_over")
    return place, session


async def _ruling(request: web.Request) -> tuple[Place, Session]:
    place, session = await _running(request)
    if not _may_rule(request, place, session):
        raise Refused(403, "hosts_only")
    return place, session


def _may_rule(request: web.Request, place: Place, session: Session) -> bool:
    """Its hosts and who looks after the house, wherever they are; else who holds the lamp."""
    if place.person is None:
        return False
    person_id = place.person.id
    is_host = person_id in session.host_ids or may_manage(place.standing.role)
    return is_host or lamp_holder(session, _present(request, session)) == person_id


def _present(request: web.Request, session: Session) -> set[str]:
    """The people of the house in the session's office, in any process."""
    present = request.app[PRESENCE].who(session.plan.office_id)
    return {who for each in present if (who := person_id_of(each.identity)) is not None}


async def _ruled(request: web.Request, place: Place, session_id: str) -> web.Response:
    request.app[SESSION_CLOCK].wake()
    async with request.app[DATABASE].reading() as db:
        session = await sessions.session_by_id(db, session_id)
    if session is None:
        raise Refused(404, "not_found")
    return await _answer(request, place, session)


async def _answer(request: web.Request, place: Place, session: Session) -> web.Response:
    present, person_id = _present(request, session), place.person.id if place.person else ""
    holder = lamp_holder(session, present)
    async with request.app[DATABASE].reading() as db:
        names = await sessions.names_of(db, [holder] if holder else [])
    return web.json_response(
        {
            "holder": names.get(holder or "", ""),
            "is_mine": bool(holder) and holder == person_id,
            "may_take": may_take_lamp(session, person_id, present),
            "may_rule": _may_rule(request, place, session),
            "microphones": session.microphones.value,
        },
        headers={"Cache-Control": "no-store"},
    )
