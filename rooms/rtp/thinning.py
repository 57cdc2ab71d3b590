"""VP8 or AV1 with fewer pictures a second: one source again without its upper temporal layers.

Each ceiling is a source of its own, renumbered once for all who are fed by it, so that those who
get everything pay nothing for those who do not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rooms.rtp.audience import Audience
from rooms.rtp.packet import DESCRIBED, FULL, OPAQUE, Packet
from rooms.rtp.packet_cache import PacketCache

if TYPE_CHECKING:
    from rooms.rtp.incoming_stream import IncomingStream
    from rooms.rtp.keyframes import KeyframeRequests
    from rooms.rtp.outgoing import OutgoingStream
    from rooms.rtp.reports import SenderClock

ALL = 3
"""The ceiling under which nothing is dropped: VP8 has temporal layers 0 to 3."""
_MISSING_REMEMBERED = 1024
_LAYERED = (FULL, DESCRIBED)
_CACHED = 256
_KEPT_IDLE = 30  # pictures: what its last subscribers still miss may come late


class ThinnedStream(Audience):
    """The packets of `base` up to temporal layer `ceiling`, numbered without gaps."""

    is_video = True
    redundant = False

    def __init__(self, base: IncomingStream, ceiling: int, seen: int) -> None:
        super().__init__(base.forward)
        self.base = base
        self.ceiling = ceiling
        self.seen = seen
        """The newest number of the base that was taken or left out."""
        self.cache = PacketCache(_CACHED)
        self.newest = base.newest
        self.newest_at = base.newest_at
        self.packets = self.octets = 0
        self.idle = 0
        self._dropped = 0  # packets and pictures left out so far
        self._pictures = 0
        self._dropping: int | None = None  # the timestamp of the picture being left out
        self._missing: dict[int, tuple[int, int]] = {}  # base number: what was left out before it

    @property
    def top(self) -> int:
        """The newest number given."""
        return self.seen - self._dropped

    @property
    def rid(self) -> str:
        return self.base.rid

    @property
    def clock(self) -> SenderClock:
        return self.base.clock

    @property
    def keyframes(self) -> KeyframeRequests:
        return self.base.keyframes

    def place(self, packet: Packet) -> tuple[int, int]:
        """The number and picture id here of the base's next packet, were it not left out."""
        return packet[0] - self._dropped, packet[5] - self._pictures

    def wake(self) -> None:
        """There is something to ask the publisher for."""
        self.base.wake()

    def receive(self, packet: Packet, now: float) -> None:
        """Take the base's next packet, in order."""
        number, timestamp = packet[0], packet[1]
        dropping = packet[3] in _LAYERED and packet[7] >> 6 > self.ceiling
        if number != self.seen + 1:
            self._note_gap(number, timestamp if dropping else None)
        self.seen = number
        if dropping:
            self._dropped += 1
            if timestamp != self._dropping:
                self._dropping = timestamp
                self._pictures += 1
            return
        self._dropping = None
        packet = self._renumbered(packet, self._dropped, self._pictures)
        self.newest = packet
        self.newest_at = now
        self.packets += 1
        self.octets += len(packet[8])
        self.cache.put(packet)
        self.send(packet, now)

    def _renumbered(self, packet: Packet, dropped: int, pictures: int) -> Packet:
        packet = self.base.narrowed(packet, self.ceiling)
        return (packet[0] - dropped, *packet[1:5], packet[5] - pictures & 0x7FFF, *packet[6:])

    def _note_gap(self, number: int, dropping: int | None) -> None:
        """Keep numbers for what is missing, but not inside of a picture that is left out."""
        if dropping is not None and dropping == self._dropping:
            self._dropped += number - self.seen - 1
            return
        for each in range(max(self.seen + 1, number - _MISSING_REMEMBERED), number):
            self._missing[each] = (self._dropped, self._pictures)
        while len(self._missing) > _MISSING_REMEMBERED:
            del self._missing[next(iter(self._missing))]

    def receive_late(self, packet: Packet, now: float) -> None:
        """Take a packet of the base that was missing."""
        before = self._missing.pop(packet[0], None)
        if before is None:
            return
        if packet[3] in _LAYERED and packet[7] >> 6 > self.ceiling:
            # Its number is promised to subscribers already: an empty packet fills the hole.
            packet = (packet[0], packet[1], 0, OPAQUE, b"", 0, 0, 0, b"")
        packet = self._renumbered(packet, *before)
        self.packets += 1
        self.octets += len(packet[8])
        self.cache.put(packet)
        self.send_late(packet, now)


