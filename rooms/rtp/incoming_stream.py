"""One SSRC received: what came, what is missing, and its packets handed to whom it feeds."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from rooms.rtp.codecs import Codec
from rooms.rtp.keyframes import KeyframeRequests
from rooms.rtp.loss import LossList
from rooms.rtp.packet import (
    FULL,
    OPAQUE,
    PICTURE,
    UNUSUAL,
    Forward,
    Legs,
    Packet,
    extension_block,
)
from rooms.rtp.packet_cache import PacketCache
from rooms.rtp.reports import Reception, SenderClock
from rooms.rtp.sequence import Sequence
from rooms.rtp.vp8 import describe

if TYPE_CHECKING:
    from rooms.rtp.outgoing import OutgoingStream

STALLED_AFTER = 1.5  # seconds without a packet
_REPLAYED_AT_MOST = 40  # packets since a keyframe that a newcomer may still be given

Group = tuple[int, int, int, Legs]
"""Legs that share (header word, abs-send-time id or 0, SRTP tag size)."""


class IncomingStream:
    """A received SSRC. `wake` is called when `tick` work is due; `failed` counts unsent packets."""

    def __init__(
        self, ssrc: int, rid: str, codec: Codec, forward: Forward, wake: Callable[[], None],
        *, spatial: int = 0, cache_packets: int = 512,
    ) -> None:  # fmt: skip
        self.ssrc, self.rid, self.codec, self.spatial = ssrc, rid, codec, spatial
        self.forward = forward
        self.wake = wake
        self.is_vp8 = codec.name.upper() == "VP8"
        self._repairable = self.is_vp8 or "nack" in codec.feedback
        self.numbers = Sequence()
        self.loss = LossList()
        self.cache = PacketCache(cache_packets)
        self.reception = Reception(codec.clock_rate)
        self.clock = SenderClock(codec.clock_rate)
        self.keyframes = KeyframeRequests(0.5 if spatial == 0 else 1.0)
        self.waiting: list[OutgoingStream] = []  # to be fed from the next keyframe on
        self.outgoing: list[OutgoingStream] = []  # fed now
        self._groups: list[Group] = []
        self._grouped = True
        self.newest: Packet | None = None
        self.newest_at = float("-inf")
        self._keyframe: int | None = None  # number of the latest keyframe's first packet
        self.packets = 0  # forwardable packets and payload bytes so far
        self.octets = 0
        self.failed = 0
        self.malformed = 0
        self.duplicates = 0

    def receive(
        self, sequence: int, timestamp: int, marker: int, payload: bytes, now: float,
        repaired: bool = False,
    ) -> None:  # fmt: skip
        """Take one packet's fields; `marker` is 0 or 0x80, `payload` is without padding."""
        numbers = self.numbers
        before = numbers.highest
        if repaired:
            # Before the stream began, it repeats what nobody waits for.
            number = numbers.place(sequence) if before >= 0 else -1
        else:
            number = numbers.extend(sequence)
            self.reception.received += 1
        if number < 0:
            return
        if number != before + 1:
            if number <= before:
                self._receive_late(number, timestamp, marker, payload, now)
                return
            if before >= 0:
                self._note_gap(before + 1, number, timestamp, payload, now)
        elif numbers.restarted:
            self._restart()
        packet = self._parse(number - numbers.removed, timestamp, marker, payload)
        if packet is None:
            numbers.remove(number)
            return
        newest = self.newest
        if newest is None or newest[1] != timestamp:
            self.reception.arrived(timestamp, now)
        self.newest = packet
        self.newest_at = now
        self.cache.put(packet)
        if self.waiting and (self._keyframe == packet[0] or not self.is_vp8):
            self._begin_waiting(packet, now, False)
        self.packets += 1
        self.octets += len(payload)
        for word, extension, tag, legs in self._groups if self._grouped else self._regroup():
            prefix = extension_block(extension, now) if extension else b""
            self.failed += self.forward(packet, word, prefix, tag, legs)

    def _parse(self, number: int, timestamp: int, marker: int, payload: bytes) -> Packet | None:
        """The packet to forward, None for one that carries nothing (padding) or is malformed."""
        if not self.is_vp8:
            if not payload:
                return None
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
        if not self.loss.add(first, end, now) and self.is_vp8:
            self.keyframes.ask()
        self.wake()

    def _only_padding_before(self, timestamp: int, payload: bytes) -> bool:
        """True when no picture can lie between the newest one's last packet and this packet.

        Publishers that probe send a thousand padding packets a second and never repeat them: a gap
        for each that is lost would have every subscriber ask for it in vain.
        """
        newest = self.newest
        if newest is None or not newest[2] or not self.is_vp8:
            return False
        if not payload:
            return timestamp == newest[1]
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
        self.packets += 1
        self.octets += len(payload)
        self.cache.put(packet)
        for out in self.outgoing:
            if out.accepts(renumbered):
                self.send_to(out, packet, now)
        if self.waiting and self._keyframe == renumbered:
            self._begin_waiting(packet, now, True)

    def _restart(self) -> None:
        """The sender started anew: every subscriber goes on from the next fit packet."""
        self.numbers.restarted = False
        self.loss.clear()
        self._keyframe = None
        self.numbers.highest -= 1  # what they leave is the stream before this packet
        for out in list(self.outgoing):
            out.leave_source()
            out.wait_for(self)
        self.numbers.highest += 1

    def wait(self, out: OutgoingStream, now: float) -> None:
        """Feed `out` from the next keyframe on, or from a fresh enough one that is still kept."""
        if out not in self.waiting:
            self.waiting.append(out)
        if not self.is_vp8:
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
        top = self.numbers.highest - self.numbers.removed
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
            top = self.numbers.highest - self.numbers.removed
            for number in range(packet[0], top + 1):
                each = self.cache.get(number)
                if each is not None:
                    self.send_to(out, each, now)

    def attach(self, out: OutgoingStream) -> None:
        """Forward to `out` from now on."""
        self.outgoing.append(out)
        self._grouped = False

    def detach(self, out: OutgoingStream) -> None:
        """Forward to `out` no more."""
        if out in self.outgoing:
            self.outgoing.remove(out)
        self._grouped = False

    def regroup(self) -> None:
        """A subscriber's path changed: look at it again before the next packet."""
        self._grouped = False

    def _regroup(self) -> list[Group]:
        groups: dict[tuple[int, int, int], Legs] = {}
        for out in self.outgoing:
            path = out.path
            if path is not None:
                key = (out.word, out.extension, path.tag)
                groups.setdefault(key, Legs()).append(out.leg())
        self._groups = [(*key, legs) for key, legs in groups.items()]
        self._grouped = True
        return self._groups

    def send_to(self, out: OutgoingStream, packet: Packet, now: float) -> None:
        """Forward one packet to one subscriber, out of turn."""
        path = out.path
        if path is not None:
            prefix = extension_block(out.extension, now) if out.extension else b""
            self.failed += self.forward(packet, out.word, prefix, path.tag, [out.leg()])

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
