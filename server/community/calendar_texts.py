"""Events as they stand in calendars, each written once for as long as nothing of it changes.

To make and fold the lines of an event takes a quarter of a millisecond, and feeds of hundreds are
asked for every hour by each of their readers.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from icalendar import Event

from server.community.calendar_events import (
    About,
    Describe,
    SeriesAtDates,
    series_events,
    session_event,
)
from server.community.sessions import Session

_MOST_SESSIONS = 2048
_MOST_SERIES = 256


@dataclass(frozen=True)
class EventText:
    """A VEVENT's lines, and the zone of its start with the year it is first asked about."""

    text: bytes
    zone: tuple[str, int] | None


def written(event: Event) -> EventText:
    """An event as files have it."""
    begin, zone = event.DTSTART, None
    if isinstance(begin, datetime) and isinstance(begin.tzinfo, ZoneInfo):
        zone = (begin.tzinfo.key, begin.year)
    return EventText(bytes(event.to_ical()), zone)


def session_text(session: Session, describe: Describe, domain: str) -> EventText:
    """`session_event`, written."""
    return _session_text(session, describe(session.plan, session.id), domain)


@lru_cache(maxsize=_MOST_SESSIONS)
def _session_text(session: Session, about: About, domain: str) -> EventText:
    return written(session_event(session, lambda _plan, _id: about, domain))


@lru_cache(maxsize=_MOST_SERIES)
def series_texts(told: SeriesAtDates, describe: Describe, domain: str) -> tuple[EventText, ...]:
    """`series_events`, written; `describe` must be equal to whatever would say the same."""
    return tuple(written(each) for each in series_events(told, describe, domain))


def zones_of(events: Iterable[EventText]) -> dict[str, int]:
    """The zones that events name, each with the first year that it is asked about."""
    found: dict[str, int] = {}
    for each in events:
        if each.zone is not None:
            name, year = each.zone
            found[name] = min(year, found.get(name, year))
    return found
