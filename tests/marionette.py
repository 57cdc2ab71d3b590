"""Debian's Firefox driven by its own protocol, Marionette, which reaches the browser's own windows.

Playwright drives pages alone: what Firefox shows outside of them, such as a notification to press,
and what it asks its user, such as a permission, are to be seen from here.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.ports import free_port
from tests.processes import Process, program

Pref = str | int | bool
LIMIT = 60_000
"""Milliseconds that a page, a script or an element may take."""
_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"

PREFS: dict[str, Pref] = {
    # The ones recommended for automation turn push off.
    "remote.prefs.recommended": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "app.normandy.enabled": False,
    "extensions.getAddons.cache.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "services.settings.server": "data:,#remote-settings-dummy/v1",
    # There is no desktop here to show notifications: they are windows of the browser's own,
    # which stay until they are pressed.
    "alerts.useSystemBackend": False,
    "toolkit.legacyUserProfileCustomizations.stylesheets": True,
    # On a busy machine, a press counts for longer, and a worker may take its time.
    "dom.webnotifications.disable_open_click_delay": LIMIT,
    "dom.serviceWorkers.disable_open_click_delay": LIMIT,
    "dom.serviceWorkers.idle_timeout": LIMIT,
    "dom.serviceWorkers.idle_extended_timeout": LIMIT,
}
_STAYS = "#alertBox { animation: none !important; }\n"

_PERMISSION = """(origin, kind, allowed) => {
  const { scriptSecurityManager: security, io, perms } = Services;
  const principal = security.createContentPrincipal(io.newURI(origin), {});
  perms.addFromPrincipal(principal, kind, allowed ? perms.ALLOW_ACTION : perms.DENY_ACTION);
}"""

# A press as the system would report it, on the window that Firefox shows for a notification.
_PRESS = """(title) => {
  for (const shown of Services.ww.getWindowEnumerator()) {
    const label = shown.document.getElementById("alertTitleLabel");
    if (label?.value !== title || !shown.gIsActive) continue; // not yet ready to be pressed
    const { x, y, width, height } = label.getBoundingClientRect();
    for (const kind of ["mousemove", "mousedown", "mouseup"]) {
      const at = [kind, x + width / 2, y + height / 2];
      if (shown.synthesizeMouseEvent) {
        shown.synthesizeMouseEvent(...at, { button: 0, clickCount: 1 }, {});
      } else {
        shown.windowUtils.sendMouseEvent(...at, 0, 1, 0);
      }
    }
    return true;
  }
  return false;
}"""

_TABS = """() => {
  const { gBrowser } = Services.wm.getMostRecentWindow("navigator:browser");
  return gBrowser.tabs.map((tab) => [tab.linkedBrowser.currentURI.spec, tab.selected]);
}"""

_TO_FRONT = """(index) => {
  Services.wm.getMostRecentWindow("navigator:browser").gBrowser.tabContainer.selectedIndex = index;
}"""


class MarionetteError(AssertionError):
    """Firefox did not do what it was asked to."""


class Firefox:
    """A browser with a profile of its own; one page is looked at, the first that it opened."""

    def __init__(self, folder: Path, prefs: dict[str, Pref]) -> None:
        self._port, self._next = free_port(), 0
        profile = folder / "profile"
        (profile / "chrome").mkdir(parents=True)
        (profile / "chrome" / "userChrome.css").write_text(_STAYS)
        kept = PREFS | prefs | {"marionette.port": self._port}
        lines = (f"user_pref({json.dumps(k)}, {json.dumps(v)});\n" for k, v in kept.items())
        (profile / "user.js").write_text("".join(lines))
        path = os.environ.get("MOULIN_TEST_FIREFOX") or program("firefox-esr", "firefox")
        flags = ["--headless", "--no-remote", "--marionette", "--remote-allow-system-access"]
        command = [path, *flags, "--profile", str(profile), "about:blank"]
        self.process = Process("firefox", command, folder / "firefox.log", self._listens)
        self.process.start_limit = 120.0

    async def start(self) -> None:
        """Start it; raises StartFailed."""
        await self.process.start()
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        await self._receive()  # its hello
        await self._do("WebDriver:NewSession", capabilities={})
        limits = dict.fromkeys(("implicit", "pageLoad", "script"), LIMIT)
        await self._do("WebDriver:SetTimeouts", **limits)

    async def close(self) -> None:
        """End it, within limits."""
        if not self.process.running:
            return
        with suppress(MarionetteError, OSError, EOFError, TimeoutError):
            async with asyncio.timeout(10):
                await self._do("Marionette:Quit", flags=["eForceQuit"])
        self._writer.close()
        await self.process.stop()

    async def goto(self, url: str) -> None:
        """Open a page and wait until it is loaded."""
        await self._do("WebDriver:Navigate", url=url)

    async def find(self, selector: str) -> str:
        """Wait until there is such an element."""
        found = await self._do("WebDriver:FindElement", using="css selector", value=selector)
        return str(found[_ELEMENT])

    async def click(self, selector: str) -> None:
        """Press an element as a mouse would; if that leads elsewhere, wait for the page."""
        await self._do("WebDriver:ElementClick", id=await self.find(selector))

    async def fill(self, selector: str, text: str) -> None:
        """Type into a field."""
        await self._do("WebDriver:ElementSendKeys", id=await self.find(selector), text=text)

    async def evaluate(self, function: str, *args: object) -> Any:
        """Call a JavaScript function, which may be asynchronous, in the page."""
        script = f"""const done = arguments[arguments.length - 1];
            Promise.resolve(({function})(...[...arguments].slice(0, -1))).then(
              (value) => done({{ value }}), (error) => done({{ error: String(error) }}));"""
        told = await self._do("WebDriver:ExecuteAsyncScript", script=script, args=list(args))
        if "error" in told:
            raise MarionetteError(told["error"])
        return told.get("value")

    async def permit(self, origin: str, kind: str, *, allowed: bool) -> None:
        """Answer for its user what a site may do, as its settings would."""
        await self._in_browser(_PERMISSION, origin, kind, allowed)

    async def press_notification(self, title: str) -> None:
        """Press the notification of that title, once it is there."""
        async with asyncio.timeout(LIMIT / 1000):
            while not await self._in_browser(_PRESS, title):
                await asyncio.sleep(0.05)

    async def tabs(self) -> list[tuple[str, bool]]:
        """The address of each tab, and whether it is the one in front."""
        return [(url, selected) for url, selected in await self._in_browser(_TABS)]

    async def bring_to_front(self, index: int) -> None:
        """Bring a tab to the front."""
        await self._in_browser(_TO_FRONT, index)

    async def _in_browser(self, function: str, *args: object) -> Any:
        await self._do("Marionette:SetContext", value="chrome")
        try:
            return await self.evaluate(function, *args)
        finally:
            await self._do("Marionette:SetContext", value="content")

    async def _do(self, command: str, **parameters: object) -> Any:
        self._next += 1
        asked = json.dumps([0, self._next, command, parameters])
        self._writer.write(f"{len(asked)}:{asked}".encode())
        _, number, error, result = await self._receive()
        assert number == self._next
        if error is not None:
            raise MarionetteError(f"{command} {parameters}: {error['message']}")
        return result.get("value", result) if isinstance(result, dict) else result

    async def _receive(self) -> Any:
        length = int((await self._reader.readuntil(b":"))[:-1])
        return json.loads(await self._reader.readexactly(length))

    def _listens(self) -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self._port), timeout=2):
            return True
        return False
