"""Sessions as templates see them: each `Session` turned into its `SessionView`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from aiohttp import web

from server.community.answers import Answer
from server.community.sessions import Session, SessionState, may_see
from server.i18n import Words
from server.keys import DATABASE
from server.storage.queries import session_answers, sessions
from server.storage.queries.session_answers import Counts
from server.web.doors import community_url, office_url
from server.web.hours import hour_label, hours_label, length_label
from server.web.place import Place
from server.web.session_views import SessionView
from server.web.session_words import (
    day_label,
    live_view,
    open_to_label,
    state_label,
    zone_label,
)

NEXT_WITHIN = timedelta(days=15)


@dataclass(frozen=True)
class About:
    """What was read of several sessions at once: hosts' names, counts, one's own answers."""

    names: Mapping[str, str] = field(default_factory=dict)
    counts: Mapping[str, Counts] = field(default_factory=dict)
    answers: Mapping[str, Answer] = field(default_factory=dict)


async def about(request: web.Request, place: Place, found: Iterable[Session]) -> About:
    """Read what goes with these sessions, in at most three queries."""
    shown = list(found)
    ids = [each.id for each in shown]
    async with request.app[DATABASE].reading() as db:
        names = await sessions.names_of(db, (who for each in shown for who in each.host_ids))
        counts = await session_answers.counts_of(db, ids)
        answers = {}
        if place.person is not None:
            answers = await session_answers.answers_by(db, place.person.id, ids)
    return About(names, counts, answers)


def sessions_url(place: Place) -> str:
    """The list of a community's sessions."""
    return f"{community_url(place.community)}/seances"


def session_url(place: Place, session_id: str) -> str:
    """One session's page."""
    return f"{sessions_url(place)}/{session_id}"


def seen_by(place: Place, found: Iterable[Session]) -> list[Session]:
    """Those of the sessions that this person may know of, in offices that still stand."""
    person_id = place.person.id if place.person else None
    doors = {office.id for office in place.offices}
    return [
        each
        for each in found
        if each.plan.office_id in doors and may_see(each, person_id, place.standing)
    ]


async def next_by_office(
    request: web.Request, place: Place, words: Words, now: datetime
) -> dict[str, SessionView]:
    """The session that runs in each office of a community, else the next one, by office."""
    async with request.app[DATABASE].reading() as db:
        found = await sessions.sessions_between(db, place.community.id, now, now + NEXT_WITHIN)
    first: dict[str, Session] = {}
    for each in seen_by(place, found):
        if each.state(now) in (SessionState.SCHEDULED, SessionState.RUNNING):
            first.setdefault(each.plan.office_id, each)
    known = About()
    return {
        office_id: session_view(place, each, known, words, now) for office_id, each in first.items()
    }


def session_view(
    place: Place,
    session: Session,
    known: About,
    words: Words,
    now: datetime,
    *,
    repeats: str = "",
    is_waiting: bool = False,
) -> SessionView:
    """One session, as of now."""
    office = next(each for each in place.offices if each.id == session.plan.office_id)
    state, counts = session.state(now), known.counts.get(session.id, Counts())
    capacity, answer = session.plan.capacity, known.answers.get(session.id)
    door = office_url(place.community, office)
    return SessionView(
        id=session.id,
        title=session.plan.title.read(words.lang),
        text=session.plan.text.read(words.lang),
        theme=session.plan.theme,
        url=session_url(place, session.id),
        state=state.value,
        state_label=state_label(state, words),
        office_name=office.name.read(words.lang),
        office_url=door,
        enter_url=f"{door}/salle",
        time_zone=session.time_zone,
        repeats=repeats,
        host=known.names.get(session.plan.host_id or "", ""),
        co_hosts=[known.names[each] for each in session.plan.co_host_ids if each in known.names],
        open_to=session.plan.open_to.value,
        open_to_label=open_to_label(session.plan.open_to, words),
        capacity=capacity,
        seats=counts.seats,
        left=None if capacity is None else max(0, capacity - counts.seats),
        answer=answer.value if answer else "",
        is_waiting=is_waiting,
        live=live_view(session, now, words),
        **_when(session, words),
    )


def _when(session: Session, words: Words) -> dict[str, str]:
    """When it takes place, in its own zone."""
    zone = ZoneInfo(session.time_zone)
    begin, end = session.starts_at.astimezone(zone), session.ends_at.astimezone(zone)
    return {
        "starts_iso": begin.isoformat(),
        "ends_iso": end.isoformat(),
        "day": day_label(begin, words),
        "hour": hour_label(begin, words),
        "when": hours_label(begin, end, words),
        "zone": zone_label(begin, words),
        "length": length_label(end - begin),
    }
