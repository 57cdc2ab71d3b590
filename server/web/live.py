"""The event stream: tells every open page of a community who is in, at once and at each change."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from aiohttp import web
from aiohttp_sse import EventSourceResponse, sse_response

from rooms.presence import Presence
from server.community.offices import Office
from server.keys import DATABASE, LIVE_PAGES, SESSION_CLOCK, SETTINGS
from server.storage.queries import offices
from server.web.client_address import client_address
from server.web.doors import shown_names
from server.web.place import place_of
from server.web.refused import Refused

PAUSE = 0.15
"""Seconds between two messages to one page: changes meanwhile are told together."""
PING = 15.0
RELOAD = 60.0
"""Seconds after which the doors are read again, in case another process changed them."""
MOST_PAGES = 4000
MOST_PAGES_OF_A_HOME = 500
"""A whole coworking space may stand behind one address; it must not be all that there is."""


class LivePage:
    """One open page: what changed is only a mark, so nothing piles up behind a slow reader."""

    def __init__(self, community_id: str) -> None:
        self.community_id = community_id
        self.room_names: frozenset[str] = frozenset()
        self.changed = asyncio.Event()
        self.has_new_doors = False
        self.is_closing = False


class LivePages:
    """The open pages, marked when somebody enters or leaves, or when the doors change."""

    def __init__(self, presence: Presence) -> None:
        self._presence = presence
        self._pages: set[LivePage] = set()
        self._by_home: Counter[str] = Counter()
        self._moves = 0
        self._told: dict[str, tuple[int, list[Office], str]] = {}
        self._unsubscribe = presence.subscribe(self._someone_moved)
        self._is_closing = False

    def __len__(self) -> int:
        return len(self._pages)

    @contextmanager
    def open(self, community_id: str, home: str) -> Iterator[LivePage]:
        """One more page, for as long as the block lasts; raises Refused when there are too many.

        `home` is where the request comes from, as `client_address` tells it.
        """
        if len(self._pages) >= MOST_PAGES or self._is_closing:
            raise Refused(503, "closing")
        if self._by_home[home] >= MOST_PAGES_OF_A_HOME:
            raise Refused(429, "too_many")
        page = LivePage(community_id)
        self._pages.add(page)
        self._by_home[home] += 1
        try:
            yield page
        finally:
            self._pages.discard(page)
            self._by_home[home] -= 1
            if not self._by_home[home]:
                del self._by_home[home]

    def message(self, community_id: str, doors: list[Office]) -> str:
        """Who is behind those doors, as JSON; made once for all pages between two changes."""
        known = self._told.get(community_id)
        if known is not None and known[0] == self._moves and known[1] == doors:
            return known[2]
        message = json.dumps(snapshot(doors, self._presence), ensure_ascii=False)
        self._told[community_id] = (self._moves, doors, message)
        return message

    def doors_changed(self, community_id: str) -> None:
        """An office was made, changed, moved or removed."""
        for page in self._pages:
            if page.community_id == community_id:
                page.has_new_doors = True
                page.changed.set()

    def sessions_changed(self, community_id: str) -> None:
        """A session begins, ends, or is in another phase."""
        for page in self._pages:
            if page.community_id == community_id:
                page.changed.set()

    def close(self) -> None:
        """End every stream, so that the server may stop."""
        self._is_closing = True
        self._unsubscribe()
        for page in self._pages:
            page.is_closing = True
            page.changed.set()

    def _someone_moved(self, room: str) -> None:
        self._moves += 1
        for page in self._pages:
            if room in page.room_names:
                page.changed.set()


async def events(request: web.Request) -> web.StreamResponse:
    """GET /c/{community}/evenements: the stream itself.

    `presence`: {"offices": {id: {"count", "since" (Unix seconds, null when empty), "names" (only
    where the office shows them)}}}. `doors`: {} when the list of offices itself is another.
    `sessions`: {"now" (this server's clock, Unix milliseconds), "offices": {id: what runs there or
    begins soon, see `SessionClock`}}.
    """
    place = await place_of(request)
    pages = request.app[LIVE_PAGES]
    home = client_address(request, request.app[SETTINGS].trusted_proxies)
    with pages.open(place.community.id, home) as page, suppress(ConnectionError):
        if request.transport is not None:  # aiohttp-sse takes it that the page is still there
            headers = {"Cache-Control": "no-store"}
            async with sse_response(request, headers=headers) as response:
                with suppress(ConnectionError):  # it may be gone at any write
                    await _tell(request, response, page, place.offices)
                return response
    return web.Response()  # which nobody is there to read


async def _tell(
    request: web.Request, response: EventSourceResponse, page: LivePage, doors: list[Office]
) -> None:
    pages, clock = request.app[LIVE_PAGES], asyncio.get_running_loop().time
    told, read_at = "", clock()
    told_sessions: dict[str, Any] = {}
    page.room_names = frozenset(office.id for office in doors)
    while not page.is_closing and response.is_connected():
        page.changed.clear()
        if page.has_new_doors or clock() - read_at > RELOAD:
            page.has_new_doors, read_at = False, clock()
            async with request.app[DATABASE].reading() as db:
                fresh = await offices.offices_of(db, page.community_id)
            if fresh != doors:
                doors = fresh
                page.room_names = frozenset(office.id for office in doors)
                await response.send("{}", event="doors")
        message = pages.message(page.community_id, doors)
        if message != told:
            told = message
            await response.send(message, event="presence")
        sessions = request.app[SESSION_CLOCK].told(page.community_id)
        if sessions != told_sessions:
            told_sessions = sessions
            now = int(time.time() * 1000)
            text = json.dumps({"now": now, "offices": sessions}, ensure_ascii=False)
            await response.send(text, event="sessions")
        await asyncio.sleep(PAUSE)
        try:
            async with asyncio.timeout(PING):
                await page.changed.wait()
        except TimeoutError:
            await response.write(b": ping\r\n\r\n")


def snapshot(doors: list[Office], presence: Presence) -> dict[str, Any]:
    """Who is behind the doors at this moment, as the `presence` event says it."""
    told: dict[str, Any] = {}
    for office in doors:
        present = presence.who(office.id)
        door: dict[str, Any] = {
            "count": len(present),
            "since": min((each.since for each in present), default=None),
        }
        names = shown_names(office, present)
        if names is not None:
            door["names"] = names
        told[office.id] = door
    return {"offices": told}
