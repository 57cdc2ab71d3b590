"""Tours as templates see them: their stops, each in its community, as one person may see them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from aiohttp import web

from server.community.communities import Community
from server.community.entry import STRANGER
from server.community.people import Person
from server.community.sessions import Session, SessionState, may_answer
from server.community.tours import Tour, may_show
from server.i18n import Words
from server.storage.database import Transaction
from server.storage.queries import communities, offices, sessions
from server.web.doors import community_ref, zone_of
from server.web.hours import days_label
from server.web.person import right_now
from server.web.place import Place
from server.web.session_rows import About, about, seen_by, session_url, session_view
from server.web.tour_views import StopView
from server.web.views import TourRef

TOURS = "/tournees"
Stop = tuple[Place, Session]
"""A session, and the community that it takes place in."""


def tour_url(tour: Tour) -> str:
    """One tour's page."""
    return f"{TOURS}/{tour.slug}"


def tour_ref(tour: Tour, words: Words) -> TourRef:
    """A tour where it is only named."""
    text = tour.text.read(words.lang).split("\n", 1)[0]
    return TourRef(tour.title.read(words.lang), tour_url(tour), text)


async def stops_of(db: Transaction, tour: Tour, person: Person | None, now: datetime) -> list[Stop]:
    """The stops that `person` (None: a stranger) may know of, by date, called off ones too."""
    found = await sessions.sessions_by_ids(db, tour.session_ids)
    places = await places_of(db, {each.community_id for each in found}, person, now)
    return [
        (place, each)
        for each in found
        if (place := places.get(each.community_id)) and is_shown(place, each)
    ]


def is_shown(place: Place, session: Session) -> bool:
    """Whether a tour that stops at this session shows it to the person of `place`."""
    if not seen_by(place, [session]):
        return False
    office = next(each for each in place.offices if each.id == session.plan.office_id)
    return may_show(place.community, session, office, place.standing)


async def places_of(
    db: Transaction, community_ids: Collection[str], person: Person | None, now: datetime
) -> dict[str, Place]:
    """Those communities by id, as `person` stands in each."""
    places: dict[str, Place] = {}
    for community_id in community_ids:
        community = await communities.community_by_id(db, community_id)
        if community is None:
            continue
        doors = await offices.offices_of(db, community_id)
        standing = STRANGER
        if person is not None:
            standing = await communities.standing_of(db, community_id, person.id, now)
        places[community_id] = Place(community, doors, person, standing)
    return places


async def stop_views(
    request: web.Request, stops: Sequence[Stop], person: Person | None, words: Words
) -> list[StopView]:
    """The stops to show, with what this person answered to each."""
    now, known = right_now(), About()
    if stops:
        known = await about(request, stops[0][0], [session for _, session in stops])
    return [
        StopView(
            community=community_ref(place, words),
            session=session_view(place, session, known, words, now),
            answer_url=f"{session_url(place, session.id)}/reponse"
            if person is not None and _may_answer_now(place, session, person, now)
            else "",
        )
        for place, session in stops
    ]


def _may_answer_now(place: Place, session: Session, person: Person, now: datetime) -> bool:
    is_open = session.state(now) in (SessionState.SCHEDULED, SessionState.RUNNING)
    return is_open and may_answer(session, person.id, place.standing)


def dates_of(stops: Sequence[Stop], words: Words) -> str:
    """From when to when, each day where it takes place; "" without a stop that stands."""
    days = [
        session.starts_at.astimezone(zone_of(place.community)).date()
        for place, session in stops
        if session.cancelled_at is None
    ]
    if not days:
        return ""
    return days_label(days[0], days[-1], words)


def communities_of(stops: Sequence[Stop]) -> list[Community]:
    """The communities that a tour goes through, in order."""
    return list({place.community.id: place.community for place, _ in stops}.values())
