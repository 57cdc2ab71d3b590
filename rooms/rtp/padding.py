"""Repeats sent for no other reason than to see whether a link carries that much more."""

from __future__ import annotations

from collections.abc import Collection

from rooms.rtp.outgoing import OutgoingStream

_MOST_BEHIND = 0.1  # seconds: a late clock must not make a burst


class Padding:
    """`bitrate` bits per second of repeats, from `now` to `until`, whenever `send` is called."""

    def __init__(self, bitrate: float, until: float, now: float) -> None:
        self.bitrate = bitrate
        self.until = until
        self._sent_until = now
        self._credit = 0.0

    def send(self, streams: Collection[OutgoingStream], now: float) -> int:
        """Repeat what is due on these streams; returns how many bytes."""
        elapsed = min(now - self._sent_until, _MOST_BEHIND)
        self._sent_until = now
        self._credit += elapsed * self.bitrate / 8
        total = 0
        for out in streams:
            if self._credit <= 0:
                break
            sent = out.pad(int(self._credit), now)
            self._credit -= sent
            total += sent
        if self._credit > 0 and not total:
            self._credit = 0.0
        return total
