"""When each packet of a connection came, told to its sender, whose own estimator needs it.

Transport-wide feedback of draft-holmer-rmcat-transport-wide-cc-extensions-01: packets carry a
number that counts over all streams of a connection, and reports say when each of them arrived, in
ticks of 250 microseconds of a clock of the receiver's own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from struct import Struct

RTPFB, FORMAT = 205, 15
Arrived = tuple[int, int]
"""A 16-bit number, and when it came in microseconds of any steady clock."""

TICKS = 4000
"""Of arrival times, in a second."""
MOST_BYTES = 1100
"""Of one report, so that it fits a datagram with what stands around it."""

_TICK = 1_000_000 // TICKS  # microseconds
_REFERENCE = 256  # ticks
_ANOTHER_COUNT = 0x1000  # so far behind nothing can be late: the sender counts anew
_MISSING, _SMALL, _LARGE = 0, 1, 2
_LONGEST_RUN = 0x1FFF
_GAP_CHUNKS = 9  # for all 2^16 numbers
_MOST_PLAIN = 700
_HEAD = Struct("!BBHIIHHI")
_BODY = Struct("!IIHHI")
_CHUNK = Struct("!H")
_SIGNED = Struct("!h")


@dataclass(frozen=True, slots=True)
class TransportFeedback:
    """What a receiver says of the packets numbered `base` to `base + count - 1` (mod 2^16).

    `arrivals` are (number, ticks) of those that came; the ticks are of its own clock, and begin
    anew every 2^32. `report` counts its reports (mod 2^8).
    """

    ssrc: int
    base: int
    count: int
    report: int
    arrivals: tuple[tuple[int, int], ...]


def parse(body: bytes) -> TransportFeedback:
    """Read a report from its sender's SSRC on, padding taken off; raises ValueError."""
    if len(body) < _BODY.size:
        raise ValueError("transport feedback cut short")
    _, ssrc, base, count, word = _BODY.unpack_from(body)
    came: list[tuple[int, int]] = []  # (number's place, status)
    position, place = _BODY.size, 0
    while place < count:
        if position + 2 > len(body):
            raise ValueError("transport feedback without all its chunks")
        (chunk,) = _CHUNK.unpack_from(body, position)
        position += 2
        if not chunk & 0x8000:
            status, length = chunk >> 13, chunk & _LONGEST_RUN
            length = min(length, count - place)
            if not length:
                raise ValueError("transport feedback with an empty run")
            if status != _MISSING:
                came.extend((at, status) for at in range(place, place + min(length, len(body))))
                if len(came) > len(body):  # each needs a byte
                    raise ValueError("transport feedback without all its times")
            place += length
            continue
        bits, size = (2, 7) if chunk & 0x4000 else (1, 14)
        for at in range(min(size, count - place)):
            status = chunk >> (14 - bits * (at + 1)) & (1 << bits) - 1
            if status != _MISSING:
                came.append((place + at, status))
        place += size
    arrivals = tuple(_times(body, position, base, (word >> 8) * _REFERENCE, came))
    return TransportFeedback(ssrc, base, count, word & 0xFF, arrivals)


def _times(
    body: bytes, position: int, base: int, ticks: int, came: list[tuple[int, int]]
) -> Iterator[tuple[int, int]]:
    for place, status in came:
        size = status
        if status > _LARGE or position + size > len(body):
            raise ValueError("transport feedback without all its times")
        ticks += body[position] if size == 1 else _SIGNED.unpack_from(body, position)[0]
        position += size
        yield (base + place) & 0xFFFF, ticks & 0xFFFFFFFF


