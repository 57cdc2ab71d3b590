"""Who may do what with a proposed stop, by tables; and the form that proposes one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from server.community.communities import Community
from server.community.offices import Office, OfficeKind, Visibility
from server.community.people import Person, Role
from server.community.phases import PhaseKind, length, read_phases, write_phases
from server.community.sessions import USUAL_PHASES, OpenTo
from server.community.text import Bilingual
from server.community.tour_proposals import (
    LENGTHS,
    LONGEST_NOTE,
    USUAL_LENGTH,
    Proposal,
    Slot,
    StopState,
    draft_proposal,
    may_be_asked,
    may_follow,
    may_propose,
    may_reply,
    session_at,
)
from server.community.tours import Tour

NOW = datetime(2026, 9, 1, 12, tzinfo=UTC)
ZONE = "America/Toronto"
MAKER, OTHER = Person("maker", "Ana"), Person("other", "Bo")
KEEPER = Person("keeper", "Kim", keeps_server=True)
TOUR = Tour("t", "t", Bilingual("T"), Bilingual(""), MAKER.id, frozenset())
LISTED = Community("c", "c", Bilingual("C"), Bilingual(""), ZONE)
PRIVATE = replace(LISTED, listed=False)
ASKED = Proposal(
    id="p",
    tour_id=TOUR.id,
    community_id=LISTED.id,
    session_id=None,
    slot=Slot(Bilingual("Chez vous"), NOW + timedelta(days=1), ZONE),
    called_off=False,
    note="",
    word="",
    state=StopState.PROPOSED,
    proposed_by=MAKER.id,
)


@pytest.mark.parametrize(
    ("community", "role", "asked"),
    [
        (LISTED, Role.GUEST, True),
        (LISTED, Role.MEMBER, True),
        (LISTED, Role.HOST, True),
        (LISTED, Role.ORGANISER, False),  # there one chooses sessions oneself
        (LISTED, Role.OWNER, False),
        (PRIVATE, Role.GUEST, False),
        (PRIVATE, Role.MEMBER, True),
        (PRIVATE, Role.HOST, True),
        (PRIVATE, Role.ORGANISER, False),
        (PRIVATE, Role.OWNER, False),
    ],
)
def test_which_houses_may_be_asked(community: Community, role: Role, asked: bool) -> None:
    assert may_be_asked(community, role) is asked


@pytest.mark.parametrize(
    ("person", "organises", "may"),
    [
        (MAKER, True, True),
        (MAKER, False, False),
        (OTHER, True, False),
        (KEEPER, True, True),
        (KEEPER, False, True),
        (None, False, False),
    ],
)
def test_who_proposes(person: Person | None, organises: bool, may: bool) -> None:
    assert may_propose(TOUR, person, organises=organises) is may


@pytest.mark.parametrize(
    ("person", "community", "role", "may"),
    [
        (MAKER, LISTED, Role.GUEST, True),
        (MAKER, PRIVATE, Role.GUEST, True),  # they proposed it while they were a member
        (OTHER, LISTED, Role.MEMBER, False),
        (OTHER, LISTED, Role.OWNER, False),  # who is asked answers, and withdraws nothing
        (KEEPER, LISTED, Role.GUEST, True),
        (KEEPER, PRIVATE, Role.GUEST, False),
        (KEEPER, PRIVATE, Role.MEMBER, True),
        (None, LISTED, Role.GUEST, False),
    ],
)
def test_who_follows_and_withdraws(
    person: Person | None, community: Community, role: Role, may: bool
) -> None:
    assert may_follow(ASKED, TOUR, community, person, role) is may
    elsewhere = replace(ASKED, tour_id="another")
    assert not may_follow(elsewhere, TOUR, community, person, role)


@pytest.mark.parametrize(("role", "may"), [(each, each in ("organiser", "owner")) for each in Role])
def test_who_accepts_and_declines(role: Role, may: bool) -> None:
    assert may_reply(ASKED, LISTED, role) is may
    assert not may_reply(ASKED, replace(LISTED, id="another"), role)


@pytest.mark.parametrize(
    ("proposal", "is_open"),
    [
        (ASKED, True),
        (replace(ASKED, state=StopState.DECLINED), False),
        (replace(ASKED, called_off=True), False),
        (replace(ASKED, slot=replace(ASKED.slot, starts_at=NOW)), False),
    ],
)
def test_what_waits_for_an_answer(proposal: Proposal, is_open: bool) -> None:
    assert proposal.is_open(NOW) is is_open


MOMENT = {"title_fr": ["Chez vous"], "date": ["2026-09-08"], "time": ["09:30"]}


@pytest.mark.parametrize(
    ("form", "errors"),
    [
        (MOMENT, {}),
        ({**MOMENT, "title_fr": [" "]}, {"title_fr": "missing"}),
        ({**MOMENT, "title_fr": [""], "title_en": ["At yours"]}, {}),
        ({**MOMENT, "title_en": ["T" * 101]}, {"title_en": "too_long"}),
        ({**MOMENT, "time": ["9 h"]}, {"date": "not_a_date"}),
        ({**MOMENT, "date": ["9999-12-31"], "time": ["23:59"]}, {"date": "not_a_date"}),
        ({**MOMENT, "date": ["2026-09-01"], "time": ["08:00"]}, {"date": "in_the_past"}),
        ({**MOMENT, "date": ["2027-09-01"]}, {"date": "too_far"}),
        ({**MOMENT, "minutes": ["90"]}, {}),
        ({**MOMENT, "minutes": ["91"]}, {"minutes": "not_a_choice"}),
        ({**MOMENT, "minutes": ["-90"]}, {"minutes": "not_a_choice"}),
        ({**MOMENT, "note": ["n" * (LONGEST_NOTE + 1)]}, {"note": "too_long"}),
        ({"session": ["theirs"]}, {}),
        ({"session": ["secret"]}, {"session": "not_a_choice"}),
        ({}, {"title_fr": "missing", "date": "not_a_date"}),
    ],
)
def test_the_form_of_a_proposal(form: dict[str, list[str]], errors: dict[str, str]) -> None:
    made, found = draft_proposal(form, {"theirs"}, ZONE, NOW)
    assert found == errors
    assert (made is None) == bool(errors)


def test_a_moment_is_by_the_clocks_of_the_house_asked() -> None:
    made, _ = draft_proposal({**MOMENT, "note": [" On vient \n à six. "]}, set(), ZONE, NOW)
    assert made is not None
    assert made.slot is not None
    assert made.slot.starts_at == datetime(2026, 9, 8, 13, 30, tzinfo=UTC)
    assert made.note == "On vient\nà six."


@pytest.mark.parametrize(
    ("visibility", "open_to"),
    [(Visibility.PUBLIC, OpenTo.ALL), (Visibility.INVITATION, OpenTo.MEMBERS)],
)
def test_an_accepted_moment_is_for_those_whom_the_door_lets_in(
    visibility: Visibility, open_to: OpenTo
) -> None:
    draft = session_at(ASKED, office_of(visibility))
    assert (draft.plan.office_id, draft.plan.open_to) == ("o", open_to)
    assert (draft.schedule.start, draft.schedule.time_zone) == (datetime(2026, 9, 2, 8), ZONE)


@pytest.mark.parametrize("minutes", LENGTHS)
def test_an_accepted_moment_lasts_as_long_as_was_proposed(minutes: int) -> None:
    made, _ = draft_proposal({**MOMENT, "minutes": [str(minutes)]}, set(), ZONE, NOW)
    assert made is not None
    assert made.slot is not None
    assert made.slot.ends_at == made.slot.starts_at + timedelta(minutes=minutes)
    draft = session_at(replace(ASKED, slot=made.slot), office_of(Visibility.PUBLIC))
    assert length(draft.plan.phases) == timedelta(minutes=minutes)
    assert read_phases(write_phases(draft.plan.phases)) == draft.plan.phases
    focus = [each.minutes for each in draft.plan.phases if each.kind is PhaseKind.FOCUS]
    assert 20 <= min(focus) <= max(focus) <= 55
    if minutes == USUAL_LENGTH:
        assert draft.plan.phases == USUAL_PHASES


def test_a_moment_lasts_the_usual_length_unless_it_is_said() -> None:
    made, _ = draft_proposal(MOMENT, set(), ZONE, NOW)
    assert made is not None
    assert made.slot is not None
    assert made.slot.minutes == USUAL_LENGTH == 120


def office_of(visibility: Visibility) -> Office:
    return Office(
        id="o",
        community_id="c",
        slug="o",
        name=Bilingual("O"),
        description=Bilingual(""),
        kind=OfficeKind.CAFE,
        capacity=8,
        visibility=visibility,
        show_names=False,
        position=0,
    )
