"""Notices all the way: our server, a push service, a real Firefox, and a press on what it shows."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web

from server.keys import PUSH, SETTINGS
from server.push.vapid import Vapid, fresh_key
from server.settings import Settings
from tests.marionette import Firefox
from tests.processes import Process
from tests.push_service import WAIT_LIMIT, PushService, push_service
from tests.server.conftest import house as house
from tests.server.conftest import owner as owner
from tests.server.conftest import server as server
from tests.server.conftest import settings as plain_settings  # noqa: F401  # a fixture
from tests.server.conftest import visitors as visitors
from tests.server.mailbox import letters
from tests.server.visitors import Visitor
from tests.server.web.test_push import due_now, subscribed
from tests.server.web.test_sessions import form, make

pytestmark = pytest.mark.browser

ADDRESS = "lea@exemple.org"

SHOWN = """async () => {
  const { getNotifications } = ServiceWorkerRegistration.prototype;
  const found = await getNotifications.call(await navigator.serviceWorker.ready);
  return found.map(({ title, body, data }) => [title, body, data.url]);
}"""


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[PushService]:
    async with push_service(tmp_path) as running:
        yield running


@pytest.fixture
def settings(plain_settings: Settings, service: PushService) -> Settings:  # noqa: F811
    """A keeper with a push service of their own."""
    mine = {"push_services": [service.origin], "push_authorities": service.authorities}
    return plain_settings.model_copy(update=mine | {"mail_from": "moulin@exemple.org"})


@pytest.fixture
async def browser(
    tmp_path: Path, service: PushService, processes: list[Process]
) -> AsyncIterator[Firefox]:
    """Firefox, with that push service in place of Mozilla's."""
    made = Firefox(
        tmp_path,
        {
            "intl.accept_languages": "fr-CA",
            "dom.push.serverURL": service.websocket,
            "dom.push.testing.allowInsecureServerURL": True,
            "dom.push.retryBaseInterval": 100,
            "dom.push.requestTimeout": 60_000,
        },
    )
    processes.append(made.process)
    try:
        await made.start()
        yield made
    finally:
        await made.close()
        processes.remove(made.process)


async def until(found: Callable[[], Awaitable[object]]) -> None:
    """Wait for something to become so; TimeoutError after a minute."""
    async with asyncio.timeout(WAIT_LIMIT):
        while not await found():
            await asyncio.sleep(0.05)


