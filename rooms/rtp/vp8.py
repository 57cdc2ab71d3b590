"""The VP8 payload descriptor (RFC 7741 section 4.2): read it, renumber it, tell a keyframe.

Nothing past the descriptor and one byte is read: the rest may be encrypted end to end.
"""

from __future__ import annotations

from rooms.rtp.packet import DESCRIBED, FULL, OPAQUE, PICTURE, UNUSUAL, Packet

START = 0x10  # in a descriptor's first byte: a partition begins
SYNC = 0x20  # in its TID/Y/KEYIDX byte: the picture needs none of its own temporal layer

Description = tuple[int, int, int, int, int, bool]
"""(shape, bytes of descriptor, picture id, TL0PICIDX, TID/Y/KEYIDX byte, keyframe start)"""


def describe(payload: bytes) -> Description | None:
    """What a VP8 payload's descriptor says; None when it is cut short or nothing follows it."""
    size = len(payload)
    if size < 2:
        return None
    first = payload[0]
    start = first & 0x17 == 0x10  # start of the first partition: S=1, PID=0
    if not first & 0x80:
        return UNUSUAL, 1, 0, 0, 0, start and not payload[1] & 1
    flags = payload[1]
    if flags & 0x80 and size > 4 and payload[2] & 0x80:
        picture = (payload[2] & 0x7F) << 8 | payload[3]
        if flags & 0x40 and flags & 0x30 and size > 6:
            return FULL, 6, picture, payload[4], payload[5], start and not payload[6] & 1
        if not flags & 0x70:
            return PICTURE, 4, picture, 0, 0, start and not payload[4] & 1
    return _describe_unusual(payload, size, flags, start)


def _describe_unusual(payload: bytes, size: int, flags: int, start: bool) -> Description | None:
    position = 2
    picture = tl0 = tk = 0
    if flags & 0x80:
        if position >= size:
            return None
        picture = payload[position] & 0x7F
        position += 1
        if payload[position - 1] & 0x80:
            if position >= size:
                return None
            picture = picture << 8 | payload[position]
            position += 1
    if flags & 0x40:
        if position >= size:
            return None
        tl0 = payload[position]
        position += 1
    if flags & 0x30:
        if position >= size:
            return None
        tk = payload[position]
        position += 1
    if position >= size:
        return None
    return UNUSUAL, position, picture, tl0, tk, start and not payload[position] & 1


def renumber(packet: Packet, picture_offset: int, tl0_offset: int, key_offset: int) -> bytes:
    """The payload of `packet` with its picture id, TL0PICIDX and KEYIDX moved by these offsets."""
    _, _, _, shape, head, picture, tl0, tk, tail = packet
    if shape in (OPAQUE, DESCRIBED):
        return tail
    picture = (picture + picture_offset) & 0x7FFF
    tl0 = (tl0 + tl0_offset) & 0xFF
    tk = tk & 0xE0 | (tk + key_offset) & 0x1F
    if shape == PICTURE:
        return head + bytes((picture >> 8 | 0x80, picture & 0xFF)) + tail
    if shape == FULL:
        return head + bytes((picture >> 8 | 0x80, picture & 0xFF, tl0, tk)) + tail
    return _renumber_unusual(head, picture, tl0, tk) + tail


def _renumber_unusual(head: bytes, picture: int, tl0: int, tk: int) -> bytes:
    """`head` is a whole descriptor that `describe` has accepted."""
    if not head[0] & 0x80:
        return head
    flags = head[1]
    out = bytearray(head[:2])
    if flags & 0x80:
        if head[2] & 0x80:
            out += bytes((picture >> 8 | 0x80, picture & 0xFF))
        else:
            out.append(picture & 0x7F)
    if flags & 0x40:
        out.append(tl0)
    if flags & 0x30:
        out.append(tk)
    return bytes(out)
