"""What was sent to one subscriber over the last half second, and how much of it went missing."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable

from rooms.rtp.outgoing import OutgoingStream

_WINDOW = 0.55
_ENOUGH_PACKETS = 15

Counts = tuple[int, ...]


class Traffic:
    """Rates of one subscriber's streams: `bitrate` of all and `sound` of the audible ones, in bits
    per second, and `loss`, the share that its receiver missed (0 to 1)."""

    def __init__(self) -> None:
        self.bitrate = self.sound = self.loss = 0.0
        self._known: dict[OutgoingStream, Counts] = {}
        self._totals: Counts = (0,) * 4
        self._samples: deque[tuple[float, Counts]] = deque()

    def look(
        self, pictures: Iterable[OutgoingStream], sounds: Collection[OutgoingStream], now: float
    ) -> None:
        """Take in what these streams have counted by now."""
        known: dict[OutgoingStream, Counts] = {}
        totals = self._totals
        for audible, outs in ((0, pictures), (1, sounds)):
            for out in outs:
                octets = out.sent_bytes
                counts = (octets, octets * audible, out.sent_packets, out.missed)
                before = self._known.get(out, counts)
                known[out] = counts
                totals = tuple(t + b - a for t, a, b in zip(totals, before, counts, strict=True))
        self._known, self._totals = known, totals
        self._samples.append((now, totals))
        self._rates(now)

    def _rates(self, now: float) -> None:
        samples = self._samples
        while len(samples) > 2 and samples[1][0] <= now - _WINDOW:
            samples.popleft()
        since, before = samples[0]
        if now <= since:
            return
        gained = [b - a for a, b in zip(before, self._totals, strict=True)]
        octets, heard, packets, missed = gained
        self.bitrate = octets * 8 / (now - since)
        self.sound = heard * 8 / (now - since)
        # Receivers' reports would count what was lost on the way to us as well.
        self.loss = min(1.0, missed / packets) if packets >= _ENOUGH_PACKETS else 0.0
