"""When series take place: over the clocks' changes, by month, until, count; and RFC 5545's text."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from server.community.recurrence import (
    Frequency,
    Recurrence,
    Schedule,
    aligned,
    ended_before,
    in_local,
    in_utc,
    place_in_month,
    rrule_text,
    starts,
)

LATER = datetime(2030, 1, 1, tzinfo=UTC)
TORONTO, PARIS, ADELAIDE = "America/Toronto", "Europe/Paris", "Australia/Adelaide"


def weekly(*days: int, **rest: object) -> Recurrence:
    return Recurrence(Frequency.WEEKLY, days, **rest)  # type: ignore[arg-type]


def monthly(ordinal: int, day: int, **rest: object) -> Recurrence:
    return Recurrence(Frequency.MONTHLY, (day,), ordinal=ordinal, **rest)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("start", "zone", "rule", "expected"),
    [
        # Tuesdays at nine stay at nine: from UTC-5 to UTC-4 on March 8, 2026.
        ("2026-03-03T09:00", TORONTO, weekly(1, count=3), "03-03T14 03-10T13 03-17T13"),
        # And back, on November 1.
        ("2026-10-27T09:00", TORONTO, weekly(1, count=2), "10-27T13 11-03T14"),
        ("2026-03-26T18:00", PARIS, weekly(3, count=2), "03-26T17 04-02T16"),
        # A zone of half hours, in the south: 10:30 ahead of UTC, then 9:30, on April 5.
        ("2026-04-02T09:30", ADELAIDE, weekly(3, count=2), "04-01T23 04-09T00"),
        # Two days a week, every other week.
        ("2026-01-06T12:00", "UTC", weekly(1, 3, interval=2, count=4), "01-06 01-08 01-20 01-22"),
        # The second Tuesday, the last Friday.
        ("2026-01-13T12:00", "UTC", monthly(2, 1, count=3), "01-13 02-10 03-10"),
        ("2026-01-30T12:00", "UTC", monthly(-1, 4, count=3), "01-30 02-27 03-27"),
        # The last day allowed is allowed whole.
        ("2026-01-06T23:00", "UTC", weekly(1, until=date(2026, 1, 20)), "01-06 01-13 01-20"),
        ("2026-01-06T12:00", "UTC", None, "01-06"),
        # The first day follows the rule, whatever day was written.
        ("2026-01-05T12:00", "UTC", weekly(1, count=1), "01-06"),
    ],
)
def test_a_series_takes_place(
    start: str, zone: str, rule: Recurrence | None, expected: str
) -> None:
    schedule = Schedule(datetime.fromisoformat(start), zone, rule)
    found = starts(schedule, LATER, 50)
    assert [f"{each:%m-%dT%H}" for each in found] == [
        each if "T" in each else f"{each}T{found[0]:%H}" for each in expected.split()
    ]


def test_a_time_that_the_clocks_skip_takes_the_offset_before() -> None:
    # 2:30 does not exist in Toronto on March 8, 2026: RFC 5545 reads it as 7:30 UTC (3:30 there).
    assert in_utc(datetime(2026, 3, 8, 2, 30), TORONTO) == datetime(2026, 3, 8, 7, 30, tzinfo=UTC)


def test_a_time_that_the_clocks_repeat_is_the_first() -> None:
    assert in_utc(datetime(2026, 11, 1, 1, 30), TORONTO) == datetime(2026, 11, 1, 5, 30, tzinfo=UTC)


def test_what_a_year_of_tuesdays_shows_on_the_clock() -> None:
    schedule = Schedule(datetime(2026, 1, 6, 9), TORONTO, weekly(1))
    found = starts(schedule, datetime(2026, 12, 31, tzinfo=UTC), 100)
    assert len(found) == 52
    assert {in_local(each, TORONTO).hour for each in found} == {9}


def test_a_series_without_end_is_bounded() -> None:
    schedule = Schedule(datetime(2026, 1, 6, 9), TORONTO, weekly(1))
    assert len(starts(schedule, LATER, 10)) == 10
    assert starts(schedule, datetime(2025, 1, 1, tzinfo=UTC), 10) == []


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (None, ""),
        (weekly(1, 3), "FREQ=WEEKLY;BYDAY=TU,TH"),
        (weekly(1, interval=2, count=4), "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU"),
        (monthly(-1, 4), "FREQ=MONTHLY;BYDAY=-1FR"),
        (
            weekly(1, until=date(2026, 3, 31)),
            "FREQ=WEEKLY;UNTIL=20260331T130000Z;BYDAY=TU",
        ),
    ],
)
def test_the_rule_as_calendars_read_it(rule: Recurrence | None, text: str) -> None:
    assert rrule_text(Schedule(datetime(2026, 1, 6, 9), TORONTO, rule)) == text


def test_the_place_of_a_day_in_its_month() -> None:
    days = (date(2026, 1, 1), date(2026, 1, 13), date(2026, 1, 23), date(2026, 1, 30))
    assert [place_in_month(day) for day in days] == [1, 2, 4, -1]


def test_a_schedule_is_aligned_and_cut() -> None:
    schedule = aligned(Schedule(datetime(2026, 1, 5, 9), TORONTO, weekly(1)))
    assert schedule.start == datetime(2026, 1, 6, 9)
    third = in_utc(datetime(2026, 1, 20, 9), TORONTO)
    cut = starts(ended_before(schedule, third), LATER, 50)
    assert cut == [third - timedelta(weeks=2), third - timedelta(weeks=1)]


def test_a_schedule_wants_a_local_time() -> None:
    with pytest.raises(ValueError, match="local"):
        Schedule(datetime(2026, 1, 5, 9, tzinfo=UTC), TORONTO)
