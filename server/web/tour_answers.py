"""What tours propose to a house: read, accepted, declined or left by who looks after it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from aiohttp import web

from server.community.offices import Office, Visibility
from server.community.sessions import Session
from server.community.tour_proposals import (
    Proposal,
    may_reply,
    may_stand,
    may_take_place,
    session_at,
    slot_of,
    word_of,
)
from server.community.tours import MOST_STOPS, Tour
from server.i18n import Words
from server.keys import DATABASE
from server.storage.database import Transaction
from server.storage.queries import (
    offices,
    session_changes,
    sessions,
    tour_proposals,
    tour_stops,
    tours,
)
from server.storage.queries.tour_proposals import Asked
from server.storage.queries.tour_stops import TourStop
from server.web.doors import community_ref, community_url
from server.web.fields import form_fields
from server.web.hours import length_label
from server.web.person import check_rate, right_now
from server.web.place import Place, managed_place
from server.web.rate_limits import CHANGES
from server.web.refused import Refused
from server.web.rendering import render, see_other, words_of
from server.web.session_news import wake
from server.web.session_rows import seen_by, session_url
from server.web.tour_letters import Asking, tell_proposer
from server.web.tour_news import Teller, tell_left
from server.web.tour_proposal_rows import when_label
from server.web.tour_proposal_views import AskedRow, AskedView, HostedRow
from server.web.tour_proposing import proposal_sentences, session_label
from server.web.tour_rows import TOURS

NEARBY = timedelta(days=3)
"""How far from a proposed moment a session may be to stand for it."""


@dataclass(frozen=True)
class SentBack:
    """What was wrong with the answer to one proposal, and what was typed."""

    proposal_id: str = ""
    word: str = ""
    errors: dict[str, str] | None = None


async def asked_page(request: web.Request) -> web.Response:
    """GET /c/{community}/gerer/propositions."""
    place = await managed_place(request)
    return await _show(request, place, SentBack())


async def accept(request: web.Request) -> web.Response:
    """POST …/gerer/propositions/{id}/accepter: `where` is the office, or a session there is."""
    place = await managed_place(request)
    check_rate(request, CHANGES)
    form, now = await form_fields(request), right_now()
    proposal, _tour = await _asked(request, place)
    wanted = form.get("where", "")
    if proposal.session_id is not None:
        wanted = f"session:{proposal.session_id}"
    async with request.app[DATABASE].writing() as db:
        tour = await tours.tour_by_id(db, proposal.tour_id, hold=True)
        chosen = await _where(db, place, proposal, tour, wanted)
        if chosen is not None:
            if tour is None or not await tour_proposals.accept_proposal(db, proposal.id):
                raise Refused(409, "proposal_gone")
            if len(tour.session_ids) >= MOST_STOPS:
                raise Refused(409, "tour_full")
            session_id = await _stop(db, place, proposal, chosen, now)
            stop = await _as_it_will_be(db, proposal, session_id)
            asking = Asking(request.app, tour, place.community, stop, now)
            await tell_proposer(db, asking, accepted=True, word="", session_id=session_id)
    if chosen is None:
        sentence = words_of(request).gettext("Choisissez dans la liste.")
        sent_back = SentBack(proposal.id, errors={"where": sentence})
        return await _show(request, place, sent_back, status=400)
    wake(request.app)
    done = "made" if isinstance(chosen, Office) else "saved"
    return see_other(f"{session_url(place, session_id)}?fait={done}")


async def decline(request: web.Request) -> web.Response:
    """POST …/gerer/propositions/{id}/decliner: with a word, or without."""
    place = await managed_place(request)
    check_rate(request, CHANGES)
    form = await form_fields(request)
    proposal, tour = await _asked(request, place)
    errors: dict[str, str] = {}
    word = word_of({name: [value] for name, value in form.items()}, "word", errors)
    if errors:
        told = proposal_sentences(errors, words_of(request))
        return await _show(
            request, place, SentBack(proposal.id, form.get("word", ""), told), status=400
        )
    async with request.app[DATABASE].writing() as db:
        if not await tour_proposals.decline_proposal(db, proposal.id, word):
            raise Refused(409, "proposal_gone")
        asking = Asking(request.app, tour, place.community, proposal, right_now())
        await tell_proposer(db, asking, accepted=False, word=word)
    wake(request.app)
    return see_other(f"{asked_url(place)}?fait=declined")


async def leave(request: web.Request) -> web.Response:
    """POST …/gerer/propositions/{id}/quitter: a stop of this house leaves its tour.

    Its session stays; who composes the tour learns it.
    """
    place = await managed_place(request)
    check_rate(request, CHANGES)
    now, by_id = right_now(), place.person.id if place.person else ""
    async with request.app[DATABASE].writing() as db:
        stops = await tour_stops.stops_of_house(db, place.community.id, now)
        stop = next((each for each in stops if each.id == request.match_info["id"]), None)
        if stop is None:
            raise Refused(404, "not_found")
        await tell_left(db, Teller(request.app, by_id, now), stop, place.community)
        await tour_stops.leave_tour(db, stop.id, place.community.id)
    wake(request.app)
    return see_other(f"{asked_url(place)}?fait=left")


def asked_url(place: Place) -> str:
    """The page of what is proposed to a community."""
    return f"{community_url(place.community)}/gerer/propositions"


async def _asked(request: web.Request, place: Place) -> tuple[Proposal, Tour]:
    """The proposal of this address and its tour, while this house may answer it."""
    async with request.app[DATABASE].reading() as db:
        proposal = await tour_proposals.proposal_by_id(db, request.match_info["id"])
        if proposal is None or not may_reply(proposal, place.community, place.standing.role):
            raise Refused(404, "not_found")
        tour = await tours.tour_by_id(db, proposal.tour_id)
    if tour is None or not proposal.is_open(right_now()):
        raise Refused(409, "proposal_gone")
    return proposal, tour


async def _where(
    db: Transaction, place: Place, proposal: Proposal, tour: Tour | None, wanted: str
) -> Office | Session | None:
    """What the answer chose: an office of this house, or one of its sessions; None for others."""
    kind, _, chosen_id = wanted.partition(":")
    if kind == "office":
        doors = await offices.offices_of(db, place.community.id)  # as they are now
        door = next((each for each in doors if each.id == chosen_id), None)
        is_allowed = door and may_take_place(place.community, place.standing.role, door)
        return door if is_allowed else None
    taken = tour.session_ids if tour else frozenset()
    found = await _nearby(db, place, proposal)
    return next((each for each in found if each.id == chosen_id and each.id not in taken), None)


async def _nearby(db: Transaction, place: Place, proposal: Proposal) -> list[Session]:
    """The sessions of this house that could stand for a proposal: those for others too.

    Of a proposed session that is the one; of a moment, those around it.
    """
    if proposal.session_id is not None:
        found = await sessions.sessions_by_ids(db, [proposal.session_id])
    else:
        begin, end = proposal.slot.starts_at - NEARBY, proposal.slot.starts_at + NEARBY
        found = await sessions.sessions_between(db, place.community.id, begin, end)
    return [
        each
        for each in seen_by(place, found)
        if each.community_id == place.community.id and may_stand(each, right_now())
    ]


async def _stop(
    db: Transaction, place: Place, proposal: Proposal, chosen: Office | Session, now: datetime
) -> str:
    """The session that the accepted proposal is: one there is, or a new one."""
    if isinstance(chosen, Session):
        session_id = chosen.id
    else:
        by = place.person.id if place.person else None
        session_id = await session_changes.add_session(
            db, place.community.id, session_at(proposal, chosen), by, now
        )
    if proposal.session_id is None:
        await tour_proposals.link_stop(db, proposal, session_id)
    return session_id


async def _as_it_will_be(db: Transaction, proposal: Proposal, session_id: str) -> Proposal:
    """The proposal with the title and the hours of the session that it became."""
    session = await sessions.session_by_id(db, session_id)
    return replace(proposal, slot=slot_of(session)) if session else proposal


async def _show(
    request: web.Request, place: Place, sent_back: SentBack, status: int = 200
) -> web.Response:
    words = words_of(request)
    async with request.app[DATABASE].reading() as db:
        found = await tour_proposals.open_proposals_to(db, place.community.id, right_now())
        nearby = {each.proposal.id: await _nearby(db, place, each.proposal) for each in found}
        stops = await tour_stops.stops_of_house(db, place.community.id, right_now())
        hosted = await sessions.sessions_by_ids(db, [stop.session_id for stop in stops])
    by_id = {each.id: each for each in hosted}
    view = AskedView(
        community=community_ref(place, words),
        asked=[
            _row(place, each, nearby.get(each.proposal.id, []), sent_back, words) for each in found
        ],
        listed=place.community.listed,
        back_url=community_ref(place, words).manage_url,
        notice=_notice(request.query.get("fait", ""), words),
        stops=[_stop_row(place, stop, by_id[stop.session_id], words) for stop in stops],
    )
    role = place.standing.role
    return await render(request, "tour_asked.html", view, role=role, status=status)


def _notice(done: str, words: Words) -> str:
    _ = words.gettext
    return {
        "declined": _("C’est noté : un courriel le dit à qui l’avait proposée."),
        "left": _("La tournée ne s’arrête plus ici : un courriel le dit à qui la compose."),
    }.get(done, "")


def _stop_row(place: Place, stop: TourStop, session: Session, words: Words) -> HostedRow:
    return HostedRow(
        title=session.plan.title.read(words.lang),
        url=session_url(place, session.id),
        when=when_label(slot_of(session), words),
        tour_title=stop.tour_title.read(words.lang),
        tour_url=f"{TOURS}/{stop.tour_slug}",
        leave_url=f"{asked_url(place)}/{stop.id}/quitter",
    )


def _office_label(office: Office, words: Words) -> str:
    name = office.name.read(words.lang)
    if office.visibility is Visibility.PUBLIC:
        return name
    return words.gettext("%(name)s, sur invitation : pour les membres") % {"name": name}


def _row(
    place: Place, asked: Asked, nearby: list[Session], sent_back: SentBack, words: Words
) -> AskedRow:
    proposal, url = asked.proposal, f"{asked_url(place)}/{asked.proposal.id}"
    is_back = sent_back.proposal_id == proposal.id
    return AskedRow(
        id=proposal.id,
        title=proposal.slot.title.read(words.lang),
        when=when_label(proposal.slot, words),
        length=length_label(timedelta(minutes=proposal.slot.minutes)),
        tour_title=asked.tour_title.read(words.lang),
        tour_url=f"{TOURS}/{asked.tour_slug}",
        by=asked.by,
        note=proposal.note,
        session_url=session_url(place, proposal.session_id) if proposal.session_id else "",
        is_closed=proposal.session_id is not None and not nearby,
        offices=[(f"office:{each.id}", _office_label(each, words)) for each in place.offices],
        nearby=[(f"session:{each.id}", session_label(each, words)) for each in nearby],
        accept_url=f"{url}/accepter",
        decline_url=f"{url}/decliner",
        word=sent_back.word if is_back else "",
        errors=(sent_back.errors or {}) if is_back else {},
    )
