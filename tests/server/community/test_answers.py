"""Seats, companions and the waiting list."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from server.community.answers import (
    Answer,
    PartyTooLarge,
    Reply,
    newly_seated,
    reply_again,
    seat,
)

NOW = datetime(2026, 9, 1, 9, tzinfo=UTC)


def line(text: str) -> list[Reply]:
    """Replies in order: "a b+2 c? d-" is yes, yes with two, maybe, no."""
    marks = {"?": Answer.MAYBE, "-": Answer.NO}
    return [
        Reply(
            part[0],
            marks.get(part[-1], Answer.YES),
            int(part[2:]) if "+" in part else 0,
            NOW + timedelta(minutes=minute),
        )
        for minute, part in enumerate(text.split())
    ]


@pytest.mark.parametrize(
    ("replies", "capacity", "seated", "waiting", "left"),
    [
        ("", 4, "", "", 4),
        ("a b c", None, "abc", "", None),
        ("a b c", 3, "abc", "", 0),
        ("a b c d", 3, "abc", "d", 0),
        ("a? b- c", 1, "c", "", 0),
        ("a+2 b", 3, "a", "b", 0),
        # Nobody overtakes a party that waits, even where a single seat is free.
        ("a b+2 c", 3, "a", "bc", 2),
        ("a+9", 3, "", "a", 3),
    ],
)
def test_seats_go_in_order_of_arrival(
    replies: str, capacity: int | None, seated: str, waiting: str, left: int | None
) -> None:
    found = seat(reversed(line(replies)), capacity)
    assert "".join(each.person_id for each in found.seated) == seated
    assert "".join(each.person_id for each in found.waiting) == waiting
    assert found.left == left


def test_who_leaves_makes_room_for_the_next() -> None:
    before = line("a b c d")
    after = [each for each in before if each.person_id != "a"]
    assert newly_seated(before, after, 2, 2) == ["c"]
    assert newly_seated(before, before, 2, 3) == ["c"]
    assert newly_seated(before, before, 2, None) == ["c", "d"]


@pytest.mark.parametrize(
    ("before", "capacity", "who", "answer", "companions", "keeps_place"),
    [
        ("a b", 5, "c", Answer.YES, 0, False),  # new
        ("a b", 5, "a", Answer.YES, 2, True),  # brings two more, there is room
        ("a+2 b c", 4, "a", Answer.YES, 0, True),  # brings fewer
        ("a b c", 2, "c", Answer.YES, 3, True),  # in line, may grow in line
        ("a b", 5, "a", Answer.MAYBE, 2, False),
        ("a- b", 5, "a", Answer.YES, 0, False),  # changed their mind: at the end
    ],
)
def test_answering_again(
    before: str, capacity: int, who: str, answer: Answer, companions: int, keeps_place: bool
) -> None:
    later = NOW + timedelta(days=1)
    reply = reply_again(line(before), capacity, who, answer, companions, later)
    assert (reply.placed_at != later) is keeps_place
    assert reply.companions == (companions if answer is Answer.YES else 0)


@pytest.mark.parametrize(("before", "companions"), [("a b c", 1), ("a b", 2)])
def test_a_party_does_not_grow_over_those_who_wait(before: str, companions: int) -> None:
    with pytest.raises(PartyTooLarge):
        reply_again(line(before), 2, "a", Answer.YES, companions, NOW)


def test_companions_are_bounded() -> None:
    assert reply_again([], None, "a", Answer.YES, 99, NOW).companions == 9
    assert reply_again([], None, "a", Answer.YES, -1, NOW).companions == 0
