"""The phases of a session: a timetable, and what it says of any moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise

MOST_PHASES = 24
LONGEST_PHASE = 240


class PhaseKind(StrEnum):
    """What a stretch of a session is for; microphones are closed in `FOCUS` alone."""

    ARRIVALS = "arrivals"
    FOCUS = "focus"
    BREAK = "break"
    TALK = "talk"
    DEBRIEF = "debrief"


@dataclass(frozen=True)
class Phase:
    """One stretch of a session, in whole minutes."""

    kind: PhaseKind
    minutes: int


@dataclass(frozen=True)
class Span:
    """A phase at its place in time: from `begins` until just before `ends`."""

    kind: PhaseKind
    begins: datetime
    ends: datetime


@dataclass(frozen=True)
class Moment:
    """What a timetable says of one moment: where one is, how much is left, and what comes."""

    index: int
    span: Span
    left: timedelta
    following: Span | None


def length(phases: Sequence[Phase]) -> timedelta:
    """How long a session of those phases lasts."""
    return timedelta(minutes=sum(phase.minutes for phase in phases))


def timetable(starts_at: datetime, phases: Sequence[Phase]) -> tuple[Span, ...]:
    """The phases one after the other from `starts_at`."""
    spans, begins = [], starts_at
    for phase in phases:
        ends = begins + timedelta(minutes=phase.minutes)
        spans.append(Span(phase.kind, begins, ends))
        begins = ends
    return tuple(spans)


def moment_of(spans: Sequence[Span], now: datetime) -> Moment | None:
    """Where `now` falls; None before the first phase and from the end of the last."""
    for index, span in enumerate(spans):
        if span.begins <= now < span.ends:
            following = spans[index + 1] if index + 1 < len(spans) else None
            return Moment(index, span, span.ends - now, following)
    return None


def next_boundary(spans: Sequence[Span], now: datetime) -> datetime | None:
    """The first moment after `now` at which a phase begins or ends; None when all is over."""
    edges = [span.begins for span in spans] + [span.ends for span in spans[-1:]]
    return next((edge for edge in edges if edge > now), None)


def next_break(spans: Sequence[Span], now: datetime) -> Span | None:
    """The next phase to come in which people may talk; None when there is none left."""
    return next(
        (
            after
            for before, after in pairwise(spans)
            if before.kind is PhaseKind.FOCUS
            and after.kind is not PhaseKind.FOCUS
            and after.begins > now
        ),
        None,
    )


def closes_microphones(kind: PhaseKind) -> bool:
    """Whether nobody speaks during such a phase."""
    return kind is PhaseKind.FOCUS


def write_phases(phases: Sequence[Phase]) -> str:
    """The phases in one line, such as "arrivals 10, focus 50"."""
    return ", ".join(f"{phase.kind.value} {phase.minutes}" for phase in phases)


def read_phases(text: str) -> tuple[Phase, ...]:
    """The phases that `write_phases` wrote; raises ValueError."""
    found = []
    for part in filter(None, (each.strip() for each in text.split(","))):
        kind, _, minutes = part.partition(" ")
        found.append(Phase(PhaseKind(kind), int(minutes)))
    if not 0 < len(found) <= MOST_PHASES or any(
        not 0 < each.minutes <= LONGEST_PHASE for each in found
    ):
        raise ValueError(f"from 1 to {MOST_PHASES} phases of 1 to {LONGEST_PHASE} minutes")
    return tuple(found)
