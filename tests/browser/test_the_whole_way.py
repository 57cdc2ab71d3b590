"""The whole way of a guest: a link, the office, an account, a session, and back at its hour."""

from __future__ import annotations

import re
from datetime import datetime
from email.message import EmailMessage

import aiohttp
import pytest
from icalendar import Event

from tests.browser.conftest import Arrive
from tests.browser.coworker import COMMUNITY, Coworker
from tests.browser.owner import take_key
from tests.browser.session_guest import (
    ADDRESS,
    PHONE,
    TITLE,
    ZONE,
    answer_yes,
    become_member,
    begin_at,
    event_in,
    fits,
    link_in,
    tomorrow_noon,
)
from tests.conftest import MoulinFactory
from tests.server.agents import CRAWLERS
from tests.server.post_office import PostOffice

pytestmark = pytest.mark.browser


async def test_from_a_shared_link_to_the_session_at_its_hour(
    arrive: Arrive, moulin_factory: MoulinFactory, post_office: PostOffice
) -> None:
    own = await moulin_factory(SMTP_URL=post_office.url, MAIL_FROM="Moulin <moulin@exemple.org>")
    admin = await arrive("Marie", at=own)
    await take_key(admin)
    session, link = await announce_and_invite(admin)
    assert await preview(link) == f"{TITLE} · Les Pigistes"

    guest = await arrive("Zoé", at=own, size=PHONE, is_mobile=True, has_touch=True)
    await come_in(guest, link)
    await become_member(guest, post_office, session)
    first = await answer_yes(guest, post_office)
    await begin_now(admin, session)
    second, letter = await changed(guest, post_office)
    assert second["UID"] == first["UID"]
    assert second.sequence > first.sequence
    assert second.start < first.start

    await guest.page.goto(link_in(letter, "/seances/"))
    await fits(guest)
    await guest.page.click("main a.button-primary:has-text('Entrer')")
    await guest.comes_to("*/salle")
    await guest.page.click("#green-enter")
    await guest.wait_inside()
    await guest.wait_for("document.getElementById('session-label').textContent === 'Arrivées'")
    for person in (admin, guest):
        assert person.problems == []


async def announce_and_invite(admin: Coworker) -> tuple[str, str]:
    """A session of tomorrow and a link to it: the path of its page, the address of the link."""
    page = admin.page
    await admin.open(f"{COMMUNITY}/seances/nouvelle")
    await page.fill("#title-fr", TITLE)
    await page.select_option("#office", label="L’aire ouverte")
    await begin_at(admin, tomorrow_noon())
    session = page.url.partition("?")[0].removeprefix(admin.moulin.url)
    await page.click("button:has-text('Créer un lien vers cette séance')")
    return session, await page.input_value("#new-link")


async def begin_now(admin: Coworker, session: str) -> None:
    """Move the session to this very minute."""
    await admin.open(f"{session}/modifier")
    await begin_at(admin, datetime.now(ZONE))


async def preview(link: str) -> str:
    """The title that a crawler reads on a link's card, having been let see the page at once."""
    async with aiohttp.ClientSession(headers={"User-Agent": CRAWLERS["facebook"]}) as crawler:
        async with crawler.get(link, allow_redirects=False) as answer:
            assert answer.status == 200
            page = await answer.text()
        found = dict(re.findall(r'<meta property="(og:\w+)" content="([^"]*)"', page))
        async with crawler.get(found["og:image"]) as answer:
            assert answer.content_type == "image/jpeg"
            assert len(await answer.read()) < 300_000
    return str(found["og:title"])


async def come_in(guest: Coworker, link: str) -> None:
    """From the link to the session's page, and from there into its office and out again."""
    page = guest.page
    await page.goto(link)
    await fits(guest)
    await page.fill("#nom", guest.name)
    await page.click("main form button:has-text('Entrer')")
    await page.wait_for_selector(f"h1:has-text('{TITLE}')")
    await fits(guest)
    await page.click(".session-facts a:has-text('L’aire ouverte')")
    await page.click("main a.button-primary")
    await page.wait_for_selector("#green-enter")
    await page.click("#green-enter")
    await guest.wait_inside()
    await fits(guest)
    await guest.press("leave")
    await guest.comes_to("*/au-revoir?raison=left")


async def changed(guest: Coworker, post_office: PostOffice) -> tuple[Event, EmailMessage]:
    """What the next letter says of the session."""
    letter = await post_office.wait_for(ADDRESS, 3)
    assert letter["Subject"].startswith("Changement")
    return event_in(letter), letter
