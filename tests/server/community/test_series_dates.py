"""What becomes of a series when one of its dates is edited, moved before or not: tables."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from server.community.recurrence import Frequency, Recurrence, Schedule, in_utc, starts
from server.community.series_dates import EditedDate, schedule_following, schedule_of_all

TORONTO = "America/Toronto"
TUE = Recurrence(Frequency.WEEKLY, (1,))
TWICE = Recurrence(Frequency.WEEKLY, (1, 3))
WED = Recurrence(Frequency.WEEKLY, (2,))
FOURTH = Recurrence(Frequency.MONTHLY, (4,), ordinal=4)
LAST = replace(FOURTH, ordinal=-1)
SEP = "09-01 09:00"
END = datetime(2028, 1, 1, tzinfo=UTC)


def local(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}")


def shown(schedule: Schedule) -> list[str]:
    zone = ZoneInfo(schedule.time_zone)
    return [f"{each.astimezone(zone):%m-%d %H:%M}" for each in starts(schedule, END, 3)]


@pytest.mark.parametrize(
    ("rule", "own", "is_at", "written", "asked", "expected"),
    [
        # Nothing written: a date in its place, and one that was moved to another day and hour.
        (TUE, "10-06 09:00", "", "10-06 09:00", TUE, "10-06 10-13 10-20 09:00"),
        (TUE, "10-06 09:00", "10-07 14:00", "10-07 14:00", TUE, "10-06 10-13 10-20 09:00"),
        (TUE, "10-06 09:00", "10-13 14:00", "10-13 14:00", TUE, "10-06 10-13 10-20 09:00"),
        # Another hour: for the moved one too, the day stays the series' own.
        (TUE, "10-06 09:00", "", "10-06 10:30", TUE, "10-06 10-13 10-20 10:30"),
        (TUE, "10-06 09:00", "10-07 14:00", "10-07 15:00", TUE, "10-06 10-13 10-20 15:00"),
        # Another day takes the place of the old one in the rule.
        (TUE, "10-06 09:00", "", "10-07 09:00", TUE, "10-07 10-14 10-21 09:00"),
        (TUE, "10-06 09:00", "10-07 09:00", "10-08 09:00", TUE, "10-08 10-15 10-22 09:00"),
        (TWICE, "10-06 09:00", "", "10-07 09:00", TWICE, "10-07 10-08 10-14 09:00"),
        (TUE, "10-06 09:00", "", "10-14 09:00", TUE, "10-14 10-21 10-28 09:00"),
        # Other days ticked, the date left alone.
        (TUE, "10-06 09:00", "", "10-06 09:00", WED, "10-07 10-14 10-21 09:00"),
        (TUE, "10-06 09:00", "10-09 09:00", "10-09 09:00", TWICE, "10-06 10-08 10-13 09:00"),
        # Every month: a fourth Friday that is the last one too stays a fourth.
        (FOURTH, "11-27 09:00", "", "11-27 09:00", LAST, "11-27 12-25 01-22 09:00"),
        (FOURTH, "10-23 09:00", "10-26 09:00", "10-26 09:00", LAST, "10-23 11-27 12-25 09:00"),
        (FOURTH, "10-23 09:00", "", "10-29 09:00", LAST, "10-29 11-26 12-31 09:00"),
        # From every month to every week, and to once.
        (FOURTH, "10-23 09:00", "", "10-23 09:00", TUE, "10-27 11-03 11-10 09:00"),
        (TUE, "10-06 09:00", "10-07 14:00", "10-07 14:00", None, "10-07 14:00"),
    ],
)  # fmt: skip
def test_this_and_following(
    rule: Recurrence, own: str, is_at: str, written: str, asked: Recurrence | None, expected: str
) -> None:
    before = Schedule(local("09-01 09:00"), TORONTO, rule)
    edited = EditedDate(in_utc(local(own), TORONTO), in_utc(local(is_at or own), TORONTO))
    wanted = Schedule(local(written), TORONTO, asked)
    *days, hour = expected.split()
    assert shown(schedule_following(before, edited, wanted)) == [f"{day} {hour}" for day in days]


@pytest.mark.parametrize(
    ("rule", "first", "own", "is_at", "written", "expected"),
    [
        (TUE, SEP, "10-06 09:00", "", "10-06 09:00", "09-01 09-08 09-15 09:00"),
        (TUE, SEP, "10-06 09:00", "10-07 14:00", "10-07 14:00", "09-01 09-08 09-15 09:00"),
        (TUE, SEP, "10-06 09:00", "10-07 14:00", "10-07 16:00", "09-01 09-08 09-15 16:00"),
        (TUE, SEP, "10-06 09:00", "", "10-08 09:00", "09-03 09-10 09-17 09:00"),
        (TUE, SEP, "10-06 09:00", "", "10-05 09:00", "08-31 09-07 09-14 09:00"),
        # The other days of the week stay, the first one too.
        (TWICE, "09-03 09:00", "10-06 09:00", "", "10-07 09:00", "09-03 09-09 09-10 09:00"),
        (TWICE, SEP, "10-08 09:00", "", "10-05 09:00", "08-31 09-01 09-07 09:00"),
        # Another week: everything goes along.
        (TUE, SEP, "10-06 09:00", "", "10-14 09:00", "09-09 09-16 09-23 09:00"),
    ],
)  # fmt: skip
def test_the_whole_series(
    rule: Recurrence, first: str, own: str, is_at: str, written: str, expected: str
) -> None:
    before = Schedule(local(first), TORONTO, rule)
    edited = EditedDate(in_utc(local(own), TORONTO), in_utc(local(is_at or own), TORONTO))
    *days, hour = expected.split()
    found = schedule_of_all(before, edited, Schedule(local(written), TORONTO, rule))
    assert shown(found) == [f"{day} {hour}" for day in days]


def test_a_whole_series_that_comes_back_no_more_is_the_date_at_hand() -> None:
    before = Schedule(local("09-01 09:00"), TORONTO, TUE)
    start = in_utc(local("10-06 09:00"), TORONTO)
    wanted = Schedule(local("10-06 11:00"), TORONTO)
    assert schedule_of_all(before, EditedDate(start, start), wanted) == wanted


@pytest.mark.parametrize(("written", "left"), [(5, 3), (4, 4)])
def test_a_number_of_times_left_alone_counts_those_before(written: int, left: int) -> None:
    before = Schedule(local("09-01 09:00"), TORONTO, replace(TUE, count=5))
    start = in_utc(local("09-15 09:00"), TORONTO)
    wanted = Schedule(local("09-15 09:00"), TORONTO, replace(TUE, count=written))
    found = schedule_following(before, EditedDate(start, start), wanted)
    assert found.recurrence is not None
    assert found.recurrence.count == left


def test_another_zone_keeps_what_the_clocks_show() -> None:
    before = Schedule(local("09-01 09:00"), TORONTO, TUE)
    start = in_utc(local("10-06 09:00"), TORONTO)
    moved = EditedDate(start, start + timedelta(days=1))
    wanted = Schedule(local("10-07 09:00"), "Europe/Paris", TUE)
    assert shown(schedule_following(before, moved, wanted))[0] == "10-06 09:00"
