"""What the pages about calendars receive; the manner is that of `views.py`."""

from __future__ import annotations

from dataclasses import dataclass

from server.web.views import CommunityRef


@dataclass(frozen=True)
class CalendarLinks:
    """_session_calendar.html: the ways to keep one session in one's own calendar."""

    file_url: str
    series_url: str  # "" for a session that does not come back
    google_url: str
    outlook_url: str


@dataclass(frozen=True)
class FeedView:
    """One calendar to subscribe to: its name, its address, and the ways to give it to others."""

    name: str
    url: str
    webcal_url: str
    google_url: str
    outlook_url: str


@dataclass(frozen=True)
class CalendarPageView:
    """calendar.html: the calendars of a community, and one's own.

    `own`: this person's private feeds, empty until they ask for them; `open_url` and `close_url`
    post csrf_token and `next` ("" for a stranger, who has nothing to read there).
    """

    community: CommunityRef
    feeds: list[FeedView]
    own: list[FeedView]
    open_url: str
    close_url: str
    sign_in_url: str
    notice: str = ""


@dataclass(frozen=True)
class HostFeedView:
    """_host_feed.html: the public calendar of who hosts, None until they ask for it.

    `open_url` and `close_url` post csrf_token alone.
    """

    feed: FeedView | None
    open_url: str
    close_url: str
