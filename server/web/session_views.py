"""What the pages of sessions receive: plain values, already translated, nothing to look up."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from server.web.calendar_views import CalendarLinks
from server.web.views import CommunityRef, OfficeView, TourRef

SessionStateName = Literal["scheduled", "running", "ended", "cancelled"]


@dataclass(frozen=True)
class PhaseView:
    """One phase of a session: `label` and `when` to show, `begins` and `ends` in ISO 8601."""

    kind: str
    label: str
    minutes: int
    when: str  # "9 h 10"
    begins: str
    ends: str
    is_now: bool = False


@dataclass(frozen=True)
class LiveView:
    """Where a running session is: server times in milliseconds, for rings and countdowns.

    `sentence` says it at once: "Concentration, pause dans 7 min".
    """

    session_id: str
    kind: str
    label: str
    begins_ms: int
    ends_ms: int
    next_label: str  # "" in the last phase
    sentence: str
    microphones_closed: bool


@dataclass(frozen=True)
class SessionView:
    """One session, on a list, a door or its own page."""

    id: str
    title: str
    text: str
    theme: str
    url: str
    state: SessionStateName
    state_label: str  # "" while it is simply to come
    office_name: str
    office_url: str
    enter_url: str
    starts_iso: str  # with the offset of the session's zone
    ends_iso: str
    day: str  # "mardi 1 septembre"
    hour: str  # when it begins: "9 h"
    when: str  # "9 h à 11 h"
    zone: str  # "heure de Toronto"
    time_zone: str  # IANA
    length: str  # "2 h"
    repeats: str  # "Chaque mardi", "" when it takes place once
    host: str  # names, "" without
    co_hosts: list[str]
    open_to: str
    open_to_label: str
    capacity: int | None
    seats: int  # asked for by those who said yes
    left: int | None  # seats; None without limit
    answer: str  # yes | maybe | no, "" without an answer
    is_waiting: bool
    live: LiveView | None = None


@dataclass(frozen=True)
class SessionDay:
    """The sessions of one day."""

    day: str
    iso: str
    sessions: list[SessionView]
    in_month: bool = True
    is_today: bool = False
    number: int = 0


@dataclass(frozen=True)
class SessionsView:
    """sessions.html: those to come, or a month of them."""

    community: CommunityRef
    days: list[SessionDay]  # list: days that have some
    weeks: list[list[SessionDay]]  # month: [] on the list
    weekday_names: list[str]
    month_label: str
    list_url: str
    month_url: str
    previous_url: str  # "" at the first month that may be leafed to
    next_url: str
    new_url: str  # "" for those who may not
    tours: list[TourRef] = field(default_factory=list)  # those that will stop in this house
    notice: str = ""


@dataclass(frozen=True)
class AnswerForm:
    """The form of an answer, as it stands. `remind`: minutes before, "" for none."""

    answer: str = ""
    companions: int = 0
    remind: str = ""
    needs_name: bool = False
    may_remind: bool = False  # there is an address to write to
    error: str = ""


@dataclass(frozen=True)
class InLine:
    """Someone who waits for a seat, as the hosts read it."""

    name: str  # "Ana +2", with those who come along
    since: str  # "3 décembre 2026, 9 h 05"
    since_iso: str


@dataclass(frozen=True)
class HostTools:
    """What a host may do with a session: addresses, "" for those who may not."""

    edit_url: str = ""
    duplicate_url: str = ""
    cancel_url: str = ""
    restore_url: str = ""
    restore_choices: list[tuple[str, str]] = field(default_factory=list)  # [] when one alone
    attendance_url: str = ""
    line: list[InLine] = field(default_factory=list)  # who waits for a seat, the next one first


@dataclass(frozen=True)
class SessionPageView:
    """session.html: one session, readable and answered without any script."""

    community: CommunityRef
    office: OfficeView
    session: SessionView
    phases: list[PhaseView]
    answer_url: str  # POST answer, companions, remind, name; "" when one may not answer
    form: AnswerForm
    may_answer_not: str  # why not, "" when one may
    remind_choices: list[tuple[str, str]]
    most_companions: int
    coming: list[str]
    waiting: int
    maybe: int
    tools: HostTools
    reach_choices: list[tuple[str, str]]  # [] when there is one date alone
    next_dates: list[SessionView]
    calendar: CalendarLinks
    tours: list[TourRef] = field(default_factory=list)  # those that stop here
    notice: str = ""


@dataclass(frozen=True)
class SessionForm:
    """The fields of a session, named as in the form; `errors` by field name ("": the form)."""

    title_fr: str = ""
    title_en: str = ""
    text_fr: str = ""
    text_en: str = ""
    theme: str = ""
    office: str = ""
    host: str = ""
    co_hosts: list[str] = field(default_factory=list)
    date: str = ""
    time: str = ""
    time_zone: str = ""
    frequency: str = ""  # "" | weekly | monthly
    weekdays: list[str] = field(default_factory=list)
    interval: str = "1"
    until: str = ""
    count: str = ""
    phase_kinds: list[str] = field(default_factory=list)
    phase_minutes: list[str] = field(default_factory=list)
    capacity: str = ""
    open_to: str = "all"
    reach: str = "this"
    errors: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class SessionFormView:
    """session_form.html: making, changing or copying a session."""

    community: CommunityRef
    title: str
    form: SessionForm
    save_url: str
    back_url: str
    offices: list[tuple[str, str]]
    hosts: list[tuple[str, str]]
    time_zones: list[str]
    weekday_choices: list[tuple[str, str]]
    frequency_choices: list[tuple[str, str]]
    phase_choices: list[tuple[str, str]]
    open_to_choices: list[tuple[str, str]]
    reach_choices: list[tuple[str, str]]  # [] when there is nothing to choose
    phase_lines: int = 1
    doubtful_phases: frozenset[int] = frozenset()  # lines, from 0, of minutes that cannot be
    moved_note: str = ""  # where the series puts a date that was moved by itself
