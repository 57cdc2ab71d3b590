"""The switch for notices in a real browser, and what its worker does with a pushed message.

No push service is reached: the browser's own subscribing is played, its worker is the real one.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from playwright.async_api import Browser, BrowserContext, Page

from tests.browser.test_passkeys import become_member
from tests.processes import Moulin, free_port
from tests.server.push_service import Device

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


@pytest.fixture
async def named(moulin_factory: Callable[..., Awaitable[Moulin]]) -> Moulin:
    port = str(free_port())
    return await moulin_factory(HTTP_PORT=port, PUBLIC_URL=f"http://localhost:{port}")


@pytest.fixture
async def context(chromium: Browser, named: Moulin) -> AsyncIterator[BrowserContext]:
    made = await chromium.new_context(base_url=named.settings["PUBLIC_URL"], locale="fr-CA")
    yield made
    await made.close()


async def member(context: BrowserContext) -> Page:
    """A member's account page, in a browser whose subscribing is played."""
    subscription = Device("https://push.example.com/d/1").subscription
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


async def test_the_worker_shows_what_is_pushed(context: BrowserContext) -> None:
    page = await member(context)
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
    await page.evaluate("navigator.serviceWorker.ready")
    (scope,) = registered
    payload = {
        "title": "Bientôt",
        "body": "à midi",
        "path": "https://elsewhere.example/",
        "tag": "x",
    }
    await devtools.send(
        "ServiceWorker.deliverPushMessage",
        {"origin": scope, "registrationId": registered[scope], "data": json.dumps(payload)},
    )
    shown = await page.evaluate(
        """async () => {
          const registration = await navigator.serviceWorker.ready;
          for (let tries = 0; tries < 100; tries += 1) {
            const [found] = await registration.getNotifications();
            if (found) return [found.title, found.body, found.tag, found.data.url];
            await new Promise((after) => setTimeout(after, 50));
          }
          return null;
        }"""
    )
    home = scope.rstrip("/")
    assert shown == ["Bientôt", "à midi", "x", home]
