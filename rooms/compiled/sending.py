"""The compiled twin of `rooms.fanout.fan_out`: the same function, its loop over the legs in C."""

from __future__ import annotations

import socket
import zlib
from struct import Struct
from typing import Any

from rooms import fanout
from rooms.compiled.library import ffi, library, seal_of
from rooms.rtp.packet import HEADER_SIZE, OPAQUE, UNUSUAL, Forward, Leg, Legs, Packet
from rooms.rtp.vp8 import renumber
from rooms.transport.srtp import RTP_ROOM, protect

_INET = Struct("=H2s4s8x")
_INET6 = Struct("=H2sI16sI")
_IDS_ROOM = 4  # bytes of picture id, TL0PICIDX and TID/Y/KEYIDX
_call: Any = None if library is None else library.moulin_fan_out
_seal: Any = None if library is None else library.moulin_seal

Others = list[tuple[Any, list[Leg]]]
Compiled = tuple[Any, int, Others, list[Leg]]
"""(array of C legs, how many, legs that only Python can send to with what encrypts for them, what
keeps the pointers alive)"""


def socket_address(family: int, address: Any) -> bytes:
    """The kernel's form of an address tuple."""
    port = address[1].to_bytes(2, "big")
    host = socket.inet_pton(family, address[0].partition("%")[0])
    if family == socket.AF_INET:
        return _INET.pack(family, port, host)
    flow, scope = (*address[2:], 0, 0)[:2]
    return _INET6.pack(family, port, socket.htonl(flow), host, scope)


def fan_out(packet: Packet, word: int, prefix: bytes, tag: int, legs: list[Leg]) -> int:
    """Send `packet` to every leg; returns how many could not be sent (see `Forward`).

    Those received in one batch leave together at its end; what could not be sent then is told by
    `Batch.receive`, and not here.
    """
    number, timestamp, marker, shape, head, picture, tl0, tk, tail = packet
    if shape == UNUSUAL:
        return _fan_out_unusual(packet, word, prefix, tag, legs)
    array, count, others, _ = compiled(legs)
    head = prefix + head
    before, after = len(head), len(tail)
    if HEADER_SIZE + before + _IDS_ROOM + after > RTP_ROOM:
        raise ValueError(f"a packet with {after} bytes of payload does not fit")
    failed: int = _call(
        array, count, (word | marker) << 16 | number & 0xFFFF, timestamp, shape,
        picture << 16 | tl0 << 8 | tk, head, before, tail, after,
    )  # fmt: skip
    for encrypt, each in others:
        failed += fanout.fan_out(packet, word, prefix, tag, each, encrypt)
    return failed


def _fan_out_unusual(packet: Packet, word: int, prefix: bytes, tag: int, legs: list[Leg]) -> int:
    """Rarer VP8 descriptors: renumber the payload for each leg, then send it as opaque."""
    failed = 0
    for leg in legs:
        payload = renumber(packet, leg[3], leg[4], leg[5])
        single: Packet = (*packet[:3], OPAQUE, b"", 0, 0, 0, payload)
        failed += fan_out(single, word, prefix, tag, [leg])
    return failed


def compiled(legs: list[Leg]) -> Compiled:
    """The legs as C wants them: those that leave by a UDP socket, and the others."""
    try:
        found: Compiled = legs.compiled  # type: ignore[attr-defined]
    except AttributeError:
        found = _compile(legs)
    return found


def _compile(legs: list[Leg]) -> Compiled:
    ours: list[tuple[Leg, socket.socket]] = []
    plain: list[Leg] = []
    sealed: list[Leg] = []
    for leg in legs:
        owner = getattr(leg[7], "__self__", None)
        if isinstance(owner, socket.socket) and owner.type == socket.SOCK_DGRAM:
            ours.append((leg, owner))
        elif (seal := seal_of(leg[9])) is None:
            plain.append(leg)
        else:
            sealed.append((*leg[:6], seal, *leg[7:]))
    array = ffi.new("struct leg[]", len(ours))
    for place, (leg, owner) in zip(array, ours, strict=True):
        _fill(place, leg, owner)
    others = [(protect, plain), (_seal, sealed)]
    made = (array, len(ours), [each for each in others if each[1]], [leg for leg, _ in ours])
    if isinstance(legs, Legs):
        legs.compiled = made
    return made


def _fill(place: Any, leg: Leg, owner: socket.socket) -> None:
    sequence, timestamp, ssrc, picture, tl0, key, session, _, address, keep = leg
    raw = socket_address(owner.family, address)
    place.session, place.seal = ffi.cast("void *", session), seal_of(keep) or ffi.NULL
    place.sequence, place.timestamp, place.ssrc = sequence, timestamp, ssrc
    place.picture, place.tl0, place.key = picture, tl0, key
    place.fd, place.address_size = owner.fileno(), len(raw)
    place.hash = zlib.crc32(raw, owner.fileno())
    ffi.memmove(place.address, raw, len(raw))


forward: Forward = fanout.fan_out if library is None else fan_out
"""The fan-out to use: the compiled one where it can run."""
