"""Three people in one office see and hear each other, see a shared screen, and see who leaves."""

from __future__ import annotations

import asyncio

import pytest

from tests.browser.conftest import Arrive
from tests.browser.coworker import Coworker
from tests.stalls import NOTE_STALLS, stalled

pytestmark = pytest.mark.browser
NAMES = ["Léa", "Amadou", "Zoé"]

# Measured in the pages, whose clock is one: the driver itself may be slow on a busy machine.
_LEAVE = """() => {
  const now = Date.now() / 1000;
  document.querySelector(".bar [data-command=leave]").click();
  return now;
}"""
_NOTE_WHEN_GONE = """(name) => {
  const stage = document.querySelector("#stage");
  const look = () => {
    if (!window.goneAt && !stage.innerText.includes(name)) window.goneAt = Date.now() / 1000;
  };
  new MutationObserver(look).observe(stage, { childList: true, subtree: true });
}"""

# A machine that is short of time makes smaller pictures of a camera, unless told otherwise.
_OWN_CAMERA = "window.moulin.room.localParticipant.getTrackPublication('camera')?.track"

# The tiles are arranged once the new size of the stage has been observed, within a frame or two.
_LAID_OUT = """async () => {
  for (let frame = 0; frame < 3; frame += 1) await new Promise(requestAnimationFrame);
}"""
_PAGER_COVERS = """() => {
  const pager = document.querySelector("#pager").getBoundingClientRect();
  return [...document.querySelectorAll(".tile")].filter((tile) => {
    const box = tile.getBoundingClientRect();
    return box.width && box.left < pager.right && box.right > pager.left
      && box.top < pager.bottom && box.bottom > pager.top;
  }).length;
}"""


@pytest.mark.alone
async def test_three_pages_see_hear_share_and_leave(arrive: Arrive) -> None:
    people = [await arrive(name) for name in NAMES]
    for person in people:
        await person.enter(devices=("microphone", "camera"))

    await asyncio.gather(*(_sees_and_hears_the_others(person, people) for person in people))

    await people[0].press("share")
    for person in people[1:]:
        await person.wait_receiving("Léa", "screen_share", frames=5)
        await person.wait_for("document.querySelector('#spotlight .tile[data-screen] video')")
    await _turns_pages_beside_the_screen(people[1])
    await _stops_sharing_on_a_phone(people[0], people[1])

    for person in people[:2]:
        await person.page.evaluate(NOTE_STALLS)
        await person.page.evaluate(_NOTE_WHEN_GONE, "Zoé")
    left_at = await people[2].page.evaluate(_LEAVE)
    for person in people[:2]:
        await person.wait_for("window.goneAt")
        gone_at, stalls = await person.page.evaluate("[window.goneAt, window.stalls]")
        assert gone_at - left_at - stalled(stalls, left_at, gone_at) < 2
    await people[2].comes_to("*/au-revoir?raison=left")
    for person in people:
        assert person.problems == []


async def _sees_and_hears_the_others(person: Coworker, people: list[Coworker]) -> None:
    others = [other.name for other in people if other is not person]
    for name in others:
        await person.wait_receiving(name, "camera", frames=10)
        await person.wait_receiving(name, "microphone", energy=0.0001)
    before = {t["name"]: t for t in await person.received() if t["source"] == "camera"}
    for name in others:
        more = before[name]["frames"] + 10
        await person.wait_receiving(name, "camera", frames=more, width=240)


async def _turns_pages_beside_the_screen(person: Coworker) -> None:
    """Where not everybody fits beside what is looked at, the pager stands on nobody."""
    for width, height in ((1280, 340), (320, 640)):
        await person.page.set_viewport_size({"width": width, "height": height})
        await person.page.evaluate(_LAID_OUT)
        await person.page.wait_for_selector("#pager-short:has-text('1 /')")
        await person.wait_for(f"({_PAGER_COVERS})() === 0")


async def _stops_sharing_on_a_phone(sharer: Coworker, watcher: Coworker) -> None:
    """Where the button of the bar is in a menu, a line says that one's screen is seen."""
    await sharer.page.wait_for_selector("#sharing", state="hidden")  # the button says it
    await sharer.page.set_viewport_size({"width": 320, "height": 640})
    await sharer.page.wait_for_selector("#sharing:visible")
    wide = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    await sharer.wait_for(wide)
    await sharer.page.click("#sharing button")
    await sharer.page.wait_for_selector("#sharing", state="hidden")
    await watcher.wait_for("!document.querySelector('.tile[data-screen]')")


async def test_a_hidden_person_is_not_sent_pictures(arrive: Arrive) -> None:
    """Adaptive stream: a small tile gets a small picture, a pinned one a large picture."""
    lea = await (await arrive("Léa")).enter()
    amadou = await (await arrive("Amadou")).enter(devices=("camera",))
    await amadou.wait_for(_OWN_CAMERA)
    await amadou.page.evaluate(f"{_OWN_CAMERA}.setDegradationPreference('maintain-resolution')")
    await lea.wait_receiving("Amadou", "camera", frames=5)
    await lea.page.set_viewport_size({"width": 360, "height": 640})
    await lea.wait_for("(document.querySelectorAll('#grid video')[1] ?? {}).videoWidth <= 640")
    await lea.page.set_viewport_size({"width": 1600, "height": 1000})
    await lea.wait_for(
        "[...document.querySelectorAll('#grid video')].some((video) => video.videoWidth > 640"
        " && !video.closest('[data-self]'))"
    )
    assert lea.problems == []
    assert amadou.problems == []
