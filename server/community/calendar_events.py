"""Sessions as calendars read them (RFC 5545): one session, or a whole series with what differs.

A session at its date has a UID of its own, which stays with it whatever becomes of its series:
files and mailed invitations use it. A feed tells a series by its rule, under the series' UID.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from icalendar import Event, vRecur

from server.community.phases import length
from server.community.recurrence import Frequency, Schedule, in_local, rrule_text, starts
from server.community.sessions import Plan, Series, Session

_MOST_DATES = 10_000


@dataclass(frozen=True)
class About:
    """What a calendar shows of a session besides its time, in one language.

    `location` is the address of the door: it opens from any calendar.
    """

    summary: str
    description: str
    location: str
    url: str


Describe = Callable[[Plan, str], About]
"""From a plan and the id of a session to what is said of it."""


@dataclass(frozen=True)
class SeriesAtDates:
    """A series and its sessions that start from some moment on.

    `known_until`: up to then each date has its session, further ones are given by the rule alone.
    """

    series: Series
    sessions: tuple[Session, ...]
    known_until: datetime


def session_uid(session_id: str, domain: str) -> str:
    """The UID of one session at its date, for ever."""
    return f"{session_id}@{domain}"


def series_uid(series_id: str, domain: str) -> str:
    """The UID of a series told by its rule."""
    return f"sr_{series_id}@{domain}"


def session_event(session: Session, describe: Describe, domain: str) -> Event:
    """One session at its date, called off or not."""
    event = _event(session, describe(session.plan, session.id))
    event.add("uid", session_uid(session.id, domain))
    event.add("sequence", session.sequence)
    return event


def series_events(told: SeriesAtDates, describe: Describe, domain: str) -> list[Event]:
    """A series: its rule, the dates it skips, its sessions that differ, and those off the rule.

    What was called off is left out (EXDATE): a feed shows what takes place.
    """
    dates = _dates(told)
    going_on = [each for each in told.sessions if each.cancelled_at is None]
    live = {each.original_start for each in going_on}
    first = next((index for index, date in enumerate(dates) if date in live), None)
    if told.series.schedule.recurrence is None or first is None:
        return [session_event(each, describe, domain) for each in going_on]
    uid = series_uid(told.series.id, domain)
    on_rule = {each.original_start: each for each in going_on if each.original_start in dates}
    master = _master(told, dates, first, on_rule[dates[first]], describe)
    for date in dates[first:]:
        if date <= told.known_until and date not in live:
            master.add("exdate", _as_ruled(date, told.series.schedule))
    master.add("uid", uid)
    events = [master]
    for date, session in on_rule.items():
        if session.is_exception:
            events.append(_override(session, date, told.series, describe, uid))
    off_rule = [each for each in going_on if each.original_start not in on_rule]
    return events + [session_event(each, describe, domain) for each in off_rule]


def _dates(told: SeriesAtDates) -> list[datetime]:
    """The starts that the rule gives, up to when they are known, in UTC."""
    if told.series.schedule.recurrence is None:
        return []
    return starts(told.series.schedule, told.known_until, _MOST_DATES)


def _master(
    told: SeriesAtDates, dates: Sequence[datetime], first: int, session: Session, describe: Describe
) -> Event:
    """The event that bears the rule: it begins at the first date that takes place."""
    series, about = told.series, describe(told.series.plan, session.id)
    event = Event()
    _add_words(event, about, series.plan)
    begin = _as_ruled(dates[first], series.schedule)
    _add_times(event, begin, begin + length(series.plan.phases))
    changed = max(each.changed_at for each in told.sessions)
    event.add("dtstamp", changed)
    event.add("last-modified", changed)
    event.add("sequence", series.sequence)
    event.add("status", "CONFIRMED")
    event.add("rrule", _rule(series.schedule, first))
    return event


def _override(
    session: Session, date: datetime, series: Series, describe: Describe, uid: str
) -> Event:
    event = _event(session, describe(session.plan, session.id))
    event.add("uid", uid)
    event.add("recurrence-id", _as_ruled(date, series.schedule))
    event.add("sequence", series.sequence + session.sequence)
    return event


def _event(session: Session, about: About) -> Event:
    event = Event()
    _add_words(event, about, session.plan)
    zone = ZoneInfo(session.time_zone)
    _add_times(event, session.starts_at.astimezone(zone), session.ends_at.astimezone(zone))
    event.add("dtstamp", session.changed_at)
    event.add("last-modified", session.changed_at)
    event.add("status", "CONFIRMED" if session.cancelled_at is None else "CANCELLED")
    return event


def _add_words(event: Event, about: About, plan: Plan) -> None:
    event.add("summary", about.summary)
    event.add("description", about.description)
    event.add("location", about.location)
    event.add("url", about.url)
    if plan.theme:
        event.add("categories", [plan.theme])


def _add_times(event: Event, begin: datetime, end: datetime) -> None:
    event.add("dtstart", begin)
    event.add("dtend", end)


def _as_ruled(moment: datetime, schedule: Schedule) -> datetime:
    """A date of the rule as the rule writes it, even when the clocks skip that hour."""
    day = in_local(moment, schedule.time_zone).date()
    return datetime.combine(day, schedule.start.time(), ZoneInfo(schedule.time_zone))


def _rule(schedule: Schedule, skipped: int) -> vRecur:
    """The rule as it goes on once `skipped` of its dates are left behind."""
    rule: vRecur = vRecur.from_ical(rrule_text(schedule))
    recurrence = schedule.recurrence
    if recurrence is not None and recurrence.count is not None:
        rule["COUNT"] = [recurrence.count - skipped]
    if recurrence is not None and recurrence.frequency is Frequency.WEEKLY:
        rule["WKST"] = ["MO"]
    return rule
