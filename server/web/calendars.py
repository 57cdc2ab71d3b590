"""Calendars: the file of a session, public and private feeds, and the page that gives them out."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import replace

from aiohttp import web

from server.community.calendar_events import SeriesAtDates
from server.community.calendar_texts import EventText, series_texts, session_text
from server.community.calendar_words import describing, domain_of
from server.community.calendars import feed_of, file_of
from server.community.offices import Office
from server.community.people import Person
from server.community.sessions import Session, may_see
from server.i18n import LANGUAGES
from server.keys import CATALOGS, DATABASE, SETTINGS
from server.storage.queries import calendars, communities, feeds, offices
from server.storage.queries.feeds import Feed
from server.web.doors import community_url, office_url
from server.web.person import check_rate, right_now
from server.web.place import Place, place_at, place_of, public_place
from server.web.rate_limits import FEEDS
from server.web.refused import Refused
from server.web.rendering import language
from server.web.sessions import session_of


async def session_file(request: web.Request) -> web.Response:
    """GET /c/{community}/seances/{session}/seance.ics: that date alone."""
    place = await place_of(request)
    session = await session_of(request, place)
    address = request.app[SETTINGS].address
    describe = describing(address, place.community, place.offices, language(request))
    event = session_text(session, describe, domain_of(address))
    return calendar_answer(request, file_of([event]), f"seance-{session.id}.ics")


async def series_file(request: web.Request) -> web.Response:
    """GET /c/{community}/seances/{session}/serie.ics: all its dates."""
    place = await place_of(request)
    session = await session_of(request, place)
    async with request.app[DATABASE].reading() as db:
        told = await calendars.series_at_dates(db, session.series_id, right_now())
    found = _events(request, place, [told] if told else [], language(request))
    return calendar_answer(request, file_of(found), f"seances-{session.series_id}.ics")


async def public_feed(request: web.Request) -> web.Response:
    """GET /c/{community}/calendrier.ics: what anyone may see, whoever asks; ?lang=en."""
    check_rate(request, FEEDS)
    place = await public_place(request)
    return await _feed_of_place(request, place, None, feed_language(request))


async def public_office_feed(request: web.Request) -> web.Response:
    """GET /c/{community}/{office}/calendrier.ics: one office's, for anyone."""
    check_rate(request, FEEDS)
    place = await public_place(request)
    office = place.office(request.match_info["office"])
    return await _feed_of_place(request, place, office, feed_language(request))


async def private_feed(request: web.Request) -> web.Response:
    """GET /calendrier/{token}.ics: the sessions one hosts or answered, in every community."""
    person = await _person_of_token(request)
    address = request.app[SETTINGS].address
    found: list[EventText] = []
    async with request.app[DATABASE].reading() as db:
        mine = await calendars.sessions_of_person(db, person.id, right_now())
        for community_id in list(dict.fromkeys(each.community_id for each in mine)):
            community = await communities.community_by_id(db, community_id)
            if community is None:
                continue
            doors = await offices.offices_of(db, community_id)
            standing = await communities.standing_of(db, community_id, person.id, right_now())
            place = Place(community, doors, person, standing)
            describe = describing(address, community, doors, person.lang)
            found += [
                session_text(each, describe, domain_of(address))
                for each in mine
                if each.community_id == community_id
                and _is_seen(each, place, {office.id for office in doors})
            ]
    name = request.app[CATALOGS].words(person.lang).gettext("Mes séances")
    return calendar_answer(request, feed_of(found, name, f"{address}/compte"))


async def private_community_feed(request: web.Request) -> web.Response:
    """GET /calendrier/{token}/{community}.ics, and …/{community}/{office}.ics: all one may see."""
    person = await _person_of_token(request)
    async with request.app[DATABASE].reading() as db:
        place = await place_at(db, request.match_info["community"], person)
    slug = request.match_info.get("office")
    return await _feed_of_place(request, place, place.office(slug) if slug else None, person.lang)


async def _person_of_token(request: web.Request) -> Person:
    check_rate(request, FEEDS)
    async with request.app[DATABASE].reading() as db:
        person = await feeds.person_of_feed(db, Feed.PRIVATE, request.match_info["token"])
    if person is None:
        raise Refused(404, "not_found")
    return person


async def _feed_of_place(
    request: web.Request, place: Place, office: Office | None, lang: str
) -> web.Response:
    async with request.app[DATABASE].reading() as db:
        told = await calendars.series_in_feed(
            db, place.community.id, right_now(), office.id if office else None
        )
    found = _events(request, place, told, lang, office)
    name = place.community.name.read(lang)
    path = community_url(place.community)
    if office is not None:
        name, path = f"{office.name.read(lang)} · {name}", office_url(place.community, office)
    return calendar_answer(request, feed_of(found, name, request.app[SETTINGS].address + path))


def _events(
    request: web.Request,
    place: Place,
    told: Collection[SeriesAtDates],
    lang: str,
    office: Office | None = None,
) -> list[EventText]:
    """What that person may see of these series, in one office or all."""
    address = request.app[SETTINGS].address
    describe = describing(address, place.community, place.offices, lang)
    domain = domain_of(address)
    doors = {each.id for each in ([office] if office else place.offices)}
    found: list[EventText] = []
    for each in told:
        seen = [session for session in each.sessions if _is_seen(session, place, doors)]
        if any(_is_seen(replace(session, plan=each.series.plan), place, doors) for session in seen):
            found += series_texts(replace(each, sessions=tuple(seen)), describe, domain)
            continue
        # The series itself is elsewhere, or not for them: only what was changed to be.
        going_on = [session for session in seen if session.cancelled_at is None]
        found += [session_text(session, describe, domain) for session in going_on]
    return found


def _is_seen(session: Session, place: Place, doors: Collection[str]) -> bool:
    person_id = place.person.id if place.person else None
    return session.plan.office_id in doors and may_see(session, person_id, place.standing)


def feed_language(request: web.Request) -> str:
    """The language that a public feed is asked in."""
    wanted = request.query.get("lang", "")
    return wanted if wanted in LANGUAGES else LANGUAGES[0]


def calendar_answer(request: web.Request, content: bytes, filename: str = "") -> web.Response:
    """The calendar, or only the word that it has not changed since it was last read."""
    tag = hashlib.sha256(content).hexdigest()[:32]
    headers = {"ETag": f'"{tag}"', "Cache-Control": "private, no-cache"}
    known = request.if_none_match
    if known is not None and any(each.value in (tag, "*") for each in known):
        return web.Response(status=304, headers=headers)
    if filename:
        headers["Content-Disposition"] = f'attachment; filename="{filename}"'
    return web.Response(
        body=content, content_type="text/calendar", charset="utf-8", headers=headers
    )
