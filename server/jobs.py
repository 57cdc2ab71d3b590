"""What the server does by itself from time to time: each job in one process, at its own pace."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from server.storage.database import Database
from server.storage.queries.leases import return_lease, take_lease

log = structlog.stdlib.get_logger("server.jobs")

LEASE_AT_LEAST = timedelta(seconds=60)
CLOSING_SECONDS = 3.0  # what a job under way may take to end by itself


@dataclass
class _Job:
    every: timedelta
    work: Callable[[], Awaitable[object]]
    wake: asyncio.Event = field(default_factory=asyncio.Event)


class Jobs:
    """Periodic jobs. Among processes that share a database, one does each job at a time.

    A lease in the database says which one; when that process dies, its lease lapses and another
    takes over. A job that fails is logged and tried again at its next turn.
    """

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now
        self._holder = secrets.token_hex(8)
        self._jobs: dict[str, _Job] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._closing = False

    def add(self, name: str, every_seconds: float, work: Callable[[], Awaitable[object]]) -> None:
        """Do `work()` every so often, from the start of the server; call before it starts."""
        self._jobs[name] = _Job(timedelta(seconds=every_seconds), work)

    def wake(self, name: str) -> None:
        """Do a job now instead of at its next turn, as when there is a letter to send."""
        if name in self._jobs:
            self._jobs[name].wake.set()

    async def start(self) -> None:
        """Begin to work."""
        self._closing = False
        self._tasks = [asyncio.create_task(self._keep_at(name)) for name in self._jobs]

    async def close(self) -> None:
        """Stop, and let another process take over at once.

        Jobs under way end by themselves, within three seconds: one cut short in a statement would
        leave SQLite locked until its connection is given up.
        """
        self._closing = True
        for job in self._jobs.values():
            job.wake.set()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=CLOSING_SECONDS)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._tasks:
            with contextlib.suppress(Exception):  # the database may be what ended
                async with self._database.writing() as db:
                    for name in self._jobs:
                        await return_lease(db, name, self._holder)
        self._tasks = []

    async def run_once(self, name: str) -> bool:
        """Do a job if no other process answers for it now; whether it was done here."""
        job, now = self._jobs[name], self._now()
        until = now + max(2 * job.every, LEASE_AT_LEAST)
        async with self._database.writing() as db:
            if not await take_lease(db, name, self._holder, until=until, now=now):
                return False
        await job.work()
        return True

    async def _keep_at(self, name: str) -> None:
        job = self._jobs[name]
        while not self._closing:
            job.wake.clear()
            try:
                await self.run_once(name)
            except Exception:
                log.exception("job failed", job=name)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(job.every.total_seconds()):
                    await job.wake.wait()
