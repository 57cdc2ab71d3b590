"""The measured process: a real MediaTransport for every publisher and subscriber, on one socket."""

from __future__ import annotations

import asyncio
import random
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pylibsrtp import Policy

from rooms.limits import Counters, Limits
from rooms.rtp.codecs import Extensions, IncomingSpec
from rooms.rtp.outgoing import OutgoingStream
from rooms.transport.media import MediaMux, MediaTransport
from rooms.transport.srtp import PacketBuffer, protect, session_pointer
from rooms.transport.udp import UdpSocket
from tests.bench.endpoints import AUDIO, Load, srtp_session, ssrc_of

Address = tuple[str, int]


@dataclass
class Result:
    """One run: packets sent, CPU seconds they took, and what was lost on the way."""

    load: Load
    packets: int
    cpu: float
    failed: int

    @property
    def per_cpu_second(self) -> float:
        return self.packets / self.cpu


def cpu_seconds() -> float:
    """User and system time of this process so far."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _refuse(*_: Any) -> None:
    """Nobody speaks STUN or DTLS here."""


class Forwarder:
    """The server's side: `publishers` and `subscribers` are the addresses of the two processes."""

    def __init__(self, load: Load, publishers: list[Address], subscribers: list[Address]) -> None:
        self.load = load
        self.counters = Counters()
        self.mux = MediaMux()
        self._rng = random.Random(7)
        self._limits = Limits()
        self._publishers, self._subscribers = publishers, subscribers
        self._transports: list[MediaTransport] = []

    def open(self, socket: UdpSocket) -> None:
        """Make the transports: `fanout` subscribers, each receiving every publisher's track."""
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
        for index, address in enumerate(self._subscribers[: self.load.fanout]):
            transport = self._transport(socket, address)
            for number, track in enumerate(tracks):
                # Distinct for every subscriber, because the counting process has one session.
                ssrc = 1 + index * 100 + number
                out = OutgoingStream(codec, ssrc, None, rng=self._rng, abs_send_time=stamp)
                transport.add_outgoing(out)
                assert track is not None
                track.add_outgoing(out, 0.0)

    def _transport(self, socket: UdpSocket, address: Address) -> MediaTransport:
        transport = MediaTransport(self.mux, self._limits, self.counters, rng=self._rng)
        transport.keys(
            srtp_session(Policy.SSRC_ANY_INBOUND), srtp_session(Policy.SSRC_ANY_OUTBOUND)
        )
        transport.address(socket, address)
        self._transports.append(transport)
        return transport

    def packets(self) -> int:
        """How many packets subscribers were sent so far."""
        return sum(
            out.sent_packets
            for transport in self._transports
            for track in [transport.incoming("0")]
            if track is not None
            for out in track.outgoing
        )

    def close(self) -> None:
        """End every transport."""
        for transport in self._transports:
            transport.close()


def listen() -> UdpSocket:
    """The server's socket, on any free port of the loopback."""
    return UdpSocket("127.0.0.1", 0, _refuse, _refuse, Limits(), Counters(), time.monotonic)


async def run(
    socket: UdpSocket, forwarder: Forwarder, start: Callable[[], asyncio.Future[Any]]
) -> Result:
    """Forward what `start` sets going until its future is done, ticking as the server does."""
    for _ in range(1000):
        socket.drain()  # what an earlier run left unread
    forwarder.open(socket)
    socket.start(asyncio.get_running_loop())
    done = start()
    before = cpu_seconds()
    packets = -1
    # A starved machine may leave packets unread for a while after the last was sent.
    while not done.done() or packets != forwarder.packets():
        packets = forwarder.packets()
        for _ in range(5):
            forwarder.mux.tick(time.monotonic())
            await asyncio.sleep(0.02)
    cpu = cpu_seconds() - before
    socket.stop()
    forwarder.close()
    return Result(forwarder.load, packets, cpu, forwarder.counters["rtp_send_failed"])


def floor(load: Load, subscribers: list[Address], packets: int = 40_000) -> float:
    """Packets per CPU-second of the least that can be done: encrypt and send, nothing else."""
    socket = listen()
    session = srtp_session(Policy.SSRC_ANY_OUTBOUND)
    pointer, buffer = session_pointer(session), PacketBuffer()
    size = 12 + load.payload + (8 if load.payload >= 1000 else 0)
    view = buffer.view[: size + 16]
    sendto, addresses = socket.sendto, subscribers[: load.fanout]
    data, length, where = buffer.data, buffer.length, buffer.pointer
    before = cpu_seconds()
    sent = 0
    while sent < packets:
        for address in addresses:
            data[:12] = b"\x80\x60" + (sent & 0xFFFF).to_bytes(2, "big") + bytes(8)
            length[0] = size
            protect(pointer, where, length)
            sendto(view, address)
            sent += 1
    cpu = cpu_seconds() - before
    socket.close()
    return sent / cpu
