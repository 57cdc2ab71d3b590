"""One SSRC received: what came, what is missing, and its packets handed to whom it feeds."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from rooms.rtp.codecs import Codec
from rooms.rtp.keyframes import KEYFRAME_STARTS, KeyframeRequests
from rooms.rtp.loss import LossList
from rooms.rtp.packet import (
    FULL,
    OPAQUE,
    PICTURE,
    UNUSUAL,
    Forward,
    Packet,
)
from rooms.rtp.received import Received
from rooms.rtp.reports import SenderClock
from rooms.rtp.thinning import ALL, Thinning
from rooms.rtp.vp8 import START as VP8_START
from rooms.rtp.vp8 import SYNC as VP8_SYNC
from rooms.rtp.vp8 import describe

if TYPE_CHECKING:
    from rooms.rtp.outgoing import OutgoingStream

STALLED_AFTER = 1.5  # seconds without a packet
_REPLAYED_AT_MOST = 40  # packets since a keyframe that a newcomer may still be given


class IncomingStream(Received):
    """A received SSRC. `wake` is called when `tick` work is due."""

    redundant = False
    """Whether its packets are of the form that repeats frames (RED)."""

    def __init__(
        self, ssrc: int, rid: str, codec: Codec, forward: Forward, wake: Callable[[], None],
        *, spatial: int = 0, cache_packets: int = 512,
    ) -> None:  # fmt: skip
        super().__init__(forward, codec.clock_rate, cache_packets)
        self.ssrc, self.rid, self.codec, self.spatial = ssrc, rid, codec, spatial
        self.wake = wake
        self.is_video = codec.kind == "video"
        self._is_vp8 = codec.name == "VP8"
        self._begins_keyframe = KEYFRAME_STARTS.get(codec.name, _never)
        self._repairable = self.is_video or "nack" in codec.feedback
        self.loss = LossList()
        self.clock = SenderClock(codec.clock_rate)
        self.keyframes = KeyframeRequests(0.5 if spatial == 0 else 1.0)
        self.waiting: list[OutgoingStream] = []  # to be fed from the next keyframe on
        self.thinning: Thinning | None = None
        self._keyframe: int | None = None  # number of the latest keyframe's first packet
        self.malformed = 0
        self.duplicates = 0

    def receive(
        self, sequence: int, timestamp: int, marker: int, payload: bytes, now: float,
        repaired: bool = False, descriptor: bytes = b"",
    ) -> None:  # fmt: skip
        """Take one packet's fields; `marker` is 0 or 0x80, `payload` is without padding."""
        if self.lane is not None:
            self.lane.stop()
        numbers, before = self._numbers, self._numbers.highest
        self._reception.received += not repaired
        number = self._place(sequence) if repaired else numbers.extend(sequence)
        if number <= before:
            if number >= 0:
                self._receive_late(number, timestamp, marker, payload, now)
            return
        if numbers.restarted:
            self._restart()
        elif number != before + 1 and before >= 0:
            self._note_gap(before + 1, number, timestamp, payload, now)
        packet = self._parse(number - numbers.removed, timestamp, marker, payload)
        if packet is None:
            numbers.remove(number)
            return
        newest, layer, volume = self._newest, packet[7] >> 6, self._volume
        if newest is None or newest[1] != timestamp:
            self._reception.arrived(timestamp, now)
            volume.pictures[layer] += 1
        self._newest, self._newest_at = packet, now
        self._cache.put(packet)
        if self.waiting and (self._keyframe == packet[0] or not self.is_video):
            self._begin_waiting(packet, now, False)
        if self.thinning is not None:
            self.thinning.receive(packet, now)
        self._packets += 1
        volume.octets[layer] += len(payload)
        self.send(packet, now)
        if packet[2] and self.thinning is not None and not self.thinning.boundary():
            self.thinning = None

    def _place(self, sequence: int) -> int:
        """The number of a repaired packet; before the stream began, nobody waits for it."""
        return self.numbers.place(sequence) if self.numbers.highest >= 0 else -1

    @property
    def base(self) -> IncomingStream:
        """Itself: the stream that its thinned twins are made of."""
        return self

    @property
    def audience(self) -> list[OutgoingStream]:
        """Everybody who is fed by this, thinned or not."""
        return [*self.outgoing, *(self.thinning.outgoing if self.thinning is not None else ())]

    def thin(self, out: OutgoingStream, ceiling: int) -> None:
        """Feed `out` up to this temporal layer only, from the next fit picture on."""
        if self.thinning is None:
            if ceiling >= ALL:
                return
            if self.lane is not None:
                self.lane.stop()
            self.thinning = Thinning(self)
        self.thinning.want(out, ceiling)

    def form(self, out: OutgoingStream) -> IncomingStream:
        """This, or the same in the form that serves `out` better."""
        return self

    def wrapped(self, payload_type: int, payload: bytes) -> bytes:
        """A payload of another type than agreed on, as it should have come; b"" if it is none."""
        return b""

    def rises(self, packet: Packet, below: int, ceiling: int) -> bool:
        """Whether who gets the temporal layers up to `below` can get `ceiling` from it on."""
        if packet[3] != FULL or not packet[4][0] & VP8_START:
            return False
        if packet[8] and not packet[8][0] & 1:  # a keyframe
            return True
        return bool(packet[7] & VP8_SYNC) and below < packet[7] >> 6 <= ceiling

    def narrowed(self, packet: Packet, ceiling: int) -> Packet:
        """The packet as it is told to who gets no temporal layer above `ceiling`."""
        return packet

    def _parse(self, number: int, timestamp: int, marker: int, payload: bytes) -> Packet | None:
        """The packet to forward, None for one that carries nothing (padding) or is malformed."""
        if not self._is_vp8:
            if not payload:
                return None
            if self._begins_keyframe(payload):
                self._keyframe_came(number)
            return number, timestamp, marker, OPAQUE, b"", 0, 0, 0, payload
        description = describe(payload)
        if description is None:
            if payload:
                self.malformed += 1
            return None
        shape, size, picture, tl0, tk, keyframe = description
        if keyframe:
            self._keyframe_came(number)
        head = payload[:size] if shape == UNUSUAL else payload[:2]
        return number, timestamp, marker, shape, head, picture, tl0, tk, payload[size:]

    def _keyframe_came(self, number: int) -> None:
        if self._keyframe is None or number > self._keyframe:
            self._keyframe = number
        self.keyframes.came()

    def _note_gap(self, first: int, end: int, timestamp: int, payload: bytes, now: float) -> None:
        """What is missing before the packet just come is lost, unless it can only be padding."""
        if self._only_padding_before(timestamp, payload):
            self.numbers.skip(first, end)
            return
        if not self.loss.add(first, end, now) and self.is_video:
            self.keyframes.ask()
        self.wake()

    def _only_padding_before(self, timestamp: int, payload: bytes) -> bool:
        """True when no picture can lie between the newest one's last packet and this packet.

        Publishers that probe send a thousand padding packets a second and never repeat them: a gap
        for each that is lost would have every subscriber ask for it in vain.
        """
        newest = self.newest
        if newest is None or not newest[2] or not self.is_video:
            return False
        if not payload:
            return timestamp == newest[1]
        if not self._is_vp8:
            return False
        description = describe(payload)
        return (
            description is not None
            and description[0] in (PICTURE, FULL)
            and newest[3] == description[0]
            and payload[0] & 0x17 == 0x10
            and description[2] == (newest[5] + 1) & 0x7FFF
        )

    def _receive_late(
        self, number: int, timestamp: int, marker: int, payload: bytes, now: float
    ) -> None:
        if not self.loss.found(number, now):
            self.duplicates += 1
            return
        renumbered = self.numbers.renumber(number)
        if renumbered < 0:
            return
        packet = self._parse(renumbered, timestamp, marker, payload)
        if packet is None:
            # Its number is promised to subscribers already: an empty packet fills the hole.
            packet = (renumbered, timestamp, 0, OPAQUE, b"", 0, 0, 0, b"")
        self._packets += 1
        self._volume.octets[packet[7] >> 6] += len(payload)
        self._cache.put(packet)
        self.send_late(packet, now)
        if self.thinning is not None:
            self.thinning.receive_late(packet, now)
        if self.waiting and self._keyframe == renumbered:
            self._begin_waiting(packet, now, True)

    def _restart(self) -> None:
        """The sender started anew: every subscriber goes on from the next fit packet."""
        self.numbers.restarted = False
        self.loss.clear()
        self._keyframe = None
        self.numbers.highest -= 1  # what they leave is the stream before this packet
        for out in self.audience:
            out.leave_source()
            out.wait_for(self)
        self.thinning = None
        self.numbers.highest += 1

    def wait(self, out: OutgoingStream, now: float) -> None:
        """Feed `out` from the next keyframe on, or from a fresh enough one that is still kept."""
        if out not in self.waiting:
            self.waiting.append(out)
        if not self.is_video:
            self.regroup()  # the very next packet is to be looked at
            return
        first = self._keyframe
        if out.fresh and first is not None and self._kept_since(first):
            packet = self.cache.get(first)
            if packet is not None:
                self.waiting.remove(out)
                self._begin(out, packet, now, True)
                return
        self.keyframes.ask()
        self.wake()

    def _kept_since(self, number: int) -> bool:
        """True when every packet from that one on is here and they are few."""
        top = self.top
        return top - number < _REPLAYED_AT_MOST and all(
            self.cache.get(each) for each in range(number, top + 1)
        )

    def stop_waiting(self, out: OutgoingStream) -> None:
        """Undo `wait`."""
        if out in self.waiting:
            self.waiting.remove(out)

    def _begin_waiting(self, packet: Packet, now: float, replay: bool) -> None:
        waiting, self.waiting = self.waiting, []
        for out in waiting:
            self._begin(out, packet, now, replay)

    def _begin(self, out: OutgoingStream, packet: Packet, now: float, replay: bool) -> None:
        """Feed `out` from `packet` on; if `replay`, it and what came after it go at once."""
        out.begin(self, packet, now)
        if replay:
            for number in range(packet[0], self.top + 1):
                each = self.cache.get(number)
                if each is not None:
                    self.send_to(out, each, now)
        if out.ceiling < ALL:
            self.thin(out, out.ceiling)

    def measure(self, now: float) -> None:
        """Look at how much came since the last time."""
        self.volume.measure(self.octets / max(self.packets, 1), now)

    @property
    def steady(self) -> bool:
        """True while its next packet, if it is no keyframe, needs nothing but to be forwarded."""
        numbers = self._numbers
        return (
            self._newest is not None
            and self.thinning is None
            and not numbers.restarted
            and (self.is_video or not self.waiting)
        )

    def stalled(self, now: float) -> bool:
        """True when nothing has come for 1.5 s."""
        return now > self.newest_at + STALLED_AFTER

    def due_losses(self, now: float) -> list[int]:
        """The 16-bit sequence numbers to ask the publisher for now."""
        original = self.numbers.original
        lost = self.loss.due(now)  # which also forgets the hopeless
        return [original(number) for number in lost] if self._repairable else []

    def next_due(self) -> float:
        """When there is a NACK or a keyframe request to send next; infinity for never."""
        return min(self.loss.next_due(), self.keyframes.next_due())


def _never(payload: bytes) -> bool:
    """Sound has no keyframes; those of VP8 are told by its descriptor, which is read anyway."""
    return False
