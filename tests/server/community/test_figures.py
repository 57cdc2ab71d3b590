"""Figures of visits, over weeks, hours and months, in the community's own time."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from server.community.figures import by_hour, by_week, newcomers
from server.community.visits import Visit

TORONTO = ZoneInfo("America/Toronto")


def visit(person: str | None, local: str, minutes: int = 60) -> Visit:
    came = datetime.fromisoformat(local).replace(tzinfo=TORONTO).astimezone(UTC)
    return Visit("v", "cc", "of", person, came, came + timedelta(minutes=minutes))


def test_weeks_count_people_once_and_empty_ones_too() -> None:
    visits = [
        visit("ana", "2026-09-07T09:00"),
        visit("ana", "2026-09-08T09:00", 90),
        visit("bo", "2026-09-13T23:30"),  # Sunday night there, Monday in UTC
        visit(None, "2026-09-08T09:00"),
        visit("cy", "2026-08-01T09:00"),  # before
    ]
    found = by_week(visits, TORONTO, date(2026, 9, 16), 3)
    assert [(each.monday.isoformat(), each.people, each.visits) for each in found] == [
        ("2026-08-31", 0, 0),
        ("2026-09-07", 2, 4),
        ("2026-09-14", 0, 0),
    ]
    assert found[1].hours == pytest.approx(4.5)


def test_hours_share_a_visit_out() -> None:
    visits = [visit("ana", "2026-09-07T09:30", 60), visit("bo", "2026-09-14T09:00", 60)]
    found = by_hour(visits, TORONTO, 2)
    assert (found[0][9], found[0][10]) == (0.75, 0.25)
    assert sum(map(sum, found)) == pytest.approx(1)


def test_hours_hold_when_the_clocks_change() -> None:
    # From 0:30 to 3:30 on the clocks of March 8, 2026, two hours pass.
    found = by_hour([visit("ana", "2026-03-08T00:30", 120)], TORONTO, 1)
    assert found[6][:5] == [0.5, 1.0, 0.0, 0.5, 0.0]


def test_newcomers_who_return_come_back_another_day() -> None:
    firsts = {
        "back": "2026-07-06T09:00",
        "same-day": "2026-07-06T09:00",
        "late": "2026-07-06T09:00",
        "august": "2026-08-30T09:00",
    }
    visits = [visit(name, first) for name, first in firsts.items()] + [
        visit("back", "2026-07-20T09:00"),
        visit("same-day", "2026-07-06T15:00"),
        visit("late", "2026-08-20T09:00"),
        visit("known-before", "2026-07-06T09:00"),
    ]
    moments = {name: visit(name, first).came_at for name, first in firsts.items()}
    found = newcomers(visits, moments, TORONTO, date(2026, 9, 16), 12)
    july, august = (each for each in found if each.newcomers)
    assert (july.monday, july.newcomers, july.returned) == (date(2026, 7, 6), 3, 1)
    assert (august.newcomers, august.returned) == (1, 0)
    assert (july.is_settled, august.is_settled) == (True, False)
