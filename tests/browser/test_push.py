"""The switch for notices in Chromium, and what its worker does with a pushed message.

No push service is reached, as Chromium knows none but Google's: its subscribing is played, its
worker is the real one. In Firefox nothing is played: `test_push_service.py`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from playwright.async_api import Browser, BrowserContext, Page
from sqlalchemy import select

from server.storage.database import Database
from server.storage.tables import PushSubscriptionRow
from tests.browser.test_passkeys import become_member
from tests.browsers import PATIENCE, close_profile, open_profile
from tests.processes import Moulin
from tests.push_device import Device

pytestmark = pytest.mark.browser

PLAYED = """(subscription) => {
  let made = null;
  PushManager.prototype.getSubscription = async () => made;
  PushManager.prototype.subscribe = async (options) => {
    if (!options.applicationServerKey || !options.userVisibleOnly) throw new Error("no key");
    made = { toJSON: () => subscription, unsubscribe: async () => { made = null; return true; } };
    return made;
  };
}"""


def device() -> Device:
    """Where notices would go, were anything sent: an address that nobody had."""
    return Device(f"https://push.example.com/d/{uuid4().hex}")


@pytest.fixture
async def context(chromium: Browser, named: Moulin) -> AsyncIterator[BrowserContext]:
    made = await open_profile(chromium, base_url=named.settings["PUBLIC_URL"], locale="fr-CA")
    yield made
    await close_profile(made)


async def member(context: BrowserContext) -> Page:
    """A member's account page, in a browser whose subscribing is played."""
    subscription = device().subscription
    await context.add_init_script(f"({PLAYED})({json.dumps(subscription)})")
    page = await context.new_page()
    await become_member(page)
    await page.wait_for_selector("#push:not([hidden])")
    return page


async def test_the_switch_asks_when_pressed_and_says_what_to_do_when_refused(
    context: BrowserContext,
) -> None:
    page = await member(context)
    await page.evaluate("Notification.requestPermission = async () => 'denied'")
    await page.click("#push-switch")
    await page.wait_for_selector("#push-problem:not([hidden])")
    assert "Permettez-les dans ses réglages" in await page.inner_text("#push-problem")
    assert not await page.is_checked("#push-switch")


async def test_the_switch_turns_notices_on_and_off(context: BrowserContext) -> None:
    page = await member(context)
    await context.grant_permissions(["notifications"])
    for path in ("/compte/notifications", "/compte/notifications/arreter"):
        async with page.expect_response(f"**{path}") as answer:
            await page.click("#push-switch")
        assert (await answer.value).status == 200
        await page.wait_for_selector("#push-switch:enabled")
        on = not path.endswith("arreter")
        assert await page.is_checked("#push-switch") is on
        body = await (await page.request.get("/compte")).text()
        assert (f'data-on="{"1" if on else ""}"') in body


async def pushed(context: BrowserContext, page: Page, payload: dict[str, str]) -> str:
    """The switch is on and the browser's worker is handed a message; returns the worker's scope."""
    await context.grant_permissions(["notifications"])
    devtools = await context.new_cdp_session(page)
    registered: dict[str, str] = {}
    devtools.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda event: registered.update(
            {each["scopeURL"]: each["registrationId"] for each in event["registrations"]}
        ),
    )
    await devtools.send("ServiceWorker.enable")
    await page.click("#push-switch")
    await page.wait_for_selector("#push-switch:enabled")
    await page.evaluate(ACTIVATED)
    async with asyncio.timeout(PATIENCE / 1000):  # the two are told by different ways
        while not (registered and context.service_workers):
            await asyncio.sleep(0.05)
    (scope,) = registered
    message = {"origin": scope, "registrationId": registered[scope], "data": json.dumps(payload)}
    await devtools.send("ServiceWorker.deliverPushMessage", message)
    return scope.rstrip("/")


ACTIVATED = """async () => {
  const { active } = await navigator.serviceWorker.ready;
  while (active.state !== "activated")
    await new Promise((changed) => active.addEventListener("statechange", changed, { once: true }));
}"""

