"""When to ask a publisher for a keyframe: at once, throttled, and again until one comes."""

from __future__ import annotations


class KeyframeRequests:
    """The requests for one layer; `interval` is the least time between two, in seconds."""

    __slots__ = ("_interval", "_sent", "wanted")

    def __init__(self, interval: float) -> None:
        self._interval = interval
        self._sent = float("-inf")
        self.wanted = False

    def ask(self) -> None:
        """Somebody needs a keyframe."""
        self.wanted = True

    def came(self) -> None:
        """A keyframe arrived: nobody needs one any more."""
        self.wanted = False

    def due(self, now: float) -> bool:
        """True when a request must be sent now; it then counts as sent."""
        if not self.wanted or now < self._sent + self._interval:
            return False
        self._sent = now
        return True

    def next_due(self) -> float:
        """When `due` may be true next; infinity when nobody needs a keyframe."""
        return self._sent + self._interval if self.wanted else float("inf")
