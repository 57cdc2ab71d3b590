"""The compiled way to empty a socket: a batch received, decrypted and read in one call."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from struct import Struct
from typing import Any

from rooms.compiled.lanes import Lane
from rooms.compiled.library import ffi, library
from rooms.compiled.sending import socket_address
from rooms.rtp.arrivals import Arrivals
from rooms.transport.srtp import BUFFER_SIZE

DATAGRAMS = 64
ADDRESS_SIZE = 28
MEDIA, OTHER, UNAUTHENTICATED, MALFORMED = range(4)  # kinds of records
NO_LEVEL = 255

Record = tuple[int, int, int, int, int, int, int, int, int, int, int, int, int, int]
"""(kind, marker and payload type or libsrtp's code, who, sequence, audio level, timestamp, SSRC,
start and end of the payload, start and size of the dependency descriptor, size of the datagram,
size of its address, which of the batch)"""

Ids = tuple[int, int, int]
"""The ids of header extensions, 0 for none: audio level, transport-wide number, dependency
descriptor."""

_RECORD = Struct("=BBHHHIIHHHHHHH2x")
_PORT = Struct("!H")


class Batch:
    """Up to 64 datagrams of one socket. `data` holds each at its place times 2048.

    Media is decrypted with the session that `know` gave for its address, and told as MEDIA with
    the number that goes with it; what comes from elsewhere, and all that is not RTP, is OTHER.
    What a lane took is not told at all.
    """

    def __init__(self, owner: socket.socket, rtp_bytes: int) -> None:
        self._family, self._fd = owner.family, owner.fileno()
        made = library.moulin_receiver(rtp_bytes)
        if made == ffi.NULL:
            raise MemoryError
        self._receiver = ffi.gc(made, library.moulin_free)

        def bytes_of(pointer: Any, size: int) -> memoryview:
            return memoryview(ffi.buffer(pointer, size))

        self.data = bytes_of(library.moulin_data(made), DATAGRAMS * BUFFER_SIZE)
        self._addresses = bytes_of(library.moulin_addresses(made), DATAGRAMS * ADDRESS_SIZE)
        self._records = bytes_of(library.moulin_records(made), DATAGRAMS * _RECORD.size)
        self._receive: Callable[[Any, int, float], int] = library.moulin_receive
        self.latest: Any = library.moulin_wake()
        """What came of the latest `receive`: `rooms.transport.moderation.Wake`."""
        self.release: Callable[[], int] = library.moulin_release

    def receive(self, now: float) -> Iterator[Record] | None:
        """What waits, at most 64; raises OSError. What is sent meanwhile leaves at `release`.

        `release` returns how many packets could not be sent, and must be called before the next.
        None, and no need to, when lanes took all of it (see `failed`).
        """
        count = self._receive(self._receiver, self._fd, now)
        if count > 0:
            return _RECORD.iter_unpack(self._records[: count * _RECORD.size])
        if count < 0:
            raise OSError(-count, "cannot receive")
        return None

    @property
    def failed(self) -> int:
        """How many packets could not be sent when `receive` returned None."""
        failed: int = self.latest.failed
        return failed

    def know(
        self, address: Any, session: Any, ids: Ids, arrivals: Arrivals, number: int
    ) -> bool:  # fmt: skip
        """Decrypt media from there with `session`; False when there is no room.

        It and `arrivals` (where transport-wide numbers are noted) must outlive this, or be
        forgotten.
        """
        raw = socket_address(self._family, address)
        return bool(
            library.moulin_know(
                self._receiver, raw, len(raw), ffi.cast("void *", session), *ids,
                ffi.from_buffer(arrivals.memory), number,
            )
        )  # fmt: skip

    def join(self, address: Any, lane: Lane, *, levels: bool) -> bool:
        """Have media from there take that lane; False when nothing is known of the address.

        It must outlive this, or be forgotten. `levels`: its packets tell how loud they are.
        """
        raw = socket_address(self._family, address)
        return bool(library.moulin_join(self._receiver, raw, len(raw), lane.pointer, levels))

    def forget(self) -> None:
        """Undo every `know` and `join`."""
        library.moulin_forget(self._receiver)

    def address(self, index: int) -> Any:
        """Where datagram `index` came from, as the socket module writes it."""
        start = index * ADDRESS_SIZE
        raw = self._addresses[start : start + ADDRESS_SIZE]
        (port,) = _PORT.unpack_from(raw, 2)
        if self._family == socket.AF_INET:
            return socket.inet_ntop(socket.AF_INET, raw[4:8]), port
        flow, scope = int.from_bytes(raw[4:8], "big"), int.from_bytes(raw[24:28], "little")
        return socket.inet_ntop(socket.AF_INET6, raw[8:24]), port, flow, scope
