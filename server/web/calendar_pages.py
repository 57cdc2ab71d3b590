"""The page that gives out a community's calendars, and one's private feed opened and closed."""

from __future__ import annotations

from urllib.parse import urlencode

from aiohttp import web

from server.community.calendar_words import describing, webcal
from server.community.calendars import google_link, outlook_link
from server.community.people import Person
from server.community.sessions import Session
from server.i18n import Words
from server.keys import DATABASE, SETTINGS
from server.storage.queries import feeds, host_feeds
from server.storage.queries.feeds import Feed
from server.web.calendar_views import CalendarLinks, CalendarPageView, FeedView, HostFeedView
from server.web.doors import community_ref, community_url, office_url
from server.web.fields import form_fields
from server.web.person import check_rate, known_person, right_now
from server.web.place import Place, place_of
from server.web.rate_limits import CHANGES
from server.web.refused import Refused
from server.web.rendering import render, see_other, words_of
from server.web.session_rows import session_url
from server.web.views import CardView

PRIVATE = "/calendrier"


def calendar_links(request: web.Request, place: Place, session: Session) -> CalendarLinks:
    """The ways to keep one session in one's own calendar."""
    address, base = request.app[SETTINGS].address, session_url(place, session.id)
    describe = describing(address, place.community, place.offices, words_of(request).lang)
    about = describe(session.plan, session.id)
    begin, end = session.starts_at, session.ends_at
    return CalendarLinks(
        file_url=f"{base}/seance.ics",
        series_url=f"{base}/serie.ics" if session.recurs else "",
        google_url=google_link(about, begin, end, session.time_zone),
        outlook_url=outlook_link(about, begin, end),
    )


async def calendar_page(request: web.Request) -> web.Response:
    """GET /c/{community}/calendrier."""
    place, words = await place_of(request), words_of(request)
    url = f"{community_url(place.community)}/calendrier"
    token = None
    if place.person is not None:
        async with request.app[DATABASE].reading() as db:
            token = await feeds.feed_token(db, Feed.PRIVATE, place.person.id)
    view = CalendarPageView(
        community=community_ref(place, words),
        feeds=_public_feeds(request, place, words),
        own=_own_feeds(request, place, token, words) if token else [],
        open_url=f"{PRIVATE}/ouvrir" if place.person else "",
        close_url=f"{PRIVATE}/fermer" if token else "",
        sign_in_url=f"/connexion?{urlencode({'next': url})}",
        notice=_notice(request.query.get("fait", ""), words),
    )
    title = words.gettext("Les calendriers") + f" · {view.community.name}"
    card = CardView(title, "", request.app[SETTINGS].address + url)
    return await render(request, "calendar.html", view, card=card, role=place.standing.role)


def _public_feeds(request: web.Request, place: Place, words: Words) -> list[FeedView]:
    address = request.app[SETTINGS].address
    english = "?lang=en" if words.lang == "en" else ""
    base = f"{address}{community_url(place.community)}"
    return [
        feed_view(words.gettext("Toute la maison"), f"{base}/calendrier.ics{english}"),
        *(
            feed_view(
                office.name.read(words.lang),
                f"{address}{office_url(place.community, office)}/calendrier.ics{english}",
            )
            for office in place.offices
        ),
    ]


def _own_feeds(request: web.Request, place: Place, token: str, words: Words) -> list[FeedView]:
    _ = words.gettext
    base = f"{request.app[SETTINGS].address}{PRIVATE}/{token}"
    name = place.community.name.read(words.lang)
    return [
        feed_view(_("Les séances où je vais et celles que j’anime"), f"{base}.ics"),
        feed_view(
            _("Tout ce que je peux voir chez %(community)s") % {"community": name},
            f"{base}/{place.community.slug}.ics",
        ),
    ]


def feed_view(name: str, url: str) -> FeedView:
    """A calendar to subscribe to, and the ways to give it to others."""
    subscribed = webcal(url)
    return FeedView(
        name=name,
        url=url,
        webcal_url=subscribed,
        google_url="https://calendar.google.com/calendar/r?" + urlencode({"cid": subscribed}),
        outlook_url="https://outlook.live.com/calendar/0/addfromweb?"
        + urlencode({"url": url, "name": name}),
    )


async def host_feed_view(request: web.Request, person: Person) -> HostFeedView | None:
    """Someone's public calendar on their account page; None for who hosts nothing anywhere."""
    words = words_of(request)
    async with request.app[DATABASE].reading() as db:
        token = await feeds.feed_token(db, Feed.PUBLIC, person.id)
        may_open = person.email and await host_feeds.may_host_somewhere(db, person.id)
    if token is None and not may_open:
        return None
    english = "?lang=en" if words.lang == "en" else ""
    url = f"{request.app[SETTINGS].address}{PRIVATE}/public/{token}.ics{english}"
    return HostFeedView(
        feed=feed_view(words.gettext("Mes séances publiques"), url) if token else None,
        open_url="/compte/calendrier",
        close_url="/compte/calendrier/fermer",
    )


async def open_private_feed(request: web.Request) -> web.Response:
    """POST /calendrier/ouvrir: a fresh address; the one before opens nothing any more."""
    check_rate(request, CHANGES)
    person, form = await known_person(request), await form_fields(request)
    if person is None:
        raise Refused(403, "not_allowed")
    async with request.app[DATABASE].writing() as db:
        await feeds.open_feed(db, Feed.PRIVATE, person.id, right_now())
    return see_other(f"{_next(form)}?fait=ouvert#mon-calendrier")


async def close_private_feed(request: web.Request) -> web.Response:
    """POST /calendrier/fermer."""
    check_rate(request, CHANGES)
    person, form = await known_person(request), await form_fields(request)
    if person is None:
        raise Refused(403, "not_allowed")
    async with request.app[DATABASE].writing() as db:
        await feeds.close_feed(db, Feed.PRIVATE, person.id)
    return see_other(f"{_next(form)}?fait=ferme#mon-calendrier")


def _next(form: dict[str, str]) -> str:
    """The calendar page one came from; never an address elsewhere."""
    path = form.get("next", "").partition("?")[0]
    parts = path.split("/")
    is_ours = len(parts) == 4 and parts[:2] == ["", "c"] and parts[3] == "calendrier"
    return path if is_ours and parts[2].replace("-", "").isalnum() else "/"


def _notice(done: str, words: Words) -> str:
    _ = words.gettext
    return {
        "ouvert": _("Votre calendrier est prêt : abonnez-vous avec l’adresse ci-dessous."),
        "ferme": _("Votre calendrier privé est fermé : son adresse ne montre plus rien."),
    }.get(done, "")
