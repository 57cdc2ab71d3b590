"""What each page of a 700-member house costs the server: `python -m tests.bench.pages`.

The server runs in this process, with one reader: its CPU and its time are those between a request's
first and last line of Python, all threads. SQLite is part of both; of a PostgreSQL of its own
(`--database postgresql`, Debian's) only the time holds what it takes. Medians of ROUNDS requests.
If root, both run before other work.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from statistics import median

from aiohttp import web
from aiohttp.test_utils import TestServer

from server.app import build_app
from server.keys import DATABASE, JOBS, RATE_LIMITS, SESSION_CLOCK
from server.settings import load_settings
from server.storage.seed import seed_community
from server.web.middleware import Handler
from server.web.rate_limits import RateLimits
from tests.bench.cpu import undisturbed
from tests.bench.figures import keep
from tests.processes import Postgres, free_port
from tests.server.every_page import OWNER, STREET, Page, come_in_as_owner, counting, pages_of
from tests.server.visitors import Visitor

ROUNDS = 15
SQLITE, POSTGRESQL = "sqlite", "postgresql"
LIMIT = 100.0
"""Milliseconds of the server's time that a page may take."""


@dataclass(frozen=True)
class Cost:
    """What a page took: statements, and milliseconds. `first`: when nothing of it was at hand."""

    page: Page
    reader: str
    statements: int
    cpu: float
    wall: float
    slowest: float
    first: float


class Meter:
    """Outermost around every request: what the last one took, in milliseconds."""

    def __init__(self) -> None:
        self.cpu = 0.0
        self.wall = 0.0

    @property
    def middleware(self) -> object:
        """To be put before the server's own."""

        @web.middleware
        async def measured(request: web.Request, handler: Handler) -> web.StreamResponse:
            began, worked = time.perf_counter(), time.process_time()
            try:
                return await handler(request)
            finally:
                self.wall = (time.perf_counter() - began) * 1000
                self.cpu = (time.process_time() - worked) * 1000

        return measured


async def cost_of(page: Page, reader: str, browser: Visitor, meter: Meter) -> Cost:
    """Read a page again and again."""
    first, cpu, wall = 0.0, list[float](), list[float]()
    for number in range(ROUNDS + 1):
        with counting() as told:
            status = await browser.open(page.path)
        assert status == page.status, f"{page.path}: {status}"
        if number == 0:
            first = meter.wall
            continue
        cpu.append(meter.cpu)
        wall.append(meter.wall)
    return Cost(page, reader, len(told.statements), median(cpu), median(wall), max(wall), first)


@asynccontextmanager
async def database_address(kind: str, folder: Path) -> AsyncIterator[str]:
    """Where an empty database of that kind is; "" is a file in the house's own folder."""
    if kind == SQLITE:
        yield ""
        return
    postgres = Postgres(folder)
    await postgres.start()
    try:
        yield postgres.new_database()
    finally:
        await postgres.stop()
        postgres.remove()


async def measure(members: int, kind: str) -> list[Cost]:
    """Every page, for who keeps the house and for a stranger."""
    with tempfile.TemporaryDirectory() as folder:
        async with database_address(kind, Path(folder)) as address:
            return await _measure(members, Path(folder), address)


async def _measure(members: int, folder: Path, address: str) -> list[Cost]:
    costs: list[Cost] = []
    port = free_port()
    settings = load_settings(
        data_dir=folder,
        database_url=address,
        http_port=port,
        public_url=f"http://127.0.0.1:{port}",
        rtc_addresses=["127.0.0.1"],
        rtc_tcp_port=0,
    ).model_copy(update={"rtc_udp_port": 0})
    house, meter = build_app(settings), Meter()
    house[RATE_LIMITS] = RateLimits(count(step=60.0).__next__)  # a minute goes by each time
    house.middlewares.insert(0, meter.middleware)  # type: ignore[arg-type]
    async with TestServer(house, host="127.0.0.1", port=port) as server:
        async with house[DATABASE].writing() as db:
            await seed_community(db, members, datetime.now(UTC))
        await house[SESSION_CLOCK].close()
        await house[JOBS].close()
        async with Visitor(server) as owner, Visitor(server) as stranger:
            await come_in_as_owner(house, owner)
            browsers = {OWNER: owner, STREET: stranger}
            pages = await pages_of(house)
            gc.collect()
            gc.freeze()
            for page in pages:
                for reader in page.readers:
                    costs.append(await cost_of(page, reader, browsers[reader], meter))
    return costs


def told(costs: list[Cost]) -> str:
    """The table, the dearest page first."""
    lines = [f"{'page':42} {'reader':7} statements  CPU ms   ms  slowest  first"]
    for each in sorted(costs, key=lambda each: -each.cpu):
        lines.append(
            f"{each.page.name:42} {each.reader:7} {each.statements:10} {each.cpu:7.1f} "
            f"{each.wall:4.0f} {each.slowest:8.0f} {each.first:6.0f}"
        )
    return "\n".join(lines)


def main() -> None:
    """Measure, print the table, and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--members", type=int, default=700)
    parser.add_argument("--database", choices=(SQLITE, POSTGRESQL), default=SQLITE)
    asked = parser.parse_args()
    undisturbed(os.getpid())
    costs = asyncio.run(measure(asked.members, asked.database))
    print(told(costs))
    over = [each.page.path for each in costs if each.wall > LIMIT]
    print(f"{len(over)} of {len(costs)} take more than {LIMIT:.0f} ms: {', '.join(over) or 'none'}")
    name = "pages" if asked.database == SQLITE else f"pages_{asked.database}"
    keep(
        {
            f"{name}_dearest_cpu_ms": round(max(each.cpu for each in costs), 1),
            f"{name}_longest_ms": round(max(each.wall for each in costs), 1),
        }
    )


if __name__ == "__main__":
    main()
