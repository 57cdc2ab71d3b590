"""A session in real browsers: announced, running by the server's clock, microphones as it says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select, update

from server.storage.database import Database
from server.storage.tables.sessions import SessionRow
from tests.browser.conftest import Arrive
from tests.browser.coworker import COMMUNITY, OFFICE, Coworker
from tests.browser.owner import take_key
from tests.conftest import MoulinFactory
from tests.processes import Moulin

pytestmark = pytest.mark.browser

LABEL = "document.getElementById('session-label').textContent"
MICROPHONE = ".bar [data-command=microphone]"
DETAIL = "document.getElementById('session-detail').textContent"
FOCUS, BREAK, DEBRIEF = (timedelta(minutes=each) for each in (45, 30, 10))
PRESSED = "document.querySelector('.bar [data-command=microphone]').ariaPressed === 'true'"


async def announce(host: Coworker, phases: list[tuple[str, timedelta]]) -> str:
    """Announce a session of each week that began this very minute; its address."""
    now = datetime.now(ZoneInfo("America/Toronto"))
    page = host.page
    await host.open(f"{COMMUNITY}/seances/nouvelle")
    await page.fill("#title-fr", "Mardi des factures")
    await page.select_option("#office", label="L’aire ouverte")
    await page.fill("#date", f"{now:%Y-%m-%d}")
    await page.fill("#time", f"{now:%H:%M}")
    await page.select_option("#frequency", value="weekly")
    lines = await page.query_selector_all(".phase-line")
    for index, line in enumerate(lines):
        kind, lasts = phases[index] if index < len(phases) else ("focus", timedelta())
        select, number = await line.query_selector("select"), await line.query_selector("input")
        assert select is not None
        assert number is not None
        await select.select_option(kind)
        await number.fill(str(lasts // timedelta(minutes=1)) if lasts else "")
    await page.click("main button:has-text('Enregistrer')")
    await page.wait_for_selector("h1:has-text('Mardi des factures')")
    return page.url.partition("?")[0].removeprefix(host.moulin.url)


def records(moulin: Moulin) -> Database:
    """The server's own database."""
    return Database(f"sqlite+aiosqlite:///{moulin.data_dir / 'moulin.sqlite3'}")


async def next_start(moulin: Moulin) -> datetime:
    """When the session comes back."""
    database = records(moulin)
    to_come = SessionRow.starts_at > datetime.now(UTC)
    async with database.reading() as db:
        found = await db.scalar(select(func.min(SessionRow.starts_at)).where(to_come))
    await database.close()
    assert found is not None
    return found


async def let_end_soon(moulin: Moulin, *phases: timedelta) -> None:
    """Move the session back in the database, so that the last of these phases ends in seconds.

    The server reads its sessions again every five seconds: its own clock brings what follows.
    """
    database, began = records(moulin), datetime.now(UTC) + timedelta(seconds=8)
    began -= sum(phases, timedelta())
    ends = began + FOCUS + BREAK + DEBRIEF
    today = SessionRow.starts_at < datetime.now(UTC)
    async with database.writing() as db:
        await db.execute(update(SessionRow).where(today).values(starts_at=began, ends_at=ends))
    await database.close()


