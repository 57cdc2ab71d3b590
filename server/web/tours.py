"""Tours for everyone: their list, one with its stops, and its calendar."""

from __future__ import annotations

from dataclasses import replace

from aiohttp import web

from server.cards.card import Front, card_of
from server.community.calendar_texts import session_text
from server.community.calendar_words import describing, domain_of
from server.community.calendars import feed_of
from server.community.people import Person, may_manage
from server.community.tours import Tour, may_change
from server.i18n import Words
from server.keys import CARDS, DATABASE, SETTINGS
from server.storage.queries import members, tours
from server.web.calendar_pages import feed_view
from server.web.calendars import calendar_answer, feed_language
from server.web.person import check_rate, known_person, right_now
from server.web.rate_limits import FEEDS
from server.web.refused import Refused
from server.web.rendering import render, words_of
from server.web.session_cards import is_for_all
from server.web.tour_proposal_rows import Followed, followed, summary_of
from server.web.tour_rows import (
    TOURS,
    Stop,
    communities_of,
    dates_of,
    stop_views,
    stops_of,
    tour_ref,
    tour_url,
)
from server.web.tour_views import ToursView, TourView
from server.web.views import CardView, TourRef

MOST_FRONTS = 4


async def tours_page(request: web.Request) -> web.Response:
    """GET /tournees: those to come, and those one made."""
    words, person = words_of(request), await known_person(request)
    async with request.app[DATABASE].reading() as db:
        found = await tours.tours_to_come(db, right_now(), person.id if person else None)
        roles = await members.places_of(db, person.id) if person else []
    may_make = any(may_manage(each.role) for each in roles)
    view = ToursView(
        tours=[_listed(each, words) for each in found],
        new_url=f"{TOURS}/nouvelle" if may_make else "",
        notice=words.gettext("La tournée est retirée. Ses séances restent.")
        if request.query.get("fait") == "removed"
        else "",
    )
    description = words.gettext("Des séances d’une maison à l’autre.")
    address = request.app[SETTINGS].address + TOURS
    card = CardView(words.gettext("Les tournées"), description, address)
    return await render(request, "tours.html", view, card=card)


def _listed(tour: Tour, words: Words) -> TourRef:
    ref = tour_ref(tour, words)
    if tour.session_ids:
        return ref
    return replace(
        ref, note=words.gettext("Sans étape encore : cette liste ne la montre qu’à vous.")
    )


async def tour_of(request: web.Request) -> Tour:
    """The tour of this address; raises Refused when there is none."""
    async with request.app[DATABASE].reading() as db:
        tour = await tours.tour_by_slug(db, request.match_info["tour"])
    if tour is None:
        raise Refused(404, "not_found")
    return tour


async def tour_page(request: web.Request) -> web.Response:
    """GET /tournees/{tour}."""
    tour, words = await tour_of(request), words_of(request)
    person, now = await known_person(request), right_now()
    async with request.app[DATABASE].reading() as db:
        stops = await stops_of(db, tour, person, now)
        waits = await followed(db, tour, person, words)
    public = [each for each in stops if _is_for_all(each)]
    english = "?lang=en" if words.lang == "en" else ""
    address = request.app[SETTINGS].address + tour_url(tour)
    title = tour.title.read(words.lang)
    view = TourView(
        title=title,
        text=tour.text.read(words.lang),
        dates=dates_of(stops, words),
        stops=await stop_views(request, stops, person, words),
        feed=feed_view(title, f"{address}/calendrier.ics{english}"),
        edit_url=f"{tour_url(tour)}/modifier" if may_change(tour, person) else "",
        list_url=TOURS,
        notice=_notice(request.query.get("fait", ""), words),
        proposals=waits.proposals,
        propose_url=f"{tour_url(tour)}/proposer" if waits.may_propose else "",
        summary=_summary(tour, stops, waits, person, words),
        to_answer=waits.to_answer,
    )
    card = _card(request, tour, public, words)
    return await render(request, "tour.html", view, card=card)


def _summary(
    tour: Tour, stops: list[Stop], waits: Followed, person: Person | None, words: Words
) -> str:
    if not may_change(tour, person):
        return ""
    settled = sum(session.cancelled_at is None for _, session in stops)
    return summary_of(settled, waits.proposals, words)


def _notice(done: str, words: Words) -> str:
    _ = words.gettext
    proposed = _(
        "C’est proposé. La maison reçoit un courriel; sa réponse vous viendra ici et par courriel."
    )
    begun = _("La tournée est à vous. Proposez-en maintenant une étape à une autre maison.")
    known = {
        "proposed": proposed,
        "begun": begun,
        "withdrawn": _("La proposition est retirée."),
    }
    return known.get(done, _("C’est enregistré.")) if done else ""


def _is_for_all(stop: Stop) -> bool:
    place, session = stop
    office = next(each for each in place.offices if each.id == session.plan.office_id)
    return is_for_all(session, office)


def _card(request: web.Request, tour: Tour, public: list[Stop], words: Words) -> CardView:
    """What a link to the tour shows elsewhere: only what a stranger may know."""
    title, address = tour.title.read(words.lang), request.app[SETTINGS].address
    dates = dates_of(public, words)
    names = ", ".join(each.name.read(words.lang) for each in communities_of(public))
    first_line = tour.text.read(words.lang).split("\n", 1)[0]
    doors = {
        session.plan.office_id: next(
            Front(each.kind.value, each.name.read(words.lang))
            for each in place.offices
            if each.id == session.plan.office_id
        )
        for place, session in public
    }
    drawn = card_of(
        words.gettext("Une tournée"), title, dates or names, list(doors.values())[:MOST_FRONTS]
    )
    alt = words.gettext("Au crépuscule, une maison aux fenêtres allumées : %(name)s.")
    return CardView(
        title=title,
        description=" · ".join(filter(None, (dates, names, first_line)))[:300],
        url=address + tour_url(tour),
        noindex=not public,
        image=address + request.app[CARDS].path(drawn),
        image_alt=alt % {"name": title},
    )


async def tour_feed(request: web.Request) -> web.Response:
    """GET /tournees/{tour}/calendrier.ics: the stops anyone may see, whoever asks; ?lang=en."""
    check_rate(request, FEEDS)
    tour, lang = await tour_of(request), feed_language(request)
    address = request.app[SETTINGS].address
    async with request.app[DATABASE].reading() as db:
        stops = await stops_of(db, tour, None, right_now())
    events = [
        session_text(
            session,
            describing(address, place.community, place.offices, lang),
            domain_of(address),
        )
        for place, session in stops
    ]
    feed = feed_of(events, tour.title.read(lang), address + tour_url(tour))
    return calendar_answer(request, feed)
