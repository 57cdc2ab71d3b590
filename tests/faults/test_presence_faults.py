"""Two running Moulins on one Redis: presence crosses, and survives a crash and Redis's absence."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from server.signalling.tokens import sign
from tests.conftest import MoulinFactory
from tests.faults.facade import Facade
from tests.interop.guest import Guest
from tests.processes import Moulin, Redis
from tests.stalls import Stalls, stalled

pytestmark = pytest.mark.interop


@pytest.fixture
async def pair(moulin_factory: MoulinFactory, redis_server: Redis) -> tuple[Moulin, Moulin]:
    """Two processes with the same records and the same Redis."""
    first = await moulin_factory(REDIS_URL=redis_server.url)
    second = await moulin_factory(REDIS_URL=redis_server.url, DATA_DIR=str(first.data_dir))
    return first, second


@pytest.fixture
async def guests() -> AsyncIterator[list[Guest]]:
    """Guests who leave at the end, if they can."""
    seated: list[Guest] = []
    yield seated
    async with asyncio.timeout(40):
        await asyncio.gather(*(guest.leave() for guest in seated), return_exceptions=True)


async def seat(guests: list[Guest], moulin: Moulin, room: str, identity: str) -> Guest:
    """A real SDK client in `room` of that process."""
    guest = Guest(identity)
    guests.append(guest)
    token = sign(
        moulin.api_key,
        moulin.api_secret,
        now=time.time(),
        identity=identity,
        name=identity,
        room=room,
    )
    await guest.enter(moulin.ws_url, token)
    return guest


@pytest.mark.alone
async def test_presence_crosses_processes_and_a_crashed_one_is_forgotten(
    pair: tuple[Moulin, Moulin], guests: list[Guest]
) -> None:
    first, second = pair
    async with Facade(second) as facade:
        office, other = sorted(facade.doors)[:2]
        await seat(guests, first, office, "g_first")
        await facade.until_count(office, 1)
        stays = await seat(guests, second, other, "g_second")
        await facade.until_count(other, 1)
        async with Stalls() as stalls:
            first.kill()
            killed_at = time.time()
            took = await facade.until_count(office, 0)
        assert took - stalled(stalls.noted, killed_at, killed_at + took) < 15
        assert facade.doors[other]["count"] == 1
        assert await facade.page() == 200
        assert stays.count("disconnected") == 0


async def test_redis_killed_and_back_empty_disturbs_neither_media_nor_pages(
    pair: tuple[Moulin, Moulin], redis_server: Redis, guests: list[Guest]
) -> None:
    first, second = pair
    async with Facade(first) as here, Facade(second) as there:
        office = min(here.doors)
        ana = await seat(guests, first, office, "g_ana")
        bob = await seat(guests, first, office, "g_bob")
        await ana.hum(440)
        assert await bob.hears(ana) == pytest.approx(440, abs=5)
        await there.until_count(office, 2)
        here.counts.clear()

        redis_server.kill()
        assert [await facade.page() for facade in (here, there)] == [200, 200]
        assert await bob.hears(ana) == pytest.approx(440, abs=5)
        await seat(guests, first, office, "g_eve")
        await here.until_count(office, 3)
        await redis_server.start()
        await there.until_count(office, 3)

        assert [await facade.page() for facade in (here, there)] == [200, 200]
        assert await bob.hears(ana) == pytest.approx(440, abs=5)
        # Not for a moment did the process that seats them miss anybody.
        assert set(here.counts[office]) <= {2, 3}
        for guest in (ana, bob):
            assert guest.count("reconnecting") == guest.count("disconnected") == 0