class ArrivalReports:
    """Makes the reports on one connection, of packets told of by their 16-bit numbers.

    What came late is told together with all that was told in the report before, so that nothing
    that did arrive is ever said to be missing; what comes later still stays missing.
    """

    def __init__(self) -> None:
        self._next: int | None = None  # the first number not told of, unwrapped
        self._told_from = 0
        self._told: dict[int, int] = {}  # of the last report, from there on
        self._reports = 0

    def make(self, sender: int, ssrc: int, arrived: list[Arrived]) -> list[bytes]:
        """RTCP packets on `arrived`; `sender` is our SSRC, `ssrc` any that the other side sends."""
        packet = self._plain(sender, ssrc, arrived)
        if packet is not None:
            return [packet]
        times = self._unwrapped(arrived)
        if not times:
            return []
        assert self._next is not None
        start, end = min(self._next, min(times)), max(times) + 1
        told = self._told | times if start < self._next else times
        if end > self._next:
            self._told_from, self._next = self._next, end
            self._told = {number: at for number, at in times.items() if number >= self._told_from}
        else:
            self._told |= times
        packets = []
        while start < end:
            report = _Report(start)
            while start < end and report.take(told.get(start)):
                start += 1
            if report.received:
                packets.append(report.packet(sender, ssrc, self._reports))
                self._reports = (self._reports + 1) & 0xFF
        return packets

    def _plain(self, sender: int, ssrc: int, arrived: list[Arrived]) -> bytes | None:
        """The report where the next numbers came one after the other, as nearly always.

        The same as the long way makes, at a tenth of its cost; None where that is to be gone.
        """
        start, count = self._next, len(arrived)
        if start is None or not 0 < count <= _MOST_PLAIN or arrived[0][0] != start & 0xFFFF:
            return None
        first = arrived[0][0]
        if [number for number, _ in arrived] != list(range(first, first + count)):
            return None
        ticks = [at // _TICK for _, at in arrived]
        reference = ticks[0] // _REFERENCE
        deltas = [after - at for at, after in pairwise((reference * _REFERENCE, *ticks))]
        if min(deltas) < 0 or max(deltas) > 0xFF:
            return None
        self._told_from, self._next = start, start + count
        self._told = dict(zip(range(start, start + count), ticks, strict=True))
        packet = _packet(
            sender, ssrc, start, count, reference << 8 & 0xFFFFFF00 | self._reports,
            _CHUNK.pack(_SMALL << 13 | count) + bytes(deltas),
        )  # fmt: skip
        self._reports = (self._reports + 1) & 0xFF
        return packet

    def _unwrapped(self, arrived: list[Arrived]) -> dict[int, int]:
        """Ticks by unwrapped number, without what came too late to be told of."""
        if not arrived:
            return {}
        if self._next is None:
            self._begin(arrived)
        base = self._next
        assert base is not None
        times = {base + _ahead(each, base): at // _TICK for each, at in arrived}
        if min(times) >= self._told_from:
            return times
        if max(times) < base - _ANOTHER_COUNT:
            self._begin(arrived)
            return self._unwrapped(arrived)
        return {number: at for number, at in times.items() if number >= self._told_from}

    def _begin(self, arrived: list[Arrived]) -> None:
        """Begin with these, which may have overtaken one another."""
        first = arrived[0][0]
        self._next = self._told_from = first + min(_ahead(each, first) for each, _ in arrived)
        self._told = {}


def _ahead(number: int, of: int) -> int:
    """How far a 16-bit number is ahead of another, -2^15 to 2^15 - 1."""
    return ((number - of + 0x8000) & 0xFFFF) - 0x8000


class _Report:
    """One report in the making, on numbers from `base` on."""

    __slots__ = ("_base", "_deltas", "_last", "_reference", "_statuses")

    def __init__(self, base: int) -> None:
        self._base = base
        self._statuses: list[int] = []
        self._deltas = bytearray()
        self._reference: int | None = None
        self._last = 0

    def take(self, ticks: int | None) -> bool:
        """Add the next number, which came then or is missing; False when it does not fit."""
        if ticks is None:
            self._statuses.append(_MISSING)
            return True
        if _HEAD.size + 6 + len(self._deltas) + 2 * self._most_chunks() > MOST_BYTES:
            return False
        if self._reference is None:
            self._reference = ticks // _REFERENCE
            self._last = self._reference * _REFERENCE
        delta = ticks - self._last
        if not -0x8000 <= delta <= 0x7FFF:
            return False
        self._last = ticks
        if 0 <= delta <= 0xFF:
            self._statuses.append(_SMALL)
            self._deltas.append(delta)
        else:
            self._statuses.append(_LARGE)
            self._deltas += _SIGNED.pack(delta)
        return True

    @property
    def received(self) -> bool:
        """Whether anything came at all."""
        return self._reference is not None

    def _most_chunks(self) -> int:
        """All but the last say seven statuses or more, and long gaps take few."""
        return min(len(self._statuses) // 7 + 1, 2 * len(self._deltas) + _GAP_CHUNKS)

    def packet(self, sender: int, ssrc: int, report: int) -> bytes:
        """The RTCP packet, padded to whole words."""
        statuses = self._statuses
        body = b"".join(_CHUNK.pack(each) for each in _chunks(statuses)) + bytes(self._deltas)
        word = ((self._reference or 0) & 0xFFFFFF) << 8 | report
        return _packet(sender, ssrc, self._base, len(statuses), word, body)


def _packet(sender: int, ssrc: int, base: int, count: int, word: int, body: bytes) -> bytes:
    """`word` is the reference time and the report's number, `body` the chunks and deltas."""
    padding = -len(body) % 4
    if padding:
        body += bytes(padding - 1) + bytes((padding,))
    words = (_HEAD.size + len(body)) // 4 - 1
    first = 0x80 | (0x20 if padding else 0) | FORMAT
    return _HEAD.pack(first, RTPFB, words, sender, ssrc, base & 0xFFFF, count, word) + body


def _chunks(statuses: list[int]) -> Iterator[int]:
    """Runs where they are long, else vectors of 14 statuses or, where some are large, of 7."""
    position, end = 0, len(statuses)
    while position < end:
        status = statuses[position]
        run = position + 1
        while run < end and statuses[run] == status and run - position < _LONGEST_RUN:
            run += 1
        ahead = statuses[position : position + 14]
        wide = _LARGE in ahead
        if run - position >= (7 if wide else 14) or run == end:
            yield status << 13 | run - position
            position = run
            continue
        bits, size = (2, 7) if wide else (1, 14)
        vector = 0x8000 | (0x4000 if wide else 0)
        for at, each in enumerate(ahead[:size]):
            vector |= each << 14 - bits * (at + 1)
        yield vector
        position += size
