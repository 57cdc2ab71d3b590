"""Who a request comes from: the person of its login cookie, looked up once per request."""

from __future__ import annotations

from datetime import UTC, datetime

from aiohttp import web

from server.community.errors import BadField
from server.community.people import Person, person_name
from server.keys import COOKIES, DATABASE, RATE_LIMITS, SETTINGS
from server.storage.queries import people
from server.web.client_address import client_address
from server.web.rate_limits import Rate
from server.web.refused import Refused

_PERSON: web.RequestKey[Person | None] = web.RequestKey("person")


def right_now() -> datetime:
    """The present moment, in UTC: the one place where the pages read the clock."""
    return datetime.now(UTC)


async def known_person(request: web.Request) -> Person | None:
    """The person this browser belongs to; None for a stranger or an ended login."""
    if _PERSON in request:
        return request[_PERSON]
    login = request.app[COOKIES].login(request)
    person = None
    if login is not None:
        async with request.app[DATABASE].reading() as db:
            person = await people.person_by_id(db, login.person_id)
        if person is not None and person.login_version != login.version:
            person = None
    request[_PERSON] = person
    return person


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
