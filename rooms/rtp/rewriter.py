"""The offsets that make several sources one continuous stream, and the way back."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rooms.rtp.incoming_stream import IncomingStream
    from rooms.rtp.thinning import ThinnedStream

_REMEMBERED = 16


@dataclass(frozen=True, slots=True)
class Stretch:
    """A run of numbers fed by one source, and what to add to the source's fields.

    `first` is the source's number from which it holds. `sequence` is exact (it may be negative),
    the others are taken modulo their field's size when used.
    """

    source: IncomingStream | ThinnedStream
    first: int
    sequence: int
    timestamp: int
    picture: int
    tl0: int
    key: int


class Stretches:
    """The latest stretches of one outgoing stream, newest last."""

    __slots__ = ("_sealed", "_stretches")

    def __init__(self) -> None:
        self._stretches: deque[Stretch] = deque(maxlen=_REMEMBERED)
        self._sealed: Stretch | None = None

    def __bool__(self) -> bool:
        return bool(self._stretches)

    @property
    def newest(self) -> Stretch:
        return self._stretches[-1]

    def append(self, stretch: Stretch) -> None:
        """Go on with this one."""
        self._stretches.append(stretch)

    def seal(self) -> None:
        """Find nothing any more of what was sent so far; the newest alone is kept, as the end."""
        newest = self.newest
        self._stretches.clear()
        self._stretches.append(newest)
        self._sealed = newest

    def find(self, number: int) -> Stretch | None:
        """The stretch that fed the subscriber's `number`; None when it is no longer known."""
        for stretch in reversed(self._stretches):
            if number >= stretch.first + stretch.sequence:
                return None if stretch is self._sealed else stretch
        return None
