"""Figures for organisers, drawn from visits: who came each week, which hours live, who returns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from server.community.visits import Visit

RETURNS_WITHIN = timedelta(days=30)
DAYS, HOURS = 7, 24
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Week:
    """One week, from its Monday: different people, their visits, and the hours they stayed."""

    monday: date
    people: int
    visits: int
    hours: float


@dataclass(frozen=True)
class Cohort:
    """Those who came for the first time in one week, and how many of them returned.

    To return is to come back on another day within `RETURNS_WITHIN`. `is_settled`: that time has
    passed for all of them.
    """

    monday: date
    newcomers: int
    returned: int
    is_settled: bool


def by_week(visits: Sequence[Visit], zone: ZoneInfo, last: date, weeks: int) -> list[Week]:
    """The last weeks, up to the one of `last`, in order; empty ones too."""
    mondays = _mondays(last, weeks)
    people: dict[date, set[str]] = {each: set() for each in mondays}
    counts, seconds = dict.fromkeys(mondays, 0), dict.fromkeys(mondays, 0.0)
    for visit in visits:
        week = _monday(visit.came_at.astimezone(zone).date())
        if week not in people:
            continue
        counts[week] += 1
        seconds[week] += (visit.seen_at - visit.came_at).total_seconds()
        if visit.person_id is not None:
            people[week].add(visit.person_id)
    return [
        Week(each, len(people[each]), counts[each], round(seconds[each] / 3600, 1))
        for each in mondays
    ]


def by_hour(visits: Sequence[Visit], zone: ZoneInfo, weeks: int) -> list[list[float]]:
    """How many people are in on average, by weekday (Monday first) and hour of the day."""
    total = [[0.0] * HOURS for _ in range(DAYS)]
    for visit in visits:
        for local, lasts in _on_one_clock(visit, zone):
            _share_out(total, local, lasts)
    return [[round(cell / max(weeks, 1), 2) for cell in row] for row in total]


def _on_one_clock(visit: Visit, zone: ZoneInfo) -> Iterator[tuple[datetime, timedelta]]:
    """The local time at which a visit begins and how long it lasts: in hours of the day when the
    clocks change meanwhile, whole when they do not, which saves a lookup of the zone for each."""
    at = visit.came_at
    is_same = at.astimezone(zone).utcoffset() == visit.seen_at.astimezone(zone).utcoffset()
    while at < visit.seen_at:
        local, until = at.astimezone(zone), visit.seen_at
        if not is_same:
            left = HOUR - timedelta(minutes=local.minute, seconds=local.second)
            until = min(until, at + max(left, timedelta(seconds=1)))
        yield local, until - at
        at = until


def _share_out(total: list[list[float]], local: datetime, lasts: timedelta) -> None:
    """Add a time to the hours of the week that it touches."""
    hour = local.weekday() * HOURS + local.hour
    room = 1 - (local.minute * 60 + local.second + local.microsecond / 1e6) / 3600
    left = lasts / HOUR
    while left > 0:
        day, at = divmod(hour % (DAYS * HOURS), HOURS)
        total[day][at] += min(room, left)
        left, room, hour = left - room, 1.0, hour + 1


def newcomers(
    visits: Sequence[Visit], firsts: Mapping[str, datetime], zone: ZoneInfo, last: date, weeks: int
) -> list[Cohort]:
    """By week of arrival, newcomers and those who returned; `firsts`: each person's first visit.

    `visits` must hold those of the `RETURNS_WITHIN` that follow each first visit.
    """
    arrived = {person: first.astimezone(zone).date() for person, first in firsts.items()}
    returned = set()
    for visit in visits:
        first = arrived.get(visit.person_id or "")
        if first is not None and visit.person_id is not None:
            day = visit.came_at.astimezone(zone).date()
            if first < day <= first + RETURNS_WITHIN:
                returned.add(visit.person_id)
    cohorts: dict[date, set[str]] = {each: set() for each in _mondays(last, weeks)}
    for person, day in arrived.items():
        cohorts.get(_monday(day), set()).add(person)
    return [
        Cohort(
            monday=monday,
            newcomers=len(people),
            returned=len(people & returned),
            is_settled=monday + timedelta(days=6) + RETURNS_WITHIN < last,
        )
        for monday, people in cohorts.items()
    ]


def _mondays(last: date, weeks: int) -> list[date]:
    return [_monday(last) - timedelta(weeks=number) for number in reversed(range(weeks))]


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())
