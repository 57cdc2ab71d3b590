"""RTCP packets as values: parse a compound, build what we send (RFC 3550, 4585, 5104, REMB)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from struct import Struct

from rooms.rtp import transport_feedback
from rooms.rtp.transport_feedback import TransportFeedback

SR, RR, SDES, BYE, RTPFB, PSFB = 200, 201, 202, 203, 205, 206
_NACK, _PLI, _FIR, _AFB = 1, 1, 4, 15

_HEADER = Struct("!BBH")
_ONE = Struct("!I")
_TWO = Struct("!II")
_SENDER = Struct("!IQIII")
_BLOCK = Struct("!IIIIII")
_PAIR = Struct("!HH")


class RtcpError(ValueError):
    """The bytes are not a well-formed compound RTCP packet: the sender's fault."""


@dataclass(frozen=True, slots=True)
class ReportBlock:
    """One source as its receiver sees it; `delay` is in 1/65536 s, `jitter` in timestamp units."""

    ssrc: int
    fraction_lost: int
    lost: int
    highest: int
    jitter: int
    last_sr: int
    delay: int


@dataclass(frozen=True, slots=True)
class SenderReport:
    """A source's clock and counts; `ntp` is the 64-bit NTP time."""

    ssrc: int
    ntp: int
    timestamp: int
    packets: int
    octets: int
    blocks: tuple[ReportBlock, ...] = ()


@dataclass(frozen=True, slots=True)
class ReceiverReport:
    ssrc: int
    blocks: tuple[ReportBlock, ...] = ()


@dataclass(frozen=True, slots=True)
class Bye:
    ssrcs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Nack:
    """16-bit sequence numbers that a receiver of `ssrc` misses."""

    ssrc: int
    sequences: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class KeyframeRequest:
    """PLI or FIR for these SSRCs."""

    ssrcs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Remb:
    """Receiver estimated maximum bitrate in bits per second (draft-alvestrand-rmcat-remb-03)."""

    bitrate: int
    ssrcs: tuple[int, ...] = ()


Rtcp = SenderReport | ReceiverReport | Bye | Nack | KeyframeRequest | Remb | TransportFeedback


def parse(data: bytes, *, most: int = 32) -> list[Rtcp]:
    """The packets of a compound that we understand; raises RtcpError when any is malformed.

    `most` caps the packets in one compound. SDES and unknown kinds are checked for length only.
    """
    found: list[Rtcp] = []
    position, count = 0, 0
    if not data:
        raise RtcpError("empty")
    while position < len(data):
        count += 1
        if position + 4 > len(data) or count > most:
            raise RtcpError("truncated header or too many packets")
        first, kind, words = _HEADER.unpack_from(data, position)
        end = position + 4 + 4 * words
        if first >> 6 != 2 or end > len(data):
            raise RtcpError("bad version or length")
        body = data[position + 4 : end]
        if first & 0x20:
            if not body or not 0 < body[-1] <= len(body):
                raise RtcpError("bad padding")
            body = body[: -body[-1]]
        parser = _PARSERS.get(kind)
        item = parser(first & 0x1F, body) if parser else None
        if item is not None:
            found.append(item)
        position = end
    return found


def _blocks(count: int, body: bytes, position: int) -> tuple[ReportBlock, ...]:
    if position + 24 * count > len(body):
        raise RtcpError("report blocks cut short")
    blocks = []
    for at in range(position, position + 24 * count, 24):
        ssrc, loss, highest, jitter, last_sr, delay = _BLOCK.unpack_from(body, at)
        lost = loss & 0xFFFFFF
        lost -= (lost & 0x800000) << 1
        blocks.append(ReportBlock(ssrc, loss >> 24, lost, highest, jitter, last_sr, delay))
    return tuple(blocks)


def _sender_report(count: int, body: bytes) -> SenderReport:
    if len(body) < 24:
        raise RtcpError("sender report cut short")
    ssrc, ntp, timestamp, packets, octets = _SENDER.unpack_from(body)
    return SenderReport(ssrc, ntp, timestamp, packets, octets, _blocks(count, body, 24))


def _receiver_report(count: int, body: bytes) -> ReceiverReport:
    if len(body) < 4:
        raise RtcpError("receiver report cut short")
    return ReceiverReport(_ONE.unpack_from(body)[0], _blocks(count, body, 4))


def _bye(count: int, body: bytes) -> Bye:
    if len(body) < 4 * count:
        raise RtcpError("goodbye cut short")
    return Bye(tuple(_ONE.unpack_from(body, 4 * at)[0] for at in range(count)))


def _transport_feedback(kind: int, body: bytes) -> Nack | TransportFeedback | None:
    if kind == transport_feedback.FORMAT:
        try:
            return transport_feedback.parse(body)
        except ValueError as error:
            raise RtcpError(str(error)) from error
    if len(body) < 8 or len(body) % 4:
        raise RtcpError("feedback cut short")
    if kind != _NACK:
        return None
    sequences = []
    for at in range(8, len(body), 4):
        first, mask = _PAIR.unpack_from(body, at)
        sequences.append(first)
        while mask:
            bit = mask & -mask
            sequences.append((first + bit.bit_length()) & 0xFFFF)
            mask ^= bit
    return Nack(_ONE.unpack_from(body, 4)[0], tuple(sequences))


