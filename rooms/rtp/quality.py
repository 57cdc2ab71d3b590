"""How good a stream arrives, 0 to 100, from what its receiver counts: the score LiveKit shows."""

from __future__ import annotations

from dataclasses import dataclass
from math import log

BEST = 100.0
EXCELLENT, GOOD = 80.0, 40.0
"""Above these a score is excellent, good; below the last one it is poor."""
LEAST = 20.0
"""Where a score stops falling, so that it need not climb for long when all is well again."""

LOSS_WEIGHTS = {"audio": 8.0, "video": 10.0}
"""What a percent of loss takes off."""
PAUSED = 30.0
"""The score of a video that waits for want of bandwidth, or of which nothing comes."""

_BITRATE_WEIGHT = 20.0  # of the logarithm: good from a share of 1/e of the bits, poor from 1/e^3
_LAYER_WEIGHT = 35.0
_LEAST_FOR_LAYERS = 30.0
_SLOW = 0.16  # seconds of delay from which it is felt in a conversation
_DOWN, _UP = 0.8, 0.4


@dataclass(frozen=True, slots=True)
class Arrival:
    """What happened to one stream over some seconds: `rtt` and `jitter` are in seconds.

    `missing_layers` is how many spatial layers below the wanted one it is. Of a publisher's camera,
    `bits` came of the `wanted_bits` that its layers would have at the rates it declared; 0 where
    nothing can be said of that.
    """

    kind: str
    expected: int
    lost: int
    rtt: float = 0.0
    jitter: float = 0.0
    missing_layers: int = 0
    paused: bool = False
    wanted_bits: float = 0.0
    bits: float = 0.0


def score_of(arrival: Arrival) -> float | None:
    """The score of one stretch of time; None when nothing was expected and so nothing is known."""
    if arrival.paused or (arrival.wanted_bits > 0 and arrival.bits <= 0):
        return PAUSED
    if arrival.expected <= 0:
        return None
    delay = arrival.rtt / 2 + 2 * arrival.jitter
    for_delay = delay * 1000 / 40 if delay <= _SLOW else (delay * 1000 - 120) / 10
    percent = 100 * min(1.0, max(0, arrival.lost) / arrival.expected)
    packets = BEST - for_delay - LOSS_WEIGHTS[arrival.kind] * percent
    layers = max(_LEAST_FOR_LAYERS, BEST - _LAYER_WEIGHT * arrival.missing_layers)
    return max(0.0, min(packets, layers, _for_bitrate(arrival)))


def _for_bitrate(arrival: Arrival) -> float:
    if arrival.wanted_bits <= arrival.bits:
        return BEST
    return BEST - _BITRATE_WEIGHT * log(arrival.wanted_bits / arrival.bits)


class Score:
    """The score of one stream over time: quick to fall, slow to rise."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = BEST

    def update(self, arrival: Arrival) -> float:
        """Take in the last seconds; the score from now on."""
        latest = score_of(arrival)
        if latest is not None:
            self.value += (latest - self.value) * (_DOWN if latest < self.value else _UP)
            self.value = max(LEAST, self.value)
        return self.value
