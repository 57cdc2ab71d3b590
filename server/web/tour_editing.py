"""Making, changing and removing tours: the side of who organises sessions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from aiohttp import web

from server.community.people import Person, may_manage
from server.community.sessions import Session
from server.community.tours import MOST_STOPS, MOST_TOURS, Tour, draft_tour, may_change
from server.i18n import Words
from server.keys import DATABASE
from server.storage.database import Transaction
from server.storage.queries import members, sessions, tours
from server.web.account import someone
from server.web.fields import form_lists
from server.web.person import check_rate, right_now
from server.web.rate_limits import CHANGES
from server.web.refused import Refused
from server.web.rendering import render, see_other, words_of
from server.web.session_news import wake
from server.web.session_rows import About, seen_by, session_view
from server.web.session_views import SessionView
from server.web.tour_news import Teller, tell_left_out, tell_tour_gone
from server.web.tour_rows import TOURS, Stop, places_of, stops_of, tour_url
from server.web.tour_views import TourForm, TourFormView
from server.web.tours import tour_of

OFFERED_WITHIN = timedelta(weeks=26)
MOST_OFFERED = 100
"""Sessions of each community to choose from."""


async def new_tour_page(request: web.Request) -> web.Response:
    """GET /tournees/nouvelle: for who organises sessions somewhere."""
    person = await someone(request)
    offered = await _offered(request, person, None)
    return await _show(request, TourForm(), offered, None)


async def make_tour(request: web.Request) -> web.Response:
    """POST /tournees/nouvelle."""
    person = await someone(request)
    check_rate(request, CHANGES)
    offered, fields = await _offered(request, person, None), await form_lists(request)
    draft, errors = draft_tour(fields, {session.id for _, session in offered})
    if draft is None:
        return await _sent_back(request, fields, errors, offered, None)
    async with request.app[DATABASE].writing() as db:
        if await tours.count_tours(db) >= MOST_TOURS:
            raise Refused(409, "most_tours")
        made = await tours.add_tour(db, draft, person.id, right_now())
    done = "made" if made.session_ids else "begun"
    return see_other(f"{tour_url(made)}?fait={done}")


async def edit_tour_page(request: web.Request) -> web.Response:
    """GET /tournees/{tour}/modifier."""
    person, tour = await _changed(request)
    form = TourForm(
        title_fr=tour.title.fr,
        title_en=tour.title.en,
        text_fr=tour.text.fr,
        text_en=tour.text.en,
        stops=tour.session_ids,
    )
    return await _show(request, form, await _offered(request, person, tour), tour)


async def change_tour(request: web.Request) -> web.Response:
    """POST /tournees/{tour}/modifier: a house whose stop is left out learns it."""
    person, tour = await _changed(request)
    check_rate(request, CHANGES)
    offered, fields = await _offered(request, person, tour), await form_lists(request)
    offered_ids = {session.id for _, session in offered}
    draft, errors = draft_tour(fields, offered_ids)
    if draft is None:
        return await _sent_back(request, fields, errors, offered, tour)
    left_out = (offered_ids - draft.session_ids) & tour.session_ids
    async with request.app[DATABASE].writing() as db:
        await tell_left_out(db, Teller(request.app, person.id, right_now()), tour, left_out)
        await tours.change_tour(db, tour.id, draft, offered_ids)
    wake(request.app)
    return see_other(f"{tour_url(tour)}?fait=saved")


async def remove_tour(request: web.Request) -> web.Response:
    """POST /tournees/{tour}/supprimer: its sessions stay, and the houses it asked learn it."""
    person, tour = await _changed(request)
    check_rate(request, CHANGES)
    async with request.app[DATABASE].writing() as db:
        await tell_tour_gone(db, Teller(request.app, person.id, right_now()), tour)
        await tours.remove_tour(db, tour.id)
    wake(request.app)
    return see_other(f"{TOURS}?fait=removed")


async def _changed(request: web.Request) -> tuple[Person, Tour]:
    person, tour = await someone(request), await tour_of(request)
    if not may_change(tour, person):
        raise Refused(403, "tour_maker_only")
    return person, tour


async def _offered(request: web.Request, person: Person, tour: Tour | None) -> list[Stop]:
    """The sessions to come where this person organises, and those the tour stops at already.

    Raises Refused when a tour is being made by who organises nowhere.
    """
    now = right_now()
    async with request.app[DATABASE].reading() as db:
        mine = [each for each in await members.places_of(db, person.id) if may_manage(each.role)]
        if tour is None and not mine:
            raise Refused(403, "organisers_only")
        found = await _to_come(db, [each.community.id for each in mine], now)
        places = await places_of(db, {each.community_id for each in found}, person, now)
        chosen = await stops_of(db, tour, person, now) if tour else []
    offered = [
        (place, each)
        for each in found
        if (place := places.get(each.community_id)) and seen_by(place, [each])
    ]
    by_id = {session.id: (place, session) for place, session in (*offered, *chosen)}
    return sorted(by_id.values(), key=lambda stop: (stop[1].starts_at, stop[1].id))


async def _to_come(db: Transaction, community_ids: Sequence[str], now: datetime) -> list[Session]:
    found: list[Session] = []
    for community_id in community_ids:
        found += await sessions.sessions_between(
            db, community_id, now, now + OFFERED_WITHIN, most=MOST_OFFERED
        )
    return [each for each in found if each.cancelled_at is None]


async def _sent_back(
    request: web.Request,
    fields: Mapping[str, Sequence[str]],
    errors: Mapping[str, str],
    offered: Sequence[Stop],
    tour: Tour | None,
) -> web.Response:
    def one(name: str) -> str:
        return next(iter(fields.get(name, ())), "")

    form = TourForm(
        title_fr=one("title_fr"),
        title_en=one("title_en"),
        text_fr=one("text_fr"),
        text_en=one("text_en"),
        stops=frozenset(fields.get("stops", ())),
        errors=_sentences(errors, words_of(request)),
    )
    return await _show(request, form, offered, tour, status=400)


def _sentences(errors: Mapping[str, str], words: Words) -> dict[str, str]:
    _ = words.gettext
    most = words.gettext("Choisissez %(num)s séances au plus.") % {"num": MOST_STOPS}
    known = {
        "missing": _("Écrivez quelque chose ici."),
        "too_long": _("C’est trop long : raccourcissez un peu."),
        "too_many_stops": most,
    }
    return {name: known[code] for name, code in errors.items()}


async def _show(
    request: web.Request,
    form: TourForm,
    offered: Sequence[Stop],
    tour: Tour | None,
    status: int = 200,
) -> web.Response:
    words, now = words_of(request), right_now()
    grouped: dict[str, list[SessionView]] = {}
    for place, session in offered:
        name = place.community.name.read(words.lang)
        view = session_view(place, session, About(), words, now)
        grouped.setdefault(name, []).append(view)
    base = tour_url(tour) if tour else TOURS
    page = TourFormView(
        form=form,
        offered=sorted(grouped.items()),
        save_url=f"{base}/modifier" if tour else f"{base}/nouvelle",
        back_url=base,
        remove_url=f"{base}/supprimer" if tour else "",
    )
    return await render(request, "tour_form.html", page, status=status)
