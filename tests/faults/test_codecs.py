"""Each video codec between real pages, and who cannot decode one is not troubled with it."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

import pytest
from playwright.async_api import Browser

from tests.faults.visitor import PATIENCE, Visitor
from tests.processes import Moulin

pytestmark = pytest.mark.browser

SIMULCAST: dict[str, Any] = {"simulcast": True, "backupCodec": False}
WAYS = {
    "h264": {"videoCodec": "h264", **SIMULCAST},
    "vp9-simulcast": {"videoCodec": "vp9", "scalabilityMode": "L1T3", **SIMULCAST},
    "vp9-svc": {"videoCodec": "vp9", "backupCodec": False},
    "av1-svc": {"videoCodec": "av1", "backupCodec": False},
    "av1-simulcast": {"videoCodec": "av1", "scalabilityMode": "L1T3", **SIMULCAST},
}
SMALL_CAPTURE = {"resolution": {"width": 640, "height": 360, "frameRate": 15}}
CAPTURE = {"resolution": {"width": 1280, "height": 720, "frameRate": 20}}


async def test_who_asks_for_a_codec_that_is_not_forwarded_sends_another(
    moulin: Moulin, chromium: Browser
) -> None:
    ana = await Visitor.open(chromium, moulin, "ana")
    bob = await Visitor.open(chromium, moulin, "bob")
    await asyncio.gather(ana.join("another codec"), bob.join("another codec"))
    await ana.publish({"video": {"videoCodec": "h265"}, "capture": CAPTURE})
    assert (await bob.sees("ana"))["codec"] == "video/VP8"
    for each in (ana, bob):
        await each.close()


async def test_firefox_is_not_troubled_with_what_it_cannot_decode(
    moulin: Moulin, chromium: Browser, firefox: Browser
) -> None:
    ana = await Visitor.open(chromium, moulin, "ana")
    eve = await Visitor.open(chromium, moulin, "eve")
    bob = await Visitor.open(firefox, moulin, "bob")
    await asyncio.gather(*(each.join("undecodable") for each in (ana, eve, bob)))
    await bob.page.evaluate(
        """() => { window.failed = []; window.room.on(
            window.livekit.RoomEvent.TrackSubscriptionFailed,
            (sid) => window.failed.push(sid)); }"""
    )
    await ana.publish({"video": WAYS["h264"], "capture": CAPTURE})
    await eve.publish({"video": WAYS["vp9-svc"], "capture": CAPTURE})
    await asyncio.gather(eve.sees("ana"), bob.sees("eve"))
    async with asyncio.timeout(PATIENCE):  # Debian's has no H.264
        while not (await bob.received("ana", "video"))["frames"]:
            if await bob.page.evaluate("window.failed.length") == 1:
                break
            await asyncio.sleep(0.1)
    for each in (ana, eve, bob):
        await each.close()


_WITHOUT_AV1 = """for (const name of ["createOffer", "createAnswer"]) {
  const original = RTCPeerConnection.prototype[name];
  RTCPeerConnection.prototype[name] = function (...options) {
    const { codecs } = RTCRtpReceiver.getCapabilities("video");
    const known = codecs.filter((each) => each.mimeType !== "video/AV1");
    for (const each of this.getTransceivers())
      if (each.receiver.track.kind === "video" && each.direction === "recvonly")
        each.setCodecPreferences(known);
    return original.apply(this, options);
  };
}"""


@pytest.mark.parametrize(("policy", "single"), [(0, True), (1, False)], ids=["all-v1", "each-v0"])
async def test_who_cannot_decode_the_codec_gets_the_backup(
    moulin: Moulin, chromium: Browser, policy: int, single: bool
) -> None:
    room = f"backup {policy}"
    ana = await Visitor.open(chromium, moulin, "ana")
    eve = await Visitor.open(chromium, moulin, "eve")
    bob = await Visitor.open(chromium, moulin, "bob", _WITHOUT_AV1)
    await asyncio.gather(ana.join(room, single=single), eve.join(room, single=single))
    video = {"videoCodec": "av1", "backupCodecPolicy": policy}
    await ana.publish({"video": video, "capture": SMALL_CAPTURE})
    seen = await eve.sees("ana")
    assert seen["codec"] == seen["mimeType"] == "video/AV1"
    await bob.join(room, single=single)
    assert (await bob.sees("ana"))["codec"] == "video/VP8"
    kept = "video/AV1" if policy else "video/VP8"
    await eve.until("ana", "video", lambda each: each["codec"] == kept)
    assert (await eve.sees("ana"))["codec"] == kept
    await ana.page.evaluate("() => window.room.localParticipant.setCameraEnabled(false)")
    await ana.page.evaluate("() => window.room.localParticipant.setCameraEnabled(true)")
    await asyncio.gather(eve.sees("ana"), bob.sees("ana"))
    await bob.close()
    await eve.until("ana", "video", lambda each: each["codec"] == "video/AV1")
    await eve.sees("ana")
    for each in (ana, eve):
        assert not each.errors
        await each.close()


@pytest.mark.parametrize("single", [True, False], ids=["v1", "v0"])
@pytest.mark.parametrize("way", [way for way in WAYS if way != "av1-svc"])  # seen above
async def test_each_codec_between_two_pages(
    moulin: Moulin, chromium: Browser, way: str, single: bool
) -> None:
    room = f"codec {way} {single}"
    ana = await Visitor.open(chromium, moulin, "ana")
    bob = await Visitor.open(chromium, moulin, "bob")
    await asyncio.gather(ana.join(room, single=single), bob.join(room, single=single))
    await ana.publish({"video": WAYS[way], "capture": CAPTURE})
    seen = await bob.sees("ana", 30)
    assert seen["codec"].lower() == f"video/{way.split('-')[0]}"
    assert seen["mimeType"].lower() == seen["codec"].lower()
    for each in (ana, bob):
        assert not each.errors
        await each.close()


def is_wide(least: int, most: int, report: dict[str, Any]) -> bool:
    return least <= (report["width"] or 0) <= most


_WANT = """(quality) => { for (const person of window.room.remoteParticipants.values())
  for (const each of person.videoTrackPublications.values()) each.setVideoQuality(quality); }"""


@pytest.mark.parametrize("way", ["vp9-svc", "av1-svc"])
async def test_spatial_layers_of_one_stream_are_dropped_and_come_back(
    moulin: Moulin, chromium: Browser, way: str
) -> None:
    ana = await Visitor.open(chromium, moulin, "ana")
    bob = await Visitor.open(chromium, moulin, "bob")
    room = f"layers {way}"
    await asyncio.gather(ana.join(room), bob.join(room))
    # A machine that is short of time encodes fewer pictures then, rather than smaller ones.
    video = {**WAYS[way], "degradationPreference": "maintain-resolution"}
    await ana.publish({"video": video, "capture": CAPTURE})
    await bob.until("ana", "video", partial(is_wide, 641, 1280))
    for quality, least, most in ((0, 1, 320), (2, 641, 1280), (1, 321, 640)):
        await bob.page.evaluate(_WANT, quality)
        await bob.until("ana", "video", partial(is_wide, least, most))
        await bob.sees("ana")
    for each in (ana, bob):
        await each.close()
