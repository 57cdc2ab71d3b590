"""The offsets that make several sources one continuous stream, and the way back."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rooms.rtp.incoming_stream import IncomingStream

_REMEMBERED = 16


@dataclass(frozen=True, slots=True)
class Stretch:
    """A run of numbers fed by one source, and what to add to the source's fields.

    `first` is the source's number from which it holds. `sequence` is exact (it may be negative),
    the others are taken modulo their field's size when used.
    """

    source: IncomingStream
    first: int
    sequence: int
    timestamp: int
    picture: int
    tl0: int
    key: int


class Stretches:
    """The latest stretches of one outgoing stream, newest last."""

    __slots__ = ("_stretches",)

    def __init__(self) -> None:
        self._stretches: deque[Stretch] = deque(maxlen=_REMEMBERED)

    def __bool__(self) -> bool:
        return bool(self._stretches)

    @property
    def newest(self) -> Stretch:
        return self._stretches[-1]

    def append(self, stretch: Stretch) -> None:
        """Go on with this one."""
        self._stretches.append(stretch)

    def find(self, number: int) -> Stretch | None:
        """The stretch that fed the subscriber's `number`; None when it is no longer known."""
        for stretch in reversed(self._stretches):
            if number >= stretch.first + stretch.sequence:
                return stretch
        return None
