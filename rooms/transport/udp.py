"""One raw UDP socket on one advertised address, and what each datagram is (RFC 7983)."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rooms.compiled.library import library
from rooms.departures import departures
from rooms.limits import Counters, Limits
from rooms.transport.alarm import Alarm
from rooms.transport.batch_reader import BatchReader, MediaTable
from rooms.transport.carrier import OnDtls, OnStun
from rooms.transport.moderation import WIDE, Moderation, Wake
from rooms.transport.srtp import PacketBuffer

if TYPE_CHECKING:
    from rooms.transport.media import MediaTransport

DATAGRAMS_A_WAKE = 64
BUFFER_BYTES = 8 * 1024 * 1024
_SOON = 1e-6  # a rest that sending has used up: what else the loop has to do comes first


class UdpSocket:
    """Receives for everyone at one address; media goes straight to the transport of its sender.

    Bind an address that is advertised, never a wildcard: replies must leave from the address that
    the client was told. `receive_buffer` and `send_buffer` are the bytes the kernel granted.
    `compiled` receives in compiled batches where that can be.
    """

    def __init__(
        self, address: str, port: int, on_stun: OnStun, on_dtls: OnDtls, limits: Limits,
        counters: Counters, now: Callable[[], float], *, compiled: bool = True,
    ) -> None:  # fmt: skip
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        try:
            self._socket.setblocking(False)
            if family == socket.AF_INET6:
                self._socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            self.receive_buffer = self._grow(socket.SO_RCVBUF)
            self.send_buffer = self._grow(socket.SO_SNDBUF)
            self._socket.bind((address, port))
        except BaseException:
            self._socket.close()
            raise
        self.address: str = address
        self.port: int = self._socket.getsockname()[1]
        self.sendto: Callable[[Any, Any], int] = self._socket.sendto
        table = MediaTable()
        self.media: dict[Any, MediaTransport] = table
        self._buffers = PacketBuffer(), PacketBuffer()
        self._on_stun, self._on_dtls = on_stun, on_dtls
        self._limits, self._counters, self._now = limits, counters, now
        self._loop: asyncio.AbstractEventLoop | None = None
        self._alarm: Alarm | None = None
        self._resting = False
        self._latest, self._moderation = Wake(), Moderation()
        self._batches: BatchReader | None = None
        if compiled and library is not None:
            self._batches = BatchReader(self._socket, table, limits, counters, self._receive)
            self._latest = self._batches.latest

    def _grow(self, which: int) -> int:
        """Ask for a large kernel buffer, lest a burst of video be lost; returns what we got."""
        self._socket.setsockopt(socket.SOL_SOCKET, which, BUFFER_BYTES)
        # Linux reports the double of what may be used.
        return self._socket.getsockopt(socket.SOL_SOCKET, which) // 2

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Receive from now on."""
        self._loop = loop
        loop.add_reader(self._socket.fileno(), self._wake)
        try:
            self._alarm = Alarm()
        except OSError:  # then nothing rests
            return
        loop.add_reader(self._alarm.fileno(), self._wake)

    def stop(self) -> None:
        """Receive no more until `start`."""
        if self._loop is None:
            return
        self._loop.remove_reader(self._socket.fileno())
        if self._alarm is not None:
            self._loop.remove_reader(self._alarm.fileno())
            self._alarm.close()
        self._loop = self._alarm = None
        self._resting = False

    def close(self) -> None:
        """Receive no more and free the port."""
        self.stop()
        self._socket.close()

    def send(self, data: bytes, address: Any) -> bool:
        """Send one datagram; False, counted, when the kernel will not take it."""
        try:
            self.sendto(data, address)
        except OSError:
            self._counters.add("udp_send_failed")
            return False
        return True

    def _wake(self) -> None:
        """The event loop calls it when datagrams wait, or when a rest is over."""
        began, rest = self._now(), 0.0
        try:
            self._drain(began)
            latest = self._latest
            if latest.widest >= WIDE:
                emptied = latest.datagrams < DATAGRAMS_A_WAKE
                rest = self._moderation.rest(began, latest, emptied=emptied)
        finally:
            if rest or self._resting:
                self._rest(began, rest)

    def _rest(self, began: float, seconds: float) -> None:
        """Look at the socket again so long after `began`, or whenever something comes (0)."""
        loop, alarm = self._loop, self._alarm
        if loop is None or alarm is None:
            return
        if not seconds:
            alarm.ring_in(0)
            loop.add_reader(self._socket.fileno(), self._wake)
        else:
            if not self._resting:
                loop.remove_reader(self._socket.fileno())
            alarm.ring_in(max(_SOON, began + seconds - self._now()))
        self._resting = seconds > 0

    def drain(self) -> None:
        """Take up to 64 datagrams that wait."""
        self._drain(self._now())

    def _drain(self, now: float) -> None:
        if self._batches is not None:
            self._batches.drain(now)
            return
        departures.widest = 0
        try:
            self._latest.datagrams = self._drain_singly(now)
            self._latest.widest = departures.widest
        finally:
            failed = departures.release()
            if failed:
                self._counters.add("rtp_send_failed", failed)

    def _drain_singly(self, now: float) -> int:
        received = 0
        buffer, following = self._buffers
        receive = self._socket.recvfrom_into
        length, address = -1, None
        for _ in range(DATAGRAMS_A_WAKE):
            try:
                size, where = receive(following.data)
            except BlockingIOError:
                break
            except OSError:
                self._counters.add("udp_receive_failed")
                break
            received += 1
            if length >= 0:
                # More than one: what leaves for the same subscriber may leave together.
                departures.held = True
                self._receive(buffer, length, address, now)
            length, address = size, where
            buffer, following = following, buffer
        if length >= 0:
            self._receive(buffer, length, address, now)
        return received

    def _receive(self, buffer: PacketBuffer, length: int, address: Any, now: float) -> None:
        first = buffer.data[0]
        if 127 < first < 192 and 12 <= length <= self._limits.rtp_bytes:
            transport = self.media.get(address)
            if transport is not None:
                transport.receive(buffer, length, now)
            else:
                self._counters.add("media_unknown_address")
        else:
            self._receive_other(buffer, length, address, now)

    def _receive_other(self, buffer: PacketBuffer, length: int, address: Any, now: float) -> None:
        first = buffer.data[0]
        if length == 0:
            self._counters.add("udp_empty")
        elif first < 4:
            self._on_stun(bytes(buffer.view[:length]), address, self, now)
        elif 19 < first < 64:
            self._on_dtls(bytes(buffer.view[:length]), address, self)
        else:
            self._counters.add("udp_malformed")
