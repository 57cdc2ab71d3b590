"""The JSON that scripts and other programs ask for: entering an office, and the server's health."""

from __future__ import annotations

from urllib.parse import urlsplit

from aiohttp import web

from server.community.entry import Refusal
from server.community.offices import Office
from server.community.people import Person, Role, identity_of
from server.keys import DATABASE, PRESENCE, SESSION_CLOCK, SETTINGS
from server.signalling.tokens import sign
from server.storage.queries.member_cards import card_of
from server.web.choices import name_person
from server.web.doors import refusal_at
from server.web.fields import json_object
from server.web.person import check_rate, log_in, right_now, typed_name
from server.web.place import Place, place_of
from server.web.rate_limits import ENTRIES, NAMES
from server.web.refused import Refused
from server.web.session_clock import QUIET

ENTRY_SECONDS = 600
"""How long the token of an entry opens the office: long enough for the slowest green room."""
_STATUS = {
    Refusal.NAME_REQUIRED: 400,
    Refusal.NOT_ALLOWED: 403,
    Refusal.EXPELLED: 403,
    Refusal.FULL: 409,
}


async def enter(request: web.Request) -> web.Response:
    """POST /c/{community}/{office}/entrer: push the door.

    Takes {"name"}, needed from a stranger; answers {"url", "token", "identity", "name", "room"}.
    """
    check_rate(request, ENTRIES)
    place = await place_of(request)
    office = place.office(request.match_info["office"])
    why_not = refusal_at(place, office, request.app[PRESENCE])
    name = await _posted_name(request)
    if why_not is Refusal.NAME_REQUIRED and name:
        why_not = None
    if why_not is not None:
        raise Refused(_STATUS[why_not], why_not.value)
    person = place.person
    if person is None or (name and name != person.name):
        check_rate(request, NAMES)
        person = await name_person(request, typed_name(name))
    attributes = {"role": place.standing.role.value, **await _card(request, person)}
    response = web.json_response(_entry(request, place, office, person, attributes))
    response.headers["Cache-Control"] = "no-store"
    if place.person is None:
        await log_in(request, response, person)
    return response


async def _posted_name(request: web.Request) -> str:
    name = (await json_object(request)).get("name", "")
    if not isinstance(name, str):
        raise Refused(400, "bad_request")
    return name


async def _card(request: web.Request, person: Person) -> dict[str, str]:
    """What others in the office see of a member's card; nothing unless its member agreed."""
    if person.email is None:
        return {}
    async with request.app[DATABASE].reading() as db:
        card = await card_of(db, person.id)
    told = {
        "card_title": card.title,
        "card_skills": card.skills,
        "card_languages": card.languages,
        "card_help": card.can_help,
        "card_seeks": card.looks_for,
        "card_link": card.link,
    }
    return {name: text for name, text in told.items() if text and card.shown}


def _entry(
    request: web.Request,
    place: Place,
    office: Office,
    person: Person,
    attributes: dict[str, str],
) -> dict[str, str]:
    settings = request.app[SETTINGS]
    role = place.standing.role
    identity = identity_of(person, role)
    token = sign(
        settings.api_key,
        settings.api_secret,
        now=right_now().timestamp(),
        identity=identity,
        name=person.name,
        room=office.id,
        ttl=ENTRY_SECONDS,
        attributes=attributes,
        # an organiser's token would moderate owners, which the house's own rules refuse
        room_admin=role is Role.OWNER,
        can_update_own_metadata=True,
        can_publish_sources=()
        if request.app[SESSION_CLOCK].may_speak(office.id, person.id)
        else QUIET,
    )
    return {
        "url": signalling_url(request),
        "token": token,
        "identity": identity,
        "name": person.name,
        "room": office.id,
    }


def signalling_url(request: web.Request) -> str:
    """Where the browser that asks reaches signalling: the host that it already reached."""
    settings = request.app[SETTINGS]
    scheme = "wss" if settings.is_secure else "ws"
    public_host = urlsplit(settings.address).netloc
    is_local = request.host.partition(":")[0] in ("localhost", "127.0.0.1", "[")
    return f"{scheme}://{request.host if is_local else public_host}"


async def health(request: web.Request) -> web.Response:
    """GET /sante: 200 while the server and its database answer, else 503."""
    is_well = await request.app[DATABASE].answers()
    return web.json_response(
        {"status": "ok" if is_well else "the database does not answer"},
        status=200 if is_well else 503,
        headers={"Cache-Control": "no-store"},
    )
