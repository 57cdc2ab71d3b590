"""Serving until told to stop: start, say where and how to get in, end in order."""

from __future__ import annotations

import asyncio
import gc
import signal

import structlog
from aiohttp import web

from rooms.errors import AddressInUse
from server.app import build_app
from server.community.communities import CommunityDraft
from server.keys import DATABASE, RTC_SERVER
from server.settings import BadSettings, Settings
from server.storage.database import Database, DatabaseUnavailable
from server.storage.queries.communities import (
    add_community,
    community_by_slug,
    free_slug,
    has_owner,
    list_communities,
)
from server.storage.queries.owner_links import add_owner_link
from server.web.person import right_now

SHUTDOWN_SECONDS = 3.0

log = structlog.stdlib.get_logger("server")


class CannotStart(Exception):
    """Why the server does not start, in one line."""


async def serve(settings: Settings) -> None:
    """Serve until SIGINT or SIGTERM; raises CannotStart."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    try:
        app = build_app(settings)
    except (BadSettings, DatabaseUnavailable) as error:
        raise CannotStart(str(error)) from None
    runner = web.AppRunner(
        app,
        access_log=None,
        shutdown_timeout=SHUTDOWN_SECONDS,
        # A client of /rtc/v1 says all about itself in the address, its first offer included.
        max_line_size=settings.limits.join_request_bytes,
    )
    try:
        await _open(runner)
        key = await _unclaimed_key(app[DATABASE], settings)
        await _listen(runner, settings)
        # Printed, not logged: logs are kept and passed on, and the key must not be.
        print(f"Moulin: {settings.address}", flush=True)
        if key:
            print(f"Owner link (once, within two days): {key}", flush=True)
        log.info("packet path %s", app[RTC_SERVER].packet_path)
        if not settings.smtp_url:
            log.warning(
                "no mail server is set (MOULIN_SMTP_URL): letters are kept at /courrier, "
                "which only this machine may read"
            )
        # Else a full collection looks at all that was imported: 0.1 s and more without media.
        gc.collect()
        gc.freeze()
        await stop.wait()
        log.info("closing")
    finally:
        await runner.cleanup()


async def _open(runner: web.AppRunner) -> None:
    try:
        await runner.setup()
    except DatabaseUnavailable as error:
        raise CannotStart(str(error)) from None
    except (AddressInUse, OSError) as error:
        raise CannotStart(
            f"MOULIN_RTC_ADDRESSES, MOULIN_RTC_UDP_PORT, MOULIN_RTC_TCP_PORT: {error}"
        ) from None


async def _listen(runner: web.AppRunner, settings: Settings) -> None:
    site = web.TCPSite(runner, settings.http_host, settings.http_port)
    try:
        await site.start()
    except OSError as error:
        where = f"{settings.http_host}:{settings.http_port}"
        reason = error.strerror or str(error)
        raise CannotStart(
            f"MOULIN_HTTP_HOST, MOULIN_HTTP_PORT: cannot listen on {where}: {reason}"
        ) from None


async def _unclaimed_key(database: Database, settings: Settings) -> str:
    """As long as nobody has claimed the house, a fresh key to it at each start, else ""."""
    async with database.reading() as db:
        first = await list_communities(db)
        if not first or await has_owner(db, first[0].id):
            return ""
    return await new_owner_link(database, settings, first[0].slug)


async def new_owner_link(
    database: Database, settings: Settings, slug: str = "", *, opens_server: bool = True
) -> str:
    """A one-time owner link to a community, the first without `slug`; raises CannotStart.

    With `opens_server`, its holder may also open other communities on this server.
    """
    async with database.writing() as db:
        if slug:
            community = await community_by_slug(db, slug)
        else:
            community = next(iter(await list_communities(db)), None)
        if community is None:
            raise CannotStart(f"there is no community called {slug!r}" if slug else "no community")
        token = await add_owner_link(db, community.id, right_now(), opens_server=opens_server)
    return f"{settings.address}/cle/{token}"


async def new_community(
    database: Database, settings: Settings, draft: CommunityDraft, slug: str = ""
) -> tuple[str, str]:
    """Open a community: its address, and a one-time owner link to it; raises CannotStart."""
    async with database.writing() as db:
        if slug and await community_by_slug(db, slug) is not None:
            raise CannotStart(f"there is already a community called {slug!r}")
        made = await add_community(
            db,
            slug=slug or await free_slug(db, draft.name.read("fr")),
            name=draft.name,
            description=draft.description,
            time_zone=draft.time_zone,
            listed=draft.listed,
            now=right_now(),
        )
    link = await new_owner_link(database, settings, made.slug, opens_server=False)
    return f"{settings.address}/c/{made.slug}", link
