"""What people choose about themselves: their name, their language, and to be forgotten."""

from __future__ import annotations

from dataclasses import replace

from aiohttp import web

from server.community.people import Person
from server.i18n import LANGUAGES
from server.keys import COOKIES, DATABASE
from server.storage.queries import logins, people
from server.web.farewells import forget_and_tell
from server.web.fields import form_fields
from server.web.person import (
    check_rate,
    known_login,
    known_person,
    log_in,
    remember_person,
    right_now,
    typed_name,
)
from server.web.rate_limits import NAMES
from server.web.rendering import see_other
from server.web.session_news import wake
from server.web.way_back import safe_next


async def name_person(request: web.Request, name: str) -> Person:
    """Give this browser's person that name; a stranger becomes a guest."""
    person = await known_person(request)
    async with request.app[DATABASE].writing() as db:
        if person is None:
            person = await people.add_person(db, name, right_now())
        elif person.name != name:
            await people.rename_person(db, person.id, name)
            person = replace(person, name=name)
    remember_person(request, person)
    return person


async def choose_name(request: web.Request) -> web.Response:
    """POST /nom: become a guest, or change one's name."""
    check_rate(request, NAMES)
    form = await form_fields(request)
    person = await name_person(request, typed_name(form.get("name")))
    response = see_other(safe_next(form.get("next")))
    await log_in(request, response, person)
    return response


async def choose_language(request: web.Request) -> web.Response:
    """POST /langue: French or English from now on."""
    form = await form_fields(request)
    response = see_other(safe_next(form.get("next")))
    lang = form.get("lang", "")
    if lang in LANGUAGES:
        request.app[COOKIES].remember_language(response, lang)
        person = await known_person(request)
        if person is not None and person.lang != lang:
            async with request.app[DATABASE].writing() as db:
                await people.choose_language(db, person.id, lang)
    return response


async def be_forgotten(request: web.Request) -> web.Response:
    """POST /sortir: this browser is nobody's; a guest is erased, a member is only signed out."""
    person = await known_person(request)
    if person is not None:
        async with request.app[DATABASE].writing() as db:
            erased = await forget_and_tell(request.app, db, person.id)
            if not erased:
                await logins.end_login(db, person.id, known_login(request) or "")
        if erased:
            await request.app[DATABASE].forget_erased()
            wake(request.app)
    response = see_other("/")
    request.app[COOKIES].log_out(response)
    return response
