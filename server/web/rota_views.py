"""What the page of the rota receives; the manner is that of `views.py`."""

from __future__ import annotations

from dataclasses import dataclass

from server.web.session_views import SessionView
from server.web.views import CommunityRef


@dataclass(frozen=True)
class Duty:
    """One session to host. The form posts `host` to `url`; `choices` for who looks after all."""

    session: SessionView
    host_id: str  # "" while nobody hosts it
    url: str
    may_take: bool
    may_leave: bool


@dataclass(frozen=True)
class DutyWeek:
    """The sessions of one week."""

    label: str
    duties: list[Duty]


@dataclass(frozen=True)
class RotaView:
    """rota.html: who hosts what in the coming weeks, and what has nobody."""

    community: CommunityRef
    weeks: list[DutyWeek]
    loads: list[tuple[str, str]]  # name, "3 séances"
    choices: list[tuple[str, str]]  # id, name; empty for those who may not give
    me_id: str
    uncovered: int
    back_url: str
    given_id: str = ""  # the session that somebody has just taken, left or been given
