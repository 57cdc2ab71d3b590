"""All the rooms of this process, by name: made at the first entry, forgotten when long empty."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

from livekit.protocol.models import DisconnectReason

from rooms.connection import Connection, Soon
from rooms.errors import LimitExceeded, NotFound
from rooms.events import Listener, Next
from rooms.participant import Joining, Participant
from rooms.presence import Presence
from rooms.roll import Roll
from rooms.room import Room

if TYPE_CHECKING:
    from rooms.limits import Counters, Limits
    from rooms.transport.server import RtcServer

log = logging.getLogger(__name__)

TICK = 0.4
"""Seconds between two looks at speakers, wishes, lost clients and empty rooms."""
LOOKS = 2
"""Looks at everybody's link in that time."""


class LiveRooms:
    """The rooms that live here. Joins, finds and ends them; tells presence who is really in."""

    def __init__(
        self,
        rtc: RtcServer,
        presence: Presence,
        limits: Limits,
        *,
        now: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        soon: Soon | None = None,
    ) -> None:
        self.limits = limits
        self._rtc = rtc
        self._roll = Roll(presence)
        self._now = now
        self._wall = wall
        self._soon = soon
        self._rooms: dict[str, Room] = {}
        self._task: asyncio.Task[None] | None = None

    @property
    def counters(self) -> Counters:
        """The counts of what was refused, shared with the transport."""
        return self._rtc.counters

    async def start(self) -> None:
        """Begin to look after time; without it nothing expires."""
        self._roll.start()
        self._task = asyncio.create_task(self._keep_time(), name="live rooms")

    async def close(self) -> None:
        """Everybody out, to come back by themselves when the server is there again."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        for room in tuple(self._rooms.values()):
            room.close(DisconnectReason.SERVER_SHUTDOWN, Next.RECONNECT)
        self._rooms.clear()
        await self._roll.close()

    def __iter__(self) -> Iterator[Room]:
        return iter(tuple(self._rooms.values()))

    def get(self, name: str) -> Room:
        """The room called `name`; raises NotFound."""
        try:
            return self._rooms[name]
        except KeyError:
            raise NotFound(f"no room called {name}") from None

    def open(self, name: str) -> Room:
        """The room called `name`, made when absent; raises LimitExceeded."""
        room = self._rooms.get(name)
        if room is None:
            if len(self._rooms) >= self.limits.rooms:
                raise LimitExceeded("this server has as many rooms as it may")
            if not name or len(name) > self.limits.room_name_characters:
                most = self.limits.room_name_characters
                raise LimitExceeded(f"a room's name has 1 to {most} characters")
            room = Room(
                name,
                self.limits,
                self.counters,
                self._roll,
                self._now,
                created_at=self._wall(),
            )
            self._rooms[name] = room
        return room

    def join(self, joining: Joining, listener: Listener) -> Participant:
        """Let somebody in. An older participant of that identity leaves; raises LimitExceeded.

        The caller tells the client about the room, then calls `room.begin(participant)`.
        """
        self.check(joining)
        room = self.open(joining.room)
        room.make_way(joining.identity)
        soon = self._soon or asyncio.get_running_loop().call_soon

        def connect(owner: Participant) -> Connection:
            return Connection(self._rtc, owner, soon, single=joining.single_connection)

        participant = Participant(room, joining, connect, self.limits, joined_at=self._wall())
        participant.listen(listener, self._now())
        room.enter(participant)
        return participant

    def check(self, joining: Joining) -> None:
        """Raise LimitExceeded when what is said of somebody is too long to be let in."""
        limits = self.limits
        if not joining.identity or not joining.room:
            raise LimitExceeded("a room and an identity have at least one character")
        attributes = sum(len(k.encode()) + len(v.encode()) for k, v in joining.attributes.items())
        for what, size, most in (
            ("identity", len(joining.identity), limits.identity_characters),
            ("name", len(joining.name), limits.name_characters),
            ("room's name", len(joining.room), limits.room_name_characters),
            ("metadata", len(joining.metadata.encode()), limits.metadata_bytes),
            ("attributes", attributes, limits.attributes_bytes),
        ):
            if size > most:
                raise LimitExceeded(f"the {what} may have at most {most} bytes or characters")

    def resume(self, room: str, identity: str, sid: str, listener: Listener) -> Participant | None:
        """Give a participant its new signal connection; None when it cannot be resumed.

        The caller tells the client that it is back, then calls `room.resumed(participant)`.
        """
        try:
            participant = self.get(room).participant(identity)
        except NotFound:
            return None
        if participant.gone or (sid and participant.sid != sid):
            return None
        participant.listen(listener, self._now())
        return participant

    def lost(self, participant: Participant, listener: Listener) -> None:
        """The signal connection `listener` ended without a leave: the client may come back."""
        if participant.hears(listener):
            participant.listen(None, self._now())

    async def roll_called(self) -> None:
        """Wait until presence was told of everything that happened so far."""
        await self._roll.done()

    def delete(self, name: str) -> None:
        """End a room: everybody out. Raises NotFound."""
        self.get(name).close(DisconnectReason.ROOM_DELETED)
        del self._rooms[name]

    def tick(self, now: float) -> None:
        """Look at every room once."""
        for name, room in tuple(self._rooms.items()):
            try:
                room.tick(now)
                room.adapt(now)
            except Exception:
                # One room's broken state must not stop the clock of all the others.
                log.exception("a room's tick failed")
                self.counters.add("room_tick_failed")
            if room.expired(now):
                self._rooms.pop(name, None)

    def adapt(self, now: float) -> None:
        """Look at everybody's link once."""
        for room in tuple(self._rooms.values()):
            try:
                room.adapt(now)
            except Exception:
                log.exception("a room's links could not be looked at")
                self.counters.add("room_adapt_failed")

    async def _keep_time(self) -> None:
        while True:
            for _ in range(LOOKS - 1):
                await asyncio.sleep(TICK / LOOKS)
                self.adapt(self._now())
            await asyncio.sleep(TICK / LOOKS)
            self.tick(self._now())
