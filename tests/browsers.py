"""How Debian's Chromium and Firefox are launched with pretend cameras and microphones."""

from __future__ import annotations

import os

from playwright.async_api import Browser, Playwright

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


async def launch_chromium(playwright: Playwright) -> Browser:
    """Debian's Chromium, headless; MOULIN_TEST_CHROMIUM names another one."""
    path = os.environ.get("MOULIN_TEST_CHROMIUM") or program("chromium", "chromium-browser")
    return await playwright.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)


async def launch_firefox(playwright: Playwright) -> Browser:
    """Debian's Firefox ESR, headless; MOULIN_TEST_FIREFOX names another one."""
    path = os.environ.get("MOULIN_TEST_FIREFOX") or program("firefox-esr", "firefox")
    return await playwright.firefox.launch(
        channel="moz-firefox",
        executable_path=path,
        headless=True,
        firefox_user_prefs=FIREFOX_PREFS,
    )
