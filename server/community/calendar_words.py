"""What calendars say of the sessions of a community, and the addresses they lead to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from server.community.calendar_events import About, Describe
from server.community.communities import Community
from server.community.offices import Office
from server.community.sessions import Plan


def describing(
    address: str, community: Community, offices: Sequence[Office], lang: str
) -> Describe:
    """How a session of that community is described in `lang`; `address` is the server's public one.

    The place is the door's address, so that a calendar's own button opens it.
    """
    return _Describing(address, community, tuple(offices), lang)


@dataclass(frozen=True)
class _Describing:
    """Equal to any other that says the same, so that what was written of it serves again."""

    address: str
    community: Community
    offices: tuple[Office, ...]
    lang: str

    def __call__(self, plan: Plan, session_id: str) -> About:
        base, lang = f"{self.address}/c/{self.community.slug}", self.lang
        url = f"{base}/seances/{session_id}"
        office = next((each for each in self.offices if each.id == plan.office_id), None)
        where = f"{office.name.read(lang)}, {self.community.name.read(lang)}" if office else ""
        text = plan.text.read(lang)
        return About(
            summary=plan.title.read(lang),
            description="\n\n".join(filter(None, (text, where, url))),
            location=f"{base}/{office.slug}" if office else base,
            url=url,
        )


def domain_of(address: str) -> str:
    """The server's name, which ends the UIDs it gives."""
    return urlsplit(address).hostname or "moulin.invalid"


def webcal(url: str) -> str:
    """The same address, for the program that keeps calendars."""
    return "webcal" + url[url.index("://") :]
