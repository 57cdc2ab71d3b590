"""What tells organisers that stops are off: withdrawn, left out, called off, gone with their tour.

Each person has one letter and one notice a tour and a house, however many stops it is about.
Nobody reads of a session that they may not see, nor of what they decided themselves.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from aiohttp import web

from server.community.communities import Community
from server.community.people import Person
from server.community.sessions import Session
from server.community.tour_proposals import Proposal, Slot, slot_of
from server.community.tours import Tour
from server.i18n import Words
from server.keys import CATALOGS, SETTINGS
from server.letters import queue_letter
from server.storage.database import Transaction
from server.storage.queries import communities, people, sessions, tour_proposals, tour_stops
from server.storage.queries.letters import waiting_letters
from server.storage.queries.push_notices import waiting_notices
from server.storage.queries.tour_stops import TourStop
from server.web.doors import community_url
from server.web.session_invitations import Told, batches
from server.web.tour_letters import Sent, about_proposal, notify, slot_line, take_back
from server.web.tour_news_words import StopNews, Telling, stop_letter
from server.web.tour_rows import TOURS, is_shown, places_of, tour_url


@dataclass(frozen=True)
class Off:
    """A stop that is off, or back: its moment, and what letters and notices about it are about."""

    about: str
    slot: Slot


@dataclass(frozen=True)
class Teller:
    """What every letter of one decision shares; `by_id`: who decided, and needs no telling."""

    app: web.Application
    by_id: str
    now: datetime


async def tell_of_stops(
    db: Transaction, told: Told, session_ids: Collection[str], news: StopNews
) -> None:
    """Sessions of a house are called off, or restored: tell those whose tours stop there.

    Its own organisers learn it too where they had said yes to the tour.
    """
    by_tour: dict[str, list[TourStop]] = {}
    for some in batches(session_ids):
        for stop in await tour_stops.stops_at(db, some):
            by_tour.setdefault(stop.tour_id, []).append(stop)
    teller = Teller(told.app, told.by_id, told.now)
    for stops in by_tour.values():
        telling = _telling(news, stops[0], told.community)
        for person_id in dict.fromkeys(stop.told_id for stop in stops):
            theirs = [stop for stop in stops if stop.told_id == person_id]
            await _tell_maker(db, teller, telling, person_id, theirs)
        found = await _moments(db, [stop for stop in stops if stop.was_asked], told.now)
        skip = {stop.told_id for stop in stops}
        await _tell_house(db, teller, telling, [off for _, off in found], skip=skip)


async def tell_withdrawn(
    db: Transaction,
    teller: Teller,
    tour: Tour,
    house: Community,
    proposals: Sequence[Proposal],
) -> None:
    """Proposals are withdrawn: what did not leave is taken back, who had been asked learns it."""
    telling = Telling(StopNews.WITHDRAWN, tour.title, "", house)
    unaware = await _unaware(db, proposals)
    for each in proposals:
        await take_back(db, each.id)
    off = [_off(each) for each in proposals if each.is_open(teller.now)]
    await _tell_house(db, teller, telling, off, unaware=unaware)


async def tell_proposer_of_withdrawn(
    db: Transaction,
    teller: Teller,
    tour: Tour,
    house: Community,
    person: Person,
    proposals: Sequence[Proposal],
) -> None:
    """What somebody may propose no more is withdrawn: they learn it, of what they may see today."""
    place = (await places_of(db, [house.id], person, teller.now))[house.id]
    by_id = [each.session_id for each in proposals if each.session_id is not None]
    found = await sessions.sessions_by_ids(db, by_id)
    hidden = {each.id for each in found if not is_shown(place, each)}
    off = [
        _off(each)
        for each in proposals
        if each.is_open(teller.now) and each.session_id not in hidden
    ]
    telling = Telling(StopNews.WITHDRAWN, tour.title, tour_url(tour), house)
    if off:
        await _tell(db, teller, telling, person, off)


async def tell_left_out(
    db: Transaction, teller: Teller, tour: Tour, session_ids: Collection[str]
) -> None:
    """Stops are about to be left out of a tour: tell the houses that had said yes to them."""
    stops = await tour_stops.accepted_stops(db, tour.id, teller.now)
    gone = [stop for stop in stops if stop.session_id in session_ids]
    for house, off in await _by_house(db, teller, gone):
        await _tell_house(db, teller, Telling(StopNews.LEFT_OUT, tour.title, "", house), off)


async def tell_left(db: Transaction, teller: Teller, stop: TourStop, house: Community) -> None:
    """A house is about to leave a tour: tell who composes it, and the house's other organisers."""
    telling = _telling(StopNews.LEFT, stop, house)
    await _tell_maker(db, teller, telling, stop.told_id, [stop])
    off = [off for _, off in await _moments(db, [stop], teller.now)]
    await _tell_house(db, teller, telling, off, skip={stop.told_id})


