"""A publisher's own link: its browser learns how wide it is from when its packets came to us."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from statistics import median

import pytest
from playwright.async_api import Browser

from tests.conftest import RelayFactory
from tests.faults.visitor import Visitor
from tests.processes import Moulin
from tests.relay import Impairment, Relay, page_script

pytestmark = [pytest.mark.browser, pytest.mark.alone]

WIDE = Impairment(rate=4e6, delay=0.02)
NARROW = 300e3
CAMERA = {
    # A machine that is short of time makes fewer pictures then: smaller ones are for narrow links.
    "video": {"simulcast": True, "degradationPreference": "maintain-resolution"},
    "capture": {"resolution": {"width": 960, "height": 540, "frameRate": 20}},
}

_SENT = """async () => {
  const track = window.room.localParticipant.getTrackPublication("camera").track;
  let octets = 0, available = 0;
  (await track.getRTCStatsReport()).forEach((each) => {
    if (each.type === "outbound-rtp") octets += each.bytesSent;
    if (each.type === "candidate-pair") available = each.availableOutgoingBitrate ?? available;
  });
  return [performance.now() / 1000, octets, available];
}"""


@dataclass(frozen=True)
class Uplink:
    """What a page sent in a second and a bit: bits per second, and the most that it would dare."""

    bitrate: float
    available: float


class Publisher:
    """A page whose camera goes through a relay."""

    def __init__(self, visitor: Visitor, link: Relay) -> None:
        self.visitor, self.link = visitor, link
        self.seen: list[Uplink] = []

    async def look(self) -> Uplink:
        """Watch it for a second."""
        began, before, _ = await self.visitor.page.evaluate(_SENT)
        await asyncio.sleep(1)
        ended, after, available = await self.visitor.page.evaluate(_SENT)
        self.seen.append(Uplink((after - before) * 8 / (ended - began), available))
        return self.seen[-1]

    async def until(self, enough: Callable[[Uplink], bool], within: float) -> float:
        """The seconds until what it sends is as wanted; AssertionError with all that was seen."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        while not enough(await self.look()):
            took = loop.time() - began
            assert took < within, [round(each.bitrate / 1000) for each in self.seen]
        return loop.time() - began


Publish = Callable[[Browser], Awaitable[Publisher]]


@pytest.fixture
async def publish(moulin: Moulin, relay: RelayFactory) -> AsyncIterator[Publish]:
    """`await publish(firefox)`: a page of that browser that films, on a link of 4 Mb/s."""
    visitors: list[Visitor] = []

    async def start(browser: Browser) -> Publisher:
        name = browser.browser_type.name
        link = await relay(moulin.rtc_port, up=WIDE, down=Impairment(delay=0.02), seed=7)
        script = page_script(moulin.rtc_port, link.port)
        visitor = await Visitor.open(browser, moulin, f"films-{name}", script)
        visitors.append(visitor)
        await visitor.join(f"uplink-{name}")
        await visitor.publish(CAMERA)
        return Publisher(visitor, link)

    yield start
    for visitor in visitors:
        await visitor.close()


async def test_chromium_leaves_a_squeezed_uplink_and_takes_it_again(
    publish: Publish, chromium: Browser
) -> None:
    one = await publish(chromium)
    climbed = await one.until(lambda seen: seen.available > 1.2e6 and seen.bitrate > 600e3, 40)
    await squeeze(one, climbed)
    assert one.seen[-1].available > 2 * NARROW


async def test_firefox_leaves_a_squeezed_uplink_and_takes_it_again(
    publish: Publish, firefox: Browser
) -> None:
    one = await publish(firefox)  # which does not say what it would dare
    await squeeze(one, await one.until(lambda seen: seen.bitrate > 600e3, 40))


async def squeeze(one: Publisher, climbed: float) -> None:
    """Narrow a publisher's link for a while: what it sends must follow, both ways."""
    one.link.up.impairment = replace(WIDE, rate=NARROW)
    fell = await one.until(lambda seen: seen.bitrate < NARROW * 1.25, 12)
    lost = one.link.lost
    # Of some seconds, the one in the middle: in any of them the browser may try for more.
    held = median([(await one.look()).bitrate for _ in range(5)])
    late = one.link.lost - lost

    one.link.up.impairment = WIDE
    recovered = await one.until(lambda seen: seen.bitrate > 2 * NARROW, 45)
    print(
        f"climbed in {climbed:.1f} s, fell in {fell:.1f} s, then {late} packets were"
        f" lost at {held / 1000:.0f} kb/s, recovered in {recovered:.1f} s"
    )
    assert held < NARROW * 1.25
