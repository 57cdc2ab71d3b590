"""The clock of sessions: opens and closes microphones, and tells open pages, at each phase's edge.

What is going on is computed from the timetables in the database and from what hosts decided there,
so a restart in the middle of a session changes nothing. Each process looks after its own rooms.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from rooms.errors import NotFound
from rooms.live_rooms import LiveRooms
from rooms.participant import Participant
from rooms.room import Room
from server.community.people import person_id_of
from server.community.phases import next_boundary
from server.community.sessions import OpenTo, Session, SessionState, lamp_holder
from server.storage.database import Database
from server.storage.queries import lineages, sessions
from server.web.live import LivePages

log = structlog.stdlib.get_logger("server.sessions")

TICK = 1.0
"""Seconds between two looks at who is in: someone new may not speak longer than that in focus."""
RELOAD = timedelta(seconds=5)
"""How long another process's change, or an edit made elsewhere, may take to be seen."""
SOON = timedelta(hours=2)
MOST_SOON = 2000
QUIET = frozenset({"camera", "screen_share"})
"""What may be published while microphones are closed."""


class SessionClock:
    """Knows the sessions that run or begin soon, by office, and makes their phases real."""

    def __init__(
        self,
        database: Database,
        rooms: LiveRooms,
        pages: LivePages,
        now: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._rooms = rooms
        self._pages = pages
        self._now = now
        self._soon: list[Session] = []
        self._comes_back: dict[str, datetime] = {}
        self._next_starts: dict[str, datetime] = {}
        self._read_at: datetime | None = None
        self._told: dict[str, dict[str, Any]] = {}
        self._woken = asyncio.Event()
        self._strangers: set[tuple[str, str]] = set()
        """Rooms and sids of those quietened whose identities are not the house's."""
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to keep time."""
        self._task = asyncio.create_task(self._keep_time(), name="session clock")

    async def close(self) -> None:
        """Stop; who is quiet stays so until somebody keeps time again."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def wake(self) -> None:
        """A session has just been made, changed or ruled on: look at once."""
        self._read_at = None
        self._woken.set()

    def running(self, office_id: str) -> Session | None:
        """The session that runs in an office now: the first to have begun."""
        now = self._now()
        return next(
            (
                each
                for each in self._soon
                if each.plan.office_id == office_id and each.state(now) is SessionState.RUNNING
            ),
            None,
        )

    def may_speak(self, office_id: str, person_id: str) -> bool:
        """Whether someone about to enter an office may open their microphone now."""
        session = self.running(office_id)
        if session is None or not session.microphones_closed(self._now()):
            return True
        return lamp_holder(session, {*self._inside(office_id), person_id}) == person_id

    def told(self, community_id: str) -> dict[str, Any]:
        """What open pages of a community are told, by office."""
        return self._told.get(community_id, {})

    async def read(self) -> None:
        """Read again what runs and what begins soon."""
        now = self._now()
        async with self._database.reading() as db:
            self._soon = await sessions.sessions_running_between(db, now, now + SOON, MOST_SOON)
            offices = {each.plan.office_id for each in self._soon}
            soon = [each.id for each in self._soon]
            self._comes_back = await lineages.following_starts(db, soon, now)
            self._next_starts = await sessions.next_starts(db, offices, now)
        self._read_at = now

    def tick(self) -> None:
        """Make what should be so at this moment so: permissions at once, pages if it changed."""
        now = self._now()
        told: dict[str, dict[str, Any]] = {}
        for session in self._soon:
            known = told.setdefault(session.community_id, {})
            state = session.state(now)
            if state in (SessionState.RUNNING, SessionState.SCHEDULED):
                known.setdefault(session.plan.office_id, self._tell(session, now))
        for community_id in {*told, *self._told}:
            if told.get(community_id, {}) != self._told.get(community_id, {}):
                self._pages.sessions_changed(community_id)
        self._told = told
        for room in self._rooms:
            self._quieten(room, now)

    def _tell(self, session: Session, now: datetime) -> dict[str, Any]:
        moment = session.moment(now)
        is_secret = session.plan.open_to is OpenTo.INVITED
        following = self._comes_back.get(session.id)
        following = following or self._next_starts.get(session.plan.office_id)
        told: dict[str, Any] = {
            "id": "" if is_secret else session.id,
            "title": {"fr": "", "en": ""}
            if is_secret
            else {lang: session.plan.title.read(lang) for lang in ("fr", "en")},
            "starts": _milliseconds(session.starts_at),
            "ends": _milliseconds(session.ends_at),
            "following": _milliseconds(following) if following else None,
            "phase": None,
        }
        if moment is not None:
            told["phase"] = {
                "kind": moment.span.kind.value,
                "begins": _milliseconds(moment.span.begins),
                "ends": _milliseconds(moment.span.ends),
                "next": moment.following.kind.value if moment.following else None,
                "quiet": session.microphones_closed(now),
            }
        return told

    def _quieten(self, room: Room, now: datetime) -> None:
        session = self.running(room.name)
        is_closed = session is not None and session.microphones_closed(now)
        holder = lamp_holder(session, self._inside(room.name)) if session else None
        for participant in room:
            person_id = person_id_of(participant.identity)
            self._permit(participant, may_speak=not is_closed or person_id == (holder or ""))

    def _permit(self, participant: Participant, *, may_speak: bool) -> None:
        rights, key = participant.permissions, (participant.room.name, participant.sid)
        if not may_speak and rights.can_publish and not rights.can_publish_sources:
            if person_id_of(participant.identity) is None:
                self._strangers.add(key)
            participant.permit(replace(rights, can_publish_sources=QUIET))
        is_ours = person_id_of(participant.identity) is not None or key in self._strangers
        if may_speak and is_ours and rights.can_publish_sources == QUIET:
            self._strangers.discard(key)
            participant.permit(replace(rights, can_publish_sources=frozenset()))

    def _inside(self, office_id: str) -> set[str]:
        try:
            room = self._rooms.get(office_id)
        except NotFound:
            return set()
        return {who for each in room if (who := person_id_of(each.identity)) is not None}

    async def _keep_time(self) -> None:
        while True:
            self._woken.clear()
            try:
                if self._read_at is None or self._now() - self._read_at >= RELOAD:
                    await self.read()
                self.tick()
            except Exception:
                log.exception("the clock of sessions failed")
            with suppress(TimeoutError):
                async with asyncio.timeout(self._pause()):
                    await self._woken.wait()

    def _pause(self) -> float:
        """Until the next edge of a phase, or the next look."""
        now = self._now()
        edges = (next_boundary(each.spans, now) for each in self._soon)
        waits = [(edge - now).total_seconds() for edge in edges if edge is not None]
        return max(0.0, min([TICK, *waits]))


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
