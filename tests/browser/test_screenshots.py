"""Pictures for people to look at, in screenshots/: each language, theme and size crossed."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Literal

import pytest
from playwright.async_api import ViewportSize

from tests.browser.conftest import Arrive
from tests.browser.coworker import COMMUNITY, OFFICE, Coworker

pytestmark = pytest.mark.browser
SIZES: list[ViewportSize] = [{"width": 360, "height": 740}, {"width": 1280, "height": 800}]
THEMES: list[Literal["light", "dark"]] = ["light", "dark"]
LANGUAGES = ["fr", "en"]
# A video that has just changed size is blank until its next frame; one that stands still has none.
_PAINTED = """() => Promise.all([...document.querySelectorAll("video")]
  .filter((video) => video.checkVisibility())
  .map((video) => new Promise((resolve) => {
    video.requestVideoFrameCallback(resolve);
    setTimeout(resolve, 2000);
  })))"""
PLACES = ["facade", "door", "green-room", "office"]


async def test_facade_door_green_room_and_office(arrive: Arrive, screenshots: Path) -> None:
    for old in screenshots.glob("*.png"):
        old.unlink()
    company = await (await arrive("Amadou Diallo")).enter(devices=("camera",))
    visitors = [await arrive("Léa Tremblay", locale=f"{lang}-CA") for lang in LANGUAGES]
    for lea, lang in zip(visitors, LANGUAGES, strict=True):
        await _walk(lea, lang, screenshots)
    await company.press("leave")
    crossed = product(PLACES, LANGUAGES, SIZES, THEMES)
    wanted = {_name(place, lang, size, theme) for place, lang, size, theme in crossed}
    assert {each.name for each in screenshots.glob("*.png")} == wanted


async def _walk(lea: Coworker, lang: str, folder: Path) -> None:
    """One walk for each language: themes and sizes change under the same page."""
    await lea.open(COMMUNITY)
    await lea.page.wait_for_selector(".presence:not([data-count='0'])")
    await _picture(lea, "facade", lang, folder)
    await lea.open(OFFICE)
    await _picture(lea, "door", lang, folder)
    await lea.to_green_room()
    await lea.turn_on("camera")
    await lea.wait_for("document.querySelector('#preview-video').videoWidth > 0")
    await _picture(lea, "green-room", lang, folder)
    await lea.page.click("#green-enter")
    await lea.wait_inside()
    await lea.wait_receiving("Amadou Diallo", "camera", frames=5)
    await lea.wait_for("document.querySelectorAll('.tile video:not([hidden])').length === 2")
    await _picture(lea, "office", lang, folder)
    await lea.press("leave")


async def _picture(lea: Coworker, place: str, lang: str, folder: Path) -> None:
    """The page as it is, in each theme and size; whole where it scrolls."""
    for size in SIZES:
        await lea.page.set_viewport_size(size)
        for theme in THEMES:
            await lea.page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            await lea.page.evaluate(_PAINTED)
            path = folder / _name(place, lang, size, theme)
            await lea.page.screenshot(path=path, full_page=place in ("facade", "door"))


def _name(place: str, lang: str, size: ViewportSize, theme: str) -> str:
    return f"{place}-{lang}-{size['width']}-{theme}.png"
