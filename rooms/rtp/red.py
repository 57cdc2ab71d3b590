"""Audio with redundancy (RED, RFC 2198): each packet repeats frames of those before it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

_LONGEST = (1 << 10) - 1  # bytes of a repeated frame
_FARTHEST = (1 << 14) - 1  # timestamps that it may lie back


class Block(NamedTuple):
    """One frame: how far its timestamp lies before the packet's, and its payload."""

    offset: int
    payload: bytes


def blocks(payload: bytes, payload_type: int) -> list[Block]:
    """The frames of a packet, the oldest first and its own last; none when it is malformed.

    Frames of another payload type than `payload_type` are malformed too: that is all there may be.
    """
    headers = []
    position = 0
    while position < len(payload) and payload[position] & 0x80:
        if position + 4 > len(payload) or payload[position] & 0x7F != payload_type:
            return []
        word = int.from_bytes(payload[position + 1 : position + 4])
        headers.append((word >> 10, word & _LONGEST))
        position += 4
    if position >= len(payload) or payload[position] != payload_type:
        return []
    position += 1
    found = []
    for offset, size in headers:
        found.append(Block(offset, payload[position : position + size]))
        position += size
    if position > len(payload):
        return []
    found.append(Block(0, payload[position:]))
    return found


def packed(payload_type: int, repeated: Sequence[Block], payload: bytes) -> bytes:
    """A packet with a frame of its own and as many of `repeated`, the oldest first, as fit."""
    fits = [each for each in repeated if each.offset <= _FARTHEST and len(each[1]) <= _LONGEST]
    head = b"".join(
        bytes((payload_type | 0x80,)) + (each.offset << 10 | len(each.payload)).to_bytes(3)
        for each in fits
    )
    return head + bytes((payload_type,)) + b"".join(each.payload for each in fits) + payload
