"""The WebSocket of one client: bounded both ways, and no rule of its own."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable

from aiohttp import WSCloseCode, WSMsgType, web
from livekit.protocol.models import DisconnectReason
from livekit.protocol.rtc import SignalResponse

from rooms.errors import LimitExceeded
from rooms.events import Event, Left, Next, PermissionsChanged, Superseded
from rooms.limits import Limits
from rooms.live_rooms import LiveRooms
from rooms.participant import Joining, Participant
from server.signalling.conversation import Conversation
from server.signalling.greeting import PING_TIMEOUT, welcome, welcome_back
from server.signalling.ice_servers import IceServers
from server.signalling.joining import JoinParameters
from server.signalling.responses import response
from server.signalling.watch import Watch

log = logging.getLogger(__name__)

CLOSE_TIMEOUT = 2.0
TOKEN_REFRESH = 300.0
"""Seconds between two fresh tokens for a client, so that it may come back at any time."""

FreshToken = Callable[[Participant], str]


class ClientSocket:
    """One client's WebSocket, from the greeting to the close.

    Implements `rooms.events.Listener` and `watch.Watched`.

    A client that does not read what it is sent is closed when its queue is full: it can resume.
    `wire` is what the WebSocket stands on.
    """

    def __init__(
        self,
        socket: web.WebSocketResponse,
        live_rooms: LiveRooms,
        ice_servers: IceServers,
        fresh_token: FreshToken,
        watch: Watch,
        wire: asyncio.Transport | None,
    ) -> None:
        self._socket = socket
        self._wire = wire
        self._hanging_up: asyncio.TimerHandle | None = None
        self._live_rooms = live_rooms
        self._limits: Limits = live_rooms.limits
        self._ice_servers = ice_servers
        self._fresh_token = fresh_token
        self._queue: list[bytes] = []
        self._queued_bytes = 0
        self._watch = watch
        self._writer: asyncio.Task[None] | None = None
        """While there is something to write: an idle client has none."""
        self._closing = False
        self._heard_at = self._refreshed_at = time.monotonic()
        self._participant: Participant | None = None

    async def talk(self, joining: Joining, parameters: JoinParameters) -> None:
        """Serve the client until either side ends it."""
        self._watch.add(self)
        try:
            conversation = self._greet(joining, parameters)
            if conversation is not None:
                await self._read(conversation)
        finally:
            self._watch.remove(self)
            self._finish()
            if (writer := self._writer) is not None:
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.wait([writer], timeout=CLOSE_TIMEOUT)
                writer.cancel()
            await self._close()
            hanging_up, wire = self._hanging_up, self._wire
            if hanging_up is not None and wire is not None and not wire.get_write_buffer_size():
                hanging_up.cancel()

    # rooms.events.Listener

    def tell(self, event: Event) -> None:
        """See `rooms.events.Listener`."""
        if isinstance(event, PermissionsChanged):
            self._refresh_token()
            return
        message = response(event)
        if message is not None:
            self.send(message)
        if isinstance(event, Left | Superseded):
            self._finish()

    def send(self, message: SignalResponse) -> None:
        """Queue a message; the socket is closed when the client leaves too many unread."""
        if self._closing:
            return
        data = message.SerializeToString()
        self._queue.append(data)
        self._queued_bytes += len(data)
        self._write_soon()
        if (
            len(self._queue) > self._limits.signal_queue_messages
            or self._queued_bytes > self._limits.signal_queue_bytes
        ):
            self._live_rooms.counters.add("signal_slow_client")
            self._queue.clear()
            self._finish()

    # Beginnings.

    def _greet(self, joining: Joining, parameters: JoinParameters) -> Conversation | None:
        if parameters.reconnect:
            return self._resume(joining, parameters)
        try:
            participant = self._live_rooms.join(joining, self)
        except LimitExceeded as error:
            log.info("join refused", extra={"room": joining.room, "reason": str(error)})
            self.tell(Left(DisconnectReason.JOIN_FAILURE))
            return None
        self._participant = participant
        self.send(welcome(participant, self._ice_servers(participant.identity)))
        participant.room.begin(participant)
        conversation = Conversation(participant, self._limits, self.send)
        conversation.begin(parameters)
        return conversation

    def _resume(self, joining: Joining, parameters: JoinParameters) -> Conversation | None:
        sid = parameters.participant_sid
        participant = self._live_rooms.resume(joining.room, joining.identity, sid, self)
        if participant is None or participant.connection.single != parameters.single_connection:
            self.tell(Left(DisconnectReason.STATE_MISMATCH, Next.RECONNECT))
            return None
        self._participant = participant
        self.send(welcome_back(participant, self._ice_servers(participant.identity)))
        participant.room.resumed(participant)
        conversation = Conversation(participant, self._limits, self.send)
        conversation.begin(parameters)
        return conversation

    # While it lasts.

    async def _read(self, conversation: Conversation) -> None:
        async for message in self._socket:
            if self._closing:
                return
            if message.type is not WSMsgType.BINARY:
                continue
            self._heard_at = time.monotonic()
            conversation.receive(message.data, self._heard_at, int(time.time() * 1000))
            if conversation.over:
                return
        if self._participant is not None:
            self._live_rooms.lost(self._participant, self)

    def _write_soon(self) -> None:
        if self._writer is None:
            self._writer = asyncio.create_task(self._write(), name="signal writer")

    async def _write(self) -> None:
        try:
            while self._queue:
                data = self._queue.pop(0)
                self._queued_bytes -= len(data)
                try:
                    await self._socket.send_bytes(data)
                except (ConnectionError, RuntimeError):
                    self._queue.clear()
                    return
            if self._closing:
                await self._close()
        finally:
            self._writer = None

    def look(self, now: float) -> None:
        """End the conversation of a client that fell silent; keep its token fresh."""
        if self._closing:
            return
        if now - self._heard_at > PING_TIMEOUT:
            self._live_rooms.counters.add("signal_ping_timeout")
            self._queue.clear()
            self._finish()
        elif now - self._refreshed_at >= TOKEN_REFRESH:
            self._refreshed_at = now
            self._refresh_token()

    def _refresh_token(self) -> None:
        if self._participant is not None and not self._participant.gone:
            self.send(SignalResponse(refresh_token=self._fresh_token(self._participant)))

    # Ends.

    def _finish(self) -> None:
        """Send what is queued, then close; hang up on who does not even let us say goodbye."""
        if not self._closing and self._wire is not None:
            loop = asyncio.get_running_loop()
            self._hanging_up = loop.call_later(3 * CLOSE_TIMEOUT, self._wire.abort)
        self._closing = True
        self._write_soon()
        if self._participant is not None:
            self._live_rooms.lost(self._participant, self)

    async def _close(self) -> None:
        with contextlib.suppress(ConnectionError, RuntimeError, TimeoutError):
            async with asyncio.timeout(CLOSE_TIMEOUT):
                await self._socket.close(code=WSCloseCode.OK)