async def tell_tour_gone(db: Transaction, teller: Teller, tour: Tour) -> None:
    """A tour is about to be removed: tell the houses it asked, and its maker if somebody else did.

    What had not left to ask them is taken back.
    """
    asked = [
        (proposal, house)
        for proposal, house in await tour_proposals.proposals_of_tour(db, tour.id)
        if proposal.is_open(teller.now)
    ]
    accepted = await tour_stops.accepted_stops(db, tour.id, teller.now)
    off = {house.id: (house, found) for house, found in await _by_house(db, teller, accepted)}
    unaware = await _unaware(db, [proposal for proposal, _ in asked])
    for proposal, house in asked:
        off.setdefault(house.id, (house, []))[1].append(_off(proposal))
        await take_back(db, proposal.id)
    for house, stops in off.values():
        telling = Telling(StopNews.TOUR_GONE, tour.title, "", house)
        stops.sort(key=lambda each: each.slot.starts_at)
        await _tell_house(db, teller, telling, stops, unaware=unaware, skip={tour.maker_id})
    maker = await people.person_by_id(db, tour.maker_id) if tour.maker_id else None
    if maker is not None:
        telling = Telling(StopNews.TOUR_GONE, tour.title, TOURS, None)
        nothing = Off(f"tour:{tour.id}", Slot(tour.title, teller.now, "UTC"))
        await _tell(db, teller, telling, maker, [nothing])


Unaware = dict[str, tuple[frozenset[str], frozenset[str]]]
"""Whom a letter, and whom a notice, still waits to tell of a thing, by what it is about."""


async def _unaware(db: Transaction, proposals: Iterable[Proposal]) -> Unaware:
    return {
        name: (await waiting_letters(db, name), await waiting_notices(db, name))
        for name in (about_proposal(each.id) for each in proposals)
    }


def _off(proposal: Proposal) -> Off:
    return Off(about_proposal(proposal.id), proposal.slot)


def _telling(news: StopNews, stop: TourStop, house: Community) -> Telling:
    return Telling(news, stop.tour_title, f"{TOURS}/{stop.tour_slug}", house)


async def _moments(
    db: Transaction, stops: Sequence[TourStop], now: datetime
) -> list[tuple[Session, Off]]:
    """The sessions of those stops that are not over."""
    by_session = {stop.session_id: f"stop:{stop.id}" for stop in stops}
    return [
        (each, Off(by_session[each.id], slot_of(each)))
        for each in await sessions.sessions_by_ids(db, list(by_session))
        if each.ends_at > now
    ]


async def _by_house(
    db: Transaction, teller: Teller, stops: Sequence[TourStop]
) -> list[tuple[Community, list[Off]]]:
    """The stops, by the house that they are in."""
    found: dict[str, list[Off]] = {}
    for session, off in await _moments(db, stops, teller.now):
        found.setdefault(session.community_id, []).append(off)
    houses = [(await communities.community_by_id(db, each), off) for each, off in found.items()]
    return [(house, off) for house, off in houses if house is not None]


async def _tell_maker(
    db: Transaction,
    teller: Teller,
    telling: Telling,
    person_id: str | None,
    stops: Sequence[TourStop],
) -> None:
    """Tell who composes a tour, or proposed a stop of it, of those that the tour shows them."""
    person = await people.person_by_id(db, person_id) if person_id else None
    if person is None or telling.house is None:
        return
    place = (await places_of(db, [telling.house.id], person, teller.now))[telling.house.id]
    found = await _moments(db, stops, teller.now)
    shown = [off for session, off in found if is_shown(place, session)]
    await _tell(db, teller, telling, person, shown)


async def _tell_house(
    db: Transaction,
    teller: Teller,
    telling: Telling,
    off: Sequence[Off],
    *,
    unaware: Unaware | None = None,
    skip: Collection[str | None] = (),
) -> None:
    """Tell those who look after the house, but who decided and those in `skip`."""
    house = telling.house
    if house is None or not off:
        return
    page = f"{community_url(house)}/gerer/propositions"
    telling = replace(telling, path=telling.path or page, is_house=True)
    for person in await tour_proposals.organisers_of(db, house.id):
        if person.id not in skip:
            await _tell(db, teller, telling, person, off, unaware or {})


async def _tell(
    db: Transaction,
    teller: Teller,
    telling: Telling,
    person: Person,
    off: Sequence[Off],
    unaware: Unaware | None = None,
) -> None:
    """One letter and one notice, of what that person knew of."""
    if person.id == teller.by_id:
        return
    nobody: tuple[frozenset[str], frozenset[str]] = (frozenset(), frozenset())
    words, known = teller.app[CATALOGS].words(person.lang), unaware or {}
    address = teller.app[SETTINGS].address
    written, notified = (
        [each for each in off if person.id not in known.get(each.about, nobody)[way]]
        for way in (0, 1)
    )
    if written:
        letter = stop_letter(telling, [each.slot for each in written], address, words)
        await queue_letter(db, person, letter, now=teller.now, about=written[0].about)
    if notified:
        slots = [each.slot for each in notified]
        letter = stop_letter(telling, slots, address, words)
        sent = Sent(address, teller.now, slots[-1].ends_at)
        body = _body(telling, slots, words)
        await notify(db, person, letter, body, about=notified[0].about, sent=sent)


def _body(telling: Telling, slots: Sequence[Slot], words: Words) -> str:
    if telling.house is None:
        return telling.tour_title.read(words.lang)
    return f"{slot_line(slots[0], words)}\n{telling.house.name.read(words.lang)}"
