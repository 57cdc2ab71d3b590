"""No page asks anything of another site."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser

from tests.browsers import close_profile, open_profile
from tests.processes import Moulin

pytestmark = pytest.mark.browser

HOUSE = "/c/les-pigistes"
PAGES = (
    *("/", HOUSE, f"{HOUSE}/cafe", f"{HOUSE}/cafe/salle", f"{HOUSE}/cafe/au-revoir"),
    *(f"{HOUSE}/seances", "/connexion", "/compte", "/confidentialite", "/nulle-part"),
)


async def test_no_page_asks_anything_of_another_site(moulin: Moulin, chromium: Browser) -> None:
    context = await open_profile(chromium, base_url=moulin.url, locale="fr-CA")
    page = await context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    for path in PAGES:
        await page.goto(path, wait_until="load")
    await close_profile(context)
    here = urlsplit(moulin.url).netloc
    elsewhere = {url for url in asked if urlsplit(url).netloc not in ("", here)}
    assert len(asked) > len(PAGES)
    assert elsewhere == set()
