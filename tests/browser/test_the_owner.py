"""The owner invites to a new office; a revoked link opens nothing; offices are put in order."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Arrive
from tests.browser.coworker import COMMUNITY, Coworker
from tests.browser.owner import invite, open_office, take_key
from tests.conftest import MoulinFactory

pytestmark = pytest.mark.browser


async def test_from_the_key_to_a_revoked_invitation_and_offices_put_in_order(
    arrive: Arrive, moulin_factory: MoulinFactory
) -> None:
    own = await moulin_factory()
    owner = await arrive("Marie", at=own)
    await take_key(owner)
    await open_office(owner, "Le grenier", by_invitation=True)
    link = await invite(owner, "Le grenier")
    assert link.startswith(own.url)

    guest = await arrive("Zoé", at=own)
    await guest.open(COMMUNITY)
    await guest.page.click("h3 a:has-text('Le grenier')")
    await guest.page.wait_for_selector("h1:has-text('Le grenier')")
    await guest.page.wait_for_load_state()
    assert await guest.page.locator("main form, main a:has-text('Entrer')").count() == 0
    await guest.page.goto(link)
    await guest.page.fill("#nom", "Zoé")
    await guest.page.click("main button:has-text('Entrer')")
    await guest.comes_to("*/salle")
    await guest.page.click("#green-enter")
    await guest.wait_inside()

    owner.page.on("dialog", lambda dialog: dialog.accept())
    await owner.page.click("button:has-text('Révoquer')")
    await owner.page.wait_for_selector(".state-revoked")
    late = await arrive("Paul", at=own)
    await late.page.goto(link)
    await late.page.wait_for_selector("h1:has-text('Ce lien n’ouvre plus')")
    await expect(late.page.locator("#nom")).to_have_count(0)

    await edit_order_and_remove_offices(owner)


async def edit_order_and_remove_offices(owner: Coworker) -> None:
    """On the page that manages the house."""
    await owner.open(f"{COMMUNITY}/gerer")
    titles = owner.page.locator(".rows .row-title a")
    before = await titles.all_inner_texts()

    await owner.page.locator("button:has-text('Descendre')").first.click()
    await owner.page.wait_for_selector(f".row:nth-child(2) .row-title a:text-is('{before[0]}')")
    assert (await titles.all_inner_texts())[:2] == [before[1], before[0]]

    await owner.page.locator("a:has-text('Modifier')").first.click()
    await owner.page.fill("#office-name-fr", "La mezzanine")
    await owner.page.click("button:has-text('Enregistrer')")
    await owner.page.wait_for_selector(".row-title:has-text('La mezzanine')")

    await owner.page.locator(".row:has-text('La mezzanine') button:has-text('Enlever')").click()
    left = "document.querySelectorAll('.rows .row-title a').length"
    await owner.wait_for(f"document.readyState === 'complete' && {left} === {len(before) - 1}")
    assert "La mezzanine" not in await titles.all_inner_texts()
