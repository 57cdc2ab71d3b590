"""Encrypted packets that wait to leave, by destination, for the fan-out in Python.

While a batch is being received they wait for its end, so that runs of equally long packets to one
subscriber leave as one send, which the kernel cuts up (UDP segmentation offload).
"""

from __future__ import annotations

import errno
import socket
from struct import Struct
from typing import Any
from weakref import WeakValueDictionary

from rooms.transport.srtp import BUFFER_SIZE, address_of

SLOTS = 256
_UDP_SEGMENT = 103
_MOST_SEGMENTS = 64
_MOST_BYTES = 65_000
_REFUSED = (errno.EIO, errno.EOPNOTSUPP, errno.ENOPROTOOPT)
_SIZE = Struct("=H").pack


def _segmentation() -> bool:
    """True when the kernel cuts up sends."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            # An older kernel would take no notice of the size and send one giant datagram.
            probe.setsockopt(socket.IPPROTO_UDP, _UDP_SEGMENT, 0)
        except OSError:
            return False
    return True


class Way:
    """One socket and address, and the slots of what waits to go there."""

    __slots__ = ("__weakref__", "address", "owner", "waiting")

    def __init__(self, owner: socket.socket, address: Any) -> None:
        self.owner, self.address = owner, address
        self.waiting: list[int] = []


class Departures:
    """The slots, each of which holds one packet.

    Fill `data` from `offsets[count]` on (libsrtp's `pointers[count]`), note its size in `sizes`,
    put its slot with a `Way`, that way into `ways` if it had none waiting, and raise `count`.
    """

    def __init__(self) -> None:
        self.data = bytearray(SLOTS * BUFFER_SIZE)
        view = memoryview(self.data)
        self.offsets = range(0, SLOTS * BUFFER_SIZE, BUFFER_SIZE)
        self.pointers = [address_of(self.data, each) for each in self.offsets]
        self.sizes = [0] * SLOTS
        self.ways: list[Way] = []
        self.count = 0
        self.held = False
        """Set while packets are to wait for `release`."""
        self.widest = 0
        """Legs of the packet that went to most, whether held or not."""
        self._views = [view[each : each + BUFFER_SIZE] for each in self.offsets]
        self.segmented = _segmentation()
        """Whether the kernel cuts up sends."""
        self._known: WeakValueDictionary[tuple[int, Any], Way] = WeakValueDictionary()

    def way(self, sendto: Any, address: Any) -> Way | None:
        """The way there; None when `sendto` is not that of a UDP socket."""
        owner = getattr(sendto, "__self__", None)
        if not isinstance(owner, socket.socket) or owner.type != socket.SOCK_DGRAM:
            return None
        way = self._known.get((id(owner), address))
        if way is None:
            way = self._known[id(owner), address] = Way(owner, address)
        return way

    def release(self) -> int:
        """Send all that waits; returns how many packets could not be."""
        self.held = False
        return self.flush() if self.count else 0

    def flush(self) -> int:
        """Send all that waits, and go on as before."""
        views, sizes, failed = self._views, self.sizes, 0
        for way in self.ways:
            waiting = way.waiting
            if len(waiting) == 1:
                slot = waiting[0]
                try:
                    way.owner.sendto(views[slot][: sizes[slot]], way.address)
                except OSError:  # a full socket buffer, or a route that went away
                    failed += 1
            else:
                failed += self._send_runs(way)
            waiting.clear()
        self.ways.clear()
        self.count = 0
        return failed

    def _send_runs(self, way: Way) -> int:
        views, sizes, waiting, failed = self._views, self.sizes, way.waiting, 0
        position, count = 0, len(waiting)
        while position < count:
            size = sizes[waiting[position]]
            most = min(count, position + (min(_MOST_SEGMENTS, _MOST_BYTES // size)))
            run = []
            while position < most and sizes[waiting[position]] == size:
                run.append(views[waiting[position]][:size])
                position += 1
            # The last one of a send may be shorter.
            if run and position < most and sizes[waiting[position]] < size:
                slot = waiting[position]
                run.append(views[slot][: sizes[slot]])
                position += 1
            failed += self._send(way, run, size)
        return failed

    def _send(self, way: Way, run: list[memoryview], size: int) -> int:
        owner, address = way.owner, way.address
        if len(run) > 1 and self.segmented:
            control = [(socket.IPPROTO_UDP, _UDP_SEGMENT, _SIZE(size))]
            try:
                owner.sendmsg(run, control, 0, address)
            except OSError as error:
                if isinstance(error, BlockingIOError) or error.errno == errno.ENOBUFS:
                    return len(run)
                if error.errno in _REFUSED:  # the interface cannot checksum what it would cut
                    self.segmented = False
            else:
                return 0
        failed = 0
        for each in run:
            try:
                owner.sendto(each, address)
            except OSError:
                failed += 1
        return failed


departures = Departures()
"""Those of the fan-out in Python: one thread at a time may use it."""
