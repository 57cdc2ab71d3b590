"""The watch over open conversations: one task for all, and none while there is none."""

from __future__ import annotations

import asyncio

import pytest

from server.signalling import watch as watches
from server.signalling.watch import Watch


class Conversation:
    """Counts how often it is looked at."""

    def __init__(self, *, fails: bool = False) -> None:
        self.looked = asyncio.Event()
        self.fails = fails

    def look(self, now: float) -> None:
        self.looked.set()
        if self.fails:
            raise RuntimeError("a mistake")


Tasks = set[asyncio.Task[object]]


def watching(others: Tasks) -> Tasks:
    """The tasks that watch, but for those of other tests, which may be ending."""
    return {each for each in asyncio.all_tasks() - others if each.get_name() == "signal watch"}


async def test_all_are_looked_at_by_one_task_that_ends_with_the_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(watches, "LOOK_SECONDS", 0.001)
    watch, others = Watch(), asyncio.all_tasks()
    several = [Conversation(fails=number == 0) for number in range(3)]
    for each in several:
        watch.add(each)
    assert len(watching(others)) == 1
    for _ in range(2):  # a mistake of one does not end it
        async with asyncio.timeout(30):
            await asyncio.gather(*(each.looked.wait() for each in several))
        for each in several:
            each.looked.clear()
    for each in several:
        watch.remove(each)
    await asyncio.sleep(0)
    assert not watching(others)
    watch.add(several[1])
    async with asyncio.timeout(30):
        await several[1].looked.wait()
    watch.remove(several[1])
