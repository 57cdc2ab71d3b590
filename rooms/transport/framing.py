"""Datagrams in a byte stream: each behind its length, in two bytes (RFC 4571)."""

from __future__ import annotations

from rooms.errors import MalformedPacket

PREFIX = 2


def framed(data: bytes | memoryview) -> bytes:
    """One datagram, of 65535 bytes at most, as it goes into the stream."""
    return len(data).to_bytes(PREFIX, "big") + data


class Frames:
    """The datagrams of one stream, whatever pieces it comes in; none may be longer than `most`."""

    __slots__ = ("_kept", "_most")

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept = b""

    def feed(self, data: bytes) -> list[bytes]:
        """The datagrams that `data` completes; empty ones, which keep a path open, are left out.

        Raises MalformedPacket for one that is too long: what follows cannot be told any more.
        """
        if self._kept:
            data = self._kept + data
        found: list[bytes] = []
        position, size = 0, len(data)
        while position + PREFIX <= size:
            length = data[position] << 8 | data[position + 1]
            if length > self._most:
                raise MalformedPacket(f"a frame of {length} bytes")
            end = position + PREFIX + length
            if end > size:
                break
            if length:
                found.append(data[position + PREFIX : end])
            position = end
        self._kept = data[position:]
        return found
