"""Who is given a session to host, or relieved of one, learns it: once, whoever else changed it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web
from sqlalchemy import update

from server.community.people import Notification, Role
from server.community.rota import GATHERING
from server.community.sessions import Session, SessionDraft
from server.keys import DATABASE
from server.storage.queries import people, sessions
from server.storage.queries.communities import list_communities
from server.storage.queries.letters import StoredLetter
from server.storage.tables import PersonRow, SessionRow
from server.web.host_news import tell_hosts
from tests.server.conftest import Visitors
from tests.server.mailbox import ANA, LEA, letters, sign_in
from tests.server.offices import office_ids
from tests.server.visitors import Visitor
from tests.server.web.test_calendars import HOUSE, announce, draft, weekly
from tests.server.web.test_push import waiting
from tests.server.web.test_sessions import LIST, form

ROTA = f"{HOUSE}/seances/animation"


async def become_host(house: web.Application, address: str, lang: str = "fr") -> str:
    """Let a member host, and read that language; their id."""
    async with house[DATABASE].writing() as db:
        person = await people.person_by_email(db, address)
        assert person is not None
        community = (await list_communities(db))[0]
        await people.set_role(db, community.id, person.id, Role.HOST, datetime.now(UTC))
        await db.execute(update(PersonRow).where(PersonRow.id == person.id).values(lang=lang))
    return person.id


@pytest.fixture
async def ana_id(house: web.Application, ana: Visitor) -> str:
    return await become_host(house, ANA)


@pytest.fixture
async def lea(house: web.Application, visitors: Visitors) -> Visitor:
    visitor = visitors()
    await sign_in(house, visitor)
    return visitor


@pytest.fixture
async def lea_id(house: web.Application, lea: Visitor) -> str:
    """Léa hosts too, and reads English."""
    return await become_host(house, LEA, "en")


@pytest.fixture
async def planned(house: web.Application) -> SessionDraft:
    return weekly(draft((await office_ids(house))["aire-ouverte"], "Mardi"))


async def dates(house: web.Application, session_id: str) -> list[Session]:
    async with house[DATABASE].reading() as db:
        first = await sessions.session_by_id(db, session_id)
        assert first is not None
        return await sessions.sessions_of_series(db, first.series_id)


async def entrust(visitor: Visitor, session_id: str, host: str) -> None:
    """Make someone the host of a date, on the page of the rota."""
    await visitor.open(ROTA)
    assert await visitor.send(f"{HOUSE}/seances/{session_id}/animation", host=host) == 200


async def told(
    house: web.Application, address: str = ANA, after: timedelta = GATHERING
) -> list[StoredLetter]:
    """What someone was told of their hosting once so much time went by."""
    await tell_hosts(house, datetime.now(UTC) + after)
    return [each for each in await letters(house, address) if each.kind == "hosting"]


async def test_dates_given_one_by_one_make_one_letter_and_one_notice(
    house: web.Application, owner: Visitor, ana_id: str, planned: SessionDraft
) -> None:
    found = await dates(house, await announce(house, planned))
    for each in found[:3]:
        await entrust(owner, each.id, ana_id)
    assert await told(house, after=timedelta(0)) == []  # there may be more
    [letter] = await told(house)
    assert letter.subject == "Vous animez maintenant\N{NO-BREAK SPACE}: Mardi, 3 dates"
    assert "Ces séances vous sont confiées" in letter.text
    assert letter.text.count("Mardi, ") == 3
    assert ROTA in letter.text
    [notice] = await waiting(house)
    assert notice.person_id == ana_id
    assert "Vous animez maintenant" in notice.payload
    assert "et 2 autres" in notice.payload
    assert len(await told(house)) == 1  # once


async def test_the_new_host_and_the_one_relieved_read_it_in_their_language(
    house: web.Application, owner: Visitor, ana_id: str, lea_id: str, planned: SessionDraft
) -> None:
    session_id = await announce(house, planned)
    await entrust(owner, session_id, ana_id)
    assert len(await told(house)) == 1
    await entrust(owner, session_id, lea_id)
    lost = (await told(house))[0]
    assert lost.subject.startswith("Vous n’animez plus\N{NO-BREAK SPACE}: Mardi, ")
    assert f"{HOUSE}/seances/{session_id}" in lost.text
    [given] = await told(house, LEA)
    assert given.subject.startswith("You host now: Mardi (EN), ")
    assert "entrusted to you" in given.text


async def test_who_changes_it_is_not_told(
    house: web.Application, ana: Visitor, owner: Visitor, ana_id: str, planned: SessionDraft
) -> None:
    session_id = await announce(house, planned)
    for host in (ana_id, "", ana_id):
        await entrust(ana, session_id, host)
    assert await told(house) == []
    await entrust(owner, session_id, "")
    assert len(await told(house)) == 1


async def test_what_is_taken_back_at_once_is_not_told(
    house: web.Application, ana: Visitor, owner: Visitor, ana_id: str, planned: SessionDraft
) -> None:
    first, second, *_ = await dates(house, await announce(house, planned))
    await entrust(owner, first.id, ana_id)
    await entrust(owner, first.id, "")
    await entrust(owner, second.id, ana_id)
    await entrust(ana, second.id, "")  # she has seen it
    assert await told(house) == []
    assert await waiting(house) == []


async def test_a_date_that_begins_soon_is_told_at_once(
    house: web.Application, owner: Visitor, ana_id: str, planned: SessionDraft
) -> None:
    found = await dates(house, await announce(house, planned))
    soon = datetime.now(UTC) + timedelta(minutes=20)
    async with house[DATABASE].writing() as db:
        row = await db.get_one(SessionRow, found[0].id)
        row.starts_at, row.ends_at = soon, soon + timedelta(hours=1)
    for each in (found[1], found[0]):
        await entrust(owner, each.id, ana_id)
    [letter] = await told(house, after=timedelta(0))
    assert letter.subject.endswith("2 dates")


async def test_who_wants_no_news_of_changes_gets_none(
    house: web.Application, owner: Visitor, ana_id: str, planned: SessionDraft
) -> None:
    wanted = ",".join(each.value for each in Notification if each is not Notification.CHANGES)
    async with house[DATABASE].writing() as db:
        changed = update(PersonRow).where(PersonRow.id == ana_id).values(notifications=wanted)
        await db.execute(changed)
    await entrust(owner, await announce(house, planned), ana_id)
    assert await told(house) == []
    assert await waiting(house) == []


async def test_the_form_of_a_session_tells_hosts_and_co_hosts(
    house: web.Application, owner: Visitor, ana_id: str, lea_id: str
) -> None:
    recurring = {"frequency": "weekly", "count": "4"}
    sent = await form(house, host=ana_id, **recurring)
    await owner.open(f"{LIST}/nouvelle")
    await owner.send_list(f"{LIST}/nouvelle", sent)
    page = owner.path.partition("?")[0]
    [letter] = await told(house)
    assert letter.subject.endswith("Mardi des factures, 4 dates")
    await owner.open(page)
    second = (await dates(house, page.rpartition("/")[2]))[1]
    day = {"date": f"{second.starts_at:%Y-%m-%d}", "reach": "following"}
    edited = await form(house, host=lea_id, co_hosts=[ana_id], **recurring, **day)
    await owner.send_list(f"{LIST}/{second.id}/modifier", edited)
    assert owner.status == 200
    mine, hers = (await told(house))[0], (await told(house, LEA))[0]
    assert mine.subject.startswith("Vous coanimez maintenant")
    assert hers.subject == "You host now: Invoice Tuesday, 3 dates"  # the first is as it was


async def test_given_and_taken_at_once_is_one_letter(
    house: web.Application, owner: Visitor, ana_id: str, planned: SessionDraft
) -> None:
    first, second, *_ = await dates(house, await announce(house, planned))
    await entrust(owner, first.id, ana_id)
    assert len(await told(house)) == 1
    await entrust(owner, first.id, "")
    await entrust(owner, second.id, ana_id)
    letter = (await told(house))[0]
    assert letter.subject == "Ce que vous animez change\N{NO-BREAK SPACE}: Mardi, 2 dates"
    given, taken = letter.text.index("vous est confiée"), letter.text.index("n’animez plus cette")
    assert given < taken
    assert letter.text.index(f"{second.starts_at.day} ", given) < taken
