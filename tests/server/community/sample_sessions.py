"""Series and sessions as tests of calendars make them, in the manner of the storage."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from server.community.calendar_events import About, SeriesAtDates
from server.community.phases import read_phases
from server.community.recurrence import Schedule, starts
from server.community.sessions import OpenTo, Plan, Series, Session
from server.community.text import Bilingual

CHANGED = datetime(2026, 1, 2, 12, tzinfo=UTC)
PLAN = Plan(
    title=Bilingual("Mardi, matinée; facturation"),
    text=Bilingual("On avance.\nEnsemble."),
    theme="Comptabilité",
    office_id="of_1",
    host_id=None,
    co_host_ids=(),
    phases=read_phases("focus 50, break 10"),
    capacity=None,
    open_to=OpenTo.ALL,
)


def describe(plan: Plan, session_id: str) -> About:
    """What a calendar would show of a session."""
    url = f"https://moulin.example.org/c/x/seances/{session_id}"
    return About(plan.title.fr, plan.text.fr, "https://moulin.example.org/c/x/cafe", url)


def session_at(start: datetime, schedule: Schedule, number: int) -> Session:
    """The session of a schedule that starts at that moment."""
    return Session(
        id=f"se_{number:04}",
        series_id="aa",
        community_id="cc",
        time_zone=schedule.time_zone,
        recurs=schedule.recurrence is not None,
        plan=PLAN,
        original_start=start,
        starts_at=start,
        is_exception=False,
        sequence=0,
        changed_at=CHANGED,
    )


def series_of(schedule: Schedule, weeks: int = 60) -> SeriesAtDates:
    """A series, and its sessions of the first weeks."""
    first = starts(schedule, datetime(2100, 1, 1, tzinfo=UTC), 1)[0]
    known_until = first + timedelta(weeks=weeks)
    sessions = tuple(
        session_at(start, schedule, number)
        for number, start in enumerate(starts(schedule, known_until, 500))
    )
    series = Series("aa", "cc", schedule, PLAN, sequence=3, created_at=CHANGED)
    return SeriesAtDates(series, sessions, known_until)


def edited(told: SeriesAtDates, number: int, **changes: object) -> SeriesAtDates:
    """The same series with one of its sessions changed."""
    sessions = list(told.sessions)
    sessions[number] = replace(sessions[number], **changes)  # type: ignore[arg-type]
    return replace(told, sessions=tuple(sessions))
