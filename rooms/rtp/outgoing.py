"""One SSRC sent to one subscriber: continuous whatever feeds it, and repeated when it was lost."""

from __future__ import annotations

import random
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING

from rooms.rtp.codecs import Codec
from rooms.rtp.described import prepared
from rooms.rtp.layers import HIGHEST, SPATIAL
from rooms.rtp.packet import OPAQUE, Leg, Packet
from rooms.rtp.rewriter import Stretch, Stretches
from rooms.rtp.rtcp import ReportBlock, SenderReport
from rooms.rtp.send_path import SendPath
from rooms.rtp.thinning import ALL, ThinnedStream
from rooms.rtp.volume import OVERHEAD
from rooms.rtp.vp8 import renumber

if TYPE_CHECKING:
    from rooms.rtp.incoming import IncomingTrack
    from rooms.rtp.incoming_stream import IncomingStream

MAX_REPEATS = 10  # browsers ask as often; where 10% are lost, one in 10,000 takes four to come
_REPEATS_REMEMBERED, _REPORTS_REMEMBERED = 1024, 16
_PADDING_PACKETS = 50
_MAX_SKEW = 1.0  # seconds by which sender reports may contradict our own clock
_FELT, _LOSSY_FOR = 5, 30.0  # of 256 packets lost: from it on, frames are repeated so many seconds
_HALF = 0x80000000


