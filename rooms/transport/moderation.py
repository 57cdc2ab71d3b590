"""When a socket that serves very many is read next: as network cards moderate their interrupts.

What a packet costs that goes to tens is the kernel's sends, one for each of them. Packets of one
size that leave together for one subscriber are one send: so where they come close together, more
are let come before the next read.
"""

from __future__ import annotations

from dataclasses import dataclass

REST = 0.0015
"""Seconds from a read to the next where there is a rest: no packet waits longer for it."""
WIDE = 24
"""Subscribers of one packet from which on a rest pays."""
CLOSE = 2 * REST
"""Seconds between two wakes with such packets under which more is likely to come during a rest."""


@dataclass(slots=True)
class Wake:
    """What came of a wake; compiled code has its own (struct wake in rooms/compiled/packets.h)."""

    datagrams: int = 0
    widest: int = 0
    """How many the packet went to that went to most."""


class Moderation:
    """That of one socket."""

    def __init__(self) -> None:
        self._wide_at = float("-inf")

    def rest(self, began: float, widest: int, *, emptied: bool) -> float:
        """Seconds from `began`, when a wake read the socket, to the next read; 0: when more comes.

        `widest` is the wake's. While packets still wait at the socket (not `emptied`) there is no
        rest, so that the kernel's buffer need hold only what comes in one.
        """
        if widest < WIDE:
            return 0.0
        close = began - self._wide_at < CLOSE
        self._wide_at = began
        return REST if close and emptied else 0.0
