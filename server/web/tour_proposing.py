"""Proposing stops of a tour to other houses, and withdrawing them: the side of who organises it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from aiohttp import web

from server.community.communities import Community
from server.community.people import Person, Role, may_manage
from server.community.sessions import Session
from server.community.tour_proposals import (
    FARTHEST,
    LENGTHS,
    MOST_PROPOSALS,
    USUAL_LENGTH,
    ProposalDraft,
    draft_proposal,
    may_be_asked,
    may_follow,
    may_propose,
)
from server.community.tours import MOST_STOPS, Tour, may_change
from server.i18n import Words
from server.keys import DATABASE
from server.storage.database import Transaction
from server.storage.queries import communities, members, sessions, tour_proposals, tours
from server.web.account import someone
from server.web.doors import zone_of
from server.web.fields import form_lists
from server.web.hours import hours_label, length_label
from server.web.person import check_rate, right_now
from server.web.place import Place
from server.web.rate_limits import CHANGES, PROPOSALS
from server.web.refused import Refused
from server.web.rendering import render, see_other, words_of
from server.web.session_news import wake
from server.web.session_rows import seen_by
from server.web.session_words import day_label, zone_label
from server.web.tour_letters import Asking, tell_house
from server.web.tour_news import Teller, tell_withdrawn
from server.web.tour_proposal_views import ProposeForm, ProposeView
from server.web.tour_rows import places_of, tour_url
from server.web.tours import tour_of

MOST_OFFERED = 100
"""Sessions of the house asked to choose from."""


@dataclass(frozen=True)
class Asker:
    """Who proposes, the tour, and their role in each community where they have one."""

    person: Person
    tour: Tour
    roles: Mapping[str, Role]

    def may_ask(self, community: Community) -> bool:
        """Whether they may propose a stop to that community."""
        return may_be_asked(community, self.roles.get(community.id, Role.GUEST))


@dataclass(frozen=True)
class Chosen:
    """The house to ask, as who asks stands in it, and those of its sessions to choose from."""

    place: Place
    offered: list[Session]


async def propose_page(request: web.Request) -> web.Response:
    """GET /tournees/{tour}/proposer: which house to ask; with ?maison=slug, what to propose."""
    asker = await _asker(request)
    slug = request.query.get("maison", "")
    chosen = await _chosen(request, asker, slug)
    form = ProposeForm(house=slug, minutes=str(USUAL_LENGTH))
    return await _show(request, asker, chosen, form)


async def propose(request: web.Request) -> web.Response:
    """POST /tournees/{tour}/proposer: ask a house; its organisers are written to."""
    asker = await _asker(request)
    check_rate(request, PROPOSALS)
    fields, now = await form_lists(request), right_now()
    chosen = await _chosen(request, asker, _one(fields, "house"))
    if chosen is None:
        return await _sent_back(request, asker, None, fields, {"house": "not_a_choice"})
    offered = {each.id for each in chosen.offered}
    zone = zone_of(chosen.place.community).key
    draft, errors = draft_proposal(fields, offered, zone, now)
    if draft is None:
        return await _sent_back(request, asker, chosen, fields, errors)
    async with request.app[DATABASE].writing() as db:
        await _ask(db, request, asker, chosen, draft)
    wake(request.app)
    return see_other(f"{tour_url(asker.tour)}?fait=proposed#propositions")


async def withdraw(request: web.Request) -> web.Response:
    """POST /tournees/{tour}/propositions/{id}/retirer: one waiting, or one answered with a no.

    The organisers of the house learn of the first, where the question had reached them.
    """
    person, tour = await someone(request), await tour_of(request)
    check_rate(request, CHANGES)
    async with request.app[DATABASE].writing() as db:
        proposal = await tour_proposals.proposal_by_id(db, request.match_info["id"])
        house = await communities.community_by_id(db, proposal.community_id) if proposal else None
        if proposal is None or house is None:
            raise Refused(404, "not_found")
        role = (await communities.standing_of(db, house.id, person.id, right_now())).role
        if not may_follow(proposal, tour, house, person, role):
            raise Refused(404, "not_found")
        if not await tour_proposals.withdraw_proposal(db, proposal.id):
            raise Refused(409, "proposal_gone")
        teller = Teller(request.app, person.id, right_now())
        await tell_withdrawn(db, teller, tour, house, [proposal])
    wake(request.app)
    return see_other(f"{tour_url(tour)}?fait=withdrawn#propositions")


async def _asker(request: web.Request) -> Asker:
    person, tour = await someone(request), await tour_of(request)
    async with request.app[DATABASE].reading() as db:
        found = await members.places_of(db, person.id)
    roles = {each.community.id: each.role for each in found}
    if not may_propose(tour, person, organises=any(map(may_manage, roles.values()))):
        raise Refused(403, "organisers_only" if may_change(tour, person) else "tour_maker_only")
    return Asker(person, tour, roles)


async def _chosen(request: web.Request, asker: Asker, slug: str) -> Chosen | None:
    """The house of that piece of address; None also for one that may not be known of."""
    now = right_now()
    async with request.app[DATABASE].reading() as db:
        house = await communities.community_by_slug(db, slug) if slug else None
        if house is None or not asker.may_ask(house):
            return None
        place = (await places_of(db, [house.id], asker.person, now))[house.id]
        found = await sessions.sessions_between(
            db, house.id, now, now + FARTHEST, most=MOST_OFFERED
        )
    offered = [
        each
        for each in seen_by(place, found)
        if each.cancelled_at is None
        and each.starts_at > now
        and each.id not in asker.tour.session_ids
    ]
    return Chosen(place, offered)


async def _ask(
    db: Transaction, request: web.Request, asker: Asker, chosen: Chosen, draft: ProposalDraft
) -> None:
    """Keep the proposal and write to the house; the same proposed twice is asked once."""
    now, house = right_now(), chosen.place.community
    tour = await tours.tour_by_id(db, asker.tour.id, hold=True)
    if tour is None:
        raise Refused(404, "not_found")
    if await tour_proposals.count_proposals(db, tour.id) >= MOST_PROPOSALS:
        raise Refused(409, "most_proposals")
    if len(tour.session_ids) >= MOST_STOPS:
        raise Refused(409, "tour_full")
    made = await tour_proposals.add_proposal(db, tour, house.id, draft, asker.person.id, now)
    if made is not None:
        await tell_house(db, Asking(request.app, tour, house, made, now), asker.person)


async def _sent_back(
    request: web.Request,
    asker: Asker,
    chosen: Chosen | None,
    fields: Mapping[str, Sequence[str]],
    errors: Mapping[str, str],
) -> web.Response:
    form = ProposeForm(
        house=_one(fields, "house"),
        session=_one(fields, "session"),
        title_fr=_one(fields, "title_fr"),
        title_en=_one(fields, "title_en"),
        date=_one(fields, "date"),
        time=_one(fields, "time"),
        minutes=_one(fields, "minutes"),
        note=_one(fields, "note"),
        errors=proposal_sentences(errors, words_of(request)),
    )
    return await _show(request, asker, chosen, form, status=400)


async def _show(
    request: web.Request,
    asker: Asker,
    chosen: Chosen | None,
    form: ProposeForm,
    status: int = 200,
) -> web.Response:
    words = words_of(request)
    houses = []
    if chosen is None:
        async with request.app[DATABASE].reading() as db:
            every = await communities.list_communities(db)
        houses = [(each.slug, each.name.read(words.lang)) for each in every if asker.may_ask(each)]
    view = ProposeView(
        tour_title=asker.tour.title.read(words.lang),
        houses=sorted(houses, key=lambda each: each[1].casefold()),
        house=chosen.place.community.name.read(words.lang) if chosen else "",
        zone=_zone_name(chosen.place.community, words) if chosen else "",
        sessions=[(each.id, session_label(each, words)) for each in chosen.offered]
        if chosen
        else [],
        lengths=[(str(each), length_label(timedelta(minutes=each))) for each in LENGTHS],
        form=form,
        url=f"{tour_url(asker.tour)}/proposer",
        back_url=tour_url(asker.tour),
    )
    return await render(request, "tour_propose.html", view, status=status)


def session_label(session: Session, words: Words) -> str:
    """A session in a list to choose from."""
    zone = ZoneInfo(session.time_zone)
    begin, end = session.starts_at.astimezone(zone), session.ends_at.astimezone(zone)
    hours = hours_label(begin, end, words)
    return f"{day_label(begin, words)}, {hours} · {session.plan.title.read(words.lang)}"


def proposal_sentences(errors: Mapping[str, str], words: Words) -> dict[str, str]:
    """A sentence for each code of what is wrong with a field."""
    _ = words.gettext
    known = {
        "missing": _("Écrivez quelque chose ici."),
        "too_long": _("C’est trop long : raccourcissez un peu."),
        "not_a_choice": _("Choisissez dans la liste."),
        "not_a_date": _("Écrivez une date et une heure."),
        "in_the_past": _("Ce moment est déjà passé : choisissez-en un à venir."),
        "too_far": _("Choisissez un jour d’ici six mois."),
    }
    return {name: known[code] for name, code in errors.items()}


def _zone_name(community: Community, words: Words) -> str:
    return zone_label(right_now().astimezone(zone_of(community)), words)


def _one(fields: Mapping[str, Sequence[str]], name: str) -> str:
    return next(iter(fields.get(name, ())), "")
