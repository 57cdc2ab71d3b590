"""Which qualities of a published video are worth encoding: up at once, down after a while."""

from __future__ import annotations

OFF = -1
HIGH = 2
DELAY = 5.0
"""Seconds that a lower wish must last before the publisher is told to encode less."""


class WantedQuality:
    """The highest quality that its publisher was told to encode, and when that may be lowered."""

    def __init__(self, delay: float = DELAY, *, told: int = HIGH) -> None:
        self.told = told
        self._delay = delay
        self._lower_since: float | None = None

    def update(self, wanted: int, now: float) -> int | None:
        """Take in what subscribers want at `now`; the quality to tell when it changes, else None.

        `wanted` goes from OFF (nobody looks) to HIGH. To be called again every second or so.
        """
        if wanted >= self.told:
            self._lower_since = None
            return self._tell(wanted) if wanted > self.told else None
        if self._lower_since is None:
            self._lower_since = now
        if now - self._lower_since < self._delay:
            return None
        return self._tell(wanted)

    def _tell(self, quality: int) -> int:
        self._lower_since = None
        self.told = quality
        return quality
