"""Refused, missing or silent devices never keep anybody out, and the page says what to do."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Arrive

pytestmark = pytest.mark.browser

REFUSED = "new DOMException('no', 'NotAllowedError')"
MISSING = "new DOMException('none', 'NotFoundError')"


# The page's own look at devices, and the question of permission after it, come before the second.
_LIST = """async () => {
  window.letList();
  for (let times = 0; times < 9; times += 1) await navigator.mediaDevices.enumerateDevices();
  for (let times = 0; times < 9; times += 1) await navigator.permissions.query({ name: "camera" });
}"""


def _failing(error: str) -> str:
    return f"navigator.mediaDevices.getUserMedia = () => Promise.reject({error});"


@pytest.mark.parametrize(
    ("error", "words"), [(REFUSED, "Le navigateur refuse"), (MISSING, "Aucun")]
)
async def test_a_failing_device_is_explained_and_one_enters(
    arrive: Arrive, error: str, words: str
) -> None:
    lea = await arrive()
    await lea.page.add_init_script(_failing(error))
    await lea.to_green_room()
    for device in ("microphone", "camera"):
        await lea.page.click(f"#green-{device}")
        await lea.page.wait_for_selector(f"#green-advice-text:has-text('{words}')")
        assert await lea.page.get_attribute(f"#green-{device}", "aria-pressed") == "false"
    await lea.page.click("#green-enter")
    await lea.wait_inside()
    await asyncio.gather(  # the banner goes away by itself
        lea.page.wait_for_selector(f"#banner-text:has-text('{words}')"), lea.press("camera")
    )
    await lea.page.wait_for_selector(".bar [data-command=camera][aria-pressed=false]")


async def test_a_device_that_never_answers_does_not_hold_anybody(arrive: Arrive) -> None:
    lea = await arrive()
    await lea.page.add_init_script(
        "navigator.mediaDevices.getUserMedia = () => new Promise(() => {});"
    )
    await lea.to_green_room()
    await lea.page.clock.install()
    await lea.page.click("#green-camera")
    await lea.page.wait_for_selector("#green-camera[aria-busy=true]")
    await lea.page.clock.run_for(16_000)
    await lea.page.wait_for_selector("#green-advice-text:has-text('ne répond pas')")
    await lea.page.click("#green-enter-bare")
    await lea.wait_inside()


async def test_nothing_is_asked_before_a_click_and_choices_are_remembered(arrive: Arrive) -> None:
    lea = await arrive()
    await lea.page.add_init_script(
        """window.asked = 0;
        const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
        navigator.mediaDevices.getUserMedia = (wanted) => {
          window.asked += 1;
          return ask(wanted);
        };
        const list = navigator.mediaDevices.enumerateDevices.bind(navigator.mediaDevices);
        const held = new Promise((resolve) => { window.letList = resolve; });
        navigator.mediaDevices.enumerateDevices = () => held.then(list);"""
    )
    await lea.to_green_room()
    assert await lea.page.evaluate("window.asked") == 0
    assert await lea.page.get_attribute("#green-microphone", "aria-pressed") == "false"
    await lea.turn_on("camera")  # while the page still looks for devices
    await lea.page.check("#green-skip")
    await lea.page.evaluate(_LIST)
    assert await lea.page.get_attribute("#green-camera", "aria-pressed") == "true"
    assert await lea.page.is_checked("#green-skip")  # for another time
    assert await lea.page.get_attribute("#green-enter", "aria-disabled") != "true"
    await lea.page.reload()
    await lea.page.evaluate("letList()")
    await lea.wait_inside()
    await lea.page.wait_for_selector(".bar [data-command=camera][aria-pressed=true]")
    microphone = lea.page.locator(".bar [data-command=microphone]")
    await expect(microphone).to_have_attribute("aria-pressed", "false")
