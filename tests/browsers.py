"""How Debian's Chromium and Firefox are launched and left, with pretend cameras and microphones."""

from __future__ import annotations

import asyncio
import os
import warnings
from contextlib import suppress
from fnmatch import fnmatchcase
from typing import Any

from playwright.async_api import Browser, BrowserContext, Error, Page, Playwright

from tests.processes import program

CHROMIUM_FLAGS = [
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Several pages at once: a hidden one must keep decoding and running its timers.
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    "--disable-background-timer-throttling",
]

FIREFOX_PREFS: dict[str, str | float | bool] = {
    "media.navigator.streams.fake": True,
    "media.navigator.permission.disabled": True,
    "media.autoplay.default": 0,
    "media.peerconnection.ice.loopback": True,
    # Without these two it gathers only default-route addresses and cannot join on 127.0.0.1.
    "permissions.default.camera": 1,
    "permissions.default.microphone": 1,
}

PATIENCE = 60_000.0
"""Milliseconds that anything may take on a busy machine."""

CLOSE_LIMIT = 15.0
"""Seconds that a browser, or one profile of it, may take to close."""


async def launch_chromium(playwright: Playwright) -> Browser:
    """Debian's Chromium, headless; MOULIN_TEST_CHROMIUM names another one."""
    path = os.environ.get("MOULIN_TEST_CHROMIUM") or program("chromium", "chromium-browser")
    return await playwright.chromium.launch(
        executable_path=path, args=CHROMIUM_FLAGS, timeout=PATIENCE
    )


async def launch_firefox(playwright: Playwright) -> Browser:
    """Debian's Firefox ESR, headless; MOULIN_TEST_FIREFOX names another one."""
    path = os.environ.get("MOULIN_TEST_FIREFOX") or program("firefox-esr", "firefox")
    return await playwright.firefox.launch(
        channel="moz-firefox",
        executable_path=path,
        headless=True,
        firefox_user_prefs=FIREFOX_PREFS,
        timeout=PATIENCE,
    )


async def open_profile(browser: Browser, **options: Any) -> BrowserContext:
    """A new browser profile, whose pages wait long enough for a busy machine."""
    context = await browser.new_context(**options)
    context.set_default_timeout(PATIENCE)
    return context


async def come_to(page: Page, address: str) -> None:
    """Until a page whose address is like this ("*/salle") is there and loaded.

    Playwright's `wait_for_url` gives up as soon as any navigation is broken off by the next.
    Name no address that the page itself corrects at once, as it does those with `?fait=`.
    """
    async with asyncio.timeout(PATIENCE / 1000):
        while not fnmatchcase(page.url, address):
            await asyncio.sleep(0.05)
    await page.wait_for_load_state()


async def close_profile(context: BrowserContext) -> None:
    """Close a browser profile; one that does not within CLOSE_LIMIT is warned of and left behind.

    Chromium forgets that it was told to close a page which is going elsewhere at that moment, and
    Playwright then waits for ever (crbug.com/536385539). So each page is led to an empty one first,
    and a profile that stays nevertheless is told once more.
    """
    browser = context.browser
    profile = await _profile_id(context)
    for page in context.pages:
        with suppress(Error):
            await page.goto("about:blank", timeout=5000)
    closing = asyncio.ensure_future(context.close())
    for _ in range(3):
        await asyncio.wait([closing], timeout=CLOSE_LIMIT / 3)
        if closing.done():
            closing.result()
            return
        if browser is not None and profile:
            with suppress(Error, TimeoutError):
                async with asyncio.timeout(1):
                    await _close_pages(browser, profile)
    closing.cancel()
    warnings.warn("a browser profile did not close", stacklevel=2)


async def close_browser(browser: Browser) -> None:
    """Close a browser, or leave that to the end of its driver past CLOSE_LIMIT."""
    with suppress(TimeoutError):
        async with asyncio.timeout(CLOSE_LIMIT):
            await browser.close()


async def _profile_id(context: BrowserContext) -> str:
    """What Chromium calls the profile; empty in another browser, or when nobody answers."""
    if context.browser is None or context.browser.browser_type.name != "chromium":
        return ""
    with suppress(Error, TimeoutError):
        async with asyncio.timeout(2):
            for page in context.pages:
                devtools = await context.new_cdp_session(page)
                told = await devtools.send("Target.getTargetInfo")
                return str(told["targetInfo"]["browserContextId"])
    return ""


async def _close_pages(browser: Browser, profile: str) -> None:
    devtools = await browser.new_browser_cdp_session()
    for target in (await devtools.send("Target.getTargets"))["targetInfos"]:
        if target.get("browserContextId") == profile and target["type"] == "page":
            await devtools.send("Target.closeTarget", {"targetId": target["targetId"]})
    await devtools.detach()
