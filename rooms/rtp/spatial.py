"""VP9 whose spatial layers come in one stream: a source for each layer, made of the layers below.

To those who are fed, each is as one layer of a simulcast: numbered without gaps, marked where its
own picture ends, and switched to at a keyframe.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rooms.rtp import vp9
from rooms.rtp.incoming_stream import IncomingStream
from rooms.rtp.layers import HIGHEST
from rooms.rtp.outgoing import OutgoingStream
from rooms.rtp.packet import Packet

_MARKER = 0x80


class SpatialStream(IncomingStream):
    """A received SSRC of VP9: all its layers, and in `lower` one stream up to each layer below.

    `on_split` is told when layers are found.
    """

    def __init__(self, *args: Any, on_split: Callable[[], None], **options: Any) -> None:
        super().__init__(*args, **options)
        self.cache_packets: int = options["cache_packets"]
        self.lower: list[LowerStream] = []
        self._on_split = on_split

    def receive(
        self, sequence: int, timestamp: int, marker: int, payload: bytes, now: float,
        repaired: bool = False, descriptor: bytes = b"",
    ) -> None:  # fmt: skip
        """See `IncomingStream`."""
        if not self._look(sequence, payload, repaired, descriptor):
            payload = b""
        super().receive(sequence, timestamp, marker, payload, now, repaired)
        for stream in self.lower:
            stream.receive(sequence, timestamp, marker, payload, now, repaired)

    def _look(self, sequence: int, payload: bytes, repaired: bool, descriptor: bytes) -> bool:
        """Learn from a packet what its layers are; False when it cannot be passed on."""
        if payload and payload[0] & 0x02:
            layers = vp9.spatial_layers(payload)
            if len(self.lower) + 1 < layers <= HIGHEST + 1:
                self._split(layers)
        if payload and vp9.begins_keyframe(payload) and self._is_news(sequence):
            self._leave_waiting()
        return True

    def _ahead(self, sequence: int) -> int:
        """How far a packet is ahead of the newest one, -2^15 to 2^15 - 1."""
        return ((sequence - self.numbers.last + 0x8000) & 0xFFFF) - 0x8000

    def _is_news(self, sequence: int) -> bool:
        """Whether a packet is none that came before: publishers try the network with repeats."""
        highest, ahead = self.numbers.highest, self._ahead(sequence)
        return highest < 0 or ahead > 0 or highest + ahead in self.loss

    def _leave_waiting(self) -> None:
        """Who changes layers leaves the old one before a keyframe, not in its middle."""
        if self.lower:
            for stream in (self, *self.lower):
                for out in stream.waiting:
                    out.leave_source()

    def _split(self, layers: int) -> None:
        for spatial in range(len(self.lower), layers - 1):
            self.lower.append(self._lower(spatial))
        self.spatial = layers - 1
        self._on_split()

    def _lower(self, spatial: int) -> LowerStream:
        return LowerStream(self, spatial)

    def _restart(self) -> None:
        super()._restart()
        self._on_split()

    @property
    def steady(self) -> bool:
        """See `IncomingStream`; each layer below is a reader of every packet."""
        return not self.lower and super().steady

    @property
    def audience(self) -> list[OutgoingStream]:
        """Everybody who is fed by any of the layers."""
        return [*super().audience, *(out for each in self.lower for out in each.audience)]

    def due_losses(self, now: float) -> list[int]:
        """See `IncomingStream`; what it asks for, it asks for all layers."""
        for stream in self.lower:
            stream.loss.due(now)
        return super().due_losses(now)


class LowerStream(IncomingStream):
    """The packets of `whole` up to the layer `spatial`."""

    def __init__(self, whole: SpatialStream, spatial: int) -> None:
        super().__init__(
            whole.ssrc, f"{whole.rid}s{spatial}", whole.codec, whole.forward, whole.wake,
            spatial=spatial, cache_packets=whole.cache_packets,
        )  # fmt: skip
        self.clock, self.keyframes = whole.clock, whole.keyframes

    def _parse(self, number: int, timestamp: int, marker: int, payload: bytes) -> Packet | None:
        if payload:
            layer = vp9.spatial_layer(payload)
            if layer > self.spatial:
                return None
            if layer == self.spatial and vp9.ends_layer(payload):
                marker = _MARKER
        return super()._parse(number, timestamp, marker, payload)
