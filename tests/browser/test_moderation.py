"""The host's part in a browser: a microphone is muted, somebody is shown out and stays out."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Arrive
from tests.browser.coworker import OFFICE
from tests.browser.owner import take_key
from tests.conftest import MoulinFactory

pytestmark = pytest.mark.browser

_MUTE = "#people [data-moderate=couper]"
_EXPEL = "#people [data-moderate=expulser]"


async def test_a_guest_is_muted_then_shown_out_and_cannot_return(
    arrive: Arrive, moulin_factory: MoulinFactory
) -> None:
    own = await moulin_factory()
    odile = await arrive("Odile", at=own)
    await take_key(odile)
    await odile.open(f"{OFFICE}/salle")
    await odile.page.click("#green-enter")
    await odile.wait_inside()
    zoe = await (await arrive("Zoé", at=own)).enter(devices=("microphone",))

    await odile.press("people")
    await asyncio.gather(  # the banner goes away by itself
        zoe.page.wait_for_selector("#banner:has-text('Votre micro a été coupé')"),
        odile.page.click(_MUTE),
    )
    await zoe.page.wait_for_selector(".bar [data-command=microphone][aria-pressed=false]")
    await odile.page.wait_for_selector(_MUTE, state="detached")
    await zoe.press("people")
    assert await zoe.page.locator("#people [data-moderate]").count() == 0

    odile.page.once("dialog", lambda asked: asked.dismiss())
    await odile.page.click(_EXPEL)
    await expect(odile.page.locator("#people .person-row")).to_have_count(2)
    odile.page.once("dialog", lambda asked: asked.accept())
    await odile.page.click(_EXPEL)
    await zoe.comes_to("*/au-revoir?raison=removed")
    await zoe.page.wait_for_selector("h1:has-text('pour aujourd’hui')")
    await odile.page.wait_for_selector(_EXPEL, state="detached")

    await zoe.page.click("a.button-primary:has-text('Revenir')")
    await zoe.comes_to(f"*{OFFICE}")
    await zoe.page.wait_for_selector("text=On vous a fait sortir de ce bureau")
    await zoe.open(f"{OFFICE}/salle")
    assert zoe.page.url == own.url + OFFICE
    assert odile.problems == []
