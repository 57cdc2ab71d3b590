"""Answers to a session: yes, maybe or no, the seats they take, and the waiting list."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from server.community.errors import CommunityError

MOST_COMPANIONS = 9
REMINDER_CHOICES = (15, 60, 24 * 60)
"""Minutes before the start at which one may ask for a reminder."""


class Answer(StrEnum):
    """What someone says of a session."""

    YES = "yes"
    MAYBE = "maybe"
    NO = "no"


class PartyTooLarge(CommunityError):
    """More companions than seats are left, while others wait: nobody overtakes the line."""


@dataclass(frozen=True)
class Reply:
    """The answer of one person; `placed_at`: since when they stand in line for their seats."""

    person_id: str
    answer: Answer
    companions: int
    placed_at: datetime

    @property
    def seats(self) -> int:
        """The seats it asks for: one's own, and those of the people who come along."""
        return 1 + self.companions if self.answer is Answer.YES else 0


@dataclass(frozen=True)
class Seating:
    """Who has a seat and who waits, each in order of arrival, and how many seats are left.

    `left`: None without a limit.
    """

    seated: tuple[Reply, ...]
    waiting: tuple[Reply, ...]
    left: int | None

    def is_waiting(self, person_id: str) -> bool:
        """Whether that person is in line for a seat."""
        return any(each.person_id == person_id for each in self.waiting)


def seat(replies: Iterable[Reply], capacity: int | None) -> Seating:
    """Give the seats in order of arrival.

    Nobody overtakes: behind a party that does not fit, all wait, so that a later change never takes
    a seat back from someone who was told they had one.
    """
    line = sorted(
        (each for each in replies if each.answer is Answer.YES),
        key=lambda each: (each.placed_at, each.person_id),
    )
    if capacity is None:
        return Seating(tuple(line), (), None)
    left = capacity
    for index, reply in enumerate(line):
        if reply.seats > left:
            return Seating(tuple(line[:index]), tuple(line[index:]), left)
        left -= reply.seats
    return Seating(tuple(line), (), left)


def reply_again(
    before: Sequence[Reply],
    capacity: int | None,
    person_id: str,
    answer: Answer,
    companions: int,
    now: datetime,
) -> Reply:
    """The person's new reply. Who says yes again keeps their place in line.

    Raises PartyTooLarge when a seated party grows beyond the seats that nobody waits for.
    """
    companions = max(0, min(companions, MOST_COMPANIONS)) if answer is Answer.YES else 0
    mine = next((each for each in before if each.person_id == person_id), None)
    if mine is None or mine.answer is not Answer.YES or answer is not Answer.YES:
        return Reply(person_id, answer, companions, now)
    seating = seat(before, capacity)
    grows = companions - mine.companions
    if grows > 0 and not seating.is_waiting(person_id) and seating.left is not None:
        free = 0 if seating.waiting else seating.left
        if grows > free:
            raise PartyTooLarge
    return Reply(person_id, answer, companions, mine.placed_at)


def newly_seated(
    before: Sequence[Reply],
    after: Sequence[Reply],
    before_capacity: int | None,
    capacity: int | None,
) -> list[str]:
    """The people who waited and have a seat now: those to tell."""
    waited = {each.person_id for each in seat(before, before_capacity).waiting}
    return [each.person_id for each in seat(after, capacity).seated if each.person_id in waited]
