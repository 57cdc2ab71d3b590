"""Measures packets out per CPU-second at fan-out 1, 10 and 50, and writes bench.json."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median

from tests.bench.endpoints import DECRYPTED, Load, count, publish
from tests.bench.forwarding import Address, Forwarder, Result, floor, listen, run

RUNS = 3
SECONDS = 1.5
# Packets in per second: what the reference measurements offered, light enough for two cores.
RATES = {1: 12_000, 10: 5_000, 50: 1_400}
LOADS = [Load(n, size, rate, SECONDS) for size in (1100, 100) for n, rate in RATES.items()]


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    """The event loop that the server uses where it is installed."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop


class Bench:
    """The two other processes and what came of each load."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self.socket = listen()
        self.publisher, theirs = context.Pipe()
        self.counter, counted = context.Pipe()
        server = ("127.0.0.1", self.socket.port)
        self._processes = [
            context.Process(target=publish, args=(theirs, server), daemon=True),
            context.Process(target=count, args=(counted, max(RATES)), daemon=True),
        ]
        for process in self._processes:
            process.start()
        self.publishers: list[Address] = self.publisher.recv()
        self.subscribers: list[Address] = self.counter.recv()

    def arrived(self) -> tuple[int, int, int]:
        """(received, decrypted, refused) by the counting process since the last time."""
        self.counter.send(True)
        received: tuple[int, int, int] = self.counter.recv()
        return received

    async def forward(self, load: Load) -> Result:
        """One run of one load."""
        forwarder = Forwarder(load, self.publishers, self.subscribers)
        return await run(self.socket, forwarder, lambda: self._publish(load))

    def _publish(self, load: Load) -> asyncio.Future[int]:
        """Have the load sent; the future tells when all of it was."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[int] = loop.create_future()
        loop.add_reader(self.publisher.fileno(), _finish, self, done)
        self.publisher.send(load)
        return done

    def close(self) -> None:
        """End the processes."""
        for pipe in (self.publisher, self.counter):
            pipe.send(None)
        for process in self._processes:
            process.join(5)
        self.socket.close()


def _finish(bench: Bench, done: asyncio.Future[int]) -> None:
    asyncio.get_running_loop().remove_reader(bench.publisher.fileno())
    done.set_result(_receive(bench.publisher))


def _receive(pipe: Connection) -> int:
    sent: int = pipe.recv()
    return sent


async def measure(bench: Bench, load: Load) -> dict[str, float]:
    """The medians of a few runs of one load; prints one line."""
    rates, floors, shares = [], [], []
    for _ in range(RUNS):
        bench.arrived()
        floors.append(floor(load, bench.subscribers))
        bench.arrived()
        result = await bench.forward(load)
        received, decrypted, refused = bench.arrived()
        if refused or not received or decrypted < received // DECRYPTED:
            raise SystemExit(f"{load.name}: {received} arrived, {refused} did not decrypt")
        rates.append(result.per_cpu_second)
        shares.append(received / result.packets)
    rate, least, share = median(rates), median(floors), median(shares)
    print(
        f"fan-out {load.fanout:3d}, {load.payload:4d} bytes: {rate / 1000:6.1f}k packets out per "
        f"CPU-second, {rate / least:4.0%} of the bare encrypt-and-send floor "
        f"({least / 1000:.0f}k); {share:.1%} arrived"
    )
    return {load.name: round(rate), f"{load.name}_of_floor": round(rate / least, 3)}


async def main() -> None:
    """Measure every load and write the figures."""
    bench = Bench()
    figures: dict[str, float] = {}
    try:
        for load in LOADS:
            figures |= await measure(bench, load)
    finally:
        bench.close()
    Path("bench.json").write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(main())
    sys.exit(0)
