"""The timetable of a session, and what it says of each moment."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from server.community.entry import STRANGER, Standing
from server.community.people import Role
from server.community.phases import (
    Phase,
    PhaseKind,
    next_boundary,
    next_break,
    read_phases,
    timetable,
    write_phases,
)
from server.community.sessions import (
    Microphones,
    OpenTo,
    Plan,
    Session,
    SessionState,
    lamp_holder,
    may_answer,
    may_edit,
    may_see,
    may_take_lamp,
)
from server.community.text import Bilingual

START = datetime(2026, 9, 1, 13, tzinfo=UTC)
PHASES = read_phases("arrivals 10, focus 50, break 10, focus 50, debrief 5")
SESSION = Session(
    id="se_1",
    series_id="x",
    community_id="c",
    time_zone="America/Toronto",
    recurs=False,
    plan=Plan(
        Bilingual("Mardi"), Bilingual(""), "", "of_1", "host", ("co",), PHASES, None, OpenTo.ALL
    ),
    original_start=START,
    starts_at=START,
    is_exception=False,
    sequence=0,
    changed_at=START,
)


def after(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("minutes", "state", "kind", "left", "following", "closed"),
    [
        (-1, SessionState.SCHEDULED, None, None, None, False),
        (0, SessionState.RUNNING, PhaseKind.ARRIVALS, 10, PhaseKind.FOCUS, False),
        (10, SessionState.RUNNING, PhaseKind.FOCUS, 50, PhaseKind.BREAK, True),
        (53, SessionState.RUNNING, PhaseKind.FOCUS, 7, PhaseKind.BREAK, True),
        (60, SessionState.RUNNING, PhaseKind.BREAK, 10, PhaseKind.FOCUS, False),
        (120, SessionState.RUNNING, PhaseKind.DEBRIEF, 5, None, False),
        (125, SessionState.ENDED, None, None, None, False),
    ],
)
def test_what_the_timetable_says(
    minutes: float,
    state: SessionState,
    kind: PhaseKind | None,
    left: int | None,
    following: PhaseKind | None,
    closed: bool,
) -> None:
    now = after(minutes)
    moment = SESSION.moment(now)
    assert SESSION.state(now) is state
    assert (moment.span.kind if moment else None) is kind
    assert (moment.left if moment else None) == (
        timedelta(minutes=left) if left is not None else None
    )
    assert (moment.following.kind if moment and moment.following else None) is following
    assert SESSION.microphones_closed(now) is closed


def test_the_edges_of_the_phases() -> None:
    spans = timetable(START, PHASES)
    assert next_boundary(spans, after(-5)) == START
    assert next_boundary(spans, after(10)) == after(60)
    assert next_boundary(spans, after(121)) == after(125)
    assert next_boundary(spans, after(125)) is None
    soon = next_break(spans, after(20))
    assert soon is not None
    assert (soon.kind, soon.begins) == (PhaseKind.BREAK, after(60))
    assert next_break(spans, after(121)) is None


def test_the_host_rules_the_microphones() -> None:
    opened = replace(SESSION, microphones=Microphones.OPEN)
    closed = replace(SESSION, microphones=Microphones.CLOSED)
    assert not opened.microphones_closed(after(20))
    assert closed.microphones_closed(after(65))
    assert not closed.microphones_closed(after(200))


def test_a_session_ends_early_and_is_called_off() -> None:
    ended = replace(SESSION, ended_at=after(30))
    assert ended.state(after(29)) is SessionState.RUNNING
    assert ended.state(after(30)) is SessionState.ENDED
    cancelled = replace(SESSION, cancelled_at=after(-60))
    assert cancelled.state(after(20)) is SessionState.CANCELLED
    assert cancelled.moment(after(20)) is None


def test_phases_are_written_and_read() -> None:
    assert read_phases(write_phases(PHASES)) == PHASES
    for wrong in ("", "sleep 10", "focus", "focus 0", "focus 999", ", ".join(["focus 1"] * 99)):
        with pytest.raises(ValueError, match=r".+"):
            read_phases(wrong)
    assert read_phases("talk 5") == (Phase(PhaseKind.TALK, 5),)


@pytest.mark.parametrize(
    ("present", "taken_by", "holder"),
    [
        ({"host", "co", "x"}, "x", "host"),
        ({"co", "x"}, "x", "co"),
        ({"x", "y"}, "x", "x"),
        ({"x", "y"}, None, None),
        ({"y"}, "x", None),
        (set(), "x", None),
    ],
)
def test_who_holds_the_lamp(present: set[str], taken_by: str | None, holder: str | None) -> None:
    session = replace(SESSION, lamp_id=taken_by)
    assert lamp_holder(session, present) == holder
    assert may_take_lamp(session, "y", present) is (holder is None and "y" in present)


MEMBER, ORGANISER = Standing(role=Role.MEMBER), Standing(role=Role.ORGANISER)
GUEST_OF_OFFICE = Standing(office_ids=frozenset({"of_1"}))


@pytest.mark.parametrize(
    ("open_to", "person", "standing", "sees", "answers"),
    [
        (OpenTo.ALL, None, STRANGER, True, True),
        (OpenTo.MEMBERS, "g", STRANGER, True, False),
        (OpenTo.MEMBERS, "m", MEMBER, True, True),
        (OpenTo.INVITED, "m", MEMBER, False, False),
        (OpenTo.INVITED, "g", GUEST_OF_OFFICE, True, True),
        (OpenTo.INVITED, "o", ORGANISER, True, True),
        (OpenTo.INVITED, "co", MEMBER, True, True),
    ],
)
def test_who_sees_and_answers(
    open_to: OpenTo, person: str | None, standing: Standing, sees: bool, answers: bool
) -> None:
    session = replace(SESSION, plan=replace(SESSION.plan, open_to=open_to))
    assert may_see(session, person, standing) is sees
    assert may_answer(session, person, standing) is answers


@pytest.mark.parametrize(
    ("person", "role", "allowed"),
    [
        ("co", Role.HOST, True),
        ("other", Role.HOST, False),
        ("other", Role.ORGANISER, True),
        ("host", Role.GUEST, False),
        (None, Role.GUEST, False),
    ],
)
def test_who_edits(person: str | None, role: Role, allowed: bool) -> None:
    assert may_edit(SESSION, person, role) is allowed
