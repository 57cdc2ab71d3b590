"""Our own server as a peer to measure: a real MediaTransport for everyone, on one socket.

It runs in a process of its own, so that it can be started with and without the compiled path.
"""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import os
import random
import resource
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from pylibsrtp import Policy

from rooms.limits import Counters, Limits
from rooms.rtp.codecs import Extensions, IncomingSpec
from rooms.rtp.outgoing import OutgoingStream
from rooms.transport.media import MediaMux, MediaTransport
from rooms.transport.srtp import PacketBuffer, SendingSession, protect, session_pointer
from rooms.transport.udp import UdpSocket
from tests.bench.endpoints import (
    AUDIO,
    KEY,
    PROFILE,
    PUBLISHERS,
    Address,
    Ends,
    Load,
    plain_ends,
    srtp_session,
    ssrc_of,
)


def _refuse(*_: Any) -> None:
    """Nobody speaks STUN or DTLS here."""


class Forwarder:
    """The server's side of one load: `publishers` and `subscribers` are the clients' addresses."""

    def __init__(self, load: Load, publishers: list[Address], subscribers: list[Address]) -> None:
        self.load = load
        self.counters = Counters()
        self.mux = MediaMux()
        self._rng = random.Random(7)
        self._limits = Limits()
        self._publishers, self._subscribers = publishers, subscribers
        self._transports: list[MediaTransport] = []

    def open(self, socket: UdpSocket) -> None:
        """Make the transports: every subscriber receives every publisher's track."""
        codec = self.load.codec
        ids = Extensions(mid=2, audio_level=1)
        tracks = []
        for number, address in enumerate(self._publishers):
            transport = self._transport(socket, address)
            spec = IncomingSpec(
                "0", codec.kind, {codec.payload_type: codec}, ids, (), (ssrc_of(number),)
            )
            transport.describe_incoming([spec])
            tracks.append(transport.incoming("0"))
        stamp = 0 if codec is AUDIO else 3
        for address in self._subscribers:
            transport = self._transport(socket, address)
            for number, track in enumerate(tracks):
                out = OutgoingStream(codec, 1 + number, None, rng=self._rng, abs_send_time=stamp)
                transport.add_outgoing(out)
                assert track is not None
                track.add_outgoing(out, 0.0)

    def _transport(self, socket: UdpSocket, address: Address) -> MediaTransport:
        transport = MediaTransport(self.mux, self._limits, self.counters, rng=self._rng)
        transport.keys(srtp_session(Policy.SSRC_ANY_INBOUND), SendingSession(PROFILE, KEY))
        transport.address(socket, address)
        self._transports.append(transport)
        return transport

    def close(self) -> None:
        """End every transport."""
        for transport in self._transports:
            transport.close()


def listen() -> UdpSocket:
    """The server's socket, on any free port of the loopback."""
    return UdpSocket("127.0.0.1", 0, _refuse, _refuse, Limits(), Counters(), time.monotonic)


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    """The event loop that the server uses where it is installed."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop


def serve(pipe: Connection) -> None:
    """Process: forward what (Load, publishers, subscribers) says, until the next or None."""
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(_serve(pipe))


async def _serve(pipe: Connection) -> None:
    loop = asyncio.get_running_loop()
    socket = listen()
    pipe.send(socket.port)
    socket.start(loop)
    orders: asyncio.Queue[Any] = asyncio.Queue()
    loop.add_reader(pipe.fileno(), lambda: orders.put_nowait(pipe.recv()))
    forwarder: Forwarder | None = None
    gc.freeze()
    while (order := await _next(orders, forwarder)) is not None:
        if isinstance(order[1], Ends):
            pipe.send(floor(*order))
            continue
        if forwarder is not None:
            forwarder.close()
        forwarder = Forwarder(*order)
        forwarder.open(socket)
        pipe.send(True)
    socket.close()


async def _next(orders: asyncio.Queue[Any], forwarder: Forwarder | None) -> Any:
    """The next order; meanwhile tick as the server does."""
    while orders.empty():
        if forwarder is not None:
            forwarder.mux.tick(time.monotonic())
        await asyncio.sleep(0.02)
    return orders.get_nowait()


def floor(load: Load, ends: Ends, packets: int = 40_000) -> float:
    """Packets per CPU-second of the least that can be done: encrypt and send one by one."""
    socket = listen()
    session = srtp_session(Policy.SSRC_ANY_OUTBOUND)
    pointer, buffer = session_pointer(session), PacketBuffer()
    size = 12 + load.payload + (8 if load.payload >= 1000 else 0)
    view = buffer.view[: size + 16]
    sendto, addresses = socket.sendto, ends.addresses
    data, length, where = buffer.data, buffer.length, buffer.pointer
    before = _own_cpu_seconds()
    sent = 0
    while sent < packets:
        for address in addresses:
            data[:12] = b"\x80\x60" + (sent & 0xFFFF).to_bytes(2, "big") + bytes(8)
            length[0] = size
            protect(pointer, where, length)
            sendto(view, address)
            sent += 1
    cpu = _own_cpu_seconds() - before
    socket.close()
    return sent / cpu


def _own_cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


class Moulin:
    """Our server in a process, started with this MOULIN_COMPILED (see `rooms.compiled.library`)."""

    def __init__(self, compiled: str) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        before = os.environ.get("MOULIN_COMPILED")
        os.environ["MOULIN_COMPILED"] = compiled
        self._process = context.Process(target=serve, args=(theirs,), daemon=True)
        self._process.start()
        if before is None:
            del os.environ["MOULIN_COMPILED"]
        else:
            os.environ["MOULIN_COMPILED"] = before
        self._server: Address = ("127.0.0.1", self._pipe.recv())

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    async def open(self, load: Load) -> tuple[Ends, Ends]:
        """Everybody joins; the publishers' and the subscribers' ends."""
        publishers, subscribers = plain_ends(PUBLISHERS), plain_ends(load.fanout)
        publishers.servers = [self._server] * PUBLISHERS
        await self.ask((load, publishers.addresses, subscribers.addresses))
        return publishers, subscribers

    async def ask(self, order: Any) -> Any:
        """Send the process an order; its answer."""
        self._pipe.send(order)
        return await asyncio.to_thread(self._pipe.recv)

    async def close(self) -> None:
        """The next `open` ends what the last one began."""

    def end(self) -> None:
        """End the process."""
        self._pipe.send(None)
        self._process.join(5)
