"""Stops proposed to other houses: what a proposal is, its form, and who may do what with it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from server.community.communities import Community
from server.community.errors import BadField
from server.community.offices import Office, Visibility
from server.community.people import Person, Role, may_manage
from server.community.phases import length
from server.community.recurrence import Schedule, in_local, in_utc
from server.community.sessions import (
    USUAL_PHASES,
    OpenTo,
    Plan,
    Session,
    SessionDraft,
    may_host,
    phases_lasting,
)
from server.community.text import Bilingual, cleaned, cleaned_lines
from server.community.tours import LONGEST_TITLE, Tour, may_change

MOST_PROPOSALS = 12
"""Proposals of one tour that are not stops: those without an answer, and those declined."""
LONGEST_NOTE = 500
FARTHEST = timedelta(weeks=26)
LENGTHS = (30, 45, 60, 90, 120, 150, 180, 240, 300, 360)
"""Minutes that a proposed moment may last; the house that accepts it may edit its session."""
USUAL_LENGTH = int(length(USUAL_PHASES).total_seconds()) // 60
"""Minutes that a proposed moment lasts unless who proposes it says otherwise."""


class StopState(StrEnum):
    """What a stop of a tour is: only an accepted one is shown to others than those it concerns."""

    ACCEPTED = "accepted"
    PROPOSED = "proposed"
    DECLINED = "declined"


@dataclass(frozen=True)
class Slot:
    """A moment proposed without an office: `starts_at` in UTC, `time_zone` of the house asked."""

    title: Bilingual
    starts_at: datetime
    time_zone: str
    minutes: int = USUAL_LENGTH

    @property
    def ends_at(self) -> datetime:
        """When it is over."""
        return self.starts_at + timedelta(minutes=self.minutes)


def slot_of(session: Session) -> Slot:
    """The moment of a session, with its title."""
    minutes = int((session.ends_at - session.starts_at).total_seconds()) // 60
    return Slot(session.plan.title, session.starts_at, session.time_zone, minutes)


@dataclass(frozen=True)
class ProposalDraft:
    """What is proposed to a house: a session of its own, or a moment; and a word with it."""

    session_id: str | None
    slot: Slot | None
    note: str


@dataclass(frozen=True)
class Proposal:
    """A stop proposed to `community_id`; `slot` is the session's own moment where there is one.

    `proposed_by` is never None before it is answered: a proposal goes with who made it.
    """

    id: str
    tour_id: str
    community_id: str
    session_id: str | None
    slot: Slot
    called_off: bool
    note: str
    word: str
    state: StopState
    proposed_by: str | None

    def is_open(self, now: datetime) -> bool:
        """Whether it may still be answered: nobody did, and what it proposes is to come."""
        return (
            self.state is StopState.PROPOSED and not self.called_off and self.slot.starts_at > now
        )


def may_be_asked(community: Community, role: Role) -> bool:
    """Whether a stop may be proposed to a community by someone of that `role` in it.

    It is one they may know of, and not one of their own: there they choose sessions themselves.
    """
    return not may_manage(role) and (community.listed or role is not Role.GUEST)


def may_propose(tour: Tour, person: Person | None, *, organises: bool) -> bool:
    """Whether that person may propose stops of a tour; `organises`: in some community, today."""
    return person is not None and may_change(tour, person) and (organises or person.keeps_server)


def may_follow(
    proposal: Proposal, tour: Tour, community: Community, person: Person | None, role: Role
) -> bool:
    """Whether that person, of that `role` in the community asked, sees and withdraws a proposal.

    Who keeps the server changes every tour, but learns by none of them of a private house.
    """
    if person is None or proposal.tour_id != tour.id:
        return False
    if proposal.proposed_by == person.id:
        return True
    return may_change(tour, person) and (community.listed or role is not Role.GUEST)


def may_reply(proposal: Proposal, community: Community, role: Role) -> bool:
    """Whether someone of that `role` in `community` accepts and declines the proposal."""
    return may_manage(role) and proposal.community_id == community.id


def may_take_place(community: Community, role: Role, office: Office) -> bool:
    """Whether someone of that `role` in the community asked announces a stop in `office`."""
    return may_host(role) and office.community_id == community.id


def may_stand(session: Session, now: datetime) -> bool:
    """Whether a session may be what a proposal becomes: a stop is there to be seen, and come to."""
    is_to_come = session.cancelled_at is None and session.starts_at > now
    return is_to_come and session.plan.open_to is not OpenTo.INVITED


def draft_proposal(
    form: Mapping[str, Sequence[str]], offered: Collection[str], time_zone: str, now: datetime
) -> tuple[ProposalDraft | None, dict[str, str]]:
    """Read a proposal's form: the draft (None when something is wrong), codes by field.

    `offered`: the sessions of the house that may be chosen; others are refused. Without a session
    the form proposes a moment, by the clocks of `time_zone`.
    """
    errors: dict[str, str] = {}
    session_id, slot = _one(form, "session") or None, None
    if session_id is None:
        slot = _slot(form, time_zone, now, errors)
    elif session_id not in offered:
        errors["session"] = "not_a_choice"
    note = word_of(form, "note", errors)
    return (None, errors) if errors else (ProposalDraft(session_id, slot, note), {})


def word_of(form: Mapping[str, Sequence[str]], field: str, errors: dict[str, str]) -> str:
    """A few lines from one organiser to others; what is wrong goes into `errors`."""
    try:
        return cleaned_lines(field, _one(form, field), longest=LONGEST_NOTE)
    except BadField as error:
        errors[field] = error.code
        return ""


def session_at(proposal: Proposal, office: Office) -> SessionDraft:
    """The session that accepting a proposed moment announces in `office`.

    It is for all where the door is open to all, else for members: a stop is there to be seen.
    """
    is_open = office.visibility is Visibility.PUBLIC
    plan = Plan(
        title=proposal.slot.title,
        text=Bilingual(""),
        theme="",
        office_id=office.id,
        host_id=None,
        co_host_ids=(),
        phases=phases_lasting(proposal.slot.minutes),
        capacity=None,
        open_to=OpenTo.ALL if is_open else OpenTo.MEMBERS,
    )
    zone = proposal.slot.time_zone
    return SessionDraft(plan, Schedule(in_local(proposal.slot.starts_at, zone), zone))


def _slot(
    form: Mapping[str, Sequence[str]], time_zone: str, now: datetime, errors: dict[str, str]
) -> Slot | None:
    def title(field: str, *, required: bool = False) -> str:
        try:
            return cleaned(field, _one(form, field), longest=LONGEST_TITLE, required=required)
        except BadField as error:
            errors[field] = error.code
            return ""

    no_english = not _one(form, "title_en").strip()
    named = Bilingual(title("title_fr", required=no_english), title("title_en"))
    try:
        day = date.fromisoformat(_one(form, "date"))
        at = time.fromisoformat(_one(form, "time")).replace(second=0, microsecond=0, tzinfo=None)
        starts_at = in_utc(datetime.combine(day, at), time_zone)
    except (ValueError, OverflowError):
        errors["date"] = "not_a_date"
        return None
    if starts_at <= now:
        errors["date"] = "in_the_past"
    elif starts_at - now > FARTHEST:
        errors["date"] = "too_far"
    minutes = _one(form, "minutes") or str(USUAL_LENGTH)
    if minutes not in map(str, LENGTHS):
        errors["minutes"] = "not_a_choice"
        return None
    return Slot(named, starts_at, time_zone, int(minutes))


def _one(form: Mapping[str, Sequence[str]], field: str) -> str:
    return next(iter(form.get(field, ())), "")
