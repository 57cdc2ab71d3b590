"""What the pages of proposed stops receive; the manner is that of `views.py`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from server.web.views import CommunityRef

FollowedState: TypeAlias = Literal["waiting", "declined", "over"]


@dataclass(frozen=True)
class ProposalRow:
    """A stop proposed to a house, as who proposed it follows it.

    `when` is "" for a session that its house has closed to them since.
    """

    title: str
    when: str
    house: str
    house_url: str
    state: FollowedState
    state_label: str
    word: str
    withdraw_url: str


@dataclass(frozen=True)
class ToAnswer:
    """Stops of a tour that wait for a house's answer, for who looks after that house."""

    house: str
    label: str
    url: str


@dataclass(frozen=True)
class ProposeForm:
    """The fields as typed; `errors` by field, translated; "house" may be among them."""

    house: str = ""
    session: str = ""
    title_fr: str = ""
    title_en: str = ""
    date: str = ""
    time: str = ""
    minutes: str = ""
    note: str = ""
    errors: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ProposeView:
    """tour_propose.html: first the house to ask, of `houses` (slug, name); then what to propose.

    `house` is "" until one is chosen; `zone` is what its clocks follow; `sessions` are its own.
    `lengths`: minutes, as a form writes them, and a label.
    """

    tour_title: str
    houses: list[tuple[str, str]]
    house: str
    zone: str
    sessions: list[tuple[str, str]]
    lengths: list[tuple[str, str]]
    form: ProposeForm
    url: str
    back_url: str


@dataclass(frozen=True)
class AskedRow:
    """A proposal as the house asked reads it; `session_url` is "" for a moment without a session.

    `is_closed`: that session is for those invited by now, and cannot be a stop. A moment goes to
    an office, or to a session announced already: `offices` and `nearby`, each a value and a label.
    `errors` by field: "where", "word".
    """

    id: str
    title: str
    when: str
    length: str
    tour_title: str
    tour_url: str
    by: str
    note: str
    session_url: str
    is_closed: bool
    offices: list[tuple[str, str]]
    nearby: list[tuple[str, str]]
    accept_url: str
    decline_url: str
    word: str = ""
    errors: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class HostedRow:
    """A session of this house that a tour stops at, because the house said yes."""

    title: str
    url: str
    when: str
    tour_title: str
    tour_url: str
    leave_url: str


@dataclass(frozen=True)
class AskedView:
    """tour_asked.html: what other houses propose to this one; `listed`: anyone may find it.

    `stops`: what it said yes to, while it is to come.
    """

    community: CommunityRef
    asked: list[AskedRow]
    listed: bool
    back_url: str
    notice: str = ""
    stops: list[HostedRow] = field(default_factory=list)
