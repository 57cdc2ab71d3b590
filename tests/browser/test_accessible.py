"""Every page, and the office with its panels, has nothing serious for axe-core to say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page

from tests.browser.conftest import Arrive
from tests.browser.coworker import COMMUNITY, OFFICE
from tests.browser.owner import take_key
from tests.conftest import MoulinFactory

pytestmark = pytest.mark.browser
AXE = Path(__file__).resolve().parents[2] / "node_modules/axe-core/axe.min.js"
PUBLIC_PAGES = (
    COMMUNITY,
    OFFICE,
    f"{COMMUNITY}/calendrier",
    f"{COMMUNITY}/seances",
    f"{OFFICE}/au-revoir?raison=left",
    "/connexion",
    "/confidentialite",
    "/i/no-such-invitation",
    "/nothing-here",
)
OWNER_PAGES = (
    "/gerer/maison",
    "/gerer/personnes",
    "/gerer/frequentation",
    "/seances/nouvelle",
    "/seances/animation",
)
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


async def findings(page: Page) -> list[str]:
    """What axe-core finds serious or critical, with the elements concerned."""
    if not await page.evaluate("'axe' in window"):
        # evaluated rather than added as an element, which the page's own policy would refuse
        await page.evaluate(AXE.read_text(encoding="utf-8"))
    result: dict[str, Any] = await page.evaluate(
        "(tags) => axe.run(document, {runOnly: {type: 'tag', values: tags}})", RULES
    )
    assert result["passes"], "axe-core looked at nothing"
    return [
        f"{found['id']}: {node['html'][:160]} {node['failureSummary']}"
        for found in result["violations"]
        if found["impact"] in ("serious", "critical")
        for node in found["nodes"]
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
async def test_public_pages(arrive: Arrive, theme: str, width: int) -> None:
    lea = await arrive(
        color_scheme=theme, size={"width": width, "height": 800}, reduced_motion="reduce"
    )
    for path in PUBLIC_PAGES:
        await lea.open(path)
        assert await findings(lea.page) == [], path
        sideways = await lea.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert sideways <= 0, f"{path} scrolls sideways at {width}"


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_green_room_and_office(arrive: Arrive, theme: str) -> None:
    lea = await arrive(color_scheme=theme, reduced_motion="reduce")
    await lea.to_green_room()
    assert await findings(lea.page) == []
    await lea.page.click("#green-enter")
    await lea.wait_inside()
    assert await findings(lea.page) == []
    for command in ("people", "chat", "hand", "microphone"):
        await lea.press(command)
        assert await findings(lea.page) == [], command
    for menu in ("more-menu", "devices-menu", "reactions-menu", "status-menu"):
        await lea.page.evaluate("(id) => document.getElementById(id).showPopover()", menu)
        assert await findings(lea.page) == [], menu
        await lea.page.evaluate("(id) => document.getElementById(id).hidePopover()", menu)
    await lea.page.keyboard.press("?")
    await lea.page.wait_for_selector("#help[open]")
    assert await findings(lea.page) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_the_owner_pages(arrive: Arrive, moulin_factory: MoulinFactory, theme: str) -> None:
    own = await moulin_factory()
    owner = await arrive("Marie", at=own, color_scheme=theme, reduced_motion="reduce")
    await owner.page.goto(own.owner_link)
    assert await findings(owner.page) == []
    await take_key(owner)
    await owner.page.click("button:has-text('Créer le lien')")
    await owner.page.wait_for_selector("#new-link")
    assert await findings(owner.page) == []
    await owner.open(f"{COMMUNITY}/gerer")
    await owner.page.click("summary:has-text('Ouvrir un bureau')")
    assert await findings(owner.page) == []
    await owner.page.click("a:has-text('Modifier')")
    assert await findings(owner.page) == []
    for path in (*(COMMUNITY + each for each in OWNER_PAGES), "/compte", COMMUNITY):
        await owner.open(path)
        assert await findings(owner.page) == [], path
