"""Calendars as programs fetch them: files, feeds, their tokens, and who sees what."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web
from icalendar import Calendar

from server.community.phases import read_phases
from server.community.recurrence import Frequency, Recurrence, Schedule, in_local
from server.community.series_edits import Reach
from server.community.sessions import OpenTo, Plan, SessionDraft
from server.community.text import Bilingual
from server.keys import DATABASE
from server.storage.queries import session_cancelling, session_changes, sessions
from server.storage.queries.communities import list_communities
from tests.server.conftest import Visitors
from tests.server.offices import office_ids
from tests.server.visitors import Visitor

HOUSE = "/c/les-pigistes"
ZONE = "America/Toronto"


def draft(office_id: str, title: str, recurrence: Recurrence | None = None) -> SessionDraft:
    tomorrow = in_local(datetime.now(UTC) + timedelta(days=1), ZONE)
    start = tomorrow.replace(hour=9, minute=30, second=0, microsecond=0)
    plan = Plan(
        title=Bilingual(title, f"{title} (EN)"),
        text=Bilingual("On avance."),
        theme="",
        office_id=office_id,
        host_id=None,
        co_host_ids=(),
        phases=read_phases("focus 50, break 10"),
        capacity=None,
        open_to=OpenTo.ALL,
    )
    return SessionDraft(plan, Schedule(start, ZONE, recurrence))


async def announce(house: web.Application, wanted: SessionDraft) -> str:
    """Keep a session; its id, the first one's for a series."""
    async with house[DATABASE].writing() as db:
        community = (await list_communities(db))[0]
        now = datetime.now(UTC)
        return await session_changes.add_session(db, community.id, wanted, None, now)


@pytest.fixture
async def cafe(house: web.Application) -> str:
    return next(iter((await office_ids(house)).values()))


def weekly(wanted: SessionDraft) -> SessionDraft:
    rule = Recurrence(Frequency.WEEKLY, (wanted.schedule.start.weekday(),))
    return replace(wanted, schedule=replace(wanted.schedule, recurrence=rule))


def summaries(visitor: Visitor) -> list[str]:
    return sorted(str(each["SUMMARY"]) for each in Calendar.from_ical(visitor.page).walk("VEVENT"))


async def test_the_file_of_a_session(house: web.Application, visitor: Visitor, cafe: str) -> None:
    session_id = await announce(house, weekly(draft(cafe, "Mardi")))
    page = f"{HOUSE}/seances/{session_id}"
    assert await visitor.open(page) == 200
    assert f"{page}/seance.ics" in visitor.page
    assert "https://calendar.google.com/calendar/render?action=TEMPLATE" in visitor.page
    assert "https://outlook.live.com/calendar/0/action/compose?rru=addevent" in visitor.page
    assert await visitor.open(f"{page}/seance.ics") == 200
    assert visitor.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert "attachment" in visitor.headers["Content-Disposition"]
    assert f"UID:{session_id}@127.0.0.1" in visitor.page
    assert "RRULE:FREQ=WEEKLY" not in visitor.page.split("END:VTIMEZONE")[1]
    assert await visitor.open(f"{page}/serie.ics") == 200
    assert "RRULE:FREQ=WEEKLY" in visitor.page.split("END:VTIMEZONE")[1]


async def test_a_public_feed_is_read_again_only_when_it_changed(
    house: web.Application, visitor: Visitor, cafe: str
) -> None:
    session_id = await announce(house, weekly(draft(cafe, "Mardi")))
    feed = f"{HOUSE}/calendrier.ics"
    assert await visitor.open(feed) == 200
    assert summaries(visitor) == ["Mardi"]
    assert "REFRESH-INTERVAL" in visitor.page
    tag = visitor.headers["ETag"]
    assert await visitor.open(feed, **{"If-None-Match": tag}) == 304
    async with house[DATABASE].writing() as db:
        session = await sessions.session_by_id(db, session_id)
        assert session is not None
        await session_cancelling.cancel_session(db, session, Reach.THIS, datetime.now(UTC))
    assert await visitor.open(feed, **{"If-None-Match": tag}) == 200
    assert await visitor.open(f"{feed}?lang=en") == 200
    assert summaries(visitor) == ["Mardi (EN)"]


