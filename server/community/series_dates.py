"""When a series takes place once somebody edits one of its dates, perhaps a date moved before."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from server.community.recurrence import (
    Frequency,
    Recurrence,
    Schedule,
    aligned,
    in_local,
    place_in_month,
    starts,
)

_END = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class EditedDate:
    """The date on whose page a series is edited: where its rule puts it, and where it is."""

    original_start: datetime
    starts_at: datetime

    @property
    def is_moved(self) -> bool:
        """Whether an earlier edit moved this date alone."""
        return self.starts_at != self.original_start

    def keeps_day(self, before: Schedule, wanted: Schedule) -> bool:
        """Whether the editor left the day of the form as it was."""
        return wanted.start.date() == in_local(self.starts_at, before.time_zone).date()


def schedule_following(before: Schedule, edited: EditedDate, wanted: Schedule) -> Schedule:
    """The schedule of the series that `edited` and those after it become, its form says `wanted`.

    The form shows where the date is, which may not be where the series has it: the series' own day
    and hour stay unless the editor wrote others. A day written over another takes its place in the
    rule too: a Tuesday put on Wednesday makes the series one of Wednesdays. A number of times that
    was left as it was counts those that came before.
    """
    if wanted.recurrence is None:
        return wanted
    since = _since(before, edited, wanted)
    count = before.recurrence.count if before.recurrence else None
    if since.recurrence is None or count is None or since.recurrence.count != count:
        return since
    earlier = sum(each < edited.original_start for each in starts(before, _END, count))
    return replace(since, recurrence=replace(since.recurrence, count=max(1, count - earlier)))


def _since(before: Schedule, edited: EditedDate, wanted: Schedule) -> Schedule:
    own = in_local(edited.original_start, before.time_zone)
    shown = in_local(edited.starts_at, before.time_zone)
    day = own.date() if edited.keeps_day(before, wanted) else wanted.start.date()
    at = own.time() if wanted.start == shown else wanted.start.time()
    rule = _rule(before.recurrence, wanted.recurrence, own.date(), day)
    return aligned(Schedule(datetime.combine(day, at), wanted.time_zone, rule))


def schedule_of_all(before: Schedule, edited: EditedDate, wanted: Schedule) -> Schedule:
    """The schedule of a whole series when one of its dates is edited: its beginning goes along.

    A series that shall come back no more is that date alone, where the form has it.
    """
    if wanted.recurrence is None:
        return wanted
    since = _since(before, edited, wanted)
    own = in_local(edited.original_start, before.time_zone).date()
    day = own if edited.keeps_day(before, wanted) else wanted.start.date()
    first = _first_day(before.start.date(), own, day, wanted.recurrence.frequency)
    return aligned(replace(since, start=datetime.combine(first, since.start.time())))


def _first_day(first: date, old: date, new: date, frequency: Frequency) -> date:
    """The first day of a series whose date moves from `old` to `new`.

    Within a week, only the day that moves does: a series that also has other days keeps them.
    """
    is_same_week = old.isocalendar()[:2] == new.isocalendar()[:2]
    if frequency is not Frequency.WEEKLY or not is_same_week:
        return first + (new - old)
    monday = first - timedelta(days=first.weekday())
    if old.weekday() < first.weekday():
        return first
    return min(first, monday + timedelta(days=new.weekday()))


def _rule(
    before: Recurrence | None, wanted: Recurrence | None, old: date, new: date
) -> Recurrence | None:
    """The rule that the form asks for, about the series' own day rather than the one it shows."""
    if wanted is None or before is None or before.frequency is not wanted.frequency:
        return wanted
    if wanted.frequency is Frequency.MONTHLY:
        if new == old:
            return replace(wanted, weekdays=before.weekdays, ordinal=before.ordinal)
        return replace(wanted, weekdays=(new.weekday(),), ordinal=place_in_month(new))
    if wanted.weekdays != before.weekdays or new.weekday() in before.weekdays:
        return wanted
    days = {*before.weekdays, new.weekday()} - {old.weekday()}
    return replace(wanted, weekdays=tuple(sorted(days)))
