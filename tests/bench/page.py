"""An office page in a browser of its own, and what its processes cost."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from playwright.async_api import Browser, CDPSession, Playwright

from tests.bench.cpu import process_seconds, thread_seconds
from tests.browser.coworker import COMMUNITY, Coworker
from tests.browsers import launch_chromium
from tests.processes import Moulin


@dataclass(frozen=True)
class Spent:
    """CPU-seconds until now: of the page's process, of its main thread, of the whole browser."""

    page: float
    main: float
    browser: float

    def __sub__(self, before: Spent) -> Spent:
        return Spent(
            self.page - before.page, self.main - before.main, self.browser - before.browser
        )


class OfficePage:
    """Somebody who sits in an office and looks at the others, camera and microphone off."""

    def __init__(self, browser: Browser, person: Coworker, protocol: CDPSession) -> None:
        self.person = person
        self._browser, self._protocol = browser, protocol
        self._counters: CDPSession

    @classmethod
    async def enter(cls, playwright: Playwright, moulin: Moulin, office: str, name: str) -> Self:
        """Launch a browser and go into the office."""
        browser = await launch_chromium(playwright)
        person = await Coworker.arrive(browser, moulin, name)
        person.page.set_default_timeout(60_000)
        page = cls(browser, person, await browser.new_browser_cdp_session())
        await person.enter(f"{COMMUNITY}/{office}")
        page._counters = await person.context.new_cdp_session(person.page)
        await page._counters.send("Performance.enable")
        return page

    async def wait_for_pictures(self, count: int) -> None:
        """Until so many pictures move."""
        moving = "[...document.querySelectorAll('#grid video')].filter((v) => v.currentTime > 1)"
        await self.person.wait_for(f"{moving}.length >= {count}")

    async def spent(self) -> Spent:
        """What it has cost since the browser was launched."""
        processes: list[dict[str, Any]] = (await self._protocol.send("SystemInfo.getProcessInfo"))[
            "processInfo"
        ]
        pages = [each["id"] for each in processes if each["type"] == "renderer"]
        return Spent(
            page=sum(process_seconds(pid) for pid in pages),
            main=sum(thread_seconds(pid)[pid] for pid in pages),
            browser=sum(process_seconds(each["id"]) for each in processes),
        )

    async def pictures(self) -> int:
        """How many pictures it has decoded."""
        return sum(track["frames"] for track in await self.person.received())

    async def counters(self) -> dict[str, float]:
        """What Chromium counts of the page: JSHeapUsedSize, Nodes, JSEventListeners and others."""
        for _ in range(3):  # what the page and what its script hold let go of each other in turns
            await self._counters.send("HeapProfiler.collectGarbage")
        metrics = (await self._counters.send("Performance.getMetrics"))["metrics"]
        return {each["name"]: each["value"] for each in metrics}

    async def screenshot(self, path: Path) -> None:
        """A picture of the page as it is now."""
        await self.person.page.screenshot(path=path)

    async def close(self) -> None:
        """Leave and close the browser."""
        await self.person.close()
        await self._browser.close()
