"""Real pages behind bad links: pictures and sound hold through loss, and follow a link's width."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

import pytest
from playwright.async_api import Browser, Page

from tests.browsers import close_profile
from tests.conftest import RelayFactory
from tests.faults.watching import (
    PUBLISH,
    WATCH,
    diary_of,
    joining,
    now_of,
    open_page,
    stalls_of,
    understood,
)
from tests.processes import Moulin
from tests.relay import Impairment, Relay
from tests.stalls import Interval, Stalls, stalled

pytestmark = [pytest.mark.browser, pytest.mark.alone]

BROWSERS = pytest.mark.parametrize("name", ["chromium", "firefox"])
Pair = Callable[..., Awaitable["Watched"]]
SQUEEZED = LOSSY = 12.0
"""Seconds for which a link is narrow, and for which what loss does is watched."""


class Watched:
    """A page that watches another through a relay, and what the machine stalled meanwhile."""

    def __init__(self, publisher: Page, viewer: Page, link: Relay, stalls: Stalls) -> None:
        self._publisher, self.page, self.link, self._stalls = publisher, viewer, link, stalls

    async def stalls(self) -> list[Interval]:
        """Those of both pages and of the loop in which the relay runs."""
        return [*self._stalls.noted, *await stalls_of(self._publisher, self.page)]


@pytest.fixture
async def watching(moulin: Moulin, chromium: Browser, relay: RelayFactory) -> AsyncIterator[Pair]:
    """`await watching(name, down, up)`: a page that watches another behind that network, by
    Chromium or the browser given."""
    pages: list[Page] = []

    async def start(
        name: str,
        down: Impairment,
        up: Impairment,
        browser: Browser = chromium,
        size: tuple[int, int] = (960, 540),
    ) -> Watched:
        bad = await relay(moulin.rtc_port, down=down, up=up, seed=3)
        publisher = await open_page(chromium, moulin)
        viewer = await open_page(browser, moulin, bad.port)
        pages.extend((publisher, viewer))
        await publisher.evaluate(PUBLISH, [*joining(moulin, "publisher", name), *size])
        await viewer.evaluate(WATCH, joining(moulin, "viewer", name))
        return Watched(publisher, viewer, bad, stalls)

    async with Stalls() as stalls:
        yield start
    for page in pages:
        await close_profile(page.context)


async def until_wide(page: Page, width: int, pictures: int = 1) -> None:
    """Wait until the last pictures, so many, were so wide."""
    async with asyncio.timeout(60):
        while (await diary_of(page)).pictures(width) < pictures:
            await asyncio.sleep(0.2)


@BROWSERS
async def test_a_squeezed_link_is_followed_down_and_up(
    watching: Pair, chromium: Browser, firefox: Browser, name: str
) -> None:
    wide = Impairment(rate=5e6, delay=0.02)
    browser = {"chromium": chromium, "firefox": firefox}[name]
    watched = await watching(f"squeezed {name}", wide, Impairment(delay=0.02), browser)
    page, link = watched.page, watched.link
    # Its browser speaks of its link for the first time five seconds after the first picture.
    await until_wide(page, 960, pictures=110)

    squeezed = await now_of(page)
    link.down.impairment = replace(wide, rate=300e3)
    await asyncio.sleep(SQUEEZED)
    released = await now_of(page)
    link.down.impairment = wide
    await until_wide(page, 960)

    diary, stalls = (await diary_of(page)).between(squeezed), await watched.stalls()
    fell, climbed = diary.first(narrower=480), diary.between(released).first(wider=960)
    assert fell is not None
    assert climbed is not None
    print(
        f"fell after {fell - squeezed:.2f}, climbed after {climbed - released:.2f},"
        f" longest freeze {diary.longest_freeze(stalls):.2f}; stalled: {stalls}"
    )
    assert fell - squeezed - stalled(stalls, squeezed, fell) < 2
    assert climbed - released - stalled(stalls, released, climbed) < 20
    assert diary.longest_freeze(stalls) < 2


@BROWSERS
async def test_ten_percent_loss_freezes_nothing(
    watching: Pair, chromium: Browser, firefox: Browser, name: str
) -> None:
    lossy = Impairment(loss=0.1, delay=0.02)
    browser = {"chromium": chromium, "firefox": firefox}[name]
    watched = await watching(f"ten {name}", lossy, lossy, browser)
    page, link = watched.page, watched.link
    await until_wide(page, 160, pictures=60)
    began = await now_of(page)
    await asyncio.sleep(LOSSY)
    diary, stalls = (await diary_of(page)).between(began), await watched.stalls()
    freeze = diary.longest_freeze(stalls)
    print(f"longest freeze {freeze:.2f}, {link.lost} lost, {diary.moments[-1]}; stalled: {stalls}")
    assert link.lost > 100
    assert freeze < 1


@BROWSERS
async def test_thirty_percent_loss_leaves_speech_intelligible(
    watching: Pair, chromium: Browser, firefox: Browser, name: str
) -> None:
    far, browser = Impairment(delay=0.02), {"chromium": chromium, "firefox": firefox}[name]
    watched = await watching(f"thirty {name}", far, far, browser, (640, 360))
    page, link = watched.page, watched.link
    link.change(loss=0.3)
    await page.wait_for_function("() => !!window.hear")
    heard = await page.evaluate("(seconds) => window.hear(seconds)", LOSSY)
    share = understood(heard)
    print(f"{share:.0%} of the syllables are understood, {link.lost} packets lost")
    assert link.lost > 100
    assert share > 0.7
