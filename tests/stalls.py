"""What the machine itself stalled: seconds in which loops that only tick were not run."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from types import TracebackType

Interval = tuple[float, float]
"""From and to, in seconds since the epoch: the one clock that pages and processes share."""

TICK = 0.025
LATE = 0.1
"""Seconds between two ticks, and by how much one is late where the machine had no time for it."""

# For a page, at once or by `add_init_script`.
NOTE_STALLS = f"""(() => {{
  const stalls = window.stalls = [];
  let last = Date.now() / 1000;
  setInterval(() => {{
    const now = Date.now() / 1000;
    if (now - last > {TICK + LATE}) stalls.push([last + {TICK}, now]);
    last = now;
  }}, {1000 * TICK});
}})()"""


def stalled(stalls: Iterable[Interval], start: float, end: float) -> float:
    """For how many of these seconds any of them stalled; at once counts once."""
    total, counted = 0.0, start
    for begun, over in sorted(stalls):
        begun, over = max(begun, counted), min(over, end)
        if over > begun:
            total += over - begun
            counted = over
    return total


class Stalls:
    """Those of this process's loop while it is entered, in `noted`."""

    def __init__(self) -> None:
        self.noted: list[Interval] = []

    async def __aenter__(self) -> Stalls:
        self._ticking = asyncio.create_task(self._tick())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ticking.cancel()
        await asyncio.gather(self._ticking, return_exceptions=True)

    async def _tick(self) -> None:
        last = time.time()
        while True:
            await asyncio.sleep(TICK)
            now = time.time()
            if now - last > TICK + LATE:
                self.noted.append((last + TICK, now))
            last = now
