"""From a link to the office: by keyboard, without script, live, and asking nothing elsewhere."""

from __future__ import annotations

import asyncio

import pytest

from tests.browser.conftest import Arrive
from tests.browser.coworker import COMMUNITY, OFFICE, Coworker

pytestmark = pytest.mark.browser

NOBODYS = f"{COMMUNITY}/cafe"
"""An office that no test enters on the server that all share."""


async def _tab_to(person: Coworker, selector: str, most: int = 60) -> None:
    """Press Tab until what `selector` names has the focus, and see that the focus shows."""
    for _ in range(most):
        await person.page.keyboard.press("Tab")
        if await person.page.evaluate("(s) => document.activeElement.matches(s)", selector):
            shown = await person.page.evaluate(
                "() => { const style = getComputedStyle(document.activeElement);"
                " return style.outlineStyle !== 'none' && style.outlineWidth !== '0px'; }"
            )
            assert shown, f"the focus on {selector} does not show"
            return
    raise AssertionError(f"Tab never reached {selector}")


def _goings_out(person: Coworker) -> list[str]:
    """The leaving pages asked for from now on, also those broken off."""
    asked: list[str] = []
    person.page.on("request", lambda r: asked.append(r.url) if "/au-revoir" in r.url else None)
    return asked


async def test_by_keyboard_alone(arrive: Arrive) -> None:
    lea = await arrive()
    keys = lea.page.keyboard
    await lea.open(COMMUNITY)
    await _tab_to(lea, f"h3 a[href='{OFFICE}']")
    await keys.press("Enter")
    await lea.page.wait_for_selector("#nom")
    await _tab_to(lea, "#nom")
    await keys.type("Léa")
    await keys.press("Enter")
    await lea.page.wait_for_selector("#green-camera:enabled")
    await _tab_to(lea, "#green-camera")
    await keys.press("Space")
    await lea.page.wait_for_selector("#green-camera[aria-pressed=true]")
    await _tab_to(lea, "#green-enter")
    await keys.press("Enter")
    await lea.wait_inside()
    await keys.press("p")
    await lea.page.wait_for_selector("#people-panel .person-name:has-text('Léa (vous)')")
    await keys.press("Escape")
    await lea.page.wait_for_selector("#people-panel", state="hidden")
    await keys.press("r")
    await lea.page.wait_for_selector(".bar [data-command=hand][aria-pressed=true]")
    await _tab_to(lea, ".bar-leave")
    asked_out = _goings_out(lea)
    await keys.press("Enter")
    await lea.comes_to("*/au-revoir?raison=left")
    assert len(asked_out) == 1, "a second going out breaks off the first"
    await _tab_to(lea, "main a.button-primary")
    await keys.press("Enter")
    await lea.page.wait_for_selector("#green-enter")
    await _tab_to(lea, "#green-enter")
    await keys.press("Enter")
    await lea.wait_inside()
    asked_out.clear()
    await lea.page.reload()
    await lea.page.wait_for_selector("#green-enter")
    assert asked_out == [], "whoever loads the page again, or goes elsewhere, is sent out instead"
    assert lea.problems == []


async def test_a_door_works_without_script(arrive: Arrive) -> None:
    lea = await arrive(java_script_enabled=False)
    await lea.open(NOBODYS)
    assert "Personne pour l’instant" in await lea.page.inner_text("main")
    await lea.page.fill("#nom", "Léa")
    await lea.page.click("main form[action='/nom'] button")
    await lea.comes_to("*/salle")
    await lea.page.wait_for_selector("noscript .notice-bad")


async def test_the_facade_is_live(arrive: Arrive) -> None:
    passer_by = await arrive("Paul")
    await passer_by.open(COMMUNITY)
    door = f".door-card:has(a[href='{OFFICE}'])"
    await passer_by.page.wait_for_selector(f"{door} .presence[data-count='0']")
    lea = await (await arrive("Léa")).enter()
    await passer_by.page.wait_for_selector(f"{door} .presence:has-text('1 personne')")
    await passer_by.page.wait_for_selector(f"a.bay[href='{OFFICE}'][data-open] .window.lit")
    await lea.press("leave")
    await passer_by.page.wait_for_selector(f"{door} .presence[data-count='0']")
    assert passer_by.problems == []


async def test_no_page_asks_elsewhere_or_complains(arrive: Arrive) -> None:
    lea = await arrive()
    for path in (COMMUNITY, OFFICE, f"{OFFICE}/au-revoir?raison=ended", "/confidentialite"):
        await lea.open(path)
        await lea.page.click("#theme-switch")
        await lea.page.wait_for_selector("html[data-theme=light]")
        await lea.page.click("#theme-switch")
        await lea.page.click("#theme-switch")
    await lea.page.click("button:has-text('English')")
    await lea.page.wait_for_selector("html[lang=en-CA]")
    assert lea.problems == []


async def test_chat_reactions_and_hands_pass(arrive: Arrive) -> None:
    lea = await (await arrive("Léa")).enter()
    amadou = await (await arrive("Amadou")).enter()
    await lea.wait_for("window.moulin.room.remoteParticipants.size === 1")
    await lea.press("chat")
    await lea.page.fill(
        "#chat-text", "Bonjour <b>tout le monde</b>, voir https://exemple.org/plan?a=1."
    )
    await lea.page.keyboard.press("Enter")
    await amadou.page.wait_for_selector(".bar [data-command=chat][data-unread='1']")
    await amadou.press("chat")
    await amadou.page.wait_for_selector(".message-text:has-text('Bonjour <b>tout le monde</b>')")
    link = amadou.page.locator(".message-text a")
    assert await link.get_attribute("href") == "https://exemple.org/plan?a=1"
    await amadou.press("hand")
    await lea.page.wait_for_selector(".tile:not([data-self]) .tile-hand:not([hidden])")
    await amadou.page.click(".bar [popovertarget=reactions-menu]")
    await asyncio.gather(  # it goes by within four seconds
        lea.page.wait_for_selector(".tile:not([data-self]) .tile-reaction:has-text('👏')"),
        amadou.page.click("[data-emoji='👏']"),
    )
    await amadou.page.click("#my-status")
    await amadou.page.check("input[name=status][value=dnd]")
    await lea.page.wait_for_selector(".tile:not([data-self]) .status-dot[data-status=dnd]")
    assert lea.problems == []
    assert amadou.problems == []


async def test_holding_space_talks(arrive: Arrive) -> None:
    lea = await (await arrive("Léa")).enter(devices=("microphone",))
    await lea.press("microphone")
    await lea.page.wait_for_selector("html[data-microphone=off]")
    await lea.page.evaluate("document.activeElement.blur()")
    await lea.page.keyboard.down("Space")
    await lea.page.wait_for_selector("html[data-microphone=on]")
    await lea.page.keyboard.up("Space")
    await lea.page.wait_for_selector("html[data-microphone=off]")
    await lea.page.keyboard.press("Control+d")
    await lea.page.wait_for_selector("html[data-microphone=on]")
