"""How loud a microphone is, from the levels that packets carry (RFC 6464)."""

from __future__ import annotations

ACTIVE_LEVEL = 35  # -dBov: louder than this is speech
WINDOW = 0.4  # seconds
_ACTIVE_SHARE = 0.4
_SMOOTHING = 2 / 3
_PACKET = 0.02  # seconds of sound in a usual packet


class AudioLevel:
    """The loudness of one audio stream over windows of 400 ms, 0 when it is not speech."""

    __slots__ = ("_active", "_loudest", "_smoothed", "_started", "_until")

    def __init__(self) -> None:
        self._started = float("-inf")
        self._until = float("-inf")
        self._active = 0.0
        self._loudest = 127
        self._smoothed = 0.0

    def observe(self, level: int, now: float) -> None:
        """Take one packet's level: 0 is the loudest, 127 is silence."""
        if now >= self._started + WINDOW:
            self._close(now)
        if level <= ACTIVE_LEVEL:
            self._active += _PACKET
            self._loudest = min(self._loudest, level)

    def _close(self, now: float) -> None:
        loud = 0.0
        if now < self._started + 2 * WINDOW and self._active >= WINDOW * _ACTIVE_SHARE:
            loud = 10 ** (-self._loudest / 20)
        self._smoothed += (loud - self._smoothed) * _SMOOTHING
        self._started, self._until = now, now + 2 * WINDOW
        self._active, self._loudest = 0.0, 127

    def level(self, now: float) -> float:
        """From 0 (not speaking, or nothing heard lately) to 1."""
        if now >= self._until or self._smoothed < 0.005:
            return 0.0
        return min(1.0, self._smoothed)
