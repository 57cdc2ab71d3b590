"""Pictures for people to look at, in screenshots/: languages, sizes and themes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser.conftest import Arrive
from tests.browser.coworker import COMMUNITY, OFFICE

pytestmark = pytest.mark.browser
SIZES = {360: 740, 1280: 800}


@pytest.mark.parametrize(
    ("locale", "theme"), [("fr-CA", "light"), ("en-CA", "dark")], ids=["fr-light", "en-dark"]
)
async def test_facade_door_green_room_and_office(
    arrive: Arrive, screenshots: Path, locale: str, theme: str
) -> None:
    company = await (await arrive("Amadou Diallo")).enter(devices=("camera",))
    for width, height in SIZES.items():
        lea = await arrive(
            "Léa Tremblay",
            locale=locale,
            color_scheme=theme,
            size={"width": width, "height": height},
        )
        ending = f"{locale[:2]}-{width}-{theme}.png"
        await lea.open(COMMUNITY)
        await lea.page.wait_for_selector(".presence:not([data-count='0'])")
        await lea.page.screenshot(path=screenshots / f"facade-{ending}", full_page=True)
        await lea.open(OFFICE)
        await lea.page.screenshot(path=screenshots / f"door-{ending}", full_page=True)
        await lea.to_green_room()
        await lea.turn_on("camera")
        await lea.wait_for("document.querySelector('#preview-video').videoWidth > 0")
        await lea.page.screenshot(path=screenshots / f"green-room-{ending}")
        await lea.page.click("#green-enter")
        await lea.wait_inside()
        await lea.wait_receiving("Amadou Diallo", "camera", frames=5)
        await lea.page.screenshot(path=screenshots / f"office-{ending}")
        await lea.press("leave")
    await company.press("leave")
    assert len(list(screenshots.glob(f"*-{locale[:2]}-*-{theme}.png"))) >= 8
