"""The application, composed: what it is made of, in which order it starts, and how it ends."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

from aiohttp import web

from rooms.live_rooms import LiveRooms
from rooms.presence import MemoryPresence, Presence
from rooms.transport.server import RtcServer
from server.absence import EVERY_SECONDS as ABSENCE_SECONDS
from server.absence import AbsenceLetters
from server.i18n import LOCALES, Catalogs
from server.jobs import Jobs
from server.keys import (
    CARDS,
    CATALOGS,
    COOKIES,
    DATABASE,
    JOBS,
    LIVE_PAGES,
    LIVE_ROOMS,
    OPENINGS,
    PRESENCE,
    PUSH,
    RATE_LIMITS,
    RTC_SERVER,
    SESSION_CLOCK,
    SETTINGS,
    STATIC_FILES,
)
from server.mail import Mail, sender_address, smtp_server
from server.outbox import EVERY_SECONDS, Outbox
from server.push.endpoints import OwnServices
from server.push.notices import EVERY_SECONDS as PUSH_SECONDS
from server.push.notices import PushQueue
from server.push.sender import PushSender
from server.push.vapid import Vapid
from server.retention import EVERY_SECONDS as RETENTION_SECONDS
from server.retention import apply_retention
from server.session_jobs import A_DAY, carry_on_series
from server.settings import BadSettings, Settings
from server.signalling import add_signalling_routes
from server.signalling.routes import ICE_SERVERS
from server.storage.database import Database
from server.storage.demo_community import open_demo_community
from server.storage.queries.communities import count_communities
from server.turn import relay_servers
from server.visit_book import EVERY_SECONDS as LOOK_SECONDS
from server.visit_book import note_who_is_in
from server.web import middleware
from server.web.cards import Cards
from server.web.cookies import Cookies
from server.web.farewells import erase_and_tell
from server.web.host_news import EVERY_SECONDS as HOSTS_SECONDS
from server.web.host_news import tell_hosts
from server.web.live import LivePages
from server.web.openings import Openings
from server.web.person import right_now
from server.web.rate_limits import RateLimits
from server.web.reentry import refuse_lost_rights
from server.web.rendering import set_up_templates
from server.web.routes import add_routes
from server.web.session_clock import SessionClock
from server.web.static_files import StaticFiles

PROJECT = Path(__file__).resolve().parent.parent


def build_app(settings: Settings) -> web.Application:
    """The whole server as one aiohttp application; nothing is opened before it starts."""
    app = web.Application(
        client_max_size=settings.limits.signal_message_bytes,
        middlewares=[
            middleware.log_requests,
            middleware.show_errors,
            middleware.refuse_nonsense,
            middleware.refuse_forged_changes,
            refuse_lost_rights,
        ],
    )
    app[SETTINGS] = settings
    _add_page_parts(app, settings)
    app[DATABASE] = Database(settings.database)
    add_jobs(app)
    app[PRESENCE] = _presence(settings)
    app[LIVE_PAGES] = LivePages(app[PRESENCE])
    app[RTC_SERVER] = _rtc_server(settings)
    app[LIVE_ROOMS] = LiveRooms(app[RTC_SERVER], app[PRESENCE], settings.limits)
    if settings.turn_urls:
        app[ICE_SERVERS] = relay_servers(settings.turn_urls, settings.turn_secret, time.time)
    app[SESSION_CLOCK] = SessionClock(app[DATABASE], app[LIVE_ROOMS], app[LIVE_PAGES], right_now)
    add_signalling_routes(app)
    add_routes(app)
    app.on_response_prepare.append(middleware.add_headers)
    app.on_shutdown.append(_say_goodbye)
    app.cleanup_ctx.extend([_database, _live_presence, _media, _jobs, _sessions])
    return app


def _rtc_server(settings: Settings) -> RtcServer:
    return RtcServer(
        settings.media_addresses,
        settings.rtc_udp_port,
        settings.limits,
        tcp_port=settings.rtc_tcp_port or None,
    )


def _add_page_parts(app: web.Application, settings: Settings) -> None:
    """What pages are made with: words, cookies, files, cards, templates."""
    app[CATALOGS] = Catalogs(LOCALES, PROJECT / "static" / "js")
    app[COOKIES] = Cookies(settings.secret_key, secure=settings.is_secure)
    app[RATE_LIMITS] = RateLimits()
    app[CARDS] = Cards(settings.data_dir / "cards", settings.secret_key)
    app[OPENINGS] = Openings()
    app[STATIC_FILES] = StaticFiles(PROJECT / "static")
    set_up_templates(app, PROJECT / "templates")


def _presence(settings: Settings) -> Presence:
    if not settings.redis_url:
        return MemoryPresence()
    from rooms.redis_presence import RedisPresence  # a tenth of a second, for those who have one

    try:
        return RedisPresence(settings.redis_url)
    except ValueError as error:
        raise BadSettings(f"MOULIN_REDIS_URL: {error}") from None


async def _database(app: web.Application) -> AsyncIterator[None]:
    database = app[DATABASE]
    await database.migrate()
    async with database.writing() as db:
        if app[SETTINGS].demo_community and await count_communities(db) == 0:
            await open_demo_community(db, right_now())
    yield
    await database.close()


async def _live_presence(app: web.Application) -> AsyncIterator[None]:
    await app[PRESENCE].start()
    yield
    await app[PRESENCE].close()


async def _media(app: web.Application) -> AsyncIterator[None]:
    await app[RTC_SERVER].start()
    await app[LIVE_ROOMS].start()
    yield
    await app[RTC_SERVER].close()


def add_jobs(app: web.Application) -> None:
    """What the server does by itself; without a mail server letters wait on the local page."""
    settings, database = app[SETTINGS], app[DATABASE]
    app[JOBS] = Jobs(database, right_now)
    erase = partial(erase_and_tell, app)
    app[JOBS].add(
        "retention", RETENTION_SECONDS, lambda: apply_retention(database, right_now, erase)
    )
    app[JOBS].add("sessions", A_DAY, lambda: carry_on_series(database, right_now))
    app[JOBS].add(
        "visits", LOOK_SECONDS, lambda: note_who_is_in(database, app[PRESENCE], right_now)
    )
    absence = AbsenceLetters(database, app[CATALOGS], settings, right_now)
    app[JOBS].add("absence", ABSENCE_SECONDS, absence.send)
    app[JOBS].add("hosts", HOSTS_SECONDS, lambda: tell_hosts(app, right_now()))
    app[PUSH] = _push(settings)
    app[JOBS].add("notices", PUSH_SECONDS, PushQueue(database, app[PUSH], right_now).send_due)
    if settings.smtp_url:
        mail = Mail(smtp_server(settings.smtp_url), sender_address(settings.mail_from))
        app[JOBS].add("letters", EVERY_SECONDS, Outbox(database, mail, right_now).send_due)


def _push(settings: Settings) -> PushSender:
    """Push services want to know whom to tell when something goes wrong."""
    contact = settings.address if settings.is_secure else ""
    if settings.mail_from:
        contact = f"mailto:{sender_address(settings.mail_from).addr_spec}"
    own = OwnServices(frozenset(settings.push_services), settings.push_authorities)
    try:
        return PushSender(Vapid(settings.vapid_key, contact), right_now, own)
    except ValueError:
        path = settings.data_dir / "vapid_key"
        raise BadSettings(
            f"MOULIN_DATA_DIR: {path} is no key; delete it to have it made again"
        ) from None


async def _sessions(app: web.Application) -> AsyncIterator[None]:
    await app[SESSION_CLOCK].start()
    yield
    await app[SESSION_CLOCK].close()


async def _jobs(app: web.Application) -> AsyncIterator[None]:
    await app[JOBS].start()
    yield
    await app[JOBS].close()
    await app[PUSH].close()


async def _say_goodbye(app: web.Application) -> None:
    """Before handlers are awaited: end the conversations and the streams that keep them busy."""
    app[CARDS].close()
    app[LIVE_PAGES].close()
    await app[LIVE_ROOMS].close()
