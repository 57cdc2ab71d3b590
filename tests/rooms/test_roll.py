"""What presence is told while it lags: the last word on each person, and never more than that."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from livekit.protocol.models import DisconnectReason

from rooms.presence import MemoryPresence, Present
from rooms.roll import Roll
from tests.rooms.seating import Seating

GONE = DisconnectReason.CLIENT_INITIATED


class Lagging(MemoryPresence):
    """Lets what it is told through one by one, and remembers it."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[str] = []
        self.open = asyncio.Event()

    async def enter(self, present: Present) -> None:
        self.calls.append(f"enter {present.identity}")
        await self.open.wait()
        await super().enter(present)

    async def update(self, room: str, identity: str, **changes: object) -> None:
        self.calls.append(f"update {identity}")
        await self.open.wait()
        await super().update(room, identity, **changes)  # type: ignore[arg-type]

    async def leave(self, room: str, identity: str) -> None:
        self.calls.append(f"leave {identity}")
        await self.open.wait()
        await super().leave(room, identity)

    def shown(self) -> list[tuple[str, str]]:
        return [(one.identity, one.name) for one in self.who("atelier")]


@pytest.fixture
async def lagging() -> Lagging:
    return Lagging()


@pytest.fixture
async def roll(lagging: Lagging) -> AsyncIterator[Roll]:
    roll = Roll(lagging)
    roll.start()
    yield roll
    lagging.open.set()
    await roll.close()


@pytest.fixture
def seating() -> Seating:
    return Seating()


async def told(lagging: Lagging, call: str) -> None:
    """Wait until presence begins to be told this."""
    async with asyncio.timeout(30):
        while call not in lagging.calls:
            await asyncio.sleep(0)


async def test_the_last_word_on_each_person_is_told(
    roll: Roll, lagging: Lagging, seating: Seating
) -> None:
    people = [seating.join(name)[0] for name in ("ana", "bob", "eve")]
    for one in people:
        roll.entered(one)
    await told(lagging, "enter ana")
    ana, bob, eve = people
    for number in range(50):
        bob.rename(f"Bob {number}", None, None)
        roll.altered(bob)
        ana.rename(f"Ana {number}", None, None)
        roll.altered(ana)
    roll.departed(eve)
    assert len(roll) == 2
    lagging.open.set()
    await roll.done()
    assert lagging.calls == ["enter ana", "enter bob", "update ana"]
    assert sorted(lagging.shown()) == [("ana", "Ana 49"), ("bob", "Bob 49")]


async def test_who_leaves_while_presence_is_told_of_them_is_out_in_the_end(
    roll: Roll, lagging: Lagging, seating: Seating
) -> None:
    ana, _ = seating.join("ana")
    roll.entered(ana)
    await told(lagging, "enter ana")
    roll.departed(ana)
    lagging.open.set()
    await roll.done()
    assert lagging.calls == ["enter ana", "leave ana"]
    assert not lagging.shown()


async def test_any_number_who_come_and_go_meanwhile_leave_no_trace(
    roll: Roll, lagging: Lagging, seating: Seating
) -> None:
    ana, _ = seating.join("ana")
    roll.entered(ana)
    await told(lagging, "enter ana")
    for number in range(200):
        guest, _ = seating.join(f"guest-{number}")
        roll.entered(guest)
        roll.departed(guest)
        guest.leave(GONE)
        assert len(roll) == 0
    lagging.open.set()
    await roll.done()
    assert lagging.calls == ["enter ana"]


async def test_who_comes_back_begins_a_new_stay(
    roll: Roll, lagging: Lagging, seating: Seating
) -> None:
    lagging.open.set()
    ana, _ = seating.join("ana")
    roll.entered(ana)
    await roll.done()
    roll.altered(ana)  # nothing that is shown
    roll.departed(ana)
    ana.leave(GONE)
    seating.now += 60
    again, _ = seating.join("ana")
    roll.entered(again)
    await roll.done()
    assert lagging.calls == ["enter ana", "enter ana"]
    assert [one.since for one in lagging.who("atelier")] == [again.joined_at]
