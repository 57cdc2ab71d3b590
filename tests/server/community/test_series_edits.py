"""Edits of this one, this and following, or all: which sessions move, stay, go and appear."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from server.community.series_edits import Dated, Reach, reached, rescheduled

TUESDAYS = [datetime(2026, 9, day, 13, tzinfo=UTC) for day in (1, 8, 15, 22)]
SERIES = [Dated(name, start) for name, start in zip("abcd", TUESDAYS, strict=True)]
TORONTO = "America/Toronto"


@pytest.mark.parametrize(
    ("chosen", "reach", "now", "expected"),
    [
        ("b", Reach.THIS, "2026-08-30", "b"),
        ("b", Reach.FOLLOWING, "2026-08-30", "bcd"),
        ("b", Reach.ALL, "2026-08-30", "abcd"),
        # What has begun is history, but for the one that is being edited.
        ("c", Reach.ALL, "2026-09-10", "cd"),
        ("b", Reach.ALL, "2026-09-09", "bcd"),
        ("d", Reach.FOLLOWING, "2026-08-30", "d"),
    ],
)
def test_how_far_an_edit_reaches(chosen: str, reach: Reach, now: str, expected: str) -> None:
    one = next(each for each in SERIES if each.id == chosen)
    moment = datetime.fromisoformat(now).replace(tzinfo=UTC)
    assert "".join(each.id for each in reached(SERIES, one, reach, moment)) == expected


def shifted(**by: float) -> list[datetime]:
    return [start + timedelta(**by) for start in TUESDAYS]


@pytest.mark.parametrize(
    ("fresh", "moved", "dropped", "added"),
    [
        # Another hour: each keeps its day.
        (shifted(hours=2), {"a": 0, "b": 1, "c": 2, "d": 3}, "", []),
        # Another day: each keeps its week.
        (shifted(days=2), {"a": 0, "b": 1, "c": 2, "d": 3}, "", []),
        # Every other week: those between have no place left.
        (TUESDAYS[::2], {"a": 0, "c": 1}, "bd", []),
        # Twice a week: the old ones stay, new ones appear.
        (sorted(TUESDAYS + shifted(days=2)), {"a": 0, "b": 2, "c": 4, "d": 6}, "", [1, 3, 5, 7]),
        # It ends sooner; it ends.
        (TUESDAYS[:3], {"a": 0, "b": 1, "c": 2}, "d", []),
        ([], {}, "abcd", []),
        # A month later: nobody who said yes to one date is taken to another.
        (shifted(weeks=5), {}, "abcd", [0, 1, 2, 3]),
    ],
)
def test_sessions_keep_their_answers_when_the_rule_changes(
    fresh: list[datetime], moved: dict[str, int], dropped: str, added: list[int]
) -> None:
    changes = rescheduled(SERIES, fresh, TORONTO, TORONTO)
    assert changes.moved == {name: fresh[index] for name, index in moved.items()}
    assert "".join(changes.dropped) == dropped
    assert list(changes.added) == [fresh[index] for index in added]


def test_days_are_those_of_the_zone() -> None:
    # Eight in the evening in Toronto is the next day in UTC, and stays the same evening an hour on.
    late = [Dated("a", datetime(2026, 9, 2, 0, tzinfo=UTC))]
    fresh = [datetime(2026, 9, 1, 23, tzinfo=UTC), datetime(2026, 9, 3, 0, tzinfo=UTC)]
    changes = rescheduled(late, fresh, TORONTO, TORONTO)
    assert changes.moved == {"a": fresh[0]}
    assert changes.added == (fresh[1],)
