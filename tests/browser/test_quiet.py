"""What keeps an office quiet: silence, one's own picture hidden, sounds and keys turned off."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Arrive

pytestmark = pytest.mark.browser

_COUNT_SOUNDS = """(() => {
  window.sounds = 0;
  const make = AudioContext.prototype.createOscillator;
  AudioContext.prototype.createOscillator = function () {
    window.sounds += 1;
    return make.call(this);
  };
})()"""


async def test_silence_keeps_the_seat_and_stops_all_that_comes(arrive: Arrive) -> None:
    amadou = await (await arrive("Amadou")).enter(devices=("camera", "microphone"))
    lea = await (await arrive("Léa")).enter(devices=("microphone",))
    await lea.wait_receiving("Amadou", "camera", frames=2)
    await lea.page.keyboard.press("s")
    await lea.page.wait_for_selector("#hush-banner:visible")
    await lea.page.wait_for_selector("html[data-microphone=off]")
    await lea.page.wait_for_function(
        "() => [...window.moulin.room.remoteParticipants.values()].every((each) =>"
        " [...each.trackPublications.values()].every((track) => !track.track))"
    )
    seen = "#grid .tile:not([data-self]) .status-dot[data-status=dnd]"
    await amadou.page.wait_for_selector(seen)
    await amadou.press("microphone")  # what comes while one is silent does not come in
    await amadou.press("camera")
    await amadou.press("camera")
    assert await lea.page.locator("audio").count() == 0
    await lea.page.click("#hush-banner button")
    await lea.page.wait_for_selector("#hush-banner", state="hidden")
    await lea.wait_receiving("Amadou", "camera", frames=2)
    await amadou.page.wait_for_selector(seen, state="detached")
    microphone = lea.page.locator(".bar [data-command=microphone]")
    await expect(microphone).to_have_attribute("aria-pressed", "false")


async def test_own_picture_sounds_and_keys_can_be_turned_off(arrive: Arrive) -> None:
    lea = await (await arrive("Léa")).enter()
    await lea.page.evaluate(_COUNT_SOUNDS)

    async def choose(command: str) -> None:
        await lea.page.evaluate("document.getElementById('more-menu').showPopover()")
        await lea.page.click(f"#more-menu [data-command={command}]")

    first = await (await arrive("Amadou")).enter()
    await lea.wait_for("window.sounds > 0")
    await choose("sounds")
    await choose("hide-self")
    await lea.page.wait_for_selector("#grid .tile[data-self]", state="detached")
    heard = await lea.page.evaluate("window.sounds")
    await first.press("leave")
    await lea.wait_for("document.querySelectorAll('#people .person-row').length === 1")
    await lea.wait_for("document.getElementById('announcements').textContent.includes('Départs')")
    assert await lea.page.evaluate("window.sounds") == heard
    await choose("hide-self")
    await lea.page.wait_for_selector("#grid .tile[data-self]")
    await choose("shortcuts")
    for key in ("r", "c", "Space", "Control+e"):
        await lea.page.keyboard.press(key)
    assert await lea.page.locator(".bar [aria-pressed=true]").count() == 0
    await choose("shortcuts")
    await lea.page.keyboard.press("r")
    await lea.page.wait_for_selector(".bar [data-command=hand][aria-pressed=true]")
