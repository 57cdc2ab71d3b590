"""The pages anyone may open: directory, façade, door, office, leaving page, privacy."""

from __future__ import annotations

from typing import get_args

from aiohttp import web

from server.community.entry import Refusal, is_invited
from server.community.offices import Office, Visibility
from server.i18n import Words
from server.keys import DATABASE, PRESENCE, SETTINGS
from server.storage.queries import communities, offices, tours
from server.web.doors import (
    community_ref,
    community_url,
    local_hour,
    office_url,
    office_view,
    refusal_at,
)
from server.web.person import right_now
from server.web.place import Place, place_of
from server.web.place_cards import facade_card, office_card
from server.web.refused import sentences
from server.web.rendering import render, words_of
from server.web.session_rows import next_by_office, sessions_url
from server.web.tour_proposal_rows import count_waiting
from server.web.tour_rows import tour_ref
from server.web.views import (
    CardView,
    CommunityView,
    DirectoryEntry,
    DirectoryView,
    DoorView,
    LeavingReason,
    LeftView,
    OfficePageView,
)


async def directory(request: web.Request) -> web.Response:
    """GET /: the communities; straight to the façade when there is only one."""
    words = words_of(request)
    async with request.app[DATABASE].reading() as db:
        every = await communities.list_communities(db)
        found = [each for each in every if each.listed]
        doors = await offices.offices_by_community(db, [each.id for each in found])
        to_come = await tours.tours_to_come(db, right_now())
    if len(every) == len(found) == 1:
        raise web.HTTPFound(community_url(found[0]))
    presence = request.app[PRESENCE]
    entries = [
        DirectoryEntry(
            name=each.name.read(words.lang),
            description=each.description.read(words.lang),
            url=community_url(each),
            count=sum(presence.counts(doors[each.id]).values()),
        )
        for each in found
    ]
    _ = words.gettext
    card = CardView(
        title="Moulin",
        description=_("Des bureaux vidéo où l’on entre comme dans un moulin."),
        url=request.app[SETTINGS].address + "/",
    )
    view = DirectoryView(entries, [tour_ref(each, words) for each in to_come])
    return await render(request, "index.html", view, card=card)


async def facade(request: web.Request) -> web.Response:
    """GET /c/{community}: the doors, and who is behind them."""
    place, words = await place_of(request), words_of(request)
    ref = community_ref(place, words)
    now, presence = right_now(), request.app[PRESENCE]
    coming = await next_by_office(request, place, words, now)
    doors = [
        office_view(place, each, presence, words, coming.get(each.id)) for each in place.offices
    ]
    view = CommunityView(
        name=ref.name,
        slug=ref.slug,
        description=place.community.description.read(words.lang),
        offices=doors,
        can_manage=ref.can_manage,
        manage_url=ref.manage_url,
        local_hour=local_hour(place.community, now),
        count=sum(door.count for door in doors),
        events_url=f"{ref.url}/evenements",
        sessions_url=sessions_url(place),
        url=ref.url,
        proposals=await count_waiting(request, place),
    )
    card = facade_card(request, place, words)
    return await render(request, "community.html", view, card=card, role=place.standing.role)


async def door(request: web.Request) -> web.Response:
    """GET /c/{community}/{office}: who is in, before any camera."""
    place, words = await place_of(request), words_of(request)
    office = place.office(request.match_info["office"])
    why_not = refusal_at(place, office, request.app[PRESENCE])
    is_refused = why_not not in (None, Refusal.NAME_REQUIRED)
    told = sentences(why_not.value, words) if why_not and is_refused else None
    coming = await next_by_office(request, place, words, right_now())
    view = DoorView(
        community=community_ref(place, words),
        office=office_view(place, office, request.app[PRESENCE], words, coming.get(office.id)),
        refusal=f"{told.title}. {told.what_to_do}" if told else "",
        name_url="/nom",
        events_url=f"{community_url(place.community)}/evenements",
        takes_seat=_takes_seat(place, office),
        may_sign_in=why_not is Refusal.NOT_ALLOWED
        and (place.person is None or place.person.email is None),
    )
    card = office_card(request, place, office, words)
    return await render(request, "door.html", view, card=card, role=place.standing.role)


async def office_page(request: web.Request) -> web.Response:
    """GET …/salle: the green room, then the office; those without the right see the door."""
    place, words = await place_of(request), words_of(request)
    office = place.office(request.match_info["office"])
    url = office_url(place.community, office)
    if refusal_at(place, office, request.app[PRESENCE]) not in (None, Refusal.NAME_REQUIRED):
        raise web.HTTPSeeOther(url)
    coming = await next_by_office(request, place, words, right_now())
    view = OfficePageView(
        community=community_ref(place, words),
        office=office_view(place, office, request.app[PRESENCE], words, coming.get(office.id)),
        entrer_url=f"{url}/entrer",
        door_url=url,
        left_url=f"{url}/au-revoir",
        events_url=f"{community_url(place.community)}/evenements",
        name=place.person.name if place.person else "",
        takes_seat=_takes_seat(place, office),
    )
    card = office_card(request, place, office, words)
    return await render(request, "office.html", view, card=card, role=place.standing.role)


def _takes_seat(place: Place, office: Office) -> bool:
    """Whether one is in by an invitation alone, which another browser would know nothing of."""
    return office.visibility is Visibility.INVITATION and is_invited(place.standing, office)


async def left(request: web.Request) -> web.Response:
    """GET …/au-revoir: why one is out, and the way back."""
    place, words = await place_of(request), words_of(request)
    asked = request.query.get("raison", "")
    reason: LeavingReason = "left"
    for known in get_args(LeavingReason):
        reason = known if asked == known else reason
    slug = request.match_info["office"]
    if all(each.slug != slug for each in place.offices):
        raise web.HTTPSeeOther(community_url(place.community))  # the office is no more
    office = place.office(slug)
    shown = office_view(place, office, request.app[PRESENCE], words)
    title, explanation = _leaving_words(reason, words)
    if reason == "removed" and office.id in place.standing.expelled_from:
        told = sentences(Refusal.EXPELLED.value, words)
        title, explanation = told.title, told.what_to_do
    may_return = is_invited(place.standing, office) and reason != "removed"
    view = LeftView(
        community=community_ref(place, words),
        office=shown,
        reason=reason,
        title=title,
        explanation=explanation,
        back_url=shown.enter_url if may_return else shown.url,
    )
    card = CardView(title, "", request.app[SETTINGS].address + shown.url, noindex=True)
    return await render(request, "left.html", view, card=card, role=place.standing.role)


async def robots(_request: web.Request) -> web.Response:
    """GET /robots.txt. Invitations say noindex themselves: crawlers must read their card."""
    return web.Response(
        text="User-agent: *\nDisallow: /cle/\nDisallow: /entree/\nDisallow: /suite/\n"
        "Disallow: /c/*?mois=\n"
    )


def _leaving_words(reason: LeavingReason, words: Words) -> tuple[str, str]:
    _ = words.gettext
    return {
        "left": (_("À bientôt"), _("Vous êtes hors du bureau. La porte reste ouverte.")),
        "removed": (
            _("On vous a fait sortir du bureau"),
            _("Parlez-en à la personne qui s’occupe de la maison si vous ne savez pas pourquoi."),
        ),
        "replaced": (
            _("Vous êtes ici sur un autre appareil"),
            _("Vous pouvez revenir sur celui-ci : l’autre sortira."),
        ),
        "ended": (
            _("Ce bureau vient de fermer"),
            _("Choisissez une autre porte, ou revenez plus tard."),
        ),
    }[reason]
