"""Whose network changes in mid-call goes on: by the next check, or by an ICE restart."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser

from tests.conftest import RelayFactory
from tests.faults.visitor import Visitor
from tests.interop.tcp_proxy import TcpProxy
from tests.processes import Moulin
from tests.relay import page_script
from tests.stalls import Stalls, stalled

pytestmark = pytest.mark.browser

BROWSERS = pytest.mark.parametrize("name", ["chromium", "firefox"])
MODES = pytest.mark.parametrize("single", [True, False], ids=["v1", "v0"])

_SAY = """async (texts) => {
  for (const text of texts) {
    await window.room.localParticipant.publishData(
      new TextEncoder().encode(text), { reliable: true });
  }
}"""


class Takeover:
    """When the first check came by a new path, and when the first media went back by it."""

    def __init__(self) -> None:
        self.check: float | None = None
        self.media: float | None = None

    def see(self, direction: str, data: bytes) -> None:
        now = time.time()
        if direction == "up" and data[:2] == b"\x00\x01" and self.check is None:
            self.check = now
        if direction == "down" and 127 < data[0] < 192 and self.check and self.media is None:
            self.media = now


@pytest.fixture
async def proxy(moulin: Moulin) -> AsyncIterator[TcpProxy]:
    """Between one page and the signalling."""
    between = TcpProxy(moulin.http_port)
    await between.start()
    yield between
    await between.stop()


@pytest.mark.alone
@BROWSERS
@MODES
async def test_a_new_address_is_taken_over_within_a_second_of_its_first_check(
    moulin: Moulin, chromium: Browser, firefox: Browser, relay: RelayFactory, name: str,
    single: bool,
) -> None:  # fmt: skip
    browser = {"chromium": chromium, "firefox": firefox}[name]
    room = f"rebind {name} {single}"
    path = await relay(moulin.rtc_port)
    mover = await Visitor.open(browser, moulin, "mover", page_script(moulin.rtc_port, path.port))
    other = await Visitor.open(chromium, moulin, "other")
    await mover.join(room, single=single)
    await other.join(room, single=single)
    await asyncio.gather(mover.publish(), other.publish())
    await asyncio.gather(mover.sees("other"), other.sees("mover"))

    takeover = Takeover()
    async with Stalls() as stalls:
        await path.rebind()
        path.on_datagram = takeover.see
        await asyncio.gather(mover.sees("other"), other.sees("mover"), other.hears("mover"))

    assert takeover.check is not None
    assert takeover.media is not None
    took = takeover.media - takeover.check
    assert took - stalled(stalls.noted, takeover.check, takeover.media) < 1.0
    assert await mover.page.evaluate("window.states") == ["connecting", "connected"]
    for each in (mover, other):
        await each.close()


@BROWSERS
@MODES
async def test_another_network_is_reached_by_an_ice_restart_and_no_message_is_lost(
    moulin: Moulin, chromium: Browser, firefox: Browser, relay: RelayFactory, proxy: TcpProxy,
    name: str, single: bool,
) -> None:  # fmt: skip
    browser = {"chromium": chromium, "firefox": firefox}[name]
    room = f"moving {name} {single}"
    wifi, mobile = await relay(moulin.rtc_port), await relay(moulin.rtc_port)
    script = page_script(moulin.rtc_port, wifi.port)
    mover = await Visitor.open(browser, moulin, "mover", script, port=proxy.port)
    other = await Visitor.open(chromium, moulin, "other")
    await mover.join(room, single=single)
    await other.join(room, single=single)
    await asyncio.gather(mover.publish(), other.publish())
    await asyncio.gather(mover.sees("other"), other.sees("mover"))
    sid = await mover.page.evaluate("window.room.localParticipant.sid")
    said = [f"{number}" for number in range(40)]

    async def both_say(texts: list[str]) -> None:
        await asyncio.gather(*(one.page.evaluate(_SAY, texts) for one in (mover, other)))

    await both_say(said[:10])
    await mover.page.evaluate("(port) => { window.relayPort = port; }", mobile.port)
    wifi.change(loss=1.0)
    proxy.cut()
    noticed = "() => window.states.length > 2"  # no longer just connected
    await mover.page.wait_for_function(noticed, timeout=60_000)
    await both_say(said[10:20])  # while the one is away, by the old path or waiting for the new
    await asyncio.gather(mover.sees("other"), other.sees("mover"))
    await both_say(said[20:])
    for each in (mover, other):
        heard = "(all) => window.heard.length >= all"
        await each.page.wait_for_function(heard, arg=len(said), timeout=60_000)
        assert await each.page.evaluate("window.heard") == said
    assert mobile.carried > 50
    assert await mover.page.evaluate("window.room.localParticipant.sid") == sid
    assert await other.page.evaluate("window.states") == ["connecting", "connected"]
    for each in (mover, other):
        await each.close()
