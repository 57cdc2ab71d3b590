"""Packets with a dependency descriptor, as they are sent: it goes into their header extension."""

from __future__ import annotations

from rooms.rtp.packet import DESCRIBED, OPAQUE, Packet, extension_block

_ONE_BYTE_ID, _ONE_BYTE_SIZE = 14, 16
_X = 0x1000


def prepared(packet: Packet, word: int, extension: int, now: float) -> tuple[Packet, int, bytes]:
    """The packet, first 16 bits and header extension block with which to `Forward` any packet.

    `extension` is as `OutgoingStream.extension`.
    """
    if packet[3] != DESCRIBED:
        return packet, word, extension_block(extension, now) if extension else b""
    number, timestamp, marker, _, descriptor, _, _, _, payload = packet
    plain: Packet = (number, timestamp, marker, OPAQUE, b"", 0, 0, 0, payload)
    if not extension >> 8:
        return plain, word, extension_block(extension, now) if extension else b""
    return plain, word | _X, described_block(extension, descriptor, now)


def described_block(extension: int, descriptor: bytes, now: float) -> bytes:
    """The block that holds a dependency descriptor, and abs-send-time where that was agreed on.

    In the one-byte form where that can be, else in the two-byte form (RFC 8285 section 4).
    """
    stamp, identifier = extension & 0xFF, extension >> 8
    size = len(descriptor)
    elements = extension_block(stamp, now)[4:8]
    if identifier <= _ONE_BYTE_ID and size <= _ONE_BYTE_SIZE:
        profile = b"\xbe\xde"
        elements += bytes((identifier << 4 | size - 1,)) + descriptor
    else:
        profile = b"\x10\x00"
        if elements:
            elements = bytes((stamp, 3)) + elements[1:]
        elements += bytes((identifier, size)) + descriptor
    words = (len(elements) + 3) // 4
    return profile + words.to_bytes(2) + elements.ljust(4 * words, b"\0")
