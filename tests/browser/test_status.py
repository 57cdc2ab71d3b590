"""The status that one shows in an office: busy until an hour, then available by itself."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Arrive

pytestmark = pytest.mark.browser

_DOT = ".tile:not([data-self]) .status-dot[data-status={}]"
_SOON = """() => {
  const soon = new Option("bientôt", "0.03");
  document.getElementById("busy-length").append(soon);
}"""


async def test_busy_until_an_hour_is_told_to_all_and_ends_by_itself(arrive: Arrive) -> None:
    lea = await (await arrive("Léa")).enter()
    amadou = await (await arrive("Amadou")).enter()
    await lea.wait_for("window.moulin.room.remoteParticipants.size === 1")
    await lea.press("people")
    await amadou.page.click("#my-status")
    await amadou.page.select_option("#busy-length", "30")
    await lea.page.wait_for_selector(_DOT.format("busy"))
    until = await amadou.page.inner_text("#my-status-text")
    assert until.startswith("Occupé·e jusqu’à ")
    await expect(amadou.page.locator("input[name=status][value=busy]")).to_be_checked()
    # a dot alone would say nothing on a phone
    await amadou.page.set_viewport_size({"width": 320, "height": 640})
    await amadou.wait_for("innerWidth === 320")
    shown = await amadou.page.locator("#my-status-text").bounding_box()
    assert shown
    assert shown["width"] > 60
    assert shown["x"] + shown["width"] < 320
    assert (await amadou.page.text_content("#my-status") or "").split()[:2] == ["Mon", "statut"]
    await lea.page.wait_for_selector(f"#people .person-words:has-text('{until}')")

    await amadou.page.evaluate(_SOON)
    await amadou.page.select_option("#busy-length", "0.03")
    await lea.page.wait_for_selector(_DOT.format("available"))
    await amadou.wait_for("document.getElementById('my-status-text').textContent === 'Disponible'")
    await expect(amadou.page.locator("input[name=status][value=available]")).to_be_checked()

    await amadou.page.select_option("#busy-length", "")
    await lea.page.wait_for_selector(_DOT.format("busy"))
    await expect(amadou.page.locator("#my-status-text")).to_have_text("Occupé·e")
    assert lea.problems == amadou.problems == []
