"""Measures packets out per CPU-second, ours and others', at fan-out 1, 10 and 50: bench.json."""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import sys
import tempfile
from collections.abc import Collection, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from statistics import median, quantiles
from typing import Any, Protocol

from rooms.compiled.library import library, reason
from tests.bench.cpu import cpu_seconds, undisturbed
from tests.bench.endpoints import (
    PUBLISHERS,
    Arrived,
    Ends,
    Load,
    count,
    plain_ends,
    publish,
)
from tests.bench.figures import keep
from tests.bench.forwarding import Moulin, loop_factory
from tests.bench.janus import Janus, host_address, installed
from tests.bench.livekit import CannotBuild, LiveKit
from tests.processes import StartFailed

OTHERS = {"janus": "Janus", "livekit": "LiveKit"}
RUNS = 5
SECONDS = 0.8
ENOUGH, TRIES = 0.98, 4  # a run that lost more is done again, so many times in all
# Packets in per second: what the reference measurements offered, light enough for two cores.
RATES = {1: 12_000, 10: 5_000, 50: 1_400}
LOADS = [Load(n, size, rate, SECONDS) for size in (1100, 100) for n, rate in RATES.items()]


class Peer(Protocol):
    """A server to measure, in a process of its own."""

    @property
    def pid(self) -> int:
        """The process whose CPU counts."""

    async def open(self, load: Load) -> tuple[Ends, Ends]:
        """Everybody joins; the publishers' and the subscribers' ends."""

    async def close(self) -> None:
        """Everybody leaves."""

    def end(self) -> None:
        """End the process."""