class OutgoingStream:
    """A stream to one subscriber, whose `codec` and extension ids (or 0) are used.

    Each of `others` is a codec in which it may be fed too: `codec` is then what feeds it now.
    `extension` holds them: `abs_send_time`, and 256 times `descriptor`, the dependency descriptor.
    `redundancy` is the payload type of sound that may come wrapped in RED, 0 otherwise; `lossy`
    that its receiver loses packets, `spared` that its link has no room for what sound repeats.
    `sent_packets` and `sent_octets` count what was forwarded, repeats excluded.
    """

    def __init__(
        self, codec: Codec, ssrc: int, rtx_ssrc: int | None = None, *, rng: random.Random,
        abs_send_time: int = 0, descriptor: int = 0, cname: str = "moulin",
        others: tuple[Codec, ...] = (),
    ) -> None:  # fmt: skip
        self.codec, self.ssrc, self.cname = codec, ssrc, cname
        self._codecs = {each.name: each for each in (codec, *others)}
        repaired = all(each.rtx_payload_type is not None for each in self._codecs.values())
        self.rtx_ssrc = rtx_ssrc if repaired else None
        # Without RTX what comes again must be the same to the last bit (see `SendPath.once`).
        stamp = 0 if self.rtx_ssrc is None and codec.kind == "video" else abs_send_time
        self.extension = stamp | (descriptor << 8 if self.carries("AV1") else 0)
        self._word = 0x9000 if stamp else 0x8000
        self.redundancy = codec.wraps
        self.lossy = self.spared = self.reported = False
        self._lossy_until = self._last_at = 0.0
        self.target: int | None = HIGHEST
        self.allowed: int | None = HIGHEST
        self.ceiling = ALL
        self.track: IncomingTrack | None = None
        self.path: SendPath | None = None
        self.source: IncomingStream | ThinnedStream | None = None
        self.pending: IncomingStream | None = None
        self.wake: Callable[[], None] = _nothing
        self.report_block: ReportBlock | None = None
        self.rtt = 0.1
        self._stretches = Stretches()
        # Below 2^15: libsrtp guesses the first roll-over count wrong above it.
        self._last = rng.randrange(1000, 32768) - 1
        self._last_timestamp = rng.getrandbits(32)
        self._last_ids = (rng.getrandbits(15), rng.getrandbits(8), rng.getrandbits(5))
        self._rtx_sequence = rng.randrange(1000, 32768)
        self._packets = self._octets = self.repeated_octets = 0
        self._began = (0, 0)
        self._repeats: OrderedDict[int, tuple[int, float]] = OrderedDict()
        self.missed = self.reported_lost = self.reported_expected = 0
        self._padded = 0  # the number that was last sent again as padding
        self._reported_ntp = 0
        self._reports_sent: OrderedDict[int, float] = OrderedDict()  # by middle 32 bits of NTP

    @property
    def word(self) -> int:
        """The first 16 bits of the header, without the marker, of what its source gives."""
        return self._word_of(self.source)

    def _word_of(self, source: IncomingStream | ThinnedStream | None) -> int:
        if self.redundancy and source is not None and not source.redundant:
            return self._word | self.redundancy
        return self._word | self._codec_of(source).payload_type

    def carries(self, codec: str) -> bool:
        """Whether its receiver agreed to take the codec of this name here."""
        return codec in self._codecs

    def _codec_of(self, source: IncomingStream | ThinnedStream | None) -> Codec:
        """In what this stream sends what comes from `source`, which may be of an older codec."""
        current = self.codec
        return current if source is None else self._codecs.get(source.base.codec.name, current)

    @property
    def fresh(self) -> bool:
        """True until something has been sent."""
        return not self._stretches

    def want(self, layer: int | str | None) -> None:
        """Aim at this layer (0 to 2, or q, h, f); None pauses the stream until another wish."""
        self.target = SPATIAL.get(layer, HIGHEST) if isinstance(layer, str) else layer
        self._reselect()

    def spare(self, spared: bool) -> None:
        """Send sound without what it repeats, or with it again."""
        if spared != self.spared:
            self.spared = spared
            self._reselect()

    def allow(self, spatial: int | None, temporal: int = ALL, *, at_once: bool = False) -> None:
        """Never go above these layers: what a bandwidth allocator decides, whatever is wanted.

        `spatial` None pauses. `at_once`: what feeds now is too much to go on until the lower layer
        has a keyframe.
        """
        if (spatial, temporal) == (self.allowed, self.ceiling):
            return
        self.allowed, self.ceiling = spatial, temporal
        self._reselect()
        source = self.source
        if source is None:
            return
        if at_once and self.pending is not None and self.pending.spatial < source.base.spatial:
            self.leave_source()
            # What is still asked for of the higher layer would only fill the link.
            self._stretches.seal()
        else:
            source.base.thin(self, temporal)

    def set_path(self, path: SendPath | None) -> None:
        """Send this way from now on; None while their transport lacks keys or an address."""
        had, self.path = self.path, path
        if self.source is not None:
            self.source.regroup()
        if (had is None) != (path is None):
            self._reselect()

    def _reselect(self) -> None:
        if self.track is not None:
            self.track.select(self)

    # What feeds it.

    def wait_for(self, source: IncomingStream, now: float | None = None) -> None:
        """Be fed by `source` from its next keyframe; whatever feeds now goes on until then."""
        if self.pending is source:
            return
        self.stop_waiting()
        self.pending = source
        source.wait(self, source.newest_at if now is None else now)

    def stop_waiting(self) -> None:
        """Stay with what feeds now."""
        if self.pending is not None:
            self.pending.stop_waiting(self)
            self.pending = None

    def leave_source(self) -> None:
        """Be fed by nothing; the numbers go on from here later."""
        source = self.source
        if source is None:
            return
        stretch = self._stretches.newest
        newest = source.newest
        self._last = source.top + stretch.sequence
        if newest is not None:
            self._last_timestamp = (newest[1] + stretch.timestamp) & 0xFFFFFFFF
            self._last_ids = (
                newest[5] + stretch.picture, newest[6] + stretch.tl0, newest[7] + stretch.key,
            )  # fmt: skip
        self._last_at = source.newest_at
        self._packets += source.packets - self._began[0]
        self._octets += source.octets - self._began[1]
        source.detach(self)
        self.source = None

    def begin(self, source: IncomingStream, packet: Packet, now: float) -> None:
        """Be fed by `source` from `packet` on, following what was sent before."""
        number, timestamp, _, _, _, picture, tl0, tk, _ = packet
        self.leave_source()
        self.pending = None
        self.codec = self._codec_of(source)
        stretch = Stretch(
            source=source,
            first=number,
            sequence=self._last + 1 - number,
            timestamp=(self._next_timestamp(source, timestamp, now) - timestamp) & 0xFFFFFFFF,
            picture=(self._last_ids[0] + 1 - picture) & 0x7FFF,
            tl0=(self._last_ids[1] + 1 - tl0) & 0xFF,
            key=(self._last_ids[2] + 1 - tk) & 0x1F,
        )
        self._stretches.append(stretch)
        self.source = source
        self._began = (source.packets, source.octets)
        source.attach(self)
        if not self.reported:
            self.wake()

    def _next_timestamp(self, source: IncomingStream, timestamp: int, now: float) -> int:
        """Where the source's `timestamp` falls in this stream: in step with time, always ahead."""
        if not self._stretches:
            return self._last_timestamp
        rate = self.codec.clock_rate
        expected = self._last_timestamp + round((now - self._last_at) * rate)
        before = self._stretches.newest
        aligned = expected
        if before.source.clock is source.clock:
            aligned = timestamp + before.timestamp
        elif before.source.clock.known and source.clock.known:
            ntp = source.clock.ntp_of(timestamp)
            aligned = before.source.clock.timestamp_of(ntp) + before.timestamp
        if abs(_signed(aligned - expected)) > _MAX_SKEW * rate:
            aligned = expected
        if _signed(aligned - self._last_timestamp) <= 0:
            aligned = self._last_timestamp + 1
        return aligned & 0xFFFFFFFF

    def go_on(self, source: IncomingStream | ThinnedStream, number: int, picture: int) -> None:
        """Be fed by a twin of the same source from its `number` and `picture` id on."""
        before = self._stretches.newest
        self.leave_source()
        stretch = Stretch(
            source=source,
            first=number,
            sequence=self._last + 1 - number,
            timestamp=before.timestamp,
            picture=(self._last_ids[0] + 1 - picture) & 0x7FFF,
            tl0=before.tl0,
            key=before.key,
        )
        self._stretches.append(stretch)
        self.source = source
        self._began = (source.packets, source.octets)
        source.attach(self)

    def accepts(self, number: int) -> bool:
        """False for a late packet of the source from before it began to feed this stream."""
        return number >= self._stretches.newest.first

    def leg(self) -> Leg:
        """What the fan-out needs to send this stream."""
        return self._leg(self._stretches.newest)

    def _leg(self, stretch: Stretch) -> Leg:
        path = self.path
        assert path is not None
        return (
            stretch.sequence & 0xFFFF, stretch.timestamp, self.ssrc, stretch.picture, stretch.tl0,
            stretch.key, path.session, path.sendto, path.address, path.keep,
        )  # fmt: skip

    # What its receiver says.

    def repeat(self, sequences: tuple[int, ...], now: float) -> int:
        """Send the packets of these 16-bit numbers again where that helps; returns how many."""
        top = self._top()
        sent = 0
        if not self._stretches or self.path is None:
            return 0
        for sequence in sequences:
            number = top - ((top - sequence) & 0xFFFF)
            stretch = self._stretches.find(number)
            packet = stretch.source.cache.get(number - stretch.sequence) if stretch else None
            # What we do not have was lost on its way to us.
            if stretch and packet is not None and self._may_repeat(number, now):
                self._repeat(number, packet, stretch, now)
                sent += 1
        return sent

    def _top(self) -> int:
        source = self.source
        if source is None:
            return self._last
        return source.top + self._stretches.newest.sequence

    def _may_repeat(self, number: int, now: float) -> bool:
        times, at = self._repeats.get(number, (0, float("-inf")))
        self.missed += not times
        if times >= MAX_REPEATS or now < at + self.rtt:
            return False
        self._repeats[number] = (times + 1, now)
        oldest = self._top() - _REPEATS_REMEMBERED
        while self._repeats and next(iter(self._repeats)) < oldest:
            self._repeats.popitem(last=False)
        stamped = self.rtx_ssrc is None and self.extension & 0xFF
        return not (stamped and self.path is not None and self.path.once)

    def _repeat(self, number: int, packet: Packet, stretch: Stretch, now: float) -> None:
        path, leg = self.path, self._leg(stretch)
        assert path is not None
        word = self._word_of(stretch.source)
        packet, word, prefix = prepared(packet, word, self.extension, now)
        self.repeated_octets += len(packet[8]) + OVERHEAD
        if self.rtx_ssrc is not None:  # RFC 4588
            payload = renumber(packet, stretch.picture, stretch.tl0, stretch.key)
            original = (number & 0xFFFF).to_bytes(2, "big")
            leg = (0, leg[1], self.rtx_ssrc, *leg[3:])
            word = word & 0xFF80 | (self._codec_of(stretch.source).rtx_payload_type or 0)
            packet = (
                self._rtx_sequence, packet[1], packet[2], OPAQUE, b"", 0, 0, 0, original + payload,
            )  # fmt: skip
            self._rtx_sequence += 1
        stretch.source.forward(packet, word, prefix, path.tag, [leg])

    def pad(self, octets: int, now: float) -> int:
        """Send so many bytes of recent packets again, to try the link; returns how many were."""
        if self.rtx_ssrc is None or self.source is None or self.path is None:
            return 0
        stretch, sent, top = self._stretches.newest, 0, self._top()
        first = max(stretch.first + stretch.sequence, top - _PADDING_PACKETS)
        for _ in range(_PADDING_PACKETS):
            if sent >= octets:
                break
            self._padded = self._padded - 1 if first < self._padded <= top else top
            packet = stretch.source.cache.get(self._padded - stretch.sequence)
            if packet is not None and packet[8]:
                self._repeat(self._padded, packet, stretch, now)
                sent += len(packet[8]) + OVERHEAD
        return sent

    def keyframe_asked(self) -> None:
        """The subscriber cannot decode: ask the publisher for a keyframe of what it gets."""
        source = self.pending or self.source
        if source is not None and source.is_video:
            source.keyframes.ask()
            source.wake()

    def reported_on(self, block: ReportBlock, now: float) -> None:
        """Take the subscriber's report block on this stream, and the round trip it shows."""
        before, self.report_block = self.report_block, block
        if before is not None and 0 <= block.highest - before.highest < 0x8000:
            self.reported_expected += block.highest - before.highest
            self.reported_lost += max(0, block.lost - before.lost)
        if self.redundancy:
            self._judge(block.fraction_lost, now)
        sent = self._reports_sent.get(block.last_sr)
        if sent is not None:
            trip = now - sent - block.delay / 65536
            if 0 <= trip < 10:
                self.rtt += (trip - self.rtt) / 4

    def _judge(self, fraction_lost: int, now: float) -> None:
        """Sound is repeated from the first loss that is felt on, until none is for a while."""
        if fraction_lost >= _FELT:
            self._lossy_until = now + _LOSSY_FOR
        lossy, self.lossy = self.lossy, now < self._lossy_until
        if lossy != self.lossy:
            self._reselect()

    def sender_report(self, now: float) -> SenderReport | None:
        """Our report, on the publisher's clock; None before the publisher's own first one."""
        source = self.source
        if source is None or not source.clock.known:
            return None
        ntp, timestamp = source.clock.stamp(now, self._reported_ntp)
        self._reported_ntp = ntp
        self.reported = True
        self._reports_sent[ntp >> 16 & 0xFFFFFFFF] = now
        if len(self._reports_sent) > _REPORTS_REMEMBERED:
            self._reports_sent.popitem(last=False)
        return SenderReport(
            ssrc=self.ssrc,
            ntp=ntp & 0xFFFFFFFFFFFFFFFF,
            timestamp=(timestamp + self._stretches.newest.timestamp) & 0xFFFFFFFF,
            packets=self.sent_packets,
            octets=self.sent_octets,
        )

    @property
    def sent_packets(self) -> int:
        source = self.source
        return self._packets + (source.packets - self._began[0] if source else 0)

    @property
    def sent_octets(self) -> int:
        source = self.source
        return self._octets + (source.octets - self._began[1] if source else 0)

    @property
    def sent_bytes(self) -> int:
        """All that went out on the wire for this stream, repeats and headers included."""
        return self.sent_octets + OVERHEAD * self.sent_packets + self.repeated_octets


def _signed(difference: int) -> int:
    return ((difference + _HALF) & 0xFFFFFFFF) - _HALF


def _nothing() -> None:
    """Nobody is to be woken yet."""
