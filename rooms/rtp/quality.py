"""How good a stream arrives, 0 to 100, from what its receiver counts: the score LiveKit shows."""

from __future__ import annotations

from dataclasses import dataclass
from math import log, sqrt

BEST = 100.0
EXCELLENT, GOOD = 80.0, 40.0
"""Above these a score is excellent, good; below the last one it is poor."""
LEAST = 30.0
"""Where a score stops falling, so that it need not climb for long when all is well again; and that
of a video that waits for want of bandwidth."""
DRY = GOOD
"""The score of a video of which nothing comes."""

LOSS_WEIGHTS = {"opus": 8 / 1.5, "red": 4 / 1.5}
"""What a percent of loss takes off sound: Opus as we agree on it, with error correction in band."""
VIDEO_LOSS_WEIGHT = 10.0

_BITRATE_WEIGHT = 20.0  # of the logarithm: good from a share of 1/e of the bits, poor from 1/e^3
_LAYER_WEIGHT = 35.0
_SLOW = 0.16  # seconds of delay from which it is felt in a conversation
_DOWN, _UP = 0.8, 0.4


@dataclass(frozen=True, slots=True)
class Arrival:
    """What happened to one stream of `codec` over some `seconds`; so are `rtt` and `jitter`.

    `missing_layers` is how many spatial layers below the wanted one it is. Of a publisher's camera,
    `bits` came of the `wanted_bits` that its layers would have at the rates it declared; 0 where
    nothing can be said of that.
    """

    codec: str
    expected: int
    lost: int
    rtt: float = 0.0
    jitter: float = 0.0
    missing_layers: int = 0
    paused: bool = False
    wanted_bits: float = 0.0
    bits: float = 0.0
    seconds: float = 5.0

    @property
    def dry(self) -> bool:
        """Whether nothing came of what was to come."""
        return self.wanted_bits > 0 and self.bits <= 0


def score_of(arrival: Arrival, share: float = 1.0) -> float | None:
    """The score of one stretch of time; None when nothing was expected and so nothing is known.

    `share` is how much losses weigh beside what they would at the stream's usual rate of packets.
    """
    if arrival.expected <= 0:
        return None
    delay = arrival.rtt / 2 + 2 * arrival.jitter
    for_delay = delay * 1000 / 40 if delay <= _SLOW else (delay * 1000 - 120) / 10
    percent = 100 * min(1.0, max(0, arrival.lost) / arrival.expected)
    weight = LOSS_WEIGHTS.get(arrival.codec, VIDEO_LOSS_WEIGHT) * share
    packets = BEST - for_delay - weight * percent
    layers = BEST - _LAYER_WEIGHT * arrival.missing_layers
    return max(0.0, min(packets, layers, _for_bitrate(arrival)))


def _for_bitrate(arrival: Arrival) -> float:
    if arrival.wanted_bits <= arrival.bits:
        return BEST
    return BEST - _BITRATE_WEIGHT * log(arrival.wanted_bits / arrival.bits)


class UsualRate:
    """At what rate a stream's packets mostly come, in packets a second.

    Silence sent as a few packets, or a screen on which nothing moves, suffers less from the loss of
    a share of its packets than speech or a picture that moves: losses weigh by the square root of
    the rate, beside that usual one.
    """

    STEP = 2.0
    """Packets a second that count as the same rate."""
    HIGHEST = 249
    """The highest rate that is told apart, in steps: what comes faster has no usual rate."""
    FIRST, EACH = 11, 24
    """Readings after which the usual rate is first known, and after which it is looked at anew."""

    __slots__ = ("_mode", "_readings", "_seen")

    def __init__(self) -> None:
        self._seen: dict[int, int] = {}
        self._readings = self._mode = 0

    def share(self, rate: float) -> float:
        """Take in what came of late; how much losses weigh at that rate, up to 1."""
        at = min(int(rate / self.STEP + 0.5), self.HIGHEST)
        self._seen[at] = self._seen.get(at, 0) + 1
        self._readings += 1
        if self._readings >= self.FIRST and (self._readings - self.FIRST) % self.EACH == 0:
            self._mode = max(self._seen, key=self._seen.__getitem__)
        if self._mode in (0, self.HIGHEST):
            return 1.0
        return sqrt(min(1.0, rate / (self._mode * self.STEP)))


class Score:
    """The score of one stream over time: quick to fall, slow to rise."""

    __slots__ = ("_usual", "value")

    def __init__(self) -> None:
        self.value = BEST
        self._usual = UsualRate()

    def rest(self) -> None:
        """Nothing is to come for now."""
        self.value = BEST

    def update(self, arrival: Arrival) -> float:
        """Take in the last seconds; the score from now on."""
        if arrival.paused or arrival.dry:
            self.value = LEAST if arrival.paused else DRY
            return self.value
        share = 1.0
        if arrival.expected > 0 and arrival.seconds > 0:
            share = self._usual.share(arrival.expected / arrival.seconds)
        latest = score_of(arrival, share)
        if latest is not None:
            self.value += (latest - self.value) * (_DOWN if latest < self.value else _UP)
            self.value = max(LEAST, self.value)
        return self.value
