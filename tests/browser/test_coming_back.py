"""After a lost connection or a restarted server, people are back as they were."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Arrive
from tests.browser.coworker import Coworker
from tests.conftest import MoulinFactory

pytestmark = pytest.mark.browser

_MUTED = "window.moulin.room.localParticipant.getTrackPublication('microphone')"
_LOSE = """(scenario) => {
  const banner = document.querySelector("#banner");
  new MutationObserver(() => { if (!banner.hidden) window.told = banner.textContent; })
    .observe(banner, { attributes: true });
  window.moulin.room.once("reconnected", () => { window.wasBack = true; });
  void window.moulin.room.simulateScenario(scenario);
}"""

_NOTE_LOSS = """() => new MutationObserver(() => {
  if (document.documentElement.dataset.connection === "lost") window.wasLost = true;
}).observe(document.documentElement, { attributes: true })"""


async def _is_back(person: Coworker) -> None:
    await person.page.wait_for_selector("html[data-connection=up]")
    await person.page.wait_for_selector("#banner", state="hidden")


@pytest.mark.parametrize("scenario", ["signal-reconnect", "full-reconnect"])
async def test_muted_stays_muted_and_seen_stays_seen(arrive: Arrive, scenario: str) -> None:
    lea = await (await arrive("Léa")).enter(devices=("microphone", "camera"))
    amadou = await (await arrive("Amadou")).enter(devices=("microphone",))
    await lea.press("microphone")
    await lea.wait_for(f"{_MUTED}.isMuted")

    await lea.page.evaluate(_LOSE, scenario)
    await lea.wait_for("window.wasBack")
    await _is_back(lea)
    assert "Reconnexion" in await lea.page.evaluate("window.told")

    assert await lea.page.evaluate(f"{_MUTED}.isMuted")
    microphone = lea.page.locator(".bar [data-command=microphone]")
    await expect(microphone).to_have_attribute("aria-pressed", "false")
    await amadou.wait_receiving("Léa", "camera", frames=5)
    await amadou.wait_for(
        "[...window.moulin.room.remoteParticipants.values()]"
        ".every((other) => !other.isMicrophoneEnabled)"
    )
    await lea.press("microphone")
    await amadou.wait_for(
        "[...window.moulin.room.remoteParticipants.values()]"
        ".every((other) => other.isMicrophoneEnabled)"
    )


async def test_a_restarted_server_finds_everybody_again(
    arrive: Arrive, moulin_factory: MoulinFactory
) -> None:
    own = await moulin_factory()
    lea = await (await arrive("Léa", at=own)).enter(devices=("microphone", "camera"))
    amadou = await (await arrive("Amadou", at=own)).enter()
    await lea.press("microphone")
    await lea.wait_for(f"{_MUTED}.isMuted")

    for person in (lea, amadou):
        await person.page.evaluate(_NOTE_LOSS)
    await own.restart()
    for person in (lea, amadou):
        await person.wait_for("window.wasLost")
        await _is_back(person)
    await amadou.wait_receiving("Léa", "camera", frames=5)

    assert await lea.page.evaluate(f"!{_MUTED} || {_MUTED}.isMuted")


async def test_the_same_person_elsewhere_replaces_the_first(arrive: Arrive) -> None:
    lea = await (await arrive("Léa")).enter()
    second = await lea.context.new_page()
    await second.goto(lea.page.url)
    await second.click("#green-enter")
    await second.wait_for_selector("html[data-state=inside]")
    await lea.comes_to("*/au-revoir?raison=replaced")
    await lea.page.wait_for_selector("text=Revenir")
