"""A group's admin shares a link: its card, a phone in another app's browser, counts, revocation."""

from __future__ import annotations

import re
from io import BytesIO

import aiohttp
import pytest
from PIL import Image

from tests.browser.conftest import Arrive
from tests.browser.coworker import Coworker
from tests.browser.owner import invite, open_office, take_key
from tests.conftest import MoulinFactory
from tests.processes import Moulin
from tests.server.agents import CRAWLERS, IN_APP

pytestmark = pytest.mark.browser
PHONE = {"width": 360, "height": 740}
SILENT = "navigator.mediaDevices.getUserMedia = () => new Promise(() => {});"


async def preview(link: str) -> str:
    """What Facebook's crawler makes of a link: the card's title, its picture being really there."""
    async with aiohttp.ClientSession(headers={"User-Agent": CRAWLERS["facebook"]}) as crawler:
        async with crawler.get(link, allow_redirects=False) as answer:
            page = await answer.text()
        found = dict(re.findall(r'<meta property="(og:\w+)" content="([^"]*)"', page))
        async with crawler.get(found["og:image"]) as answer:
            assert Image.open(BytesIO(await answer.read())).size == (1200, 630)
    return str(found["og:title"])


async def counts(admin: Coworker, page: str) -> list[str]:
    """Looks, entries and first times, as the link's page shows them."""
    await admin.page.goto(page)
    return await admin.page.locator("[data-count-of]").all_inner_texts()


async def test_from_the_link_to_the_counts_and_its_revocation(
    arrive: Arrive, moulin_factory: MoulinFactory
) -> None:
    own = await moulin_factory()
    admin = await arrive("Marie", at=own)
    await take_key(admin)
    link = await invite(admin, "Le café", uses=3)
    page = admin.page.url.partition("?")[0]
    assert link in await admin.page.input_value("#post-fr")
    assert link in await admin.page.input_value("#post-en")
    await admin.page.locator(".preview-card img").scroll_into_view_if_needed()
    await admin.wait_for("document.querySelector('.preview-card img').naturalWidth === 1200")

    assert await preview(link) == "Vous êtes invité·e\u00a0: Le café"
    assert await counts(admin, page) == ["0", "0", "0"]

    guest = await arrive("Zoé", at=own, size=PHONE)
    await guest.page.goto(link)
    assert "3 places" in await guest.page.inner_text("main")
    assert await counts(admin, page) == ["1", "0", "0"]
    await guest.page.fill("#nom", "Zoé")
    await guest.page.click("main button:has-text('Entrer')")
    await guest.comes_to("*/salle")
    await guest.page.click("#green-enter")
    await guest.wait_inside()
    assert await counts(admin, page) == ["1", "1", "1"]

    admin.page.on("dialog", lambda dialog: dialog.accept())
    await admin.page.click("button:has-text('Révoquer')")
    await admin.page.wait_for_selector(".state-revoked")
    late = await arrive("Paul", at=own, size=PHONE)
    await late.page.goto(link)
    await late.page.wait_for_selector("h1:has-text('Ce lien n’ouvre plus')")
    for person in (admin, guest):
        assert person.problems == []


@pytest.mark.parametrize(
    ("agent", "label", "scheme"),
    [
        ("Facebook-android", "Ouvrir dans Chrome", "intent://"),
        ("Instagram-ios", "Ouvrir dans Safari", "x-safari-http://"),
    ],
)
async def test_another_apps_browser_shows_the_way_out_and_still_lets_in(
    arrive: Arrive, moulin_factory: MoulinFactory, agent: str, label: str, scheme: str
) -> None:
    own = await moulin_factory()
    admin = await arrive("Marie", at=own)
    await take_key(admin)
    await open_office(admin, "Le grenier", by_invitation=True)
    link = await invite(admin, "Le grenier", uses=1)
    guest = await arrive("Zoé", at=own, size=PHONE, user_agent=IN_APP[agent])
    await guest.page.add_init_script(SILENT)
    await guest.open("/c/les-pigistes/cafe")
    await see_way_out(guest, own, label, scheme, f"{own.url}/c/les-pigistes/cafe")
    await guest.page.goto(link)
    await see_way_out(guest, own, label, scheme, link)
    await guest.page.fill("#nom", "Zoé")
    await guest.page.click("main form button:has-text('Entrer')")
    await guest.comes_to("*/salle")
    # the phone's own browser holds no cookie of this one: the seat is taken along
    await see_way_out(guest, own, label, scheme, f"{own.url}/suite/")
    way = await guest.page.get_attribute("#in-app [data-copy]", "data-copy") or ""

    await guest.page.clock.install()
    await guest.page.click("#green-camera")
    await guest.page.wait_for_selector("#green-camera[aria-busy=true]")
    await guest.page.clock.run_for(16_000)
    await guest.page.wait_for_selector("#green-advice-text:has-text('ne répond pas')")
    await guest.page.click("#green-enter-bare")
    await guest.wait_inside()
    assert guest.problems == []

    own_browser = await arrive("Zoé", at=own, size=PHONE)
    await own_browser.page.goto(way)
    await own_browser.page.click("main button:has-text('Continuer')")
    await own_browser.comes_to("*/salle")
    await own_browser.page.click("#green-enter-bare")
    await own_browser.wait_inside()
    late = await arrive("Paul", at=own, size=PHONE)
    await late.page.goto(way)
    await late.page.wait_for_selector("h1:has-text('Ce lien n’ouvre plus')")
    assert own_browser.problems == []


async def see_way_out(guest: Coworker, own: Moulin, label: str, scheme: str, address: str) -> None:
    """The notice leads to what begins so in the phone's own browser, and copies it."""
    way = guest.page.locator(f"#in-app a:has-text('{label}')")
    href = await way.get_attribute("href") or ""
    assert href.startswith(scheme + address.removeprefix("http://"))
    assert own.url.removeprefix("http://") in href
    copied = await guest.page.get_attribute("#in-app [data-copy]", "data-copy") or ""
    assert copied.startswith(address)


async def test_a_browser_of_its_own_is_told_nothing(arrive: Arrive, moulin: Moulin) -> None:
    lea = await arrive("Léa", at=moulin)
    await lea.open("/c/les-pigistes/cafe")
    assert await lea.page.locator("#in-app").count() == 0


async def test_the_share_sheet_is_the_phones_own(
    arrive: Arrive, moulin_factory: MoulinFactory
) -> None:
    own = await moulin_factory()
    admin = await arrive("Marie", at=own, size=PHONE)
    await admin.page.add_init_script(
        "window.shared = []; navigator.share = async (what) => { window.shared.push(what); };"
    )
    await take_key(admin)
    link = await invite(admin, "Le café")
    await admin.page.locator("[data-share]").first.click()
    assert await admin.page.evaluate("window.shared[0].url") == link
    await admin.page.locator("[data-share-text]").first.click()
    assert link in await admin.page.evaluate("window.shared[1].text")
    await admin.page.click("a:has-text('Affiche à imprimer')")
    await admin.page.wait_for_selector(".poster-code svg")
    await admin.page.emulate_media(media="print")
    assert not await admin.page.is_visible(".site-header")
    assert admin.problems == []
