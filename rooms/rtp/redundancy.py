"""Sound with or without redundancy: a received stream, and its twin for whom the other form serves.

The twin is made when the first subscriber needs it and goes with the last, so that all others pay
nothing for it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rooms.rtp import red
from rooms.rtp.incoming_stream import IncomingStream
from rooms.rtp.packet import OPAQUE, Packet

if TYPE_CHECKING:
    from rooms.rtp.outgoing import OutgoingStream

_HALF = 0x8000
_REPEATED = 2  # frames that a packet of ours repeats
_LARGEST = 1100  # bytes of a payload with what it repeats


class SoundStream(IncomingStream):
    """A received SSRC of sound. `on_split` is told that subscribers must be looked at again."""

    def __init__(self, *args: Any, on_split: Callable[[], None], **options: Any) -> None:
        super().__init__(*args, **options)
        self.lower: list[IncomingStream] = []
        self.twin: IncomingStream | None = None
        self._on_split = on_split

    def receive(
        self, sequence: int, timestamp: int, marker: int, payload: bytes, now: float,
        repaired: bool = False, descriptor: bytes = b"",
    ) -> None:  # fmt: skip
        """See `IncomingStream`."""
        twin = self.twin
        if twin is not None:
            for out in self.waiting:  # lest they get this packet in both forms
                out.leave_source()
            self._feed(twin, sequence, timestamp, marker, payload, now)
            if not twin.outgoing and not twin.waiting:
                self.twin = None
        super().receive(sequence, timestamp, marker, payload, now, repaired)

    def _feed(
        self, twin: IncomingStream, sequence: int, timestamp: int, marker: int, payload: bytes,
        now: float,
    ) -> None:  # fmt: skip
        twin.receive(sequence, timestamp, marker, payload, now)

    def _join(self, twin: IncomingStream) -> IncomingStream:
        if self.lane is not None:
            self.lane.stop()
        self.twin = twin
        return twin

    @property
    def steady(self) -> bool:
        """See `IncomingStream`."""
        return self.twin is None and super().steady

    @property
    def audience(self) -> list[OutgoingStream]:
        """Everybody who is fed by either form, or will be by the twin."""
        twin = self.twin
        return [*super().audience, *((*twin.outgoing, *twin.waiting) if twin is not None else ())]

    def _restart(self) -> None:
        super()._restart()
        self.twin = None
        self._on_split()

    def due_losses(self, now: float) -> list[int]:
        """See `IncomingStream`."""
        if self.twin is not None:
            self.twin.loss.due(now)
        return super().due_losses(now)


class OpusStream(SoundStream):
    """Plain sound; its twin repeats frames for subscribers whose link loses packets."""

    def form(self, out: OutgoingStream) -> IncomingStream:
        """See `IncomingStream`."""
        if not out.lossy or out.spared:
            return self
        twin = self.twin
        if isinstance(twin, RedundantStream):
            return twin if twin.payload_type == out.redundancy else self
        return self._join(RedundantStream(self, out.redundancy))


class RedStream(SoundStream):
    """Sound that comes with redundancy; its twin is without, for those who know none or have no
    room for it.

    What was lost on the way here is taken out of what is repeated.
    """

    redundant = True

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.payload_type = self.codec.wraps

    def form(self, out: OutgoingStream) -> IncomingStream:
        """See `IncomingStream`."""
        if out.redundancy == self.payload_type and not out.spared:
            return self
        return self.twin or self._join(_Twin(self))

    def wrapped(self, payload_type: int, payload: bytes) -> bytes:
        """See `IncomingStream`."""
        return red.packed(payload_type, (), payload) if payload_type == self.payload_type else b""

    def _feed(
        self, twin: IncomingStream, sequence: int, timestamp: int, marker: int, payload: bytes,
        now: float,
    ) -> None:  # fmt: skip
        found = red.blocks(payload, self.payload_type)
        highest = twin.numbers.highest
        missing = (sequence - highest & 0xFFFF) - 1 if highest >= 0 else 0
        if 0 < missing < _HALF:
            for back in range(min(missing, len(found) - 1), 0, -1):
                offset, frame = found[-1 - back]
                if frame:
                    stamp = (timestamp - offset) & 0xFFFFFFFF
                    twin.receive((sequence - back) & 0xFFFF, stamp, 0, frame, now)
        twin.receive(sequence, timestamp, marker, found[-1].payload if found else b"", now)


class _Twin(IncomingStream):
    """The same sound in another form."""

    def __init__(self, whole: SoundStream) -> None:
        super().__init__(
            whole.ssrc, whole.rid, whole.codec, whole.forward, whole.wake,
            cache_packets=whole.cache.size,
        )  # fmt: skip
        self.clock, self.keyframes = whole.clock, whole.keyframes


class RedundantStream(_Twin):
    """Plain sound made redundant: each packet repeats the frames of the two before it."""

    redundant = True

    def __init__(self, whole: SoundStream, payload_type: int) -> None:
        super().__init__(whole)
        self.payload_type = payload_type
        self._recent: deque[tuple[int, int, bytes]] = deque(maxlen=_REPEATED)

    def _parse(self, number: int, timestamp: int, marker: int, payload: bytes) -> Packet | None:
        if not payload:
            return None
        recent = self._recent
        repeated: list[red.Block] = []
        room = _LARGEST - len(payload)
        for back, (before, stamp, frame) in enumerate(reversed(recent), 1):
            room -= len(frame)
            if before != number - back or room < 0:
                break
            repeated.insert(0, red.Block((timestamp - stamp) & 0xFFFFFFFF, frame))
        if not recent or number > recent[-1][0]:
            recent.append((number, timestamp, payload))
        made = red.packed(self.payload_type, repeated, payload)
        return number, timestamp, marker, OPAQUE, b"", 0, 0, 0, made
