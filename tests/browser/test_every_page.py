"""Every page that people meet, with data in it: for axe-core, and without sideways scrolling."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import datetime, timedelta

import pytest

from server.web.cookies import LANGUAGE
from tests.browser.conftest import Arrive
from tests.browser.coworker import COMMUNITY, OFFICE, Coworker
from tests.browser.eyes import Eyes, Look
from tests.browser.owner import take_key
from tests.browser.session_guest import ZONE
from tests.browsers import PATIENCE
from tests.conftest import MoulinFactory

pytestmark = pytest.mark.browser

HOUSE = (
    *("/", COMMUNITY, OFFICE, f"{OFFICE}/salle"),
    *(f"{OFFICE}/au-revoir?raison={reason}" for reason in ("left", "removed")),
    *(f"{COMMUNITY}/calendrier", f"{COMMUNITY}/seances", f"{COMMUNITY}/seances?mois={{month}}"),
    *("/tournees", "/connexion", "/confidentialite", "/courrier", "/nulle-part", "/i/inconnue"),
)
LOOKED_AFTER = (
    *("/compte", "/maisons/nouvelle", "/tournees/nouvelle", f"{COMMUNITY}/seances/nouvelle"),
    *(f"{COMMUNITY}/seances/animation", f"{COMMUNITY}/gerer", f"{COMMUNITY}/gerer/maison"),
    *(f"{COMMUNITY}/gerer/personnes", f"{COMMUNITY}/gerer/frequentation"),
    f"{COMMUNITY}/gerer/propositions",
)
# Every page by day and by night, narrow and wide; what its words are changes neither's colours.
LOOKS: dict[str, tuple[Look, ...]] = {
    "fr": (("light", 320), ("dark", 1280)),
    "en": (("light", 1280), ("dark", 320)),
}
LONG_NAME = "Marie-Josée-Alexandrine Archambault-Charbonneau de la Chevrotière"


async def _furnish(owner: Coworker) -> list[str]:
    """A series, a tour of it and a link to it; the paths of the pages there are then."""
    page, tomorrow = owner.page, datetime.now(ZONE) + timedelta(days=1)
    await owner.open(f"{COMMUNITY}/seances/nouvelle")
    for name in ("fr", "en"):
        await page.fill(
            f"#title-{name}", "Interminablement longue matinée d’anticonstitutionnalité"
        )
    await page.fill("#date", f"{tomorrow:%Y-%m-%d}")
    await page.select_option("#frequency", "weekly")
    await page.click("main button:has-text('Enregistrer')")
    await page.wait_for_selector("h1:has-text('Interminablement')")
    session = page.url.partition("?")[0].removeprefix(owner.moulin.url)
    await owner.open("/tournees/nouvelle")
    for name in ("fr", "en"):
        await page.fill(f"#title-{name}", "La tournée des anticonstitutionnalistes")
    await page.check("input[name=stops] >> nth=0")
    await page.click("main button:has-text('Enregistrer')")
    await page.wait_for_selector("h1:has-text('La tournée')")
    tour = page.url.partition("?")[0].removeprefix(owner.moulin.url)
    await owner.open(f"{COMMUNITY}/gerer")
    office = await page.get_attribute(".rows a[href*='/gerer/offices/']", "href")
    await page.click("button:has-text('Créer le lien')")
    link = (await page.input_value("#new-link")).removeprefix(owner.moulin.url)
    details = page.url.partition("?")[0].removeprefix(owner.moulin.url)
    assert office
    told = [session, f"{session}/modifier", tour, f"{tour}/modifier", office, details]
    return [*told, f"{tour}/proposer", f"{details}/affiche", link]


@pytest.mark.parametrize("lang", LOOKS)
async def test_every_page(arrive: Arrive, moulin_factory: MoulinFactory, lang: str) -> None:
    own = await moulin_factory()
    eyes = Eyes(LOOKS[lang])
    owner = await arrive(LONG_NAME, at=own, reduced_motion="reduce")
    await owner.page.goto(own.owner_link)
    await eyes.look(owner.page, "the owner link")
    await take_key(owner)
    furnished = await _furnish(owner)
    await eyes.look(owner.page, "a new link")
    await owner.open(f"{COMMUNITY}/gerer")
    await owner.page.click("summary:has-text('Ouvrir un bureau')")
    await eyes.look(owner.page, "a new office")

    await owner.context.add_cookies([{"name": LANGUAGE, "value": lang, "url": own.url}])
    guest = await arrive(LONG_NAME, at=own, reduced_motion="reduce", locale=f"{lang}-CA")
    month = f"{datetime.now(ZONE) + timedelta(days=1):%Y-%m}"
    session, _edit, tour, *_, link = furnished
    for who, paths in (
        (guest, (*HOUSE, session, tour, link)),
        (owner, (*HOUSE, *LOOKED_AFTER, *furnished[:-1])),
    ):
        for path in paths:
            await who.open(path.format(month=month))
            assert await who.page.get_attribute("html", "lang") == f"{lang}-CA"
            await eyes.look(who.page, path)
    assert not eyes.wrong, "\n".join(eyes.wrong)


@pytest.mark.parametrize("width", [320, 1280])
async def test_nothing_of_the_office_is_out_of_reach(arrive: Arrive, width: int) -> None:
    lea = await arrive(
        LONG_NAME[:60], size={"width": width, "height": 640}, reduced_motion="reduce"
    )
    await lea.enter()
    for command in ("chat", "people", "hush"):
        await lea.page.evaluate("document.getElementById('more-menu').showPopover()")
        await _until_nothing_is_outside(lea, f"{command}: the menu")
        await lea.page.evaluate("document.getElementById('more-menu').hidePopover()")
        await lea.page.keyboard.press({"chat": "c", "people": "p", "hush": "s"}[command])
        if command == "chat":
            await lea.page.keyboard.press("Escape")
        await _until_nothing_is_outside(lea, command)


async def _until_nothing_is_outside(who: Coworker, when: str) -> None:
    """Tiles find their places a moment after what was pressed."""
    found = [""]
    with suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE / 1000):
            while found := await _outside(who):
                await asyncio.sleep(0.05)
    assert found == [], when


async def _outside(who: Coworker) -> list[str]:
    """The buttons in sight that the window cuts at a side."""
    found: list[str] = await who.page.evaluate(
        """() => [...document.querySelectorAll('button, select, input')]
          .filter((each) => each.checkVisibility() && !each.matches('.visually-hidden'))
          .filter((each) => {
            const box = each.getBoundingClientRect();
            return box.width && (box.left < -0.5 || box.right > innerWidth + 0.5);
          }).map((each) => each.outerHTML.slice(0, 120))"""
    )
    return found
