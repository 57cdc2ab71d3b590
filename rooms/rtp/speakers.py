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
        self._active = 0  # packets of speech
        self._loudest = 127
        self._smoothed = 0.0

    def observe(self, level: int, now: float) -> None:
        """Take one packet's level: 0 is the loudest, 127 is silence."""
        if now >= self._started + WINDOW:
            self._close(now)
        if level <= ACTIVE_LEVEL:
            self.heard(1, level)

    def heard(self, packets: int, loudest: int) -> None:
        """Take so many packets of speech of the window under way."""
        self._active += packets
        self._loudest = min(self._loudest, loudest)

    @property
    def window_end(self) -> float:
        """From when on a packet ends the window."""
        return self._started + WINDOW

    def _close(self, now: float) -> None:
        loud = 0.0
        if now < self._started + 2 * WINDOW and self._active * _PACKET >= WINDOW * _ACTIVE_SHARE:
            loud = 10 ** (-self._loudest / 20)
        self._smoothed += (loud - self._smoothed) * _SMOOTHING
        self._started, self._until = now, now + 2 * WINDOW
        self._active, self._loudest = 0, 127

    def level(self, now: float) -> float:
        """From 0 (not speaking, or nothing heard lately) to 1."""
        if now >= self._until or self._smoothed < 0.005:
            return 0.0
        return min(1.0, self._smoothed)
