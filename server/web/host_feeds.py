"""A host's public calendar: given out on the account page, read by anyone, taken back at once."""

from __future__ import annotations

from aiohttp import web

from server.community.calendar_texts import session_text
from server.community.calendar_words import describing, domain_of
from server.community.calendars import feed_of
from server.keys import CATALOGS, DATABASE, SETTINGS
from server.storage.queries import communities, feeds, host_feeds, offices
from server.storage.queries.feeds import Feed
from server.web.account import done, member
from server.web.calendars import calendar_answer, feed_language
from server.web.person import check_rate, right_now
from server.web.rate_limits import FEEDS
from server.web.refused import Refused


async def host_feed(request: web.Request) -> web.Response:
    """GET /calendrier/public/{token}.ics: the sessions anyone may find that a person hosts."""
    check_rate(request, FEEDS)
    address, lang = request.app[SETTINGS].address, feed_language(request)
    async with request.app[DATABASE].reading() as db:
        host = await feeds.person_of_feed(db, Feed.PUBLIC, request.match_info["token"])
        if host is None:
            raise Refused(404, "not_found")
        found = await host_feeds.public_sessions_of(db, host.id, right_now())
        describe = {}
        for community_id in dict.fromkeys(each.community_id for each in found):
            community = await communities.community_by_id(db, community_id)
            if community is not None:
                doors = await offices.offices_of(db, community_id)
                describe[community_id] = describing(address, community, doors, lang)
    events = [
        session_text(each, describe[each.community_id], domain_of(address))
        for each in found
        if each.community_id in describe
    ]
    title = request.app[CATALOGS].words(lang).gettext("Les séances de %(name)s")
    feed = feed_of(events, title % {"name": host.name}, address)
    return calendar_answer(request, feed)


async def open_host_feed(request: web.Request) -> web.Response:
    """POST /compte/calendrier: a fresh address; the one before shows nothing any more."""
    person = await member(request)
    async with request.app[DATABASE].writing() as db:
        if not await host_feeds.may_host_somewhere(db, person.id):
            raise Refused(403, "hosts_only")
        await feeds.open_feed(db, Feed.PUBLIC, person.id, right_now())
    return done("calendrier")


async def close_host_feed(request: web.Request) -> web.Response:
    """POST /compte/calendrier/fermer."""
    person = await member(request)
    async with request.app[DATABASE].writing() as db:
        await feeds.close_feed(db, Feed.PUBLIC, person.id)
    return done("calendrier-ferme")
