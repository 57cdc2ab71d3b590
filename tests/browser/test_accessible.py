"""The green room, and the office with its panels, have nothing serious for axe-core to say."""

from __future__ import annotations

import pytest

from tests.browser.conftest import Arrive
from tests.browser.eyes import Eyes

pytestmark = pytest.mark.browser


async def test_green_room_and_office(arrive: Arrive) -> None:
    lea = await arrive(reduced_motion="reduce")
    eyes = Eyes((("light", 1280), ("dark", 1280)))
    await lea.to_green_room()
    await eyes.look(lea.page, "green room")
    await lea.page.click("#green-enter")
    await lea.wait_inside()
    await eyes.look(lea.page, "office")
    for command in ("people", "chat", "hand", "microphone"):
        await lea.press(command)
        await eyes.look(lea.page, command)
    for menu in ("more-menu", "devices-menu", "reactions-menu", "status-menu"):
        await lea.page.evaluate("(id) => document.getElementById(id).showPopover()", menu)
        await eyes.look(lea.page, menu)
        await lea.page.evaluate("(id) => document.getElementById(id).hidePopover()", menu)
    await lea.page.keyboard.press("?")
    await lea.page.wait_for_selector("#help[open]")
    await eyes.look(lea.page, "help")
    assert not eyes.wrong, "\n".join(eyes.wrong)
