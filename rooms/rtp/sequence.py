"""Sequence numbers without end: 16 bits unwrapped, and renumbered past packets taken out."""

from __future__ import annotations

from bisect import bisect_right

MAX_DROPOUT = 3000  # RFC 3550 appendix A.1
MAX_MISORDER = 1000
MAX_REPAIRED_AHEAD = 100
_REMEMBERED = 128


class Sequence:
    """Unwraps one SSRC's sequence numbers and closes the gaps of removed packets.

    `highest` is the newest number (-1 before any). `removed` is how many numbers were taken out
    below the next one, so a packet that arrives in order is renumbered `number - removed`.
    """

    __slots__ = (
        "_changes",
        "_suspect",
        "cycles",
        "first",
        "highest",
        "last",
        "removed",
        "restarted",
    )

    def __init__(self) -> None:
        self.first = 0
        self.highest = -1
        self.last = 0
        self.cycles = 0
        self.removed = 0
        self.restarted = False
        self._suspect = -1
        self._changes = [(0, 0)]  # (from this number on, removed before it)

    def extend(self, sequence: int) -> int:
        """The unwrapped number of a packet, or -1 for one that is too far away to be believed.

        Two such packets in a row mean that the sender started anew: `restarted` is then set until
        the caller clears it, and numbers go on from `highest`.
        """
        step = (sequence - self.last) & 0xFFFF
        if self.highest < 0:
            self.highest = self.first = sequence + 0x10000  # room below for late ones
            self.last = sequence
            return self.highest
        if step < MAX_DROPOUT:
            if step:
                if sequence < self.last:
                    self.cycles += 1
                self.last = sequence
                self.highest += step
            return self.highest
        if step > 0x10000 - MAX_MISORDER:
            return self.highest + step - 0x10000
        if sequence != self._suspect:
            self._suspect = (sequence + 1) & 0xFFFF
            return -1
        self._suspect = -1
        self.restarted = True
        self.last = sequence
        self.highest += 1
        return self.highest

    def place(self, sequence: int) -> int:
        """The number of a repaired packet, or -1 when it is too far ahead; never a restart.

        Browsers probe the network with repeats of old packets, as old as they please.
        """
        step = (sequence - self.last) & 0xFFFF
        if step < MAX_REPAIRED_AHEAD:
            return self.extend(sequence)
        return self.highest + step - 0x10000 if step >= 0x8000 else -1

    def remove(self, number: int) -> bool:
        """Take the newest number out: later ones close up. False if it is not the newest."""
        if number != self.highest:
            return False
        self.removed += 1
        changes = self._changes
        if changes[-1][0] == number:
            changes[-1] = (number + 1, self.removed)
        else:
            changes.append((number + 1, self.removed))
            self._trim()
        return True

    def skip(self, first: int, end: int) -> None:
        """Take the numbers `first` to `end - 1` out; `end` is the newest number."""
        self.removed += end - first
        self._changes.append((end, self.removed))
        self._trim()

    def _trim(self) -> None:
        if len(self._changes) > 2 * _REMEMBERED:
            del self._changes[:_REMEMBERED]

    def renumber(self, number: int) -> int:
        """The closed-up number of a late packet; -1 when that is no longer known."""
        changes = self._changes
        if number >= changes[-1][0]:
            return number - self.removed
        index = bisect_right(changes, number, key=_from)
        return number - changes[index - 1][1] if index else -1

    def original(self, number: int) -> int:
        """The 16-bit sequence number that carried this unwrapped number."""
        return (self.last - (self.highest - number)) & 0xFFFF

    @property
    def extended(self) -> int:
        """The extended highest sequence number of a reception report (RFC 3550 section 6.4.1)."""
        return (self.cycles << 16 | self.last) & 0xFFFFFFFF


def _from(change: tuple[int, int]) -> int:
    return change[0]