class Thinning:
    """The thinned twins of one incoming stream, and who goes from which to which."""

    def __init__(self, base: IncomingStream) -> None:
        self._base = base
        self._streams: dict[int, ThinnedStream] = {}
        self._wishes: dict[OutgoingStream, int] = {}

    def want(self, out: OutgoingStream, ceiling: int) -> None:
        """Feed `out`, fed by the base or a twin, up to `ceiling` as soon as no harm is seen."""
        if self._ceiling(out) == ceiling:
            self._wishes.pop(out, None)
        else:
            self._wishes[out] = ceiling

    @property
    def outgoing(self) -> list[OutgoingStream]:
        """Everybody whom the twins feed."""
        return [out for stream in self._streams.values() for out in stream.outgoing]

    def _ceiling(self, out: OutgoingStream) -> int:
        return out.source.ceiling if isinstance(out.source, ThinnedStream) else ALL

    def _twin(self, ceiling: int, seen: int) -> ThinnedStream:
        twin = self._streams.get(ceiling)
        if twin is None:
            twin = self._streams[ceiling] = ThinnedStream(self._base, ceiling, seen)
        return twin

    def receive_late(self, packet: Packet, now: float) -> None:
        """Take a packet of the base that was missing."""
        for stream in self._streams.values():
            stream.receive_late(packet, now)

    def receive(self, packet: Packet, now: float) -> None:
        """Take the base's next packet, before the base forwards it."""
        if self._wishes and packet[3] in _LAYERED:
            self._rise(packet)
        for stream in self._streams.values():
            stream.receive(packet, now)

    def _rise(self, packet: Packet) -> None:
        """Who waits for more gets it from this picture on, if that needs nothing they missed."""
        for out, ceiling in tuple(self._wishes.items()):
            before = out.source
            if not isinstance(before, ThinnedStream) or before.base is not self._base:
                if before is not self._base:
                    del self._wishes[out]
                continue
            # After a gap, what is missing could no longer be given to who has moved on.
            if not before.ceiling < ceiling or before.seen + 1 != packet[0]:
                continue
            if not self._base.rises(packet, before.ceiling, ceiling):
                continue
            del self._wishes[out]
            if ceiling >= ALL:
                out.go_on(self._base, packet[0], packet[5])
            else:
                twin = self._twin(ceiling, packet[0] - 1)
                out.go_on(twin, *twin.place(packet))

    def boundary(self) -> bool:
        """A picture's last packet was forwarded: who is to get less does from the next one on.

        False when nobody needs any of this any more.
        """
        for out, ceiling in tuple(self._wishes.items()):
            source = out.source
            if source is None or source.base is not self._base:
                del self._wishes[out]
            elif self._ceiling(out) > ceiling:
                del self._wishes[out]
                twin = self._twin(ceiling, self._base.top)
                if twin.newest is not None:
                    out.go_on(twin, twin.top + 1, twin.newest[5] + 1)
        for stream in tuple(self._streams.values()):
            self._base.failed += stream.failed
            stream.failed = 0
            stream.idle = 0 if stream.outgoing else stream.idle + 1
            if stream.idle > _KEPT_IDLE:
                del self._streams[stream.ceiling]
        return bool(self._wishes or self._streams)
