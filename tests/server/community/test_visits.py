"""Visits as they are noted from minute to minute, and who was at a session."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from server.community.recurrence import Schedule
from server.community.visits import Seen, Visit, at_session, look
from tests.server.community.sample_sessions import session_at

NINE = datetime(2026, 9, 8, 13, tzinfo=UTC)
SESSION = session_at(NINE, Schedule(datetime(2026, 9, 8, 9), "America/Toronto"), 1)


def visit(person: str | None, begin: int, end: int, office: str = "of_1") -> Visit:
    """From so many minutes after nine to so many."""
    came, left = NINE + timedelta(minutes=begin), NINE + timedelta(minutes=end)
    return Visit(f"{person}{begin}", "cc", office, person, came, left)


def test_who_stays_goes_on_and_who_comes_begins() -> None:
    ana, bo = Seen("cc", "of_1", "ana"), Seen("cc", "of_1", "bo")
    elsewhere = Seen("cc", "of_2", "ana")
    lasting, come = look([visit("ana", 0, 3), visit("cy", 0, 3)], [ana, bo, elsewhere, bo])
    assert lasting == ["ana0"]
    assert come == [bo, elsewhere]


def test_who_was_at_a_session() -> None:
    visits = [
        visit("early", -30, 20),
        visit("twice", 5, 10),
        visit("twice", 30, 70),
        visit("before", -60, -5),
        visit("after", 61, 90),
        visit("elsewhere", 0, 60, "of_2"),
        visit(None, 0, 60),
    ]
    found = at_session(SESSION, visits)
    assert {name: each.minutes for name, each in found.items()} == {"early": 20, "twice": 35}
    assert found["early"].came_at == NINE - timedelta(minutes=15)
    assert found["twice"].left_at == NINE + timedelta(minutes=60)


def test_a_session_closed_early_ends_there() -> None:
    closed = replace(SESSION, ended_at=NINE + timedelta(minutes=30))
    assert at_session(closed, [visit("ana", 0, 60)])["ana"].minutes == 30
