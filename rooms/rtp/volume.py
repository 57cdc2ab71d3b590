"""How much a stream carries, by temporal layer: bits and pictures per second, as measured."""

from __future__ import annotations

LAYERS = 4
OVERHEAD = 64
"""Bytes around a payload: RTP header and extension, SRTP tag, UDP and IP."""
_SMOOTHING = 0.4
_SHORTEST = 0.3  # seconds: less says nothing


class Volume:
    """The counts of one stream. `octets` and `pictures` are added to by temporal layer."""

    __slots__ = ("_at", "_before", "bitrates", "octets", "pictures", "rates")

    def __init__(self) -> None:
        self.octets = [0] * LAYERS
        self.pictures = [0] * LAYERS
        self.bitrates: tuple[float, ...] = ()
        """Bits per second of the layers up to each, as sent on; empty while unknown."""
        self.rates: tuple[float, ...] = ()
        """Pictures per second of the layers up to each."""
        self._at: float | None = None
        self._before: tuple[float, ...] = ()

    def measure(self, packet_size: float, now: float) -> None:
        """Look at what came since the last time; `packet_size` is the usual payload in bytes."""
        elapsed = 0.0 if self._at is None else now - self._at
        if self._at is not None and elapsed < _SHORTEST:
            return
        counts = (*self.octets, *self.pictures)
        if self._at is not None:
            gained = [(b - a) / elapsed for a, b in zip(self._before, counts, strict=True)]
            factor = 8 * (1 + OVERHEAD / max(packet_size, 20.0))
            bitrates = _cumulated(gained[:LAYERS], factor)
            self.rates = _smoothed(self.rates, _cumulated(gained[LAYERS:], 1.0))
            self.bitrates = _smoothed(self.bitrates, bitrates)
        self._at, self._before = now, counts

    def forget(self) -> None:
        """The stream stopped: what it carried says nothing of how it will begin again."""
        self.bitrates = self.rates = ()
        self._at = None

    @property
    def top(self) -> int:
        """The highest temporal layer that carries anything."""
        rates = self.rates
        return max((i for i in range(1, len(rates)) if rates[i] > rates[i - 1] + 0.1), default=0)


def _cumulated(values: list[float], factor: float) -> tuple[float, ...]:
    total, sums = 0.0, []
    for value in values:
        total += value * factor
        sums.append(total)
    return tuple(sums)


def _smoothed(before: tuple[float, ...], after: tuple[float, ...]) -> tuple[float, ...]:
    if not before:
        return after
    return tuple(a + (b - a) * _SMOOTHING for a, b in zip(before, after, strict=True))
