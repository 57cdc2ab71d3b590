"""A guest of a session on a phone: becomes a member, answers, fits, and reads what is mailed."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from email.message import EmailMessage
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event

from tests.browser.coworker import Coworker
from tests.server.post_office import PostOffice

PHONE = {"width": 360, "height": 740}
ADDRESS = "zoe@exemple.org"
ZONE = ZoneInfo("America/Toronto")
TITLE = "Mardi des factures"


def tomorrow_noon() -> datetime:
    """An hour of tomorrow that is there on each day of the year, by the house's clock."""
    return (datetime.now(ZONE) + timedelta(days=1)).replace(hour=12, minute=0)


async def begin_at(admin: Coworker, moment: datetime) -> None:
    """Set when the session of the form begins, and save."""
    await admin.page.fill("#date", f"{moment:%Y-%m-%d}")
    await admin.page.fill("#time", f"{moment:%H:%M}")
    await admin.page.click("main button:has-text('Enregistrer')")
    await admin.page.wait_for_selector(f"h1:has-text('{TITLE}')")


async def fits(guest: Coworker) -> None:
    """Nothing of the page is wider than the phone."""
    assert await guest.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


async def become_member(guest: Coworker, post_office: PostOffice, session: str) -> None:
    """By a mailed link, asked for on the session's page, to which it comes back."""
    page = guest.page
    await guest.open(session)
    await page.click("[popovertarget=menu-moi]")
    await page.click("#menu-moi a:has-text('Devenir membre')")
    await page.fill("#email", ADDRESS)
    await page.click("button:has-text('Recevoir mon lien')")
    await page.wait_for_selector("h1:has-text('Regardez vos courriels')")
    await fits(guest)
    letter = await post_office.wait_for(ADDRESS, 1)
    await page.goto(link_in(letter, "/entree/"))
    await page.click("main form button:has-text('Entrer')")
    await page.wait_for_selector(f"h1:has-text('{TITLE}')")


async def answer_yes(guest: Coworker, post_office: PostOffice) -> Event:
    """Say yes, with a reminder; the session as the mailed calendar puts it."""
    await guest.page.select_option("#remind", "15")
    await guest.page.click("button[name=answer][value=yes]")
    await guest.page.wait_for_selector(".button-chosen:has-text('J’y serai')")
    assert await guest.page.input_value("#remind") == "15"
    return event_in(await post_office.wait_for(ADDRESS, 2))


def event_in(letter: EmailMessage) -> Event:
    """The one event of the calendar attached to a letter."""
    file = next(each for each in letter.iter_attachments() if each.get_filename() == "seance.ics")
    (event,) = Calendar.from_ical(file.get_content()).walk("VEVENT")
    assert isinstance(event, Event)
    assert event["SUMMARY"] == TITLE
    return event


def link_in(letter: EmailMessage, path: str) -> str:
    """The address in a letter's text that leads to `path`."""
    text = letter.get_body(("plain",))
    assert text is not None
    found = re.search(rf"^https?://\S+{path}\S+", text.get_content(), re.MULTILINE)
    assert found is not None
    return found[0]
