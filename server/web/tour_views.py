"""What the pages of tours receive; the manner is that of `views.py`."""

from __future__ import annotations

from dataclasses import dataclass, field

from server.web.calendar_views import FeedView
from server.web.session_views import SessionView
from server.web.tour_proposal_views import ProposalRow, ToAnswer
from server.web.views import CommunityRef, TourRef


@dataclass(frozen=True)
class StopView:
    """One stop: its session and where; `answer_url` takes one tap ("": go to its page first)."""

    community: CommunityRef
    session: SessionView
    answer_url: str = ""


@dataclass(frozen=True)
class TourView:
    """tour.html: the stops that this person may see, in the order of their dates."""

    title: str
    text: str
    dates: str
    stops: list[StopView]
    feed: FeedView
    edit_url: str = ""
    list_url: str = ""
    notice: str = ""
    proposals: list[ProposalRow] = field(default_factory=list)  # for who changes the tour
    summary: str = ""  # for them too: what is settled and what waits
    to_answer: list[ToAnswer] = field(default_factory=list)  # for who looks after a house asked
    propose_url: str = ""


@dataclass(frozen=True)
class ToursView:
    """tours.html: the tours of this server; `new_url` is "" for who may not make one."""

    tours: list[TourRef]
    new_url: str = ""
    notice: str = ""


@dataclass(frozen=True)
class TourForm:
    """The fields as typed; `errors` by field, translated; "stops" may be among them."""

    title_fr: str = ""
    title_en: str = ""
    text_fr: str = ""
    text_en: str = ""
    stops: frozenset[str] = frozenset()
    errors: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class TourFormView:
    """tour_form.html: `offered`, the sessions to choose from, by community.

    `remove_url` is "" while the tour is being made.
    """

    form: TourForm
    offered: list[tuple[str, list[SessionView]]]
    save_url: str
    back_url: str
    remove_url: str = ""
