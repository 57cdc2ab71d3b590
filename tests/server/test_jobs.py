"""Periodic jobs: in one process at a time, taken over when it stops, never ended by a failure."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from server.jobs import Jobs
from server.storage.database import Database

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
async def database(tmp_path: Path, migrated_file: Path) -> AsyncIterator[Database]:
    path = shutil.copyfile(migrated_file, tmp_path / "moulin.sqlite3")
    opened = Database(f"sqlite+aiosqlite:///{path}")
    yield opened
    await opened.close()


class Work:
    """A job that counts its turns, and fails at the first when asked to."""

    def __init__(self, *, fails_first: bool = False) -> None:
        self.turns = 0
        self.fails_first = fails_first
        self.done = asyncio.Event()

    async def __call__(self) -> None:
        self.turns += 1
        if self.fails_first and self.turns == 1:
            raise ValueError("not today")
        self.done.set()


async def test_one_of_two_processes_does_the_job_until_it_dies(database: Database) -> None:
    moment = [NOW]
    first, second = (Jobs(database, lambda: moment[0]) for _ in range(2))
    work = Work()
    for each in (first, second):
        each.add("sweep", 60, work)
    assert await first.run_once("sweep")
    assert not await second.run_once("sweep")
    assert await first.run_once("sweep")
    moment[0] += timedelta(minutes=2, seconds=1)  # the first is dead: its lease lapses
    assert await second.run_once("sweep")
    assert not await first.run_once("sweep")
    assert work.turns == 3


async def test_a_process_that_stops_hands_its_jobs_over(database: Database) -> None:
    first, second = (Jobs(database, lambda: NOW) for _ in range(2))
    work = Work()
    for each in (first, second):
        each.add("sweep", 3600, work)
    await first.start()
    await work.done.wait()
    assert not await second.run_once("sweep")
    await first.close()
    assert await second.run_once("sweep")


async def test_a_job_that_fails_is_done_again_and_may_be_woken(database: Database) -> None:
    jobs, work = Jobs(database, lambda: NOW), Work(fails_first=True)
    jobs.add("sweep", 3600, work)
    jobs.wake("nothing of that name")
    await jobs.start()
    async with asyncio.timeout(30):
        while work.turns == 0:
            await asyncio.sleep(0)
        while not work.done.is_set():
            jobs.wake("sweep")
            await asyncio.sleep(0.01)
    await jobs.close()
    assert work.turns >= 2


async def test_a_job_under_way_ends_by_itself_when_the_server_closes(database: Database) -> None:
    started, goes_on = asyncio.Event(), asyncio.Event()
    ended: list[str] = []

    async def work() -> None:
        started.set()
        try:
            await goes_on.wait()
            ended.append("by itself")
        except asyncio.CancelledError:
            ended.append("cut short")
            raise

    jobs = Jobs(database, lambda: NOW)
    jobs.add("sweep", 3600, work)
    await jobs.start()
    await started.wait()
    closing = asyncio.create_task(jobs.close())
    await asyncio.sleep(0)
    goes_on.set()
    await closing
    assert ended == ["by itself"]
