"""How much a publisher may send us: a generous cap that yields to heavy loss, told by REMB."""

from __future__ import annotations

MOST = 10_000_000
LEAST = 150_000
_START = 5_000_000


class PublisherBudget:
    """Bits per second that one publisher's peer connection may send in all."""

    __slots__ = ("bitrate",)

    def __init__(self, bitrate: int = _START) -> None:
        self.bitrate = bitrate

    def reported(self, loss: float) -> int:
        """Take the share of packets lost (0 to 1) since the last report; the new bitrate."""
        if loss > 0.1:
            self.bitrate = max(LEAST, int(self.bitrate * (1 - loss / 2)))
        elif loss < 0.02:
            self.bitrate = min(MOST, int(self.bitrate * 1.05))
        return self.bitrate
