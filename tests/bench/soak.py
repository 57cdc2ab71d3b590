"""A page full of tiles for an hour: whether the server's memory grows, and what the page costs."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import linear_regression, median

from playwright.async_api import async_playwright

from tests.bench.busy_office import BusyOffice
from tests.bench.cpu import process_seconds, resident_bytes
from tests.bench.figures import keep
from tests.bench.page import OfficePage, Spent

TILES = 12
PEOPLE = 2
"""How many of them are real SDKs; the others are looped cameras, for the machine's sake."""
FULL, SPARSE = "aire-ouverte", "cafe"
SAMPLE_SECONDS = 15.0
TOLD_EVERY = 20
"""Samples between two that are printed."""
BOUND = 4 << 20
"""Bytes that the server may hold more at the end than once it was warm."""


@dataclass(frozen=True)
class Sample:
    """A moment of the hour: seconds since the start, bytes the server holds."""

    at: float
    held: int


def growth(samples: list[Sample]) -> int:
    """Bytes that the last fifth holds more than the second fifth, at their medians."""
    fifth = max(1, len(samples) // 5)
    warm, last = samples[fifth : 2 * fifth] or samples[:1], samples[-fifth:]
    return round(median(each.held for each in last) - median(each.held for each in warm))


def slope(samples: list[Sample]) -> float:
    """Bytes a minute, by the line through all but the first fifth."""
    warm = samples[len(samples) // 5 :]
    if len(warm) < 2:
        return 0.0
    return linear_regression([each.at / 60 for each in warm], [each.held for each in warm]).slope


def tell_memory(samples: list[Sample], server_share: float) -> dict[str, float]:
    """Print and name what the server held."""
    grown, minutes = growth(samples), samples[-1].at / 60
    print(
        f"server: {samples[0].held >> 20} MiB after the start, {samples[-1].held >> 20} MiB after "
        f"{minutes:.0f} minutes; once warm it grew by {grown / 1024:.0f} KiB (bound "
        f"{BOUND >> 10} KiB), {slope(samples) / 1024:+.1f} KiB a minute; "
        f"{server_share:.1%} of a core"
    )
    return {
        "soak_minutes": round(minutes, 1),
        "soak_server_growth_kib": round(grown / 1024),
        "soak_server_cpu_percent": round(100 * server_share, 2),
    }


def tell_page(full: Spent, sparse: Spent, pictures: float, seconds: float) -> dict[str, float]:
    """Print and name what the page of many tiles costs, beside that of one."""
    tile = (full.page - sparse.page) / (TILES - 1)
    shares = {
        f"page_{TILES}_tiles_cpu_percent": full.page,
        f"page_{TILES}_tiles_main_thread_percent": full.main,
        f"browser_{TILES}_tiles_cpu_percent": full.browser,
        "page_1_tile_cpu_percent": sparse.page,
        "page_1_tile_main_thread_percent": sparse.main,
        "browser_1_tile_cpu_percent": sparse.browser,
        "tile_cpu_percent": tile,
        "page_without_tiles_cpu_percent": sparse.page - tile,
    }
    found = {name: round(100 * spent / seconds, 2) for name, spent in shares.items()}
    found[f"page_{TILES}_tiles_pictures_per_second"] = round(pictures, 1)
    for name, spent in (f"{TILES} tiles", full), ("1 tile", sparse):
        print(
            f"page of {name}: {spent.page / seconds:.1%} of a core, its main thread "
            f"{spent.main / seconds:.1%}; the whole browser {spent.browser / seconds:.1%}"
        )
    print(
        f"so a tile costs {tile / seconds:.1%} of a core, and the page itself "
        f"{(sparse.page - tile) / seconds:.1%}; "
        f"{pictures / TILES:.1f} pictures a second a tile"
    )
    return found


async def watch(office: BusyOffice, page: OfficePage, minutes: float) -> tuple[list[Sample], float]:
    """Sample the server's memory until the time is over, telling it now and then.

    Beside it, how many pictures a second the page showed, but for whiles in which it had to
    come back: they begin to count anew then.
    """
    began, samples = time.monotonic(), []
    pictures, seconds, before = 0, 0.0, (0.0, 0)
    while True:
        sample = Sample(time.monotonic() - began, resident_bytes(office.moulin.pid))
        samples.append(sample)
        left = minutes * 60 - sample.at
        if len(samples) % TOLD_EVERY == 1 or left <= 0:
            print(f"  {sample.at / 60:5.1f} min: {sample.held / (1 << 20):.1f} MiB", flush=True)
            now = sample.at, await page.pictures()
            if len(samples) > 1 and now[1] >= before[1]:
                pictures, seconds = pictures + now[1] - before[1], seconds + now[0] - before[0]
            before = now
        if left <= 0:
            return samples, pictures / max(seconds, 1.0)
        await asyncio.sleep(min(SAMPLE_SECONDS, max(0.1, left)))


def tell_counters(before: dict[str, float], after: dict[str, float]) -> dict[str, float]:
    """Print and name how the page itself grew."""
    heap = after["JSHeapUsedSize"] - before["JSHeapUsedSize"]
    nodes, listeners = (after[each] - before[each] for each in ("Nodes", "JSEventListeners"))
    print(
        f"page of {TILES} tiles: script memory {heap / 1024:+.0f} KiB, {nodes:+.0f} nodes, "
        f"{listeners:+.0f} listeners"
    )
    return {"soak_page_heap_growth_kib": round(heap / 1024), "soak_page_nodes_growth": nodes}


async def soak(minutes: float, folder: Path) -> bool:
    """Run it and keep the figures; True when the memory stayed within its bound."""
    office = BusyOffice(folder)
    async with async_playwright() as playwright:
        try:
            await office.open()
            await office.seat_cameras(FULL, range(PEOPLE, TILES))
            await office.seat_cameras(SPARSE, [0])
            await office.seat_people(FULL, PEOPLE)
            full = await OfficePage.enter(playwright, office.moulin, FULL, "Léa")
            sparse = await OfficePage.enter(playwright, office.moulin, SPARSE, "Zoé")
            await full.wait_for_pictures(TILES)
            await sparse.wait_for_pictures(1)
            pages, server = [full, sparse], office.moulin.pid
            before = [await page.spent() for page in pages]
            counted, served = await full.counters(), process_seconds(server)
            samples, pictures = await watch(office, full, minutes)
            await full.wait_for_pictures(TILES)
            spent = [await page.spent() - then for page, then in zip(pages, before, strict=True)]
            seconds = samples[-1].at
            found = tell_memory(samples, (process_seconds(server) - served) / seconds)
            found |= tell_page(spent[0], spent[1], pictures, seconds)
            found |= tell_counters(counted, await full.counters())
            await full.screenshot(folder / "page.png")
            keep(found)
            for page in pages:
                await page.close()
        finally:
            await office.close()
    return growth(samples) <= BOUND


def main() -> None:
    """Read the command line, run, and fail when memory grew."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    minutes = parser.parse_args().minutes
    with tempfile.TemporaryDirectory(prefix="moulin-soak-") as folder:
        if not asyncio.run(soak(minutes, Path(folder))):
            sys.exit("the server's memory grew")


if __name__ == "__main__":
    main()
