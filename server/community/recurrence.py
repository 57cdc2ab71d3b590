"""When a series of sessions takes place: a recurrence kept in local time, and its moments in UTC.

Starts are local times with an IANA zone, as RFC 5545 wants: a Tuesday at nine stays at nine when
the clocks change. python-dateutil expands the rule over naive local times; only then is each one
placed in its zone. A local time that the clocks skip is read with the offset before the jump, and
one that they repeat is its first occurrence (RFC 5545, section 3.3.5).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from itertools import islice, takewhile
from zoneinfo import ZoneInfo

from dateutil import rrule

LARGEST_COUNT = 200
LARGEST_INTERVAL = 12
DAY_CODES = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_WEEKDAYS = (rrule.MO, rrule.TU, rrule.WE, rrule.TH, rrule.FR, rrule.SA, rrule.SU)


class Frequency(StrEnum):
    """How a series comes back."""

    WEEKLY = "weekly"
    MONTHLY = "monthly"


@dataclass(frozen=True)
class Recurrence:
    """The rule of a series; never both `until` and `count`.

    `weekdays`: Monday is 0; for a monthly rule the one weekday, whose `ordinal` in the month is 1
    to 4, or -1 for the last. `until`: the last local day that may have a session. Neither `until`
    nor `count`: without end.
    """

    frequency: Frequency
    weekdays: tuple[int, ...]
    interval: int = 1
    ordinal: int = 0
    until: date | None = None
    count: int | None = None


@dataclass(frozen=True)
class Schedule:
    """When a series takes place: its first local start, its IANA zone, and its rule if any."""

    start: datetime
    time_zone: str
    recurrence: Recurrence | None = None

    def __post_init__(self) -> None:
        if self.start.tzinfo is not None:
            raise ValueError("a schedule starts at a local time")


def in_utc(local: datetime, time_zone: str) -> datetime:
    """The moment of a local time; raises ZoneInfoNotFoundError."""
    return local.replace(tzinfo=ZoneInfo(time_zone)).astimezone(UTC)


def in_local(moment: datetime, time_zone: str) -> datetime:
    """What the clocks of that zone show at `moment`, without a zone."""
    return moment.astimezone(ZoneInfo(time_zone)).replace(tzinfo=None)


def starts(schedule: Schedule, until: datetime, most: int) -> list[datetime]:
    """The starts in UTC, in order, not later than `until` and at most `most` of them."""
    moments = (in_utc(local, schedule.time_zone) for local in _local_starts(schedule))
    return list(islice(takewhile(lambda moment: moment <= until, moments), most))


def _local_starts(schedule: Schedule) -> Iterator[datetime]:
    rule = schedule.recurrence
    if rule is None:
        return iter((schedule.start,))
    days = [_WEEKDAYS[day] for day in rule.weekdays]
    if rule.frequency is Frequency.MONTHLY:
        days = [day(rule.ordinal) for day in days]
    return iter(
        rrule.rrule(
            rrule.WEEKLY if rule.frequency is Frequency.WEEKLY else rrule.MONTHLY,
            dtstart=schedule.start,
            interval=rule.interval,
            byweekday=days,
            wkst=rrule.MO,
            count=rule.count,
            until=datetime.combine(rule.until, time.max) if rule.until else None,
        )
    )


def rrule_text(schedule: Schedule) -> str:
    """The rule as RFC 5545 writes it after "RRULE:"; "" without one. UNTIL is in UTC (3.3.10)."""
    rule = schedule.recurrence
    if rule is None:
        return ""
    ordinal = str(rule.ordinal) if rule.frequency is Frequency.MONTHLY else ""
    parts = [f"FREQ={rule.frequency.value.upper()}"]
    if rule.interval > 1:
        parts.append(f"INTERVAL={rule.interval}")
    if rule.until is not None:
        last = in_utc(datetime.combine(rule.until, schedule.start.time()), schedule.time_zone)
        parts.append(f"UNTIL={last:%Y%m%dT%H%M%SZ}")
    if rule.count is not None:
        parts.append(f"COUNT={rule.count}")
    parts.append("BYDAY=" + ",".join(ordinal + DAY_CODES[day] for day in rule.weekdays))
    return ";".join(parts)


def place_in_month(day: date) -> int:
    """Which of its weekday in the month a day is: 1 to 4, or -1 when no other follows."""
    if (day + timedelta(days=7)).month != day.month:
        return -1
    return (day.day - 1) // 7 + 1


def aligned(schedule: Schedule) -> Schedule:
    """The same schedule, beginning on the first day that its rule names (RFC 5545, 3.8.5.3)."""
    first = next(_local_starts(schedule), schedule.start)
    return replace(schedule, start=first)


def ended_before(schedule: Schedule, moment: datetime) -> Schedule:
    """The same schedule without what starts on the local day of `moment` or later."""
    if schedule.recurrence is None:
        return schedule
    last = in_local(moment, schedule.time_zone).date() - timedelta(days=1)
    return replace(schedule, recurrence=replace(schedule.recurrence, until=last, count=None))


def further(schedule: Schedule, other: Schedule) -> Schedule:
    """That of two schedules which ends later, `other` if they end alike."""
    return other if _last_day(other) >= _last_day(schedule) else schedule


def _last_day(schedule: Schedule) -> date:
    rule = schedule.recurrence
    if rule is not None and rule.until is None and rule.count is None:
        return date.max
    if rule is not None and rule.until is not None:
        return rule.until
    return max(_local_starts(schedule), default=schedule.start).date()
