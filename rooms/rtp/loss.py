"""Which numbers of a stream are missing, and when to ask for each again (RFC 4585)."""

from __future__ import annotations

MAX_MISSING = 1000
MAX_TRIES = 10
FIRST_DELAY = 0.01  # a reordered packet gets this long to come by itself
_SHORTEST = 0.02
_LONGEST = 0.4


class LossList:
    """The missing numbers of one incoming stream. Times are in seconds.

    `rtt` is learnt from how soon repaired packets follow the first request.
    """

    __slots__ = ("_missing", "overflows", "rtt")

    def __init__(self) -> None:
        self._missing: dict[int, tuple[int, float, float]] = {}  # number: (tries, asked, next)
        self.rtt = 0.1
        self.overflows = 0

    def __len__(self) -> int:
        return len(self._missing)

    def __contains__(self, number: int) -> bool:
        return number in self._missing

    def add(self, first: int, end: int, now: float) -> bool:
        """Note `first` to `end - 1` as missing.

        False when that is hopeless: nothing is then missing, a keyframe is the only way out.
        """
        if len(self._missing) + end - first > MAX_MISSING:
            self._missing.clear()
            self.overflows += 1
            return False
        due = now + FIRST_DELAY
        for number in range(first, end):
            self._missing[number] = (0, 0.0, due)
        return True

    def found(self, number: int, now: float) -> bool:
        """A late packet came: True if it was missing, False for a duplicate or one given up."""
        entry = self._missing.pop(number, None)
        if entry is None:
            return False
        if entry[0] == 1:
            self.rtt += (min(now - entry[1], 1.0) - self.rtt) / 8
        return True

    def due(self, now: float) -> list[int]:
        """The numbers to ask for now, each retry later than the last; the hopeless are dropped."""
        asked = []
        for number, (tries, _, due) in list(self._missing.items()):
            if due > now:
                continue
            if tries >= MAX_TRIES:
                del self._missing[number]
                continue
            delay = min(max(self.rtt * 1.25**tries, _SHORTEST), _LONGEST)
            self._missing[number] = (tries + 1, now, now + delay)
            asked.append(number)
        return asked

    def next_due(self) -> float:
        """When `due` has something again; infinity when nothing is missing."""
        return min((due for _, _, due in self._missing.values()), default=float("inf"))

    def clear(self) -> None:
        """Forget everything missing, after a restart of the stream."""
        self._missing.clear()