async def test_an_offices_feed_has_only_its_own(
    house: web.Application, visitor: Visitor, cafe: str
) -> None:
    offices = await office_ids(house)
    other = next(each for each in offices.values() if each != cafe)
    await announce(house, draft(cafe, "Ici"))
    await announce(house, draft(other, "Ailleurs"))
    slug = next(slug for slug, office_id in offices.items() if office_id == cafe)
    assert await visitor.open(f"{HOUSE}/{slug}/calendrier.ics") == 200
    assert summaries(visitor) == ["Ici"]
    assert await visitor.open(f"{HOUSE}/nulle-part/calendrier.ics") == 404


async def test_what_is_for_the_invited_is_in_no_public_feed(
    house: web.Application, visitor: Visitor, owner: Visitor, cafe: str
) -> None:
    wanted = draft(cafe, "Secrète")
    await announce(house, replace(wanted, plan=replace(wanted.plan, open_to=OpenTo.INVITED)))
    for each in (visitor, owner):  # a shared address shows everyone the same
        assert await each.open(f"{HOUSE}/calendrier.ics") == 200
        assert summaries(each) == []


async def open_feed(visitor: Visitor) -> list[str]:
    """Open a private feed; the paths it is read at."""
    await visitor.open(f"{HOUSE}/calendrier")
    await visitor.send("/calendrier/ouvrir", next=f"{HOUSE}/calendrier")
    assert visitor.path == f"{HOUSE}/calendrier?fait=ouvert"
    found = re.findall(r'value="http://127[^/]*(/calendrier/[^"]+)"', visitor.page)
    assert len(found) == 2
    return found


async def test_a_private_feed_shows_ones_own_and_is_closed_for_good(
    house: web.Application, visitors: Visitors, owner: Visitor, cafe: str
) -> None:
    wanted = draft(cafe, "Secrète")
    secret = await announce(
        house, replace(wanted, plan=replace(wanted.plan, open_to=OpenTo.INVITED))
    )
    await announce(house, draft(cafe, "Publique"))
    await owner.open(f"{HOUSE}/seances/{secret}")
    await owner.send(f"{HOUSE}/seances/{secret}/reponse", answer="yes", companions="0")
    mine, house_feed = await open_feed(owner)
    program = visitors()  # without any cookie
    assert await program.open(mine) == 200
    assert summaries(program) == ["Secrète"]
    assert await program.open(house_feed) == 200
    assert summaries(program) == ["Publique", "Secrète"]
    changed = await open_feed(owner)
    assert await program.open(mine) == 404
    assert await program.open(changed[0]) == 200
    await owner.send("/calendrier/fermer", next=f"{HOUSE}/calendrier")
    assert await program.open(changed[0]) == 404
    assert await program.open(changed[1]) == 404


async def test_a_private_feed_tells_of_what_is_called_off(
    house: web.Application, visitors: Visitors, owner: Visitor, cafe: str
) -> None:
    session_id = await announce(house, weekly(draft(cafe, "Mardi")))
    await owner.open(f"{HOUSE}/seances/{session_id}")
    await owner.send(f"{HOUSE}/seances/{session_id}/reponse", answer="maybe", companions="0")
    mine = (await open_feed(owner))[0]
    async with house[DATABASE].writing() as db:
        session = await sessions.session_by_id(db, session_id)
        assert session is not None
        await session_cancelling.cancel_session(db, session, Reach.THIS, datetime.now(UTC))
    program = visitors()
    await program.open(mine)
    assert "STATUS:CANCELLED" in program.page


async def test_a_stranger_has_no_private_feed(visitor: Visitor) -> None:
    assert await visitor.open(f"{HOUSE}/calendrier") == 200
    assert "/connexion?next=" in visitor.page
    assert await visitor.send("/calendrier/ouvrir", next="/") == 403
    assert await visitor.open("/calendrier/devinette.ics") == 404


async def test_nobody_is_sent_elsewhere(owner: Visitor) -> None:
    await owner.open(f"{HOUSE}/calendrier")
    for path in (
        "https://mechant.example",
        "//mechant.example/c/x/calendrier",
        "/c/..//calendrier",
    ):
        await owner.send("/calendrier/ouvrir", next=path)
        assert owner.path.split("?")[0] in ("/", HOUSE)