class Clients:
    """The two processes that publish and count, for every peer."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._publisher, publishing = context.Pipe()
        self._counter, counting = context.Pipe()
        self._processes = [
            context.Process(target=publish, args=(publishing,), daemon=True),
            context.Process(target=count, args=(counting,), daemon=True),
        ]
        for process in self._processes:
            process.start()

    @property
    def pids(self) -> list[int]:
        """The processes."""
        return [each.pid for each in self._processes if each.pid is not None]

    async def _ask(self, pipe: Any, order: Any) -> Any:
        pipe.send(order)
        return await asyncio.to_thread(pipe.recv)

    async def take(self, name: str, publishers: Ends | None, subscribers: Ends) -> None:
        """Publish and count at these ends when that name is run."""
        if publishers is not None:
            await self._ask(self._publisher, (name, publishers))
        await self._ask(self._counter, (name, subscribers))

    async def arrived(self) -> Arrived:
        """What came since the last time, once nothing comes any more."""
        total = Arrived()
        while True:
            await asyncio.sleep(0.05)
            more: Arrived = await self._ask(self._counter, True)
            if not more.packets:
                return total
            total += more

    async def publish(self, name: str, load: Load) -> int:
        """Send the load to that peer; how many packets that was."""
        sent: int = await self._ask(self._publisher, (name, load))
        return sent

    def close(self) -> None:
        """End the processes."""
        for pipe in (self._publisher, self._counter):
            pipe.send(None)
        for process in self._processes:
            process.join(5)


async def run(clients: Clients, name: str, peer: Peer, load: Load) -> float:
    """Packets that arrived per CPU-second of the peer, in one run that a busy machine let be."""
    best = (0.0, 0.0)  # share that arrived, packets per CPU-second
    for _ in range(TRIES):
        await clients.arrived()
        before = cpu_seconds(peer.pid)
        sent = await clients.publish(name, load)
        arrived = await clients.arrived()
        cpu = cpu_seconds(peer.pid) - before
        if arrived.refused:
            raise SystemExit(f"{name}, {load.name}: {arrived}")
        share = arrived.packets / sent / load.fanout
        best = max(best, (share, arrived.packets / cpu))
        if share > ENOUGH:
            break
        print(f"  {name}: only {share:.1%} arrived, once more")
    if not best[0]:
        raise SystemExit(f"{name}, {load.name}: nothing arrived")
    return best[1]


Rates = dict[str, list[float]]
"""By peer, what each of its runs gave; those at the same place ran one after the other."""


async def measure(clients: Clients, peers: dict[str, Peer], load: Load) -> Rates:
    """Interleaved runs of one load."""
    for name, peer in peers.items():
        await clients.take(name, *await peer.open(load))
        await clients.publish(name, replace(load, seconds=0.2))
    rates: Rates = {name: [] for name in peers}
    for _ in range(RUNS):
        for name, peer in peers.items():
            rates[name].append(await run(clients, name, peer, load))
    for peer in peers.values():
        await peer.close()
    return rates


def ratio(rates: Rates, ours: str, theirs: str) -> float:
    """The median of the ratios of runs that were neighbours in time."""
    return median(one / other for one, other in zip(rates[ours], rates[theirs], strict=True))


async def floor(clients: Clients, moulin: Moulin, load: Load) -> float:
    """What the machine can do at the very best without compiled code, just now."""
    ends = plain_ends(load.fanout)
    await clients.take("floor", None, ends)
    rate: float = await moulin.ask((load, ends))
    await clients.arrived()
    return rate


def figures(load: Load, rates: Rates, least: float) -> dict[str, float]:
    """What bench.json says of one load; prints it."""
    size = f"fanout_{load.fanout}_{load.payload}"
    best = "compiled" if "compiled" in rates else "python"
    medians = {name: median(each) for name, each in rates.items()}
    found = {
        f"forward_{size}": round(medians[best]),
        f"forward_{size}_of_floor": round(medians[best] / least, 3),
        f"forward_python_{size}": round(medians["python"]),
    }
    told = ", ".join(f"{name} {rate / 1000:.0f}k" for name, rate in medians.items())
    line = f"fan-out {load.fanout:2d}, {load.payload:4d} bytes: {told}"
    for name, title in OTHERS.items():
        if name not in rates:
            continue
        ours, python = ratio(rates, best, name), ratio(rates, "python", name)
        found[f"{name}_{size}"] = round(medians[name])
        found[f"ratio_{name}_{size}"] = round(ours, 2)
        found[f"ratio_{name}_python_{size}"] = round(python, 2)
        line += f"; {ours:.2f} times {title}, in Python {python:.2f}"
    print(f"{line}; {medians[best] / least:.0%} of the floor ({least / 1000:.0f}k)", flush=True)
    return found


async def delays(clients: Clients, peer: Moulin, found: Mapping[str, float]) -> dict[str, float]:
    """Milliseconds through the unit with half of the load that a core carries, and without."""
    loads = {
        name: Load(fanout, 1100, int(found[f"forward_fanout_{fanout}_1100"] / 2 / fanout), 1.0)
        for name, fanout in (("delay", 10), ("delay_fanout_50", 50))
    }
    runs: dict[str, list[tuple[float, float]]] = {"delay_bare": [], **{each: [] for each in loads}}
    for _ in range(RUNS):
        for name, load in loads.items():
            runs[name].append(await delay(clients, *await peer.open(load), load))
        publishers, subscribers = plain_ends(PUBLISHERS), plain_ends(1)
        publishers.servers = subscribers.addresses * PUBLISHERS
        runs["delay_bare"].append(await delay(clients, publishers, subscribers, loads["delay"]))
    told: dict[str, float] = {}
    for name, each in runs.items():
        half, most = (median(run[i] for run in each) for i in (0, 1))
        told |= {f"{name}_p50_ms": round(half, 3), f"{name}_p99_ms": round(most, 3)}
    for name, title in (
        ("delay", "through the unit at half load, fan-out 10"),
        ("delay_fanout_50", "the same, fan-out 50"),
        ("delay_bare", "without a unit"),
    ):
        half, most = told[f"{name}_p50_ms"], told[f"{name}_p99_ms"]
        print(f"delay {title}: p50 {half:.2f} ms, p99 {most:.2f} ms")
    return told


async def delay(
    clients: Clients, publishers: Ends, subscribers: Ends, load: Load
) -> tuple[float, float]:
    """The median and the 99th percentile, in ms, of one run."""
    await clients.take("delay", publishers, subscribers)
    await clients.publish("delay", replace(load, seconds=0.3))
    await clients.arrived()
    await clients.publish("delay", load)
    cuts = quantiles((await clients.arrived()).delays, n=100)
    return 1000 * cuts[49], 1000 * cuts[98]


async def others(wanted: Collection[str], stack: ExitStack) -> dict[str, Peer]:
    """The peers of other people that are wanted and can be had; says which cannot, and why."""
    found: dict[str, Peer] = {}
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    if "janus" in wanted:
        host = host_address()
        if installed() and host is not None:
            janus = Janus(folder, host)
            stack.callback(janus.end)
            found["janus"] = janus
        else:
            print("Janus skipped: apt-get install janus, and have a network address")
    if "livekit" in wanted:
        try:
            livekit = await LiveKit.start(folder)
            stack.callback(livekit.end)
            found["livekit"] = livekit
        except (CannotBuild, StartFailed) as error:
            print(f"LiveKit skipped: {error}", flush=True)
    return found


async def main(wanted: Collection[str]) -> None:
    """Measure every load and write the figures."""
    peers: dict[str, Peer] = {}
    found: dict[str, float] = {}
    with ExitStack() as stack:
        beside = await others(wanted, stack)
        clients = Clients()
        stack.callback(clients.close)
        python = Moulin("off")
        stack.callback(python.end)
        ours = python
        if library is None:
            print(f"compiled path skipped: {reason}")
        else:
            ours = Moulin("on")
            stack.callback(ours.end)
            peers["compiled"] = ours
        peers |= {"python": python, **beside}
        # What else runs here would have packets wait, and who takes many at a time is cheaper then.
        for pid in (*(each.pid for each in peers.values()), *clients.pids):
            undisturbed(pid)
        for load in LOADS:
            rates = await measure(clients, peers, load)
            found |= figures(load, rates, await floor(clients, python, load))
        found |= await delays(clients, ours, found)
    keep(found)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", default="janus", help="janus, livekit, or both with a comma")
    names = parser.parse_args().peers.split(",")
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(main(names))
    sys.exit(0)
