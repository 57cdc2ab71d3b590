"""What stalls is noted once, however many noted it, and only where it is asked about."""

from __future__ import annotations

import asyncio
import time

import pytest

from tests.stalls import LATE, TICK, Stalls, stalled


@pytest.mark.parametrize(
    ("stalls", "seconds"),
    [
        ([], 0.0),
        ([(11.0, 12.0)], 1.0),
        ([(12.5, 13.0), (11.0, 12.0)], 1.5),
        ([(11.0, 13.0), (11.5, 12.0), (12.5, 14.0)], 3.0),
        ([(5.0, 11.0), (19.5, 30.0)], 1.5),
        ([(1.0, 2.0), (20.0, 21.0)], 0.0),
    ],
)
def test_each_second_counts_once(stalls: list[tuple[float, float]], seconds: float) -> None:
    assert stalled(stalls, 10.0, 20.0) == pytest.approx(seconds)


async def test_a_loop_that_is_held_up_stalls() -> None:
    async with Stalls() as stalls:
        await asyncio.sleep(0)
        began = time.time()
        asyncio.get_running_loop().call_soon(time.sleep, 3 * (TICK + LATE))
        while not stalls.noted:
            await asyncio.sleep(0)
    assert stalled(stalls.noted, began, time.time()) > LATE