@dataclass
class Lea:
    """Someone with Firefox, and the session to which she comes, which the owner moves about."""

    house: web.Application
    owner: Visitor
    browser: Firefox
    service: PushService
    session: str

    @property
    def home(self) -> str:
        return self.house[SETTINGS].address

    async def become_member(self) -> None:
        """By the mailed link, to the account page."""
        await self.browser.goto(f"{self.home}/connexion?next=/compte")
        await self.browser.fill("#email", ADDRESS)
        await self.browser.click("main form button")
        await until(lambda: letters(self.house, ADDRESS))
        link = re.search(r"/entree/[\w-]{22}", (await letters(self.house, ADDRESS))[0].text)
        assert link is not None
        await self.browser.goto(self.home + link[0])
        await self.browser.fill("#nom", "Léa")
        await self.browser.click("main form button")
        await self.browser.find("#push:not([hidden])")

    async def turn_on(self) -> str:
        """The switch of the account page; where the server reaches her from now on."""
        await self.browser.click("#push-switch:enabled")
        await self.browser.find("#push-switch:checked:enabled")
        (endpoint,) = await subscribed(self.house)
        assert self.service.channels[endpoint].key == self.house[PUSH].public_key
        return endpoint

    async def turn_off(self) -> None:
        """The browser gives its address back, and the server forgets it."""
        (endpoint,) = await subscribed(self.house)
        await self.browser.goto(f"{self.home}/compte")
        await self.browser.click("#push-switch:checked:enabled")
        await self.browser.find("#push-switch:enabled:not(:checked)")
        await self.service.until(lambda: self.service.channels[endpoint].gone)
        assert await self.is_forgotten()

    async def answer_yes(self) -> None:
        """She comes, and wants to be reminded."""
        await self.browser.goto(self.home + self.session)
        await self.browser.click("#remind option[value='15']")
        await self.browser.click("button[name=answer][value=yes]")
        await self.browser.find(".button-chosen")
        await self.browser.goto(f"{self.home}/compte")

    async def told(self, count: int) -> tuple[str, str, str]:
        """The notification of that message, once the browser has read it: title, body, page."""
        taken, refused = self.service.taken, self.service.refused
        await self.service.until(lambda: len(taken) == count and taken[-1].code is not None)
        assert (taken[-1].code, refused) == (100, [])
        assert await subscribed(self.house) == [taken[-1].endpoint]
        await until(lambda: self.browser.evaluate(SHOWN))
        ((title, body, url),) = await self.browser.evaluate(SHOWN)
        return title, body, url

    async def press(self, title: str) -> None:
        """Press the notification; the page of the session is in front then, in the second tab."""
        await self.browser.press_notification(title)
        tabs = [(f"{self.home}/compte", False), (self.home + self.session, True)]
        await until(lambda: self.has_tabs(tabs))
        await until(self.is_shown_nothing)

    async def has_tabs(self, tabs: list[tuple[str, bool]]) -> bool:
        return await self.browser.tabs() == tabs

    async def is_shown_nothing(self) -> bool:
        return not await self.browser.evaluate(SHOWN)

    async def is_reached_elsewhere(self, than: str) -> bool:
        return await subscribed(self.house) not in ([], [than])

    async def is_forgotten(self) -> bool:
        return await subscribed(self.house) == []


@pytest.fixture
async def lea(
    house: web.Application, owner: Visitor, browser: Firefox, service: PushService
) -> Lea:
    """A member on her account page, whose browser may show notifications."""
    made = Lea(house, owner, browser, service, await make(house, owner))
    await browser.permit(made.home, "desktop-notification", allowed=True)
    await made.become_member()
    return made


async def test_notices_reach_a_browser_and_a_press_opens_their_page(
    lea: Lea, owner: Visitor, service: PushService, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await lea.turn_on()
    await lea.answer_yes()
    later = (datetime.now(UTC) + timedelta(days=40)).date().isoformat()
    await owner.send_list(f"{lea.session}/modifier", await form(lea.house, date=later))
    title, body, url = await lea.told(1)
    assert title.startswith("Changement\N{NO-BREAK SPACE}: ")
    assert "Les Pigistes" in body
    assert url == lea.home + lea.session
    assert await lea.has_tabs([(f"{lea.home}/compte", True)])
    await lea.press(title)

    # The push service loses the browser, which asks for another address: the server follows.
    await service.forget_browsers()
    await until(lambda: lea.is_reached_elsewhere(than=first))

    # The hour of the reminder comes; a press finds the page that is open already.
    await due_now(lea.house)
    title, _, _ = await lea.told(2)
    assert title.startswith("Bientôt\N{NO-BREAK SPACE}: ")
    await lea.browser.bring_to_front(0)
    await lea.press(title)

    await lea.turn_off()
    await lea.turn_on()

    # The server has lost its key: the switch says that nothing comes any more.
    monkeypatch.setattr(lea.house[PUSH], "_vapid", Vapid(fresh_key(), "mailto:a@exemple.org"))
    await lea.browser.goto(f"{lea.home}/compte")
    await lea.browser.find("#push:not([hidden]) #push-switch:not(:checked)")
    second = await lea.turn_on()

    # Forbidden in the browser's settings: the next notice is answered 410, and there is no other.
    await lea.browser.permit(lea.home, "desktop-notification", allowed=False)
    await service.until(lambda: service.channels[second].gone)
    await owner.send_list(f"{lea.session}/modifier", await form(lea.house))
    await until(lea.is_forgotten)
    assert [each.status for each in service.refused] == [410]
