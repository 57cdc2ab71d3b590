"""What one SSRC has brought so far: its numbers, counts and latest packets.

Where there is compiled code, a lane of it may go on with the stream for a while. Whoever looks at
what is kept here has the lane tell first.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

from rooms.rtp.audience import Audience
from rooms.rtp.packet import Forward, Packet
from rooms.rtp.packet_cache import PacketCache
from rooms.rtp.reports import Reception
from rooms.rtp.sequence import Sequence
from rooms.rtp.volume import Volume


class Lane(Protocol):
    """Compiled code that forwards a stream's packets as long as none needs a decision."""

    def settle(self) -> None:
        """Have the stream catch up with what the lane took."""

    def stop(self) -> None:
        """Settle, and take nothing more until it is started again."""

    def retire(self) -> None:
        """Stop for ever, and forget the packets."""

    def find(self, number: int) -> Packet | None:
        """The packet of that number, if the lane took and still has it."""


class Progress(NamedTuple):
    """What a lane did since it last told, and where that left the stream (see `struct state`)."""

    packets: int
    octets: tuple[int, ...]
    pictures: tuple[int, ...]
    cycles: int
    failed: int
    highest: int
    sequence: int
    transit: int
    jitter: float
    at: float
    newest: Packet


class Received(Audience):
    """The account of a received stream, which feeds whom it feeds."""

    def __init__(self, forward: Forward, clock_rate: int, cache_packets: int) -> None:
        super().__init__(forward)
        self.lane: Lane | None = None
        self._numbers = Sequence()
        self._reception = Reception(clock_rate)
        self._volume = Volume()
        self._cache = PacketCache(cache_packets)
        self._newest: Packet | None = None
        self._newest_at = float("-inf")
        self._packets = 0

    def _settle(self) -> None:
        if self.lane is not None:
            self.lane.settle()

    @property
    def numbers(self) -> Sequence:
        """The numbers received."""
        self._settle()
        return self._numbers

    @property
    def reception(self) -> Reception:
        """What a report says of the reception."""
        self._settle()
        return self._reception

    @property
    def volume(self) -> Volume:
        """How much came, by temporal layer."""
        self._settle()
        return self._volume

    @property
    def cache(self) -> PacketCache:
        """The latest packets."""
        return self._cache

    @property
    def newest(self) -> Packet | None:
        """The newest packet; where a lane took it, without its payload."""
        self._settle()
        return self._newest

    @property
    def newest_at(self) -> float:
        """When that one came."""
        self._settle()
        return self._newest_at

    @property
    def packets(self) -> int:
        """Forwardable packets so far."""
        self._settle()
        return self._packets

    @property
    def octets(self) -> int:
        """Forwardable payload bytes so far."""
        return sum(self.volume.octets)

    @property
    def top(self) -> int:
        """The newest number given to a packet."""
        numbers = self.numbers
        return numbers.highest - numbers.removed

    def take_lane(self, lane: Lane) -> None:
        """Have `lane` run from now on when it may."""
        self.lane = lane
        self._cache.lane = lane

    def retire(self) -> None:
        """Nothing more comes: give back what a lane holds."""
        lane = self.lane
        if lane is not None:
            lane.stop()
            self.lane = self._cache.lane = None
            lane.retire()

    def regroup(self) -> None:
        """See `Audience`."""
        if self.lane is not None:
            self.lane.stop()
        super().regroup()

    def catch_up(self, progress: Progress) -> None:
        """Take what a lane did as done."""
        numbers, volume = self._numbers, self._volume
        numbers.highest, numbers.last = progress.highest, progress.sequence
        numbers.cycles += progress.cycles
        self._reception.received += progress.packets
        self._reception.transit = progress.transit if progress.transit >= 0 else None
        self._reception.jitter = progress.jitter
        self._newest, self._newest_at = progress.newest, progress.at
        self._packets += progress.packets
        self.failed += progress.failed
        for layer, octets in enumerate(progress.octets):
            volume.octets[layer] += octets
            volume.pictures[layer] += progress.pictures[layer]
