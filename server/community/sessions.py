"""Sessions: scheduled gatherings in an office, one by one or in a series, and who may do what."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from server.community.entry import Standing
from server.community.people import Role, may_manage
from server.community.phases import (
    Moment,
    Phase,
    PhaseKind,
    Span,
    closes_microphones,
    length,
    moment_of,
    timetable,
)
from server.community.recurrence import Schedule
from server.community.text import Bilingual

LARGEST_CAPACITY = 500
MOST_CO_HOSTS = 8


class OpenTo(StrEnum):
    """Who sees and answers a session."""

    ALL = "all"
    MEMBERS = "members"
    INVITED = "invited"


class SessionState(StrEnum):
    """Where a session is in its life."""

    SCHEDULED = "scheduled"
    RUNNING = "running"
    ENDED = "ended"
    CANCELLED = "cancelled"


class Microphones(StrEnum):
    """What rules the microphones of a running session: its phases, or its host's word."""

    PHASES = "phases"
    OPEN = "open"
    CLOSED = "closed"


@dataclass(frozen=True)
class Plan:
    """What a session is, whenever it takes place. `capacity` None: as many as the office holds."""

    title: Bilingual
    text: Bilingual
    theme: str
    office_id: str
    host_id: str | None
    co_host_ids: tuple[str, ...]
    phases: tuple[Phase, ...]
    capacity: int | None
    open_to: OpenTo


@dataclass(frozen=True)
class SessionDraft:
    """What a host decides: what it is, and when it takes place."""

    plan: Plan
    schedule: Schedule


@dataclass(frozen=True)
class Series:
    """A session as it comes back; one that does not is a series of one.

    `sequence` rises with each change (RFC 5545, 3.8.7.4).
    """

    id: str
    community_id: str
    schedule: Schedule
    plan: Plan
    sequence: int
    created_at: datetime


@dataclass(frozen=True)
class Session:
    """One session at its date. `original_start` is the start that its series' rule gives it.

    `is_exception`: it was changed by itself and no longer follows its series. `ended_at`: its host
    closed it early. `lamp_id`: who took the lamp while its hosts were away.
    """

    id: str
    series_id: str
    community_id: str
    time_zone: str
    recurs: bool
    plan: Plan
    original_start: datetime
    starts_at: datetime
    is_exception: bool
    sequence: int
    changed_at: datetime
    cancelled_at: datetime | None = None
    ended_at: datetime | None = None
    microphones: Microphones = Microphones.PHASES
    lamp_id: str | None = None

    @property
    def ends_at(self) -> datetime:
        """When its last phase ends."""
        return self.starts_at + length(self.plan.phases)

    @property
    def spans(self) -> tuple[Span, ...]:
        """Its phases at their places in time."""
        return timetable(self.starts_at, self.plan.phases)

    @property
    def host_ids(self) -> tuple[str, ...]:
        """The host, then the co-hosts."""
        return (*((self.plan.host_id,) if self.plan.host_id else ()), *self.plan.co_host_ids)

    def state(self, now: datetime) -> SessionState:
        """Its state at `now`: by the clock alone, whether or not anybody came."""
        if self.cancelled_at is not None:
            return SessionState.CANCELLED
        if now < self.starts_at:
            return SessionState.SCHEDULED
        if now >= self.ends_at or (self.ended_at is not None and now >= self.ended_at):
            return SessionState.ENDED
        return SessionState.RUNNING

    def moment(self, now: datetime) -> Moment | None:
        """The phase it is in at `now`; None unless it is running."""
        if self.state(now) is not SessionState.RUNNING:
            return None
        return moment_of(self.spans, now)

    def microphones_closed(self, now: datetime) -> bool:
        """Whether nobody but the lamp's holder may speak at `now`."""
        moment = self.moment(now)
        if moment is None:
            return False
        if self.microphones is Microphones.PHASES:
            return closes_microphones(moment.span.kind)
        return self.microphones is Microphones.CLOSED


def may_host(role: Role) -> bool:
    """Whether `role` may create sessions and be their host."""
    return role is Role.HOST or may_manage(role)


def may_edit(session: Session, person_id: str | None, role: Role) -> bool:
    """Whether that person may change and cancel a session: its hosts, and who looks after all."""
    return may_manage(role) or (
        person_id is not None and may_host(role) and person_id in session.host_ids
    )


def may_restore(session: Session, now: datetime) -> bool:
    """Whether a session that was called off may still take place: its hour is not over."""
    return session.cancelled_at is not None and now < session.ends_at


def may_see(session: Session, person_id: str | None, standing: Standing) -> bool:
    """Whether that person sees the session at all: all do, unless it is for those invited."""
    if session.plan.open_to is not OpenTo.INVITED or may_manage(standing.role):
        return True
    return (
        standing.whole_community
        or session.plan.office_id in standing.office_ids
        or (person_id is not None and person_id in session.host_ids)
    )


def may_answer(session: Session, person_id: str | None, standing: Standing) -> bool:
    """Whether that person may say that they come (a name is asked for elsewhere)."""
    if session.plan.open_to is OpenTo.MEMBERS:
        return standing.role is not Role.GUEST
    return may_see(session, person_id, standing)


def lamp_holder(session: Session, present_ids: Collection[str]) -> str | None:
    """Who holds the lamp among those present: the host, else a co-host, else who took it."""
    in_order = [*session.host_ids, *([session.lamp_id] if session.lamp_id else [])]
    return next((each for each in in_order if each in present_ids), None)


def may_take_lamp(session: Session, person_id: str, present_ids: Collection[str]) -> bool:
    """Whether that person, present, may take the lamp: while nobody present holds it."""
    return person_id in present_ids and lamp_holder(session, present_ids) is None


USUAL_PHASES: tuple[Phase, ...] = (
    Phase(PhaseKind.ARRIVALS, 10),
    Phase(PhaseKind.FOCUS, 45),
    Phase(PhaseKind.BREAK, 10),
    Phase(PhaseKind.FOCUS, 45),
    Phase(PhaseKind.DEBRIEF, 10),
)
"""What a new session's form proposes."""
_EDGE, _SHORT_EDGE = 10, 5
"""Minutes of arrivals, and of debrief: of a usual session, and of one shorter than an hour."""
_LONGEST_FOCUS = 55


def phases_lasting(minutes: int) -> tuple[Phase, ...]:
    """The usual phases in so many minutes, 15 at the least: focus parted by breaks of ten."""
    edge = _EDGE if minutes >= 60 else _SHORT_EDGE
    middle = minutes - 2 * edge
    count = max(1, math.ceil((middle + _EDGE) / (_LONGEST_FOCUS + _EDGE)))
    focus, left = divmod(middle - _EDGE * (count - 1), count)
    phases = [Phase(PhaseKind.ARRIVALS, edge)]
    for index in range(count):
        if index:
            phases.append(Phase(PhaseKind.BREAK, _EDGE))
        phases.append(Phase(PhaseKind.FOCUS, focus + (index < left)))
    return (*phases, Phase(PhaseKind.DEBRIEF, edge))
