"""The typed keys under which the application keeps what its handlers need."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from jinja2 import Environment

    from rooms.live_rooms import LiveRooms
    from rooms.presence import Presence
    from rooms.transport.server import RtcServer
    from server.i18n import Catalogs
    from server.jobs import Jobs
    from server.push.sender import PushSender
    from server.settings import Settings
    from server.storage.database import Database
    from server.web.cards import Cards
    from server.web.cookies import Cookies
    from server.web.live import LivePages
    from server.web.openings import Openings
    from server.web.rate_limits import RateLimits
    from server.web.session_clock import SessionClock
    from server.web.static_files import StaticFiles

SETTINGS: web.AppKey[Settings] = web.AppKey("settings")
DATABASE: web.AppKey[Database] = web.AppKey("database")
PRESENCE: web.AppKey[Presence] = web.AppKey("presence")
RTC_SERVER: web.AppKey[RtcServer] = web.AppKey("rtc_server")
LIVE_ROOMS: web.AppKey[LiveRooms] = web.AppKey("live_rooms")
JOBS: web.AppKey[Jobs] = web.AppKey("jobs")
PUSH: web.AppKey[PushSender] = web.AppKey("push")
CATALOGS: web.AppKey[Catalogs] = web.AppKey("catalogs")
TEMPLATES: web.AppKey[Environment] = web.AppKey("templates")
COOKIES: web.AppKey[Cookies] = web.AppKey("cookies")
STATIC_FILES: web.AppKey[StaticFiles] = web.AppKey("static_files")
LIVE_PAGES: web.AppKey[LivePages] = web.AppKey("live_pages")
CARDS: web.AppKey[Cards] = web.AppKey("cards")
OPENINGS: web.AppKey[Openings] = web.AppKey("openings")
SESSION_CLOCK: web.AppKey[SessionClock] = web.AppKey("session_clock")
RATE_LIMITS: web.AppKey[RateLimits] = web.AppKey("rate_limits")
