"""A series called off and restored in real browsers: its host, its mails, and what others see."""

from __future__ import annotations

from email.message import EmailMessage

import pytest

from tests.browser.conftest import Arrive
from tests.browser.coworker import COMMUNITY, Coworker
from tests.browser.owner import take_key
from tests.browser.session_guest import (
    ADDRESS,
    PHONE,
    TITLE,
    answer_yes,
    become_member,
    begin_at,
    event_in,
    fits,
    tomorrow_noon,
)
from tests.conftest import MoulinFactory
from tests.server.post_office import PostOffice

pytestmark = [pytest.mark.browser, pytest.mark.timeout(420)]
LIST = f"{COMMUNITY}/seances"
OFF = ".session-row-cancelled"


async def test_a_series_is_called_off_and_takes_place_after_all(
    arrive: Arrive, moulin_factory: MoulinFactory, post_office: PostOffice
) -> None:
    own = await moulin_factory(SMTP_URL=post_office.url, MAIL_FROM="Moulin <moulin@exemple.org>")
    host = await arrive("Marie", at=own)
    await take_key(host)
    session = await announce_weekly(host)
    guest = await arrive("Zoé", at=own, size=PHONE, is_mobile=True, has_touch=True)
    for each in (host, guest):
        each.page.set_default_timeout(60_000)
    await guest.open(session)
    await guest.page.fill("#answer-name", guest.name)
    await guest.page.click("button[name=answer][value=yes]")
    await guest.page.wait_for_selector(".button-chosen:has-text('J’y serai')")
    await become_member(guest, post_office, session)
    first = await answer_yes(guest, post_office)

    await call_off(host, session, "this")
    letter = await post_office.wait_for(ADDRESS, 3)
    off = event_in(letter)
    assert (off["UID"], str(off["STATUS"])) == (first["UID"], "CANCELLED")
    assert letter["Subject"].startswith("Annulée")
    await find_it_off(guest, session, dates=1)

    await restore(host, session, "this")
    assert_back(await post_office.wait_for(ADDRESS, 4), after=off.sequence)
    await guest.open(session)
    await guest.page.wait_for_selector(".button-chosen:has-text('J’y serai')")

    await call_off(host, session, "all")
    again = event_in(await post_office.wait_for(ADDRESS, 5))
    await find_it_off(guest, session, dates=2)
    await restore(host, session, "together")
    assert_back(await post_office.wait_for(ADDRESS, 6), after=again.sequence)
    await guest.open(LIST)
    assert await guest.page.locator(OFF).count() == 0
    for person in (host, guest):
        assert person.problems == []


async def announce_weekly(host: Coworker) -> str:
    """A session of tomorrow that comes back twice; the path of its page."""
    await host.open(f"{LIST}/nouvelle")
    await host.page.fill("#title-fr", TITLE)
    await host.page.select_option("#office", label="L’aire ouverte")
    assert not await host.page.is_visible("#count")  # once: a series has nothing to be asked yet
    await host.page.select_option("#frequency", "weekly")
    await host.page.fill("#count", "999")
    await host.page.click("#series > summary")
    await host.page.click("main button:has-text('Enregistrer')")
    await host.page.wait_for_selector("#count:focus")  # the closed fold opens at its bad value
    await host.page.fill("#count", "2")
    await begin_at(host, tomorrow_noon())
    # What was done is said once: the address is fit to be copied at once.
    await host.wait_for("!location.search.includes('fait')")
    assert "La séance est annoncée." in await host.page.inner_text("main")
    return host.page.url.removeprefix(host.moulin.url)


async def call_off(host: Coworker, session: str, reach: str) -> None:
    """Call off a session from its page."""
    await host.open(session)
    await host.page.click("summary:has-text('Annuler la séance')")
    await host.page.check(f"input[name=reach][value={reach}]")
    await host.page.click("button:has-text('Oui, annuler')")
    await host.page.wait_for_selector(".session-state:has-text('Annulée')")


async def restore(host: Coworker, session: str, reach: str) -> None:
    """Have it take place after all."""
    await host.open(session)
    if reach != "this":
        await host.page.check(f"input[name=reach][value={reach}]")
    await host.page.click("button:has-text('Rétablir la séance')")
    await host.page.wait_for_selector(".notice:has-text('La séance aura lieu.')")


async def find_it_off(guest: Coworker, session: str, dates: int) -> None:
    """The page says so and takes no answer, the list shows it struck, the phone shows it whole."""
    await guest.open(session)
    await guest.page.wait_for_selector(".session-state:has-text('Annulée')")
    assert "Cette séance est annulée." in await guest.page.inner_text("#reponse")
    assert await guest.page.locator("button[name=answer]").count() == 0
    assert await guest.page.locator("button:has-text('Rétablir')").count() == 0
    await fits(guest)
    await guest.open(LIST)
    assert await guest.page.locator(OFF).count() == dates
    await fits(guest)


def assert_back(letter: EmailMessage, after: int) -> None:
    """The letter puts the session back in the calendar."""
    event = event_in(letter)
    assert letter["Subject"].startswith("Rétablie")
    assert str(event["STATUS"]) == "CONFIRMED"
    assert event.sequence > after
