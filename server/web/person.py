"""Who a request comes from: the person of its login cookie, looked up once per request."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from aiohttp import web

from server.community.errors import BadField
from server.community.people import Person, person_name
from server.keys import COOKIES, DATABASE, RATE_LIMITS, SETTINGS
from server.storage.queries import logins
from server.web.client_address import client_address
from server.web.devices import device_name
from server.web.rate_limits import Rate
from server.web.refused import Refused

_LOGIN: web.RequestKey[tuple[str, str]] = web.RequestKey("login")
_PERSON: web.RequestKey[Person | None] = web.RequestKey("person")

SEEN_EVERY = timedelta(days=1)
"""How precisely the server keeps when it last saw someone."""


def right_now() -> datetime:
    """The present moment, in UTC: the one place where the pages read the clock."""
    return datetime.now(UTC)


async def known_person(request: web.Request) -> Person | None:
    """The person this browser belongs to; None for a stranger or an ended login."""
    if _PERSON in request:
        return request[_PERSON]
    login_id = request.app[COOKIES].login(request)
    person = None
    if login_id is not None:
        person = await _person_of_login(request, login_id)
    request[_PERSON] = person
    return person


async def _person_of_login(request: web.Request, login_id: str) -> Person | None:
    database, now = request.app[DATABASE], right_now()
    async with database.reading() as db:
        found = await logins.person_of_login(db, login_id)
    if found is None:
        return None
    person, seen_at = found
    if now - seen_at > SEEN_EVERY:
        async with database.writing() as db:
            await logins.see_login(db, login_id, person.id, now)
    request[_LOGIN] = (login_id, person.id)
    return person


def known_login(request: web.Request) -> str | None:
    """The id of the login by which `known_person` knows this browser."""
    return request[_LOGIN][0] if _LOGIN in request else None


async def log_in(
    request: web.Request, response: web.StreamResponse, person: Person, method: str = "name"
) -> None:
    """Have this browser be `person`'s from now on; `method` says how we know."""
    login_id = known_login(request)
    if login_id is None or request[_LOGIN][1] != person.id:
        device = device_name(request.headers.get("User-Agent", ""))
        async with request.app[DATABASE].writing() as db:
            if login_id is not None:
                await logins.end_login(db, request[_LOGIN][1], login_id)
            login_id = await logins.add_login(
                db, person.id, device=device, method=method, now=right_now()
            )
    request[_LOGIN] = (login_id, person.id)
    request.app[COOKIES].log_in(response, login_id)


def remember_person(request: web.Request, person: Person) -> None:
    """Someone has just been made or renamed by this very request."""
    request[_PERSON] = person


def typed_name(text: object) -> str:
    """The name someone typed; raises Refused with what to do."""
    try:
        return person_name(text if isinstance(text, str) else "")
    except BadField as error:
        code = "name_too_long" if error.code == "too_long" else "name_required"
        raise Refused(400, code) from None


def check_rate(request: web.Request, rate: Rate) -> None:
    """Count one attempt of this address; raises Refused when it makes too many."""
    address = client_address(request, request.app[SETTINGS].trusted_proxies)
    if not request.app[RATE_LIMITS].allow(rate, address):
        raise Refused(429, "too_many")