def _payload_feedback(kind: int, body: bytes) -> KeyframeRequest | Remb | None:
    if len(body) < 8:
        raise RtcpError("feedback cut short")
    if kind == _PLI:
        return KeyframeRequest((_ONE.unpack_from(body, 4)[0],))
    if kind == _FIR:
        if (len(body) - 8) % 8:
            raise RtcpError("FIR entries cut short")
        return KeyframeRequest(
            tuple(_ONE.unpack_from(body, at)[0] for at in range(8, len(body), 8))
        )
    if kind == _AFB and body[8:12] == b"REMB":
        return _remb(body)
    return None


def _remb(body: bytes) -> Remb:
    if len(body) < 16 or len(body) < 16 + 4 * body[12]:
        raise RtcpError("REMB cut short")
    bitrate = ((body[13] & 3) << 16 | body[14] << 8 | body[15]) << (body[13] >> 2)
    ssrcs = tuple(_ONE.unpack_from(body, 16 + 4 * at)[0] for at in range(body[12]))
    return Remb(bitrate, ssrcs)


_PARSERS: dict[int, Callable[[int, bytes], Rtcp | None]] = {
    SR: _sender_report,
    RR: _receiver_report,
    BYE: _bye,
    RTPFB: _transport_feedback,
    PSFB: _payload_feedback,
}


def _packet(count: int, kind: int, body: bytes) -> bytes:
    return _HEADER.pack(0x80 | count, kind, len(body) // 4) + body


def _write_blocks(blocks: tuple[ReportBlock, ...]) -> bytes:
    return b"".join(
        _BLOCK.pack(
            block.ssrc, block.fraction_lost << 24 | block.lost & 0xFFFFFF, block.highest,
            block.jitter, block.last_sr, block.delay,
        )
        for block in blocks
    )  # fmt: skip


def sender_report(report: SenderReport) -> bytes:
    """A sender report (RFC 3550 section 6.4.1)."""
    body = _SENDER.pack(
        report.ssrc, report.ntp, report.timestamp, report.packets & 0xFFFFFFFF,
        report.octets & 0xFFFFFFFF,
    )  # fmt: skip
    return _packet(len(report.blocks), SR, body + _write_blocks(report.blocks))


def receiver_report(ssrc: int, blocks: tuple[ReportBlock, ...] = ()) -> bytes:
    """A receiver report of at most 31 blocks (RFC 3550 section 6.4.2)."""
    return _packet(len(blocks), RR, _ONE.pack(ssrc) + _write_blocks(blocks))


def source_description(ssrc: int, cname: str) -> bytes:
    """The CNAME of one source (RFC 3550 section 6.5)."""
    name = cname.encode()[:255]
    chunk = _ONE.pack(ssrc) + bytes((1, len(name))) + name
    return _packet(1, SDES, chunk + bytes(4 - len(chunk) % 4))


def nack(sender: int, ssrc: int, sequences: list[int]) -> bytes:
    """Ask for these 16-bit sequence numbers, given in ascending order (RFC 4585 section 6.2.1)."""
    pairs: list[list[int]] = []
    for sequence in sequences:
        ahead = (sequence - pairs[-1][0]) & 0xFFFF if pairs else 17
        if 0 < ahead <= 16:
            pairs[-1][1] |= 1 << (ahead - 1)
        else:
            pairs.append([sequence, 0])
    return _packet(
        _NACK, RTPFB, _TWO.pack(sender, ssrc) + b"".join(_PAIR.pack(*pair) for pair in pairs)
    )


def picture_loss(sender: int, ssrc: int) -> bytes:
    """Ask for a keyframe (RFC 4585 section 6.3.1)."""
    return _packet(_PLI, PSFB, _TWO.pack(sender, ssrc))


def remb(sender: int, bitrate: int, ssrcs: list[int]) -> bytes:
    """Cap the sum of these SSRCs at `bitrate` bits per second, rounded down to 18 bits."""
    exponent = max(0, bitrate.bit_length() - 18)
    mantissa = bitrate >> exponent
    ssrcs = ssrcs[:255]
    body = _TWO.pack(sender, 0) + b"REMB"
    body += bytes(
        (len(ssrcs), exponent << 2 | mantissa >> 16, mantissa >> 8 & 0xFF, mantissa & 0xFF)
    )
    return _packet(_AFB, PSFB, body + b"".join(_ONE.pack(ssrc) for ssrc in ssrcs))


def goodbye(ssrc: int) -> bytes:
    """This source is over (RFC 3550 section 6.6)."""
    return _packet(1, BYE, _ONE.pack(ssrc))
