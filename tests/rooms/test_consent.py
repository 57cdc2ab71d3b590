"""Whose network swallows everything is shown out once its consent expires (RFC 7675)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
from aioice import ice

from rooms.events import Described
from rooms.limits import Limits
from rooms.live_rooms import LiveRooms
from rooms.participant import Joining, Participant
from rooms.permissions import Permissions
from rooms.presence import MemoryPresence
from rooms.room import GOODBYE
from rooms.transport.server import SWEEP_SECONDS, RtcServer
from tests.conftest import RelayFactory
from tests.relay import Relay
from tests.rooms.seating import Ears
from tests.rooms.transport.clients import Client

CONSENT = 2.0
SLACK = 6.0
"""What a busy machine may add."""
PATIENCE = 60.0


class Calm:
    """A clock that hardly goes on while the machine stalls: only the network is ever silent."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def now(self) -> float:
        return self.seconds

    async def go_on(self) -> None:
        loop = asyncio.get_running_loop()
        last = loop.time()
        while True:
            await asyncio.sleep(0.02)
            now = loop.time()
            self.seconds += min(now - last, 0.1)
            last = now


class House:
    """A server whose consent is short, and real clients behind relays in one of its rooms."""

    def __init__(self) -> None:
        limits = Limits(consent_seconds=CONSENT)
        self.clock = Calm()
        self.rtc = RtcServer(["127.0.0.1"], 0, limits, now=self.clock.now)
        self.rooms = LiveRooms(self.rtc, MemoryPresence(), limits, now=self.clock.now)
        self.clients: list[Client] = []

    async def enter(self, identity: str, link: Relay) -> tuple[Participant, Ears]:
        ears, client = Ears(), Client()
        self.clients.append(client)
        client.open_channels()
        joining = Joining(
            room="atelier", identity=identity, name=identity, permissions=Permissions(),
            single_connection=True,
        )  # fmt: skip
        one = self.rooms.join(joining, ears)
        one.room.begin(one)
        one.connection.answer(await client.offer(), 1)
        sdp = ears.heard(Described)[-1].sdp
        through = f" {link.port} typ host"
        await client.take_answer(sdp.replace(f" {self.rtc.udp_port} typ host", through))
        await until(lambda: one.active)
        return one, ears


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.02)


@pytest.fixture
async def house(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    monkeypatch.setattr(ice, "CONSENT_INTERVAL", 0.3)
    house = House()
    going_on = asyncio.create_task(house.clock.go_on())
    await house.rtc.start()
    await house.rooms.start()
    yield house
    await asyncio.gather(*(each.close() for each in house.clients))
    await house.rooms.close()
    await house.rtc.close()
    going_on.cancel()


async def test_who_falls_silent_is_shown_out_in_time_and_nobody_else(
    house: House, relay: RelayFactory
) -> None:
    links = [await relay(house.rtc.udp_port) for _ in range(2)]
    ana, _ = await house.enter("ana", links[0])
    bob, ears = await house.enter("bob", links[1])
    agent = ana.connection.publisher.agent
    first = agent.last_check or 0.0
    # Renewed for longer than it lasts: nobody is shown out.
    await until(lambda: (agent.last_check or 0.0) > first + 1.5 * CONSENT)
    assert ana.active

    links[0].change(loss=1.0)
    began = house.clock.now()
    await until(lambda: ana.gone)
    took = house.clock.now() - began
    assert CONSENT - 1 < took < CONSENT + SWEEP_SECONDS + GOODBYE + SLACK
    assert house.rtc.counters["consent_expired"] == 1
    assert ears.news_of("ana").state == ears.news_of("ana").DISCONNECTED
    assert bob.active
    assert len(house.rtc.peers) == 1