async def test_microphones_are_closed_in_focus_and_open_at_the_break(
    arrive: Arrive, moulin_factory: MoulinFactory
) -> None:
    moulin = await moulin_factory()
    host, guest = await arrive("Odile", at=moulin), await arrive("Ana", at=moulin)
    await take_key(host)
    address = await announce(host, [("focus", FOCUS), ("break", BREAK), ("debrief", DEBRIEF)])

    await see_it_from_the_street(guest, address)
    for each in (guest, host):
        await walk_in(each)
        await each.wait_for(f"{LABEL} === 'Concentration'")
        await each.wait_for("document.getElementById('session-detail').textContent.includes('min')")
    await find_the_microphone_closed(guest)

    await let_end_soon(moulin, FOCUS)
    # At the break, by the server's clock, both pages say so and the guest is heard.
    for each in (host, guest):
        await each.page.wait_for_function(f"() => {LABEL} === 'Pause'", timeout=60_000)
    await guest.page.wait_for_selector(f"{MICROPHONE}[aria-disabled=false]")
    await guest.press("microphone")
    await guest.wait_for(PRESSED)
    await host.wait_receiving("Ana", "microphone", energy=1e-7)
    await rule_the_microphones(host, guest)

    # The host leaves; the guest takes the lamp.
    await host.press("leave")
    await guest.page.click("#session-open")
    await guest.page.click("[data-lamp=take]")
    await guest.page.wait_for_selector("#lamp-holder:has-text('Vous tenez la lampe')")

    # A restart in the middle changes nothing: the timetable and the lamp are in the database.
    await moulin.restart()
    await guest.wait_for(f"{LABEL} === 'Pause'")
    await see_the_next_date(moulin, guest)


async def see_the_next_date(moulin: Moulin, guest: Coworker) -> None:
    """The debrief shows the next date of the series, and so does the end."""
    day = "(starts) => new Date(starts).toLocaleDateString('fr-CA', %s)"
    day %= "{weekday: 'long', day: 'numeric', month: 'long'}"
    following = await guest.page.evaluate(day, (await next_start(moulin)).isoformat())
    await let_end_soon(moulin, FOCUS, BREAK)
    await guest.page.wait_for_function(f"() => {LABEL} === 'Bilan'", timeout=60_000)
    assert f"La prochaine\u00a0: {following}" in await guest.page.evaluate(DETAIL)
    await let_end_soon(moulin, FOCUS, BREAK, DEBRIEF)
    await guest.page.wait_for_function(f"() => {LABEL}.includes('terminée')", timeout=60_000)
    assert f"La prochaine\u00a0: {following}" in await guest.page.evaluate(LABEL)


async def see_it_from_the_street(guest: Coworker, address: str) -> None:
    """The façade has its lamp lit, the session's page takes an answer, the door counts down."""
    await guest.open(COMMUNITY)
    await guest.page.wait_for_selector(".bay[data-running]")
    await guest.open(address)
    await guest.page.fill("#answer-name", "Ana")
    await guest.page.click("button[name=answer][value=yes]")
    await guest.page.wait_for_selector(".button-chosen:has-text('J’y serai')")
    await guest.open(OFFICE)
    await guest.page.wait_for_selector(".session-line:has-text('pause dans')")


async def walk_in(someone: Coworker) -> None:
    """From the green room into the office, microphone and camera off."""
    await someone.open(f"{OFFICE}/salle")
    await someone.page.click("#green-enter")
    await someone.wait_inside()


async def find_the_microphone_closed(guest: Coworker) -> None:
    """In focus the button says no, and so does the server to a page that insists."""
    await guest.page.wait_for_selector(f"{MICROPHONE}[aria-disabled=true]")
    await guest.page.click(MICROPHONE, force=True)
    refused = await guest.page.evaluate(
        """() => window.moulin.room.localParticipant.setMicrophoneEnabled(true)
             .then((publication) => publication ? "published" : "refused", () => "refused")"""
    )
    assert refused == "refused"
    assert not await guest.page.evaluate(PRESSED)


async def rule_the_microphones(host: Coworker, guest: Coworker) -> None:
    """The host closes all microphones although it is the break, then lets the phases rule."""
    await host.page.click("#session-open")
    await host.page.wait_for_selector("#lamp-holder:has-text('Vous tenez la lampe')")
    await host.page.check("input[name=microphones][value=closed]")
    await guest.page.wait_for_selector(f"{MICROPHONE}[aria-disabled=true]")
    await guest.wait_for(f"!({PRESSED})")
    await host.page.check("input[name=microphones][value=phases]")
    await guest.page.wait_for_selector(f"{MICROPHONE}[aria-disabled=false]")
    assert not await guest.page.evaluate(PRESSED)  # nobody's microphone is opened for them
