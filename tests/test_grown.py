"""A Moulin as a server runs it, on PostgreSQL and Redis, opens its doors and keeps its house."""

from __future__ import annotations

import aiohttp

from tests.conftest import MoulinFactory
from tests.processes import Moulin, Redis


async def test_with_postgresql_and_redis_the_house_is_open_and_kept(
    moulin_factory: MoulinFactory, postgres_url: str, redis_server: Redis
) -> None:
    moulin = await moulin_factory(DATABASE_URL=postgres_url, REDIS_URL=redis_server.url)
    await house_is_open(moulin)
    await moulin.restart()
    await house_is_open(moulin)
    assert not (moulin.data_dir / "moulin.sqlite3").exists()


async def house_is_open(moulin: Moulin) -> None:
    """The demo community's façade is served."""
    async with (
        aiohttp.ClientSession() as visitor,
        visitor.get(moulin.url + "/c/les-pigistes") as page,
    ):
        assert page.status == 200
        assert "Les Pigistes" in await page.text()
