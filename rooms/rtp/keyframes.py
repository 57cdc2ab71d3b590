"""When to ask a publisher for a keyframe, and how to tell the packet with which one begins.

Nothing is read past what stays clear when the media is encrypted end to end.
"""

from __future__ import annotations

from collections.abc import Callable

from rooms.rtp import vp9

_SPS = 7
_STAP_A = 24
_FU_A = 28


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


def _h264(payload: bytes) -> bool:
    """A sequence parameter set comes first (RFC 6184): alone, in an aggregate, or in fragments."""
    kind = payload[0] & 0x1F
    if kind == _SPS:
        return True
    if kind == _FU_A:
        return len(payload) > 1 and payload[1] & 0x9F == 0x80 | _SPS
    if kind != _STAP_A:
        return False
    position = 1
    while position + 2 < len(payload):
        if payload[position + 2] & 0x1F == _SPS:
            return True
        position += 2 + (payload[position] << 8 | payload[position + 1])
    return False


def _av1(payload: bytes) -> bool:
    """A coded video sequence begins (AV1 RTP specification 4.4): N without Z, which continues."""
    return payload[0] & 0x88 == 0x08


KEYFRAME_STARTS: dict[str, Callable[[bytes], bool]] = {
    "H264": _h264,
    "VP9": vp9.begins_keyframe,
    "AV1": _av1,
}
"""By codec: whether a keyframe begins with this payload, of one byte or more."""
