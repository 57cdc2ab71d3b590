"""Looks at every open conversation from time to time: one task for all of them, none for none."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Protocol

log = logging.getLogger(__name__)

LOOK_SECONDS = 5.0
"""Seconds between two looks."""


class Watched(Protocol):
    """A conversation that has something to do as time passes."""

    def look(self, now: float) -> None:
        """Do what is due; `now` is in seconds of the monotonic clock."""


class Watch:
    """Calls `look` of each conversation between its `add` and its `remove`, every few seconds."""

    def __init__(self, *, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._watched: set[Watched] = set()
        self._task: asyncio.Task[None] | None = None

    def add(self, watched: Watched) -> None:
        """Look at this one from now on."""
        self._watched.add(watched)
        if self._task is None:
            self._task = asyncio.create_task(self._keep_looking(), name="signal watch")

    def remove(self, watched: Watched) -> None:
        """Look at it no more."""
        self._watched.discard(watched)
        if not self._watched and self._task is not None:
            self._task.cancel()
            self._task = None

    async def _keep_looking(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            now = self._now()
            for each in tuple(self._watched):
                try:
                    each.look(now)
                except Exception:
                    # One conversation's mistake must not leave all the others unwatched.
                    log.exception("a conversation could not be looked at")
