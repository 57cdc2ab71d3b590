"""When to try whether a link carries more, for how long, and how long to wait after a failure."""

from __future__ import annotations

LASTS = 0.8
"""Seconds of a probe."""
SETTLES = 0.7
"""Seconds after a probe in which a complaint is still put down to it."""
FIRST_WAIT = 3.0
LONGEST_WAIT = 12.0
"""Seconds between probes at most: who is squeezed for long still climbs back soon."""
_BACK_OFF = 1.5
_MORE = 1.2
_BETTER = 1.03
_AT_LEAST = 100_000.0


class Probing:
    """The probes of one subscriber: `bitrate` is what to send on top while one is `active`."""

    def __init__(self) -> None:
        self.active = False
        self.bitrate = 0.0
        self.until = 0.0
        self._settled = 0.0
        self._wait = FIRST_WAIT
        self._not_before = 0.0
        self._complaints = 0
        self._usage = 0.0
        self._passed = False

    def may_start(self, now: float) -> bool:
        """Whether a probe may begin."""
        return not self.active and now >= self._not_before

    def start(self, needed: float, usage: float, complaints: int, now: float) -> None:
        """Probe for an improvement that would cost `needed` bits per second more than `usage`."""
        if self._passed and usage <= self._usage * _BETTER:
            # The last probe went well, and yet nothing came of it.
            self._passed = False
            self._wait_longer(now)
            return
        self._usage = usage
        self.active = True
        self.bitrate = max(_MORE * needed + 0.1 * usage, _AT_LEAST)
        self.until = now + LASTS
        self._settled = self.until + SETTLES
        self._complaints = complaints

    def check(self, complaints: int, now: float) -> bool:
        """True once when the active probe has just failed: the link complained."""
        if not self.active:
            return False
        if complaints != self._complaints:
            self.active = self._passed = False
            self._wait_longer(now)
            return True
        if now >= self._settled:
            self.active, self._passed = False, True
            self._wait = FIRST_WAIT
            self._not_before = now
        return False

    def _wait_longer(self, now: float) -> None:
        self._not_before = now + self._wait
        self._wait = min(self._wait * _BACK_OFF, LONGEST_WAIT)

    def put_off(self, until: float, *, anew: bool = False) -> None:
        """No probe before then; `anew`: whatever was said before."""
        self._not_before = until if anew else max(self._not_before, until)
