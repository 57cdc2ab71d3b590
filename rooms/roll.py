"""Tells presence who is in, without ever making the rooms wait, however slow presence is."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from rooms.presence import Presence, Present

if TYPE_CHECKING:
    from rooms.participant import Participant

log = logging.getLogger(__name__)

Key = tuple[str, str]
"""Room and identity."""


class Roll:
    """Who is to be shown where, and what presence was told of it so far.

    Only the last word on each person waits to be told, and none on who came and left meanwhile: so
    there are never more of them than people who were in when presence began to lag, and who are in.
    """

    def __init__(self, presence: Presence) -> None:
        self._presence = presence
        self._told: dict[Key, Present] = {}
        self._waiting: dict[Key, Present | None] = {}
        """By person, longest waiting first; None for who left."""
        self._wake = asyncio.Event()
        self._done = asyncio.Event()
        self._done.set()
        self._task: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        return len(self._waiting)

    def start(self) -> None:
        """Begin to tell."""
        self._task = asyncio.create_task(self._work(), name="presence roll")

    async def close(self) -> None:
        """Tell all that waits, and stop."""
        if self._task is not None:
            await self._done.wait()
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def done(self) -> None:
        """Wait until presence was told of everything that happened so far."""
        await self._done.wait()

    def entered(self, participant: Participant) -> None:
        """Somebody is in, in a stay that begins now."""
        self._put(
            Present(
                room=participant.room.name,
                identity=participant.identity,
                name=participant.name,
                since=participant.joined_at,
                state=_state(participant),
            )
        )

    def altered(self, participant: Participant) -> None:
        """Something that may be shown of somebody changed."""
        key = (participant.room.name, participant.identity)
        shown = self._waiting[key] if key in self._waiting else self._told.get(key)
        if shown is not None:
            now = replace(shown, name=participant.name, state=_state(participant))
            if now != shown:
                self._put(now)

    def departed(self, participant: Participant) -> None:
        """Somebody is out."""
        key = (participant.room.name, participant.identity)
        if key in self._told:
            self._waiting[key] = None
            self._stir()
        else:
            self._waiting.pop(key, None)

    def _put(self, present: Present) -> None:
        self._waiting[present.room, present.identity] = present
        self._stir()

    def _stir(self) -> None:
        self._done.clear()
        self._wake.set()

    async def _work(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                key = next(iter(self._waiting))
                try:
                    await self._tell(key, self._waiting.pop(key))
                except Exception:
                    log.exception("presence could not be told")
            self._done.set()

    async def _tell(self, key: Key, present: Present | None) -> None:
        before = self._told.pop(key, None)
        if present is None:
            await self._presence.leave(*key)
            return
        self._told[key] = present  # who leaves while we wait is told to have left
        if before is None or before.since != present.since:
            await self._presence.enter(present)
        else:
            await self._presence.update(*key, name=present.name, state=present.state)


def _state(participant: Participant) -> dict[str, str]:
    """What the house shows of a participant: the status it gave itself."""
    status = participant.attributes.get("status", "")
    return {"status": status} if status else {}
