"""What was sent to one subscriber over the last half second, and how much of it went missing."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from rooms.rtp.outgoing import OutgoingStream

_WINDOW = 0.55
_ENOUGH_PACKETS = 15

Counts = tuple[int, ...]


class Traffic:
    """Rates of one subscriber's streams: `bitrate` of all and `sound` of the audible ones, in bits
    per second, and `loss`, the share that its receiver missed (0 to 1; None: too few to tell)."""

    def __init__(self) -> None:
        self.bitrate = self.sound = 0.0
        self.loss: float | None = None
        self._streams: tuple[OutgoingStream, ...] = ()
        self._samples: list[tuple[float, Counts]] = []

    def look(
        self, pictures: Iterable[OutgoingStream], sounds: Collection[OutgoingStream], now: float
    ) -> None:
        """Take in what these streams have counted by now; others than before begin anew."""
        streams = (*sounds, *pictures)
        if streams != self._streams:
            self._streams = streams
            self._samples.clear()
        heard = sum(out.sent_bytes for out in sounds)
        octets, packets, missed = heard, 0, 0
        for out in streams:
            packets += out.sent_packets
            missed += out.missed
        for out in streams[len(sounds) :]:
            octets += out.sent_bytes
        self._samples.append((now, (octets, heard, packets, missed)))
        self._rates(now)

    def _rates(self, now: float) -> None:
        samples = self._samples
        while len(samples) > 2 and samples[1][0] <= now - _WINDOW:
            samples.pop(0)
        since, before = samples[0]
        if now <= since:
            return
        gained = [b - a for a, b in zip(before, samples[-1][1], strict=True)]
        octets, heard, packets, missed = gained
        self.bitrate = octets * 8 / (now - since)
        self.sound = heard * 8 / (now - since)
        # Receivers' reports would count what was lost on the way to us as well.
        self.loss = min(1.0, missed / packets) if packets >= _ENOUGH_PACKETS else None
