"""When a socket that serves very many is read next: as network cards moderate their interrupts.

What a packet costs that goes to tens is the kernel's sends, one for each of them. Packets of one
size that leave together for one subscriber are one send: so where they come close together, more
are let come before the next read.
"""

from __future__ import annotations

from dataclasses import dataclass

REST = 0.002
"""Seconds from a read to the next where there is a rest: no packet waits longer for it."""
WIDE = 24
"""Subscribers of one packet from which on a rest pays, if another packet comes meanwhile."""
BUSY = 2 / REST
"""Datagrams per second from which on that is so: two in a rest."""
WINDOW = 0.02
"""Seconds over which they are counted."""


@dataclass(slots=True)
class Wake:
    """What came of a wake; compiled code has its own (struct wake in rooms/compiled/packets.h)."""

    datagrams: int = 0
    widest: int = 0
    """How many the packet went to that went to most."""


class Moderation:
    """That of one socket."""

    def __init__(self) -> None:
        self._window = float("-inf")
        self._datagrams = 0
        self._busy = False

    def rest(self, began: float, wake: Wake, *, emptied: bool) -> float:
        """Seconds from `began`, when a wake read the socket, to the next read; 0: when more comes.

        While packets still wait at the socket (not `emptied`) there is no rest, so that the
        kernel's buffer need hold only what comes in one.
        """
        if wake.widest < WIDE:
            return 0.0
        self._datagrams += wake.datagrams
        passed = began - self._window
        if passed >= WINDOW:
            self._busy = self._datagrams >= BUSY * passed
            self._window, self._datagrams = began, 0
        return REST if self._busy and emptied else 0.0
