"""ICE over TCP (RFC 6544): one passive listener an address, each of its connections a path."""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol, cast

from rooms.errors import MalformedPacket
from rooms.homes import home_of
from rooms.limits import Counters, Limits
from rooms.transport.carrier import OnDtls, OnStun
from rooms.transport.framing import Frames, framed
from rooms.transport.srtp import PacketBuffer

if TYPE_CHECKING:
    from rooms.transport.media import MediaTransport

_NOTSENT_LOWAT = 25  # Linux's TCP_NOTSENT_LOWAT, which Python 3.11 does not name
_UNSENT_BYTES = 32 * 1024  # that the kernel may hold back: more would be seconds of delay
_GOODBYE_SECONDS = 1.0


class OnLost(Protocol):
    """Told that a connection ended, whoever ended it."""

    def __call__(self, connection: TcpConnection, /) -> None: ...


class TcpListener:
    """Takes connections at one address. Their number, and what each may hold, is limited.

    A connection that ICE has not validated within `tcp_unvalidated_seconds` is closed, and sooner
    where too many wait for that: clients check at once, so the oldest is the least like one.
    """

    def __init__(
        self, address: str, on_stun: OnStun, on_dtls: OnDtls, on_lost: OnLost, limits: Limits,
        counters: Counters, now: Callable[[], float],
    ) -> None:  # fmt: skip
        self.address = address
        self.port = 0
        self.on_stun, self.on_dtls, self.on_lost = on_stun, on_dtls, on_lost
        self.limits, self.counters, self.now = limits, counters, now
        self.buffer = PacketBuffer()
        self.connections: set[TcpConnection] = set()
        self.waiting: dict[TcpConnection, None] = {}  # to be validated, the oldest first
        self.by_home: Counter[str] = Counter()
        self._server: asyncio.Server | None = None

    async def start(self, port: int) -> None:
        """Listen on that port (0: a free one, which `port` then tells); raises OSError."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: TcpConnection(self), self.address, port, backlog=128
        )
        self.port = self._server.sockets[0].getsockname()[1]

    def admits(self, host: str) -> bool:
        """Whether one more connection from there is taken; counted when it is not."""
        limits = self.limits
        if (
            len(self.connections) < limits.tcp_connections
            and self.by_home[home_of(host)] < limits.connections_per_address
        ):
            return True
        self.counters.add("tcp_refused")
        return False

    @property
    def unvalidated(self) -> int:
        """How many connections ICE has not validated yet."""
        return len(self.waiting)

    def awaits(self, connection: TcpConnection) -> None:
        """One more to be validated; where that is too many, the oldest goes."""
        if len(self.waiting) >= self.limits.tcp_unvalidated:
            self.counters.add("tcp_crowded_out")
            oldest = next(iter(self.waiting))
            del self.waiting[oldest]
            oldest.close()
        self.waiting[connection] = None

    def counts(self, host: str, more: int) -> None:
        """So many connections more, or less, from there."""
        home = home_of(host)
        self.by_home[home] += more
        if not self.by_home[home]:
            del self.by_home[home]

    async def close(self) -> None:
        """Listen no more and end every connection."""
        if self._server is not None:
            self._server.close()
        for connection in list(self.connections):
            connection.close()
        if self._server is not None:
            await self._server.wait_closed()


class TcpConnection(asyncio.Protocol):
    """One client's connection: a `Carrier` with a single address.

    What a slow client does not take is dropped, as a network would: media above
    `tcp_media_buffered_bytes`, the rest above twice that.
    """

    def __init__(self, listener: TcpListener) -> None:
        self._listener = listener
        self._frames = Frames(listener.limits.dtls_bytes)
        self._media_most = listener.limits.tcp_media_buffered_bytes
        self._transport: asyncio.Transport | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self.address: Any = ("", 0)
        self.media: dict[Any, MediaTransport] = {}

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.Protocol`."""
        self._transport = cast(asyncio.Transport, transport)
        self.address = transport.get_extra_info("peername") or ("", 0)
        listener = self._listener
        if not listener.admits(self.address[0]):
            self._transport.abort()
            return
        wire: socket.socket = transport.get_extra_info("socket")
        wire.setsockopt(socket.IPPROTO_TCP, _NOTSENT_LOWAT, _UNSENT_BYTES)
        listener.connections.add(self)
        listener.counts(self.address[0], 1)
        listener.awaits(self)
        self._deadline = asyncio.get_running_loop().call_later(
            listener.limits.tcp_unvalidated_seconds, self._expire
        )

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        listener = self._listener
        if self not in listener.connections:
            return
        now = listener.now()
        try:
            for frame in self._frames.feed(data):
                self._take(frame, now)
        except MalformedPacket:
            listener.counters.add("tcp_malformed")
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        listener = self._listener
        if self not in listener.connections:
            return
        self._validated()
        listener.connections.discard(self)
        listener.counts(self.address[0], -1)
        listener.on_lost(self)
        self.media.clear()

    def _take(self, frame: bytes, now: float) -> None:
        """What a UDP socket does with a datagram; what it would drop ends the connection."""
        listener = self._listener
        first, length = frame[0], len(frame)
        if 127 < first < 192 and 12 <= length <= listener.limits.rtp_bytes:
            transport = self.media.get(self.address)
            if transport is None:
                listener.counters.add("media_unknown_address")
                return
            listener.buffer.data[:length] = frame
            transport.receive(listener.buffer, length, now)
        elif first < 4:
            listener.on_stun(frame, self.address, self, now)
        elif 19 < first < 64:
            listener.on_dtls(frame, self.address, self)
        else:
            raise MalformedPacket("neither STUN, DTLS nor media")

    # Carrier

    def sendto(self, data: Any, address: Any) -> int:
        """Send a media packet; raises OSError when the client does not keep up or is gone."""
        transport = self._transport
        if transport is None or transport.is_closing():
            raise BrokenPipeError("the connection is closed")
        if transport.get_write_buffer_size() > self._media_most:
            self._listener.counters.add("tcp_media_dropped")
            raise BlockingIOError("the client does not keep up")
        transport.write(framed(data))
        return len(data)

    def send(self, data: bytes, address: Any) -> bool:
        """See `Carrier`."""
        transport = self._transport
        if (
            transport is None
            or transport.is_closing()
            or transport.get_write_buffer_size() > 2 * self._media_most
        ):
            self._listener.counters.add("tcp_send_failed")
            return False
        transport.write(framed(data))
        return True

    # Its life.

    def validated(self) -> None:
        """ICE has accepted a check that came this way: the connection stays."""
        self._validated()

    def _validated(self) -> None:
        self._listener.waiting.pop(self, None)
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _expire(self) -> None:
        self._listener.counters.add("tcp_never_validated")
        self.close()

    def close(self) -> None:
        """End the connection now; what waits to be sent is lost."""
        if self._transport is not None:
            self._transport.abort()

    def close_soon(self) -> None:
        """End it in a moment, so that DTLS can say goodbye."""
        self._validated()
        self._deadline = asyncio.get_running_loop().call_later(_GOODBYE_SECONDS, self.close)