SHOWN = """async () => {
  const registration = await navigator.serviceWorker.ready;
  for (let tries = 0; tries < 1200; tries += 1) {
    const [found] = await registration.getNotifications();
    if (found) return [found.title, found.body, found.tag, found.data.url];
    await new Promise((after) => setTimeout(after, 50));
  }
  return null;
}"""


async def test_the_worker_shows_what_is_pushed(context: BrowserContext) -> None:
    page = await member(context)
    payload = {"title": "Bientôt", "body": "à midi", "path": "https://elsewhere.example/"}
    home = await pushed(context, page, payload | {"tag": "x"})
    assert await page.evaluate(SHOWN) == ["Bientôt", "à midi", "x", home]


# A browser lets a worker open or focus pages only at a real press, which nobody makes in Chromium
# from outside: these two are played, and say what they were asked; the rest is the worker itself.
PRESSED = """async () => {
  const told = [];
  clients.openWindow = async (url) => told.push(["opened", url]);
  WindowClient.prototype.focus = async function () { told.push(["focused", this.url]); };
  const [notification] = await registration.getNotifications();
  const event = new NotificationEvent("notificationclick", { notification });
  let ended;
  event.waitUntil = (work) => { ended = work; };
  dispatchEvent(event);
  await ended;
  return [told, (await registration.getNotifications()).length];
}"""


@pytest.mark.parametrize("there", [False, True])
async def test_a_press_opens_the_page_or_comes_back_to_it(
    context: BrowserContext, there: bool
) -> None:
    page = await member(context)
    home = await pushed(context, page, {"title": "Bientôt", "path": "/c/les-pigistes"})
    assert await page.evaluate(SHOWN)
    if there:
        other = await context.new_page()
        await other.goto("/c/les-pigistes?de=ailleurs#bureaux")
        await page.bring_to_front()
    told, left = await context.service_workers[0].evaluate(PRESSED)
    url = f"{home}/c/les-pigistes"
    assert told == [["focused", f"{url}?de=ailleurs#bureaux"] if there else ["opened", url]]
    assert left == 0


CHANGED = """async (subscription) => {
  const asked = [];
  PushManager.prototype.subscribe = async (options) => {
    asked.push(options);
    return { toJSON: () => subscription };
  };
  const event = new ExtendableEvent("pushsubscriptionchange");
  let ended;
  event.waitUntil = (work) => { ended = work; };
  dispatchEvent(event);
  await ended;
  return asked;
}"""


async def test_a_new_address_is_told_to_the_server_while_the_switch_is_on(
    context: BrowserContext, named: Moulin
) -> None:
    others, new = await addresses(named), device()
    page = await member(context)
    await pushed(context, page, {})
    worker = context.service_workers[0]
    (asked,) = await worker.evaluate(CHANGED, new.subscription)
    assert asked["userVisibleOnly"]
    assert asked["applicationServerKey"] == await page.get_attribute("#push", "data-key")
    assert await addresses(named) - others == {new.endpoint}
    await page.click("#push-switch")
    await page.wait_for_selector("#push-switch:enabled")
    assert await worker.evaluate(CHANGED, new.subscription) == []
    await context.clear_cookies()
    assert await worker.evaluate(CHANGED, new.subscription) == []
    assert await addresses(named) == others


async def addresses(moulin: Moulin) -> set[str]:
    """Where that server sends notices."""
    database = Database(f"sqlite+aiosqlite:///{moulin.settings['DATA_DIR']}/moulin.sqlite3")
    async with database.reading() as db:
        found = set(await db.scalars(select(PushSubscriptionRow.endpoint)))
    await database.close()
    return found


async def test_an_iphone_is_told_to_put_moulin_on_its_home_screen_first(
    context: BrowserContext,
) -> None:
    await context.add_init_script(
        "delete window.PushManager;"
        "Object.defineProperty(Navigator.prototype, 'standalone', { get: () => false });"
    )
    page = await context.new_page()
    await become_member(page)
    await page.wait_for_selector("#push-install:not([hidden])")
    assert "Sur l’écran d’accueil" in await page.inner_text("#push-install")
    assert await page.is_hidden("#push")
