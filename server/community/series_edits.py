"""What an edit of a series does to its occurrences: which stay, move, are called off, or appear."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from server.community.recurrence import in_local


class Reach(StrEnum):
    """How far an edit reaches."""

    THIS = "this"
    FOLLOWING = "following"
    ALL = "all"


@dataclass(frozen=True)
class Dated:
    """An occurrence as edits see it.

    `original_start`: the start that the rule gave it (RECURRENCE-ID); `moved_to`: where it was put
    by itself, and stays.
    """

    id: str
    original_start: datetime
    moved_to: datetime | None = None

    @property
    def starts_at(self) -> datetime:
        """When it takes place."""
        return self.moved_to or self.original_start


@dataclass(frozen=True)
class Changes:
    """`moved`: id to new original start; `dropped`: ids without a place left; `added`: starts."""

    moved: dict[str, datetime]
    dropped: tuple[str, ...]
    added: tuple[datetime, ...]


def reached(
    occurrences: Sequence[Dated], chosen: Dated, reach: Reach, now: datetime
) -> list[Dated]:
    """The occurrences that an edit of `chosen` touches, in order: none that already began."""
    if reach is Reach.THIS:
        return [chosen]
    if reach is Reach.FOLLOWING:
        occurrences = [each for each in occurrences if each.original_start >= chosen.original_start]
    found = (each for each in occurrences if each.id == chosen.id or each.starts_at > now)
    return sorted(found, key=lambda each: each.original_start)


def rescheduled(
    old: Sequence[Dated], new_starts: Sequence[datetime], old_zone: str, new_zone: str
) -> Changes:
    """Give each old occurrence its place among the new starts, so that its answers stay with it.

    First those that keep their local day (another hour), then those that keep their week (another
    day), in order; the rest are dropped or added.
    """
    left = sorted(old, key=lambda each: each.original_start)
    free = sorted(new_starts)
    moved: dict[str, datetime] = {}
    for key in (_day, _week):
        by_key: dict[tuple[int, ...], list[datetime]] = {}
        for start in free:
            by_key.setdefault(key(in_local(start, new_zone).date()), []).append(start)
        for each in tuple(left):
            places = by_key.get(key(in_local(each.original_start, old_zone).date()))
            if places:
                moved[each.id] = places.pop(0)
                left.remove(each)
        taken = set(moved.values())
        free = [start for start in free if start not in taken]
    return Changes(moved, tuple(each.id for each in left), tuple(free))


def _day(day: date) -> tuple[int, ...]:
    return (day.year, day.month, day.day)


def _week(day: date) -> tuple[int, ...]:
    return tuple(day.isocalendar()[:2])
