"""The live rooms alone, over LiveKit's protocol, inside the test's own process and event loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from aiohttp import web

from rooms.limits import Limits
from rooms.live_rooms import LiveRooms
from rooms.presence import MemoryPresence
from rooms.transport.server import RtcServer
from server.keys import LIVE_ROOMS, SETTINGS
from server.settings import Settings
from server.signalling import add_signalling_routes, tokens
from tests.ports import free_port

API_KEY = "rooms-test"
API_SECRET = "a secret for tests, long enough for HS256"


class RoomsServer:
    """Signalling on a free port of 127.0.0.1 and media on others, kept over `restart()`."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self.http_port, self.udp_port, self.tcp_port = free_port(), free_port(), free_port()
        self.presence = MemoryPresence()
        self.rtc: RtcServer
        self.rooms: LiveRooms
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """Where clients connect."""
        return f"ws://127.0.0.1:{self.http_port}"

    @property
    def http_url(self) -> str:
        """Where the RoomService listens."""
        return f"http://127.0.0.1:{self.http_port}"

    async def start(self) -> None:
        """Listen."""
        self.rtc = RtcServer(["127.0.0.1"], self.udp_port, self.limits, tcp_port=self.tcp_port)
        await self.rtc.start()
        self.rooms = LiveRooms(self.rtc, self.presence, self.limits)
        await self.rooms.start()
        app = web.Application()
        settings: dict[str, Any] = {"api_key": API_KEY, "api_secret": API_SECRET}
        app[SETTINGS] = Settings(**settings, limits=self.limits)
        app[LIVE_ROOMS] = self.rooms
        add_signalling_routes(app)
        self._runner = web.AppRunner(
            app, shutdown_timeout=1.0, max_line_size=self.limits.join_request_bytes
        )
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.http_port, reuse_address=True)
        await site.start()

    async def stop(self) -> None:
        """Close in order, as Moulin does."""
        await self.rooms.close()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        await self.rtc.close()

    async def restart(self) -> None:
        """Stop, then start again on the same ports, knowing nothing of before."""
        await self.stop()
        await self.start()

    def receives(self, identity: str, room: str = "atelier") -> set[str]:
        """The sids of the tracks that somebody receives."""
        [somebody] = [one for one in self.rooms.get(room) if one.identity == identity]
        return {subscribed.track.sid for subscribed in somebody.subscriptions}

    async def until(self, condition: Callable[[], object], patience: float = 90.0) -> None:
        """Wait until `condition` is true of the rooms; raises TimeoutError."""
        async with asyncio.timeout(patience):
            while not condition():
                await asyncio.sleep(0.02)

    def token(self, identity: str, room: str = "atelier", **grants: Any) -> str:
        """A token that lets `identity` into `room`."""
        return tokens.sign(
            API_KEY, API_SECRET, now=time.time(), identity=identity, room=room, **grants
        )
