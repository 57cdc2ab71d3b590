"""How many signal connections one address may hold, and how often one identity may join."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from rooms.limits import Limits

_MINUTE = 60.0
_REMEMBERED = 10_000


class TooMany(Exception):
    """A cap was reached; the text says which, for the answer 429."""


class Admission:
    """Counts connections by address and joins by identity; `now` is a monotonic clock."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._connections: Counter[str] = Counter()
        self._joins: dict[tuple[str, str], list[float]] = {}

    @contextmanager
    def connection(self, address: str) -> Iterator[None]:
        """Hold one connection of `address`; raises TooMany."""
        if self._connections[address] >= self._limits.connections_per_address:
            raise TooMany("too many connections from this address")
        self._connections[address] += 1
        try:
            yield
        finally:
            self._connections[address] -= 1
            if not self._connections[address]:
                del self._connections[address]

    def join(self, room: str, identity: str, now: float) -> None:
        """Count one join of `identity`; raises TooMany."""
        if len(self._joins) > _REMEMBERED:
            self._joins = {k: v for k, v in self._joins.items() if v and now - v[-1] < _MINUTE}
        times = self._joins.setdefault((room, identity), [])
        while times and now - times[0] >= _MINUTE:
            times.pop(0)
        if len(times) >= self._limits.joins_per_identity_per_minute:
            raise TooMany("this identity joins too often: try again in a minute")
        times.append(now)
