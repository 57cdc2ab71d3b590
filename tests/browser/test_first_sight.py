"""The first moments in an office: others are seen at once, and nothing of oneself holds that up."""

from __future__ import annotations

import asyncio

import pytest
from livekit.protocol.rtc import SignalRequest, UpdateTrackSettings
from playwright.async_api import expect

from tests.browser.conftest import Arrive
from tests.browser.coworker import Coworker
from tests.browsers import PATIENCE

pytestmark = pytest.mark.browser

_NOTE_WHAT_IS_SAID = """() => {
  window.said = [];
  const send = WebSocket.prototype.send;
  WebSocket.prototype.send = function (data) {
    window.said.push([...new Uint8Array(data.buffer ?? data)]);
    return send.call(this, data);
  };
}"""
_HOLD_PUBLISHING = """() => {
  const own = window.moulin.room.localParticipant;
  const publish = own.publishTrack.bind(own);
  const held = new Promise((resolve) => { window.letPublish = resolve; });
  own.publishTrack = async (...all) => { await held; return publish(...all); };
}"""
_OWN_MICROPHONE = "window.moulin.room.localParticipant.getTrackPublication('microphone')"


async def _settings_asked(person: Coworker) -> list[UpdateTrackSettings]:
    said = [SignalRequest.FromString(bytes(each)) for each in await person.page.evaluate("said")]
    return [each.track_setting for each in said if each.HasField("track_setting")]


async def test_pictures_in_sight_are_never_asked_to_stop(arrive: Arrive) -> None:
    """Asked to stop and to go on, a picture would wait for another keyframe: half a second."""
    amadou = await (await arrive("Amadou")).enter(devices=("camera",))
    lea = await arrive("Léa")
    await lea.context.add_init_script(f"({_NOTE_WHAT_IS_SAID})()")
    await lea.enter()
    await lea.wait_receiving("Amadou", "camera", frames=10)
    async with asyncio.timeout(PATIENCE / 1000):  # they may be said after the first pictures
        while not (settings := await _settings_asked(lea)):
            await asyncio.sleep(0.1)
    assert not any(each.disabled for each in settings)
    assert lea.problems == amadou.problems == []


async def test_one_is_inside_before_one_is_heard_and_may_still_fall_silent(arrive: Arrive) -> None:
    lea = await arrive("Léa")
    await lea.to_green_room()
    await lea.turn_on("microphone")
    await lea.page.evaluate(_HOLD_PUBLISHING)
    await lea.page.click("#green-enter")
    await lea.wait_inside()
    await lea.wait_for(
        "document.querySelector('.bar [data-command=microphone][aria-pressed=true]')"
    )
    await lea.press("microphone")
    await lea.page.evaluate("letPublish()")
    await lea.wait_for(f"{_OWN_MICROPHONE}?.isMuted === true")
    await lea.press("microphone")
    await lea.wait_for(f"{_OWN_MICROPHONE}?.isMuted === false")


async def test_who_cannot_enter_is_back_in_the_green_room(arrive: Arrive) -> None:
    lea = await arrive("Léa")
    await lea.to_green_room()
    await lea.context.route("**/entrer", lambda route: route.abort())
    await lea.page.click("#green-enter")
    await lea.page.wait_for_selector("#green-error:not([hidden])")
    await expect(lea.page.locator("#room")).to_be_hidden()
    await expect(lea.page.locator("#green-enter")).to_be_visible()
    await lea.context.unroute("**/entrer")
    await lea.page.click("#green-enter")
    await lea.wait_inside()
    await expect(lea.page.locator("#room")).to_be_visible()
