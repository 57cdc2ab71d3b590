"""Firefox and Chromium see and hear each other, over one peer connection and over two."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser

from tests.browser.conftest import Arrive

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("query", ["", "?connexion=v0"], ids=["v1", "v0"])
async def test_firefox_and_chromium(arrive: Arrive, firefox: Browser, query: str) -> None:
    lea = await arrive("Léa")
    await lea.enter(query=query, devices=("microphone", "camera"))
    amadou = await arrive("Amadou", browser=firefox)
    await amadou.enter(query=query, devices=("microphone", "camera"))

    await amadou.wait_receiving("Léa", "camera", frames=10)
    await amadou.wait_receiving("Léa", "microphone", energy=0.0001)
    await lea.wait_receiving("Amadou", "camera", frames=10)
    await lea.wait_receiving("Amadou", "microphone", energy=0.0001)
    path = await lea.page.evaluate("window.moulin.room.engine.client.ws?.url ?? ''")
    if path:
        assert ("/rtc/v1" in path) is not bool(query)
