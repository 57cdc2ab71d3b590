"""Time zones as calendars want them: VTIMEZONE with yearly rules (RFC 5545, section 3.6.5).

Outlook ignores lists of dates (RDATE) in a zone, so each change of the clocks becomes a yearly rule
wherever one rule says them all; only a zone that follows none, such as Casablanca's, gets dates.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import groupby
from zoneinfo import ZoneInfo

from icalendar import Timezone, TimezoneDaylight, TimezoneStandard

from server.community.recurrence import DAY_CODES

YEARS_TOLD = 12
"""How many years the changes of the clocks must follow a rule for it to be written."""

_STEP = timedelta(days=6)
_PRECISION = timedelta(seconds=1)
_LAST = -1


@dataclass(frozen=True)
class Change:
    """A change of the clocks: what they showed just before, and the offsets around it."""

    local: datetime
    before: timedelta
    after: timedelta
    name: str


@lru_cache(maxsize=256)
def changes_between(time_zone: str, first_year: int, last_year: int) -> tuple[Change, ...]:
    """The changes of the clocks in those years, in order; raises ZoneInfoNotFoundError."""
    zone = ZoneInfo(time_zone)
    return tuple(_changes(zone, first_year, last_year))


def _changes(zone: ZoneInfo, first_year: int, last_year: int) -> Iterator[Change]:
    at, end = datetime(first_year, 1, 1, tzinfo=UTC), datetime(last_year + 1, 1, 1, tzinfo=UTC)
    while at < end:
        following = at + _STEP
        if _offset(at, zone) != _offset(following, zone):
            moment = _first_after(at, following, zone)
            before, after = _offset(moment - _PRECISION, zone), _offset(moment, zone)
            local = (moment + before).replace(tzinfo=None)
            yield Change(local, before, after, moment.astimezone(zone).tzname() or "")
        at = following


def _offset(moment: datetime, zone: ZoneInfo) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta(0)


def _first_after(low: datetime, high: datetime, zone: ZoneInfo) -> datetime:
    """The first moment of another offset than `low`'s."""
    offset = _offset(low, zone)
    while high - low > _PRECISION:
        middle = low + (high - low) // 2
        middle = middle.replace(microsecond=0)
        if _offset(middle, zone) == offset:
            low = middle
        else:
            high = middle
    return high


@lru_cache(maxsize=256)
def zone_text(time_zone: str, first_year: int) -> bytes:
    """The VTIMEZONE that is true from that year on, as files have it; written once, for it is half
    of what a small file costs. Raises ZoneInfoNotFoundError."""
    return bytes(vtimezone(time_zone, date(first_year, 1, 1)).to_ical())


def vtimezone(time_zone: str, first: date) -> Timezone:
    """The VTIMEZONE of an IANA zone, true from `first` on; raises ZoneInfoNotFoundError."""
    changes = changes_between(time_zone, first.year - 1, first.year + YEARS_TOLD)
    component = Timezone()
    component.add("tzid", time_zone)
    if not changes:
        component.add_component(_unchanging(time_zone, first))
        return component
    smallest = min(change.after for change in changes)
    by_kind = sorted(changes, key=lambda change: (change.before, change.after, change.name))
    for _kind, alike in groupby(by_kind, lambda change: (change.before, change.after, change.name)):
        for observance in _observances(list(alike), smallest, first.year + YEARS_TOLD):
            component.add_component(observance)
    return component


def _unchanging(time_zone: str, first: date) -> TimezoneStandard | TimezoneDaylight:
    moment = datetime(first.year, 1, 1, tzinfo=ZoneInfo(time_zone))
    offset = moment.utcoffset() or timedelta(0)
    return _observance(
        Change(datetime(1970, 1, 1), offset, offset, moment.tzname() or ""), is_daylight=False
    )


def _observances(
    alike: Sequence[Change], smallest: timedelta, last_year: int
) -> Iterator[TimezoneStandard | TimezoneDaylight]:
    """The changes from one offset to one other: a rule a year when they follow one, else dates."""
    is_daylight = alike[0].after > smallest
    observance = _observance(alike[0], is_daylight=is_daylight)
    rule = _yearly_rule(alike)
    if rule is not None and alike[-1].local.year >= last_year - 1:
        observance.add("rrule", rule)
    elif len(alike) > 1:
        observance.add("rdate", [change.local for change in alike[1:]])
    yield observance


def _observance(change: Change, *, is_daylight: bool) -> TimezoneStandard | TimezoneDaylight:
    observance = TimezoneDaylight() if is_daylight else TimezoneStandard()
    observance.add("dtstart", change.local)
    observance.add("tzoffsetfrom", change.before)
    observance.add("tzoffsetto", change.after)
    if change.name:
        observance.add("tzname", change.name)
    return observance


def _yearly_rule(changes: Sequence[Change]) -> dict[str, object] | None:
    """The yearly RRULE that gives exactly these changes; None when there is none."""
    first = changes[0].local
    years = [change.local.year for change in changes]
    alike = all(
        (each.local.month, each.local.weekday(), each.local.time())
        == (first.month, first.weekday(), first.time())
        for each in changes
    )
    if not alike or years != list(range(years[0], years[0] + len(years))):
        return None
    code, days = DAY_CODES[first.weekday()], [change.local.day for change in changes]
    rule: dict[str, object] = {"freq": "yearly", "bymonth": first.month}
    if all((change.local + timedelta(days=7)).month != first.month for change in changes):
        return {**rule, "byday": f"{_LAST}{code}"}
    ordinals = {(day - 1) // 7 + 1 for day in days}
    if len(ordinals) == 1:
        return {**rule, "byday": f"{ordinals.pop()}{code}"}
    if max(days) - min(days) > 6:
        return None
    return {**rule, "byday": code, "bymonthday": list(range(min(days), min(days) + 7))}
