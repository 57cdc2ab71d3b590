"""The parsed form of a media packet, and the RTP header's fields (RFC 3550, RFC 8285)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from struct import Struct
from typing import Any, Protocol

Packet = tuple[int, int, int, int, bytes, int, int, int, bytes]
"""One forwardable packet: (number, timestamp, marker, shape, head, picture, tl0, tk, tail).

A plain tuple, because one is made for every packet received. `number` is the source's own
unwrapped number once padding is taken out, `marker` is 0 or 0x80, and the payload is `head`, then
the fields to renumber that `shape` says there are, then `tail`.
"""

OPAQUE = 0  # nothing to renumber: tail is the whole payload
PICTURE = 1  # head (2 bytes), 15-bit picture id, tail
FULL = 2  # head (2 bytes), 15-bit picture id, TL0PICIDX, TID/Y/KEYIDX, tail
UNUSUAL = 3  # head is the whole VP8 descriptor in some rarer form; see vp8.renumber
DESCRIBED = 4  # head is a dependency descriptor, beside the payload; see rooms.rtp.described

Leg = tuple[int, int, int, int, int, int, Any, Any, Any, Any]
"""Where and how one subscriber gets a stream: (sequence offset, timestamp offset, SSRC, picture
offset, TL0PICIDX offset, KEYIDX offset, SRTP session pointer, sendto, address, what keeps the
pointer alive)."""


class Legs(list[Leg]):
    """The legs of one group, never changed once made.

    `compiled` is a compiled fan-out's own, `ways` that of the one in Python.
    """

    __slots__ = ("compiled", "ways")

    compiled: Any
    ways: Any


class Forward(Protocol):
    """Send `packet` to every leg: `rooms.fanout.fan_out`, or `rooms.compiled.sending.fan_out`.

    `word` is the header's first 16 bits without the marker, `prefix` the header extension block or
    nothing, `tag` the bytes SRTP appends. Returns how many packets could not be sent.
    """

    def __call__(
        self, packet: Packet, word: int, prefix: bytes, tag: int, legs: list[Leg], /
    ) -> int: ...


HEADER = Struct("!BBHII")
HEADER_SIZE = 12
_EXTENSION = Struct("!HH")
_ABS_SEND_TIME = Struct("!IBBH")


@lru_cache(maxsize=16)  # packets received in one batch share their time
def extension_block(identifier: int, now: float) -> bytes:
    """The one-byte-form block that holds abs-send-time alone: 24 bits of 6.18 seconds.

    Nothing when the low byte of `identifier` is 0: see `OutgoingStream.extension`.
    """
    identifier &= 0xFF
    if not identifier:
        return b""
    stamp = int(now * 262144)
    return _ABS_SEND_TIME.pack(0xBEDE0001, identifier << 4 | 2, stamp >> 16 & 0xFF, stamp & 0xFFFF)


def extensions(data: bytes | bytearray | memoryview, length: int) -> Iterator[tuple[int, bytes]]:
    """The header extension elements of an RTP packet, as (id, value), up to a malformed one."""
    if length < HEADER_SIZE or not data[0] & 0x10:
        return
    position = HEADER_SIZE + 4 * (data[0] & 0x0F)
    if position + 4 > length:
        return
    profile, words = _EXTENSION.unpack_from(data, position)
    position += 4
    end = position + 4 * words
    if end > length:
        return
    if profile == 0xBEDE:
        yield from _one_byte(data, position, end)
    elif profile & 0xFFF0 == 0x1000:
        yield from _two_byte(data, position, end)


def _one_byte(
    data: bytes | bytearray | memoryview, position: int, end: int
) -> Iterator[tuple[int, bytes]]:
    while position < end:
        first = data[position]
        position += 1
        if first == 0:
            continue
        size = (first & 0x0F) + 1
        if first >> 4 == 15 or position + size > end:
            return
        yield first >> 4, bytes(data[position : position + size])
        position += size


def _two_byte(
    data: bytes | bytearray | memoryview, position: int, end: int
) -> Iterator[tuple[int, bytes]]:
    while position < end:
        identifier = data[position]
        position += 1
        if identifier == 0:
            continue
        if position >= end:
            return
        size = data[position]
        position += 1
        if position + size > end:
            return
        yield identifier, bytes(data[position : position + size])
        position += size
