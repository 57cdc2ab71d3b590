"""Passkeys in a real browser, with a virtual authenticator that answers as a phone would."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browsers import close_profile, open_profile
from tests.processes import Moulin

pytestmark = pytest.mark.browser

AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
async def page(chromium: Browser, named: Moulin) -> AsyncIterator[Page]:
    context = await open_profile(chromium, base_url=named.settings["PUBLIC_URL"], locale="fr-CA")
    opened = await context.new_page()
    devtools = await context.new_cdp_session(opened)
    await devtools.send("WebAuthn.enable")
    await devtools.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
    yield opened
    await close_profile(context)


async def become_member(page: Page) -> str:
    """By the letter, which this machine's own page shows; at an address that nobody had."""
    email = f"lea-{uuid4().hex}@exemple.org"
    await page.goto("/connexion?next=/compte")
    await page.fill("#email", email)
    await page.click("button:has-text('Recevoir mon lien')")
    await page.wait_for_selector("h1:has-text('Regardez vos courriels')")
    await page.goto("/courrier")
    await page.click(f"article:has-text('{email}') a:has-text('Suivre le lien')")
    await page.fill("#nom", "Léa")
    await page.click("main button:has-text('Entrer')")
    await page.wait_for_selector("h1:has-text('Mon compte')")
    return email


async def test_a_passkey_is_added_signs_in_and_is_removed(page: Page) -> None:
    email = await become_member(page)
    await page.click("button:has-text('Ajouter une clé d’accès')")
    # by what the page says: it forgets at once, in its address, what was done
    await page.wait_for_selector(".notice:has-text('est ajoutée')")
    await page.context.clear_cookies(name="moulin_login")

    await page.goto("/connexion?next=/compte")
    await page.click("button:has-text('Entrer avec une clé d’accès')")
    # expected rather than read at once: the rest of the page may come after its first lines
    await expect(page.locator(".account .lede")).to_have_text(
        f"Vous entrez avec l’adresse {email}."
    )
    await expect(page.locator("text=servie le")).to_have_count(1)

    await page.click("summary:has-text('Renommer')")
    await page.fill(".rename input[name=name]", "Téléphone de Léa")
    await page.click(".rename button")
    await page.wait_for_selector(".notice:has-text('a son nouveau nom')")
    await expect(page.locator(".row-title:text-is('Téléphone de Léa')")).to_have_count(1)

    page.on("dialog", lambda dialog: dialog.accept())
    await page.click("button:has-text('Enlever')")
    await page.wait_for_selector(".notice:has-text('est enlevée')")
    await page.context.clear_cookies(name="moulin_login")
    await page.goto("/connexion?next=/compte")
    await page.click("button:has-text('Entrer avec une clé d’accès')")
    await page.wait_for_selector("#passkey-problem:not([hidden])")
    assert "/connexion" in page.url
