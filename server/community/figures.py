"""Figures for organisers, drawn from visits: who came each week, which hours live, who returns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from server.community.visits import Visit

RETURNS_WITHIN = timedelta(days=30)
DAYS, HOURS = 7, 24


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
        at = visit.came_at
        while at < visit.seen_at:
            local = at.astimezone(zone)
            left = timedelta(hours=1) - timedelta(minutes=local.minute, seconds=local.second)
            until = min(visit.seen_at, at + max(left, timedelta(seconds=1)))
            total[local.weekday()][local.hour] += (until - at).total_seconds() / 3600
            at = until
    return [[round(cell / max(weeks, 1), 2) for cell in row] for row in total]


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
