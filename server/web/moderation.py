"""What hosts do about somebody in an office: mute a microphone, show someone out for the day."""

from __future__ import annotations

from contextlib import suppress

from aiohttp import web
from livekit.protocol.models import DisconnectReason, TrackSource

from rooms.errors import NotFound
from rooms.participant import Participant
from server.community.moderation import Act, end_of_day, may_act
from server.community.offices import Office
from server.community.people import Role, person_id_of
from server.community.sessions import lamp_holder
from server.keys import DATABASE, LIVE_ROOMS, PRESENCE, SESSION_CLOCK
from server.storage.queries import expulsions, people
from server.web.doors import community_url, zone_of
from server.web.fields import json_object
from server.web.person import check_rate, right_now
from server.web.place import Place, managed_place, place_of
from server.web.rate_limits import CHANGES
from server.web.refused import Refused
from server.web.rendering import see_other


async def mute(request: web.Request) -> web.Response:
    """POST /c/{community}/{office}/couper {"identity"}: close someone's microphone.

    They may open it again themselves: nobody but they opens it. Answers {"muted": how many}.
    """
    _place, office, identity = await _asked(request, Act.MUTE)
    found = _inside(request.app, office, identity)
    if not found:
        raise Refused(404, "person_gone")
    muted = 0
    for participant in found:
        for track in participant.publications:
            spoken = track.kind == "audio" and track.info.source != TrackSource.SCREEN_SHARE_AUDIO
            if spoken and not track.muted:
                participant.mute(track.sid, True, by_moderator=True)
                muted += 1
    return web.json_response({"muted": muted})


async def expel(request: web.Request) -> web.Response:
    """POST /c/{community}/{office}/expulser {"identity"}: out at once, and until midnight.

    Answers {"until": ISO 8601, or "" for an identity that is not the house's: whoever signed its
    token answers for it, so it is only sent out}.
    """
    place, office, identity = await _asked(request, Act.EXPEL)
    person_id, until = person_id_of(identity), ""
    if person_id is not None:
        now = right_now()
        midnight = end_of_day(now, zone_of(place.community))
        async with request.app[DATABASE].writing() as db:
            if await people.person_by_id(db, person_id) is None:
                raise Refused(404, "person_gone")
            await expulsions.expel(db, person_id, office.id, until=midnight, now=now)
        until = midnight.isoformat()
    # only once it is written: who is out tries at once to come back
    found = _inside(request.app, office, identity)
    if person_id is None and not found:
        raise Refused(404, "person_gone")
    for participant in found:
        participant.leave(DisconnectReason.PARTICIPANT_REMOVED)
    return web.json_response({"until": until})


async def readmit(request: web.Request) -> web.Response:
    """POST …/gerer/expulsions/{id}/lever: someone shown out may come back today after all."""
    place = await managed_place(request)
    check_rate(request, CHANGES)
    async with request.app[DATABASE].writing() as db:
        known = await expulsions.expulsions_of(db, place.community.id, right_now())
        found = next((each for each in known if each.id == request.match_info["id"]), None)
        if found is None:
            raise Refused(404, "not_found")
        if not may_act(place.standing.role, found.role, Act.EXPEL):
            raise Refused(403, "person_out_of_reach")
        await expulsions.readmit(db, found.person_id, found.office_id)
    return see_other(f"{community_url(place.community)}/gerer/personnes?fait=leve")


async def _asked(request: web.Request, act: Act) -> tuple[Place, Office, str]:
    """Where and to whom; raises Refused unless this request's person may do that to them."""
    check_rate(request, CHANGES)
    place = await place_of(request)
    office = place.office(request.match_info["office"])
    identity = (await json_object(request)).get("identity")
    if not isinstance(identity, str) or not identity:
        raise Refused(400, "bad_request")
    other, person_id = Role.GUEST, person_id_of(identity)
    if person_id is not None:
        # what is asked of the database, never what the participant says of itself
        async with request.app[DATABASE].reading() as db:
            other = await people.role_of(db, place.community.id, person_id)
    holds_lamp = _holds_lamp(request.app, place, office)
    if not may_act(place.standing.role, other, act, holds_lamp=holds_lamp):
        raise Refused(403, "person_out_of_reach")
    return place, office, identity


def _holds_lamp(app: web.Application, place: Place, office: Office) -> bool:
    session = app[SESSION_CLOCK].running(office.id)
    if session is None or place.person is None:
        return False
    present = {person_id_of(each.identity) or "" for each in app[PRESENCE].who(office.id)}
    return lamp_holder(session, present) == place.person.id


def _inside(app: web.Application, office: Office, identity: str) -> list[Participant]:
    """Those in the office's room, if it lives in this process, who are that very person."""
    with suppress(NotFound):
        person_id = person_id_of(identity)
        return [
            each
            for each in app[LIVE_ROOMS].get(office.id)
            if each.identity == identity
            or (person_id is not None and person_id_of(each.identity) == person_id)
        ]
    return []
