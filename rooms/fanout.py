"""The innermost loop: one received packet to every subscriber of it, rewritten, encrypted and sent.

`rooms.compiled.sending` has its compiled twin, which runs where there was a compiler.
"""

from __future__ import annotations

from struct import Struct
from typing import Any

from rooms.departures import SLOTS, departures
from rooms.rtp.packet import FULL, HEADER_SIZE, OPAQUE, PICTURE, Leg, Legs, Packet
from rooms.rtp.vp8 import renumber
from rooms.transport.srtp import RTP_ROOM, PacketBuffer, protect

_OUT = PacketBuffer()
_DATA, _VIEW, _POINTER, _LENGTH = _OUT.data, _OUT.view, _OUT.pointer, _OUT.length
_QUEUE = departures.data, departures.offsets, departures.pointers, departures.sizes, departures.ways
_FIELDS = {OPAQUE: "", PICTURE: "H", FULL: "HBB"}
_layouts: dict[int, Any] = {}


def _layout(shape: int, before: int, after: int) -> Any:
    """The function that writes a whole packet of this shape with these sizes of head and tail."""
    size = HEADER_SIZE + before + after + (0, 2, 4)[shape]
    if size > RTP_ROOM:
        raise ValueError(f"a packet of {size} bytes does not fit")
    layout = Struct(f"!HHII{before}s{_FIELDS[shape]}{after}s").pack_into
    _layouts[shape << 28 | before << 14 | after] = layout
    return layout


def fan_out(
    packet: Packet, word: int, prefix: bytes, tag: int, legs: list[Leg], protect: Any = protect
) -> int:  # fmt: skip
    """Send `packet` to every leg; returns how many could not be sent (see `Forward`)."""
    number, timestamp, marker, shape, head, picture, tl0, tk, tail = packet
    if shape > FULL:
        return _fan_out_unusual(packet, word, prefix, tag, legs, protect)
    departures.widest = max(departures.widest, len(legs))
    if departures.held and isinstance(legs, Legs):
        return _queue(packet, word, prefix, tag, legs)
    word |= marker
    prefix += head
    before, after = len(prefix), len(tail)
    pack = _layouts.get(shape << 28 | before << 14 | after) or _layout(shape, before, after)
    size = HEADER_SIZE + before + after + (0, 2, 4)[shape]
    ready = _VIEW[: size + tag]
    failed = 0
    key, index = tk & 0xE0, tk & 0x1F
    # fmt: off
    for sequence, stamp, ssrc, picture_by, tl0_by, key_by, session, sendto, address, _ in legs:
        if shape == FULL:
            pack(_DATA, 0, word, number + sequence & 0xFFFF, timestamp + stamp & 0xFFFFFFFF, ssrc,
                 prefix, picture + picture_by & 0x7FFF | 0x8000, tl0 + tl0_by & 0xFF,
                 key | index + key_by & 0x1F, tail)
        elif shape == OPAQUE:
            pack(_DATA, 0, word, number + sequence & 0xFFFF, timestamp + stamp & 0xFFFFFFFF, ssrc,
                 prefix, tail)
        else:
            pack(_DATA, 0, word, number + sequence & 0xFFFF, timestamp + stamp & 0xFFFFFFFF, ssrc,
                 prefix, picture + picture_by & 0x7FFF | 0x8000, tail)
        _LENGTH[0] = size
        try:
            if protect(session, _POINTER, _LENGTH):
                failed += 1
            else:
                sendto(ready, address)
        except OSError:  # a full socket buffer, or a route that went away
            failed += 1
    # fmt: on
    return failed


def _queue(packet: Packet, word: int, prefix: bytes, tag: int, legs: Legs) -> int:
    """The same, but what is encrypted waits until departures are released."""
    number, timestamp, marker, shape, head, picture, tl0, tk, tail = packet
    word |= marker
    block, prefix = prefix, prefix + head
    before, after = len(prefix), len(tail)
    pack = _layouts.get(shape << 28 | before << 14 | after) or _layout(shape, before, after)
    size = HEADER_SIZE + before + after + (0, 2, 4)[shape]
    key, index, slot, failed = tk & 0xE0, tk & 0x1F, departures.count, 0
    data, offsets, pointers, sizes, ways = _QUEUE
    # fmt: off
    for sequence, stamp, ssrc, picture_by, tl0_by, key_by, session, way in _ways_of(legs):
        if slot == SLOTS:
            failed, slot = failed + departures.flush(), 0
        if shape == FULL:
            pack(data, offsets[slot], word, number + sequence & 0xFFFF,
                 timestamp + stamp & 0xFFFFFFFF, ssrc, prefix,
                 picture + picture_by & 0x7FFF | 0x8000, tl0 + tl0_by & 0xFF,
                 key | index + key_by & 0x1F, tail)
        elif shape == OPAQUE:
            pack(data, offsets[slot], word, number + sequence & 0xFFFF,
                 timestamp + stamp & 0xFFFFFFFF, ssrc, prefix, tail)
        else:
            pack(data, offsets[slot], word, number + sequence & 0xFFFF,
                 timestamp + stamp & 0xFFFFFFFF, ssrc, prefix,
                 picture + picture_by & 0x7FFF | 0x8000, tail)
        _LENGTH[0] = size
        if protect(session, pointers[slot], _LENGTH):
            failed += 1
            continue
        sizes[slot] = size + tag
        if not way.waiting:
            ways.append(way)
        way.waiting.append(slot)
        slot += 1
    # fmt: on
    departures.count = slot
    if legs.ways[1]:
        failed += fan_out(packet, word, block, tag, legs.ways[1])
    return failed


def _ways_of(legs: Legs) -> list[Any]:
    """The legs, each with its way in place of where to send; those by TCP are kept apart."""
    try:
        found: list[Any] = legs.ways[0]
    except AttributeError:
        pairs = [(leg, departures.way(leg[7], leg[8])) for leg in legs]
        found = [(*leg[:7], way) for leg, way in pairs if way is not None]
        legs.ways = found, [leg for leg, way in pairs if way is None]
    return found


def _fan_out_unusual(
    packet: Packet, word: int, prefix: bytes, tag: int, legs: list[Leg], protect: Any
) -> int:  # fmt: skip
    """Rarer VP8 descriptors: renumber the payload for each leg, then send it as opaque."""
    number, timestamp, marker = packet[:3]
    failed = 0
    for leg in legs:
        payload = renumber(packet, leg[3], leg[4], leg[5])
        single: Packet = (number, timestamp, marker, OPAQUE, b"", 0, 0, 0, payload)
        failed += fan_out(single, word, prefix, tag, [leg], protect)
    return failed
