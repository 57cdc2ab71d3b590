"""When the packets of one connection came, by their transport-wide numbers, until feedback is due.

Compiled code writes into the same memory (`struct arrivals` in rooms/compiled/packets.h).
"""

from __future__ import annotations

ROOM = 4096  # the most that is remembered: older ones are forgotten


class Arrivals:
    """A ring of arrivals. Its extension: draft-holmer-rmcat-transport-wide-cc-extensions-01."""

    __slots__ = ("_entries", "_taken", "memory")

    def __init__(self) -> None:
        self.memory = bytearray(8 * (1 + ROOM))
        # First how many were ever noted, then the ring.
        self._entries = memoryview(self.memory).cast("Q")
        self._taken = 0

    def note(self, number: int, now: float) -> None:
        """Packet `number` (16 bits) came at `now`, in seconds."""
        entries = self._entries
        count = entries[0]
        entries[1 + count % ROOM] = int(now * 1e6) << 16 | number
        entries[0] = count + 1

    def take(self) -> list[tuple[int, int]]:
        """What was noted since the last time, oldest first: (number, time in microseconds)."""
        entries, count = self._entries, self._entries[0]
        first = max(self._taken, count - ROOM)
        self._taken = count
        if first == count:
            return []
        start, end = first % ROOM, (count - 1) % ROOM + 1
        found = entries[1 + start : 1 + end] if start < end else None
        whole = found.tolist() if found else [*entries[1 + start :], *entries[1 : 1 + end]]
        return [(entry & 0xFFFF, entry >> 16) for entry in whole]
