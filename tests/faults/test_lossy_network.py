"""A network that loses 5% both ways, delays and reorders still gives moving pictures and sound."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from playwright.async_api import Browser, Page

from server.signalling.tokens import sign
from tests.browsers import close_profile, open_profile
from tests.conftest import RelayFactory
from tests.processes import Moulin
from tests.relay import Impairment, page_script

pytestmark = [pytest.mark.browser, pytest.mark.alone]

BAD = Impairment(loss=0.05, delay=0.02, jitter=0.015, reorder=0.01, duplicate=0.01)
CLIENT = "/static/any/vendor/livekit-client/livekit-client.esm.mjs"

PUBLISH = """async ([client, url, token]) => {
  const { Room } = await import(client);
  window.room = new Room();
  const patience = { peerConnectionTimeout: 60000, websocketTimeout: 60000 };
  await window.room.connect(url, token, patience);
  await window.room.localParticipant.enableCameraAndMicrophone();
}"""

WATCH = """async ([client, url, token]) => {
  const { Room, RoomEvent } = await import(client);
  const room = window.room = new Room();
  const seen = new Promise((resolve) => room.on(RoomEvent.TrackSubscribed, (track) => {
    document.body.append(track.attach());
    if (track.kind === "video") resolve();
  }));
  await room.connect(url, token, { peerConnectionTimeout: 60000, websocketTimeout: 60000 });
  await seen;
}"""

RECEIVED = """async () => {
  const received = {};
  for (const person of window.room.remoteParticipants.values()) {
    for (const { track } of person.trackPublications.values()) {
      for (const [, report] of (await track?.getRTCStatsReport()) ?? []) {
        if (report.type === "inbound-rtp") received[report.kind] = report;
      }
    }
  }
  return received;
}"""

ENCODED = """async () => {
  const { track } = window.room.localParticipant.getTrackPublication("camera");
  const layers = [...await track.getRTCStatsReport()].map(([, report]) => report)
    .filter((report) => report.type === "outbound-rtp");
  return Math.max(...layers.map((layer) => layer.framesEncoded ?? 0));
}"""

TIMES, PICTURES = 20, 10
"""So often, while so many pictures are made, at least one must be shown."""


async def open_page(browser: Browser, moulin: Moulin, relay_port: int) -> Page:
    """A page of a person of their own, whose media goes through the relay."""
    context = await open_profile(browser, permissions=["camera", "microphone"])
    await context.add_init_script(page_script(moulin.rtc_port, relay_port))
    page = await context.new_page()
    await page.goto(moulin.url + "/confidentialite")
    return page


def joining(moulin: Moulin, identity: str) -> list[str]:
    """What the page's script needs to join."""
    token = sign(
        moulin.api_key, moulin.api_secret, now=time.time(), identity=identity, room="lossy"
    )
    return [CLIENT, moulin.ws_url, token]


async def shown(page: Page) -> int:
    """How many pictures the page has decoded."""
    received: dict[str, Any] = await page.evaluate(RECEIVED)
    return int(received.get("video", {}).get("framesDecoded", 0))


async def heard(page: Page) -> int:
    """How many packets of sound came to the page."""
    received: dict[str, Any] = await page.evaluate(RECEIVED)
    return int(received.get("audio", {}).get("packetsReceived", 0))


async def until_more(count: Callable[[], Awaitable[int]], than: int) -> None:
    """Wait until the count is above `than`, 60 s at most."""
    async with asyncio.timeout(60):
        while await count() <= than:
            await asyncio.sleep(0.1)


async def test_pictures_move_and_sound_is_heard_through_five_percent_loss(
    moulin: Moulin, chromium: Browser, relay: RelayFactory
) -> None:
    before_publisher = await relay(moulin.rtc_port, up=BAD, down=BAD, seed=1)
    before_viewer = await relay(moulin.rtc_port, up=BAD, down=BAD, seed=2)
    publisher = await open_page(chromium, moulin, before_publisher.port)
    viewer = await open_page(chromium, moulin, before_viewer.port)
    await publisher.evaluate(PUBLISH, joining(moulin, "publisher"))
    await viewer.evaluate(WATCH, joining(moulin, "viewer"))
    await until_more(lambda: shown(viewer), 5)
    await until_more(lambda: heard(viewer), 0)  # it may come after the first pictures

    # Counted by the publisher's pictures rather than by a clock: a busy machine makes fewer.
    first: dict[str, Any] = await viewer.evaluate(RECEIVED)
    moved = 0
    for _ in range(TIMES):
        before, made = await shown(viewer), int(await publisher.evaluate(ENCODED))
        await until_more(lambda: publisher.evaluate(ENCODED), made + PICTURES)
        moved += await shown(viewer) > before
    last: dict[str, Any] = await viewer.evaluate(RECEIVED)

    assert before_publisher.lost > 20
    assert before_viewer.lost > 20
    assert moved > TIMES / 2
    assert last["audio"]["totalAudioEnergy"] > first["audio"]["totalAudioEnergy"]
    for page in (publisher, viewer):
        await close_profile(page.context)
