"""Visits: one is a stay in an office, from the moment someone is seen there to the last.

They are noted by looking at who is in from minute to minute, so that neither a reload nor a short
cut of the network makes two visits of one, and a glance of less than a minute makes none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from server.community.sessions import Session

LOOK_EVERY = timedelta(minutes=1)
ABSENCE = timedelta(minutes=5)
"""Who is back sooner never left."""
EARLY = timedelta(minutes=15)
"""How long before a session one may come and still have come for it."""


@dataclass(frozen=True)
class Seen:
    """Someone who is in an office at this moment."""

    community_id: str
    office_id: str
    person_id: str


@dataclass(frozen=True)
class Visit:
    """One stay; `person_id` is None once that person is erased."""

    id: str
    community_id: str
    office_id: str
    person_id: str | None
    came_at: datetime
    seen_at: datetime


@dataclass(frozen=True)
class Presence:
    """How long someone was at a session: first and last seen there, and the minutes between."""

    came_at: datetime
    left_at: datetime
    minutes: int


def look(going_on: Iterable[Visit], seen: Iterable[Seen]) -> tuple[list[str], list[Seen]]:
    """The ids of the visits that go on, and those who have just come.

    `going_on`: the visits last seen less than `ABSENCE` ago.
    """
    open_visits = {(each.office_id, each.person_id): each.id for each in going_on}
    lasting: list[str] = []
    come: list[Seen] = []
    for each in dict.fromkeys(seen):
        visit_id = open_visits.get((each.office_id, each.person_id))
        if visit_id is None:
            come.append(each)
        else:
            lasting.append(visit_id)
    return lasting, come


def at_session(session: Session, visits: Sequence[Visit]) -> dict[str, Presence]:
    """Who was at a session, by person: the visits to its office that fall within its hours."""
    begin, end = session.starts_at - EARLY, session.ended_at or session.ends_at
    found: dict[str, Presence] = {}
    for visit in sorted(visits, key=lambda each: each.came_at):
        came, left = max(visit.came_at, begin), min(visit.seen_at, end)
        is_there = visit.office_id == session.plan.office_id and left > session.starts_at
        if visit.person_id is None or not is_there or left <= came:
            continue
        minutes = _minutes(left - max(came, session.starts_at))
        before = found.get(visit.person_id)
        if before is not None:
            came, minutes = before.came_at, before.minutes + minutes
        found[visit.person_id] = Presence(came, left, minutes)
    return found


def by_office_and_day(visits: Iterable[Visit]) -> dict[tuple[str, date], list[Visit]]:
    """The visits by office and by each day (UTC) that they touch, to find those of a session."""
    found: dict[tuple[str, date], list[Visit]] = {}
    for visit in visits:
        day, last = visit.came_at.date(), visit.seen_at.date()
        while day <= last:
            found.setdefault((visit.office_id, day), []).append(visit)
            day += timedelta(days=1)
    return found


def near(session: Session, visits: Mapping[tuple[str, date], Sequence[Visit]]) -> list[Visit]:
    """Those of `by_office_and_day` that may be of that session, each once."""
    days = {session.starts_at.date(), session.ends_at.date()}
    found = (each for day in days for each in visits.get((session.plan.office_id, day), ()))
    return list({each.id: each for each in found}.values())


def _minutes(lasts: timedelta) -> int:
    return round(lasts.total_seconds() / 60)
