"""Owns the question "who is in which room": its Protocol, and the version for one process."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from rooms.roster import Listener, Present, Roster, Stay

__all__ = ["MemoryPresence", "Presence", "Present"]


class Presence(Protocol):
    """Who is where, in every process that shares the store; see docs/architecture.md.

    Nothing here raises because a store is away: the people of this process are always known, and
    are published again when the store is back. `who`, `counts` and `subscribe` only read a local
    mirror, so they may be called from anywhere on the event loop, as often as one likes.
    """

    async def start(self) -> None:
        """Begin to publish and to follow the others; returns in limited time in any case."""

    async def close(self) -> None:
        """Take everybody of this process out at once, and stop."""

    async def enter(self, present: Present) -> None:
        """Somebody is in `present.room`; entering again begins a new stay."""

    async def update(
        self,
        room: str,
        identity: str,
        *,
        name: str | None = None,
        state: Mapping[str, str] | None = None,
    ) -> None:
        """Change the name, or the whole state, of somebody of this process; else do nothing."""

    async def leave(self, room: str, identity: str) -> None:
        """Somebody of this process is out; nobody of another process is touched."""

    def who(self, room: str) -> tuple[Present, ...]:
        """Everybody in `room`, the longest there first; an identity appears once."""

    def counts(self, rooms: Iterable[str]) -> dict[str, int]:
        """How many people are in each of `rooms` (0 for an empty one)."""

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener(room)` at once at each change, from any process; returns its undoing.

        Listeners are called on the event loop and must not block; what they raise is logged.
        """


class MemoryPresence:
    """Presence of a single process."""

    _NODE = "here"

    def __init__(self) -> None:
        self._roster = Roster()

    async def start(self) -> None:
        """Nothing to prepare."""

    async def close(self) -> None:
        """Everybody is out."""
        self._roster.replace(self._NODE, ())

    async def enter(self, present: Present) -> None:
        """See `Presence.enter`."""
        self._roster.put(self._NODE, Stay(present))

    async def update(
        self,
        room: str,
        identity: str,
        *,
        name: str | None = None,
        state: Mapping[str, str] | None = None,
    ) -> None:
        """See `Presence.update`."""
        stay = self._roster.get(self._NODE, room, identity)
        if stay is not None:
            self._roster.put(self._NODE, stay.changed(name, state))

    async def leave(self, room: str, identity: str) -> None:
        """See `Presence.leave`."""
        self._roster.remove(self._NODE, room, identity)

    def who(self, room: str) -> tuple[Present, ...]:
        """See `Presence.who`."""
        return self._roster.who(room)

    def counts(self, rooms: Iterable[str]) -> dict[str, int]:
        """See `Presence.counts`."""
        return {room: self._roster.count(room) for room in rooms}

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """See `Presence.subscribe`."""
        return self._roster.subscribe(listener)
