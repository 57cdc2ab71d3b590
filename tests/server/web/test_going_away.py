"""Offices that are removed and hosts who go: whoever answered learns it, by a real mail server."""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web
from sqlalchemy import select, update

from server.community.people import Person, Role
from server.community.sessions import SessionDraft
from server.keys import DATABASE
from server.push.notices import Notice
from server.retention import apply_retention
from server.storage.database import Transaction
from server.storage.queries import sessions
from server.storage.queries.communities import list_communities
from server.storage.queries.people import person_by_email, set_role
from server.storage.tables import LetterRow, PersonRow
from server.web import host_letters, session_news
from server.web.farewells import erase_and_tell
from server.web.host_letters import MOST_LISTED
from tests.server.conftest import Visitors
from tests.server.mailbox import ANA, LEA, letters, sign_in
from tests.server.offices import MANAGE, change_office, office_ids
from tests.server.post_office import PostOffice
from tests.server.visitors import Visitor
from tests.server.web.test_calendars import HOUSE, announce, draft, weekly
from tests.server.web.test_manage_people import join
from tests.server.web.test_session_invitations import answer, calendar_of, deliver

LUC = "luc@exemple.org"
KASSANDRA = "kassandra.unique@exemple.org"


@pytest.fixture
def notices(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Notice]]:
    """Who was sent which notice."""
    queued: list[tuple[str, Notice]] = []

    async def queue(_db: Transaction, to: Person, notice: Notice, **_when: object) -> None:
        queued.append((to.name, notice))

    for module in (session_news, host_letters):
        monkeypatch.setattr(module, "queue_notice", queue)
    return queued


async def planned(house: web.Application) -> SessionDraft:
    """A series in the open space."""
    return weekly(draft((await office_ids(house))["aire-ouverte"], "Mardi"))


async def count_dates(house: web.Application, session_id: str) -> int:
    """How many dates of a series have their session."""
    async with house[DATABASE].reading() as db:
        first = await sessions.session_by_id(db, session_id)
        assert first is not None
        return len(await sessions.sessions_of_series(db, first.series_id))


async def remove(house: web.Application, owner: Visitor, **choice: str) -> None:
    office_id = (await office_ids(house))["aire-ouverte"]
    await owner.send(f"{MANAGE}/offices/{office_id}/supprimer", **choice)


async def test_an_office_with_sessions_to_come_asks_what_becomes_of_them(
    house: web.Application, owner: Visitor, ana: Visitor
) -> None:
    await change_office(house, owner, "cafe", visibility="invitation")
    session_id = await announce(house, await planned(house))
    dates = await count_dates(house, session_id)
    await answer(ana, session_id, "yes")
    await owner.open(MANAGE)
    offices = await office_ids(house)
    page = f"{MANAGE}/offices/{offices['aire-ouverte']}"
    assert f'href="{page}#enlever"' in owner.page
    assert f'action="{page}/supprimer"' not in owner.page
    for choice in ({}, {"sessions": offices["cafe"]}, {"sessions": offices["aire-ouverte"]}):
        await remove(house, owner, **choice)
        assert owner.status == 409
        told = f"{dates} séances à venir doivent s’y tenir. 1 personne y a répondu"
        assert told in owner.text
        assert f'value="{offices["concentration"]}"' in owner.page
        assert f'value="{offices["cafe"]}"' not in owner.page  # what is for all needs an open door
    assert await office_ids(house) == offices
    async with house[DATABASE].reading() as db:
        assert len(list(await db.scalars(select(LetterRow).where(LetterRow.address == ANA)))) == 2


async def test_sessions_move_to_another_office_and_calendars_follow(
    house: web.Application,
    owner: Visitor,
    ana: Visitor,
    post_office: PostOffice,
    notices: list[tuple[str, Notice]],
) -> None:
    session_id = await announce(house, await planned(house))
    await answer(ana, session_id, "yes")
    await deliver(house, post_office)
    await remove(house, owner, sessions=(await office_ids(house))["cafe"])
    assert owner.path == f"{MANAGE}?fait=office-removed-moved"
    assert "ses séances ont lieu ailleurs" in owner.text
    assert set(await office_ids(house)) == {"cafe", "concentration"}
    before, after = await deliver(house, post_office)
    assert str(after["Subject"]).startswith("Changement")
    found = [calendar_of(each) for each in (before, after)]
    assert [method for method, _ in found] == ["REQUEST", "REQUEST"]
    assert {str(event["UID"]) for _, event in found} == {f"{session_id}@127.0.0.1"}
    assert [event["SEQUENCE"] for _, event in found] == [0, 1]
    assert str(found[1][1]["LOCATION"]).endswith("/c/les-pigistes/cafe")
    [(name, notice)] = notices
    assert (name, notice.path) == ("Ana", f"{HOUSE}/seances/{session_id}")
    assert await ana.open(f"{HOUSE}/seances/{session_id}") == 200
    assert "J’y serai" in ana.text


async def test_sessions_are_called_off_with_their_office(
    house: web.Application,
    owner: Visitor,
    ana: Visitor,
    post_office: PostOffice,
    notices: list[tuple[str, Notice]],
) -> None:
    session_id = await announce(house, await planned(house))
    await answer(ana, session_id, "maybe")
    await deliver(house, post_office)
    await remove(house, owner, sessions="cancel")
    assert owner.path == f"{MANAGE}?fait=office-removed-cancelled"
    assert "aire-ouverte" not in await office_ids(house)
    _, after = await deliver(house, post_office)
    method, event = calendar_of(after)
    assert (method, event["SEQUENCE"], str(event["STATUS"])) == ("CANCEL", 1, "CANCELLED")
    assert str(event["UID"]) == f"{session_id}@127.0.0.1"
    text = after.get_body(("plain",))
    assert text is not None
    link = re.search(r"https?://[^/]+(/c/\S+)", text.get_content())
    assert link is not None
    assert await ana.open(link[1]) == 200  # a page that still stands
    [(name, notice)] = notices
    assert (name, notice.title) == ("Ana", "Annulée\u00a0: Mardi")
    assert await ana.open(notice.path) == 200


async def a_host(house: web.Application, visitor: Visitor, address: str, name: str) -> str:
    """Someone who signs in and may host in « Les Pigistes »; their id."""
    await sign_in(house, visitor, address, name)
    async with house[DATABASE].writing() as db:
        person = await person_by_email(db, address)
        assert person is not None
        community = (await list_communities(db))[0]
        await set_role(db, community.id, person.id, Role.HOST, datetime.now(UTC))
    return person.id


async def hosted(house: web.Application, host_id: str, *co_hosts: str, title: str = "") -> str:
    wanted = await planned(house)
    plan = replace(wanted.plan, host_id=host_id, co_host_ids=co_hosts)
    if title:
        plan = replace(plan, title=replace(plan.title, fr=title))
    return await announce(house, replace(wanted, plan=plan))


async def whole_outbox(house: web.Application) -> str:
    """All that waits to leave, files attached included."""
    async with house[DATABASE].reading() as db:
        rows = list(await db.scalars(select(LetterRow).where(LetterRow.sent_at.is_(None))))
    files = [each for row in rows for each in re.findall(r"[\w+/=]{80,}", row.attachments)]
    parts = [f"{row.address} {row.subject} {row.text} {row.html}" for row in rows]
    return " ".join(parts + [base64.b64decode(each).decode() for each in files])


async def test_the_sessions_of_who_erases_their_account_go_to_the_co_host(
    house: web.Application,
    ana: Visitor,
    visitors: Visitors,
    post_office: PostOffice,
    notices: list[tuple[str, Notice]],
) -> None:
    kassandra = visitors()
    host_id = await a_host(house, kassandra, KASSANDRA, "Kassandra Unique")
    luc = await a_host(house, visitors(), LUC, "Luc")
    session_id = await hosted(house, host_id, luc)
    await answer(ana, session_id, "yes")
    await answer(kassandra, session_id, "yes")
    await deliver(house, post_office)
    await kassandra.open("/compte")
    await kassandra.send("/compte/effacer", sure="1")

    [to_luc, *_] = await letters(house, LUC)
    assert to_luc.subject == "Vous animez maintenant\u00a0: Mardi"
    assert f"et {await count_dates(house, session_id) - MOST_LISTED} autres" in to_luc.text
    [to_ana] = await letters(house, ANA)
    assert "une autre personne l’anime maintenant" in to_ana.text
    assert "dates suivantes" in to_ana.text
    assert [(name, each.path) for name, each in notices] == [
        ("Ana", f"{HOUSE}/seances/{session_id}")
    ]
    outbox = await whole_outbox(house)
    assert not re.search(r"\bLuc\b", outbox)  # which may be part of a token
    assert "assandra" not in outbox
    await ana.open(f"{HOUSE}/seances/{session_id}")
    assert "Luc" in ana.text
    assert "Kassandra" not in ana.text


async def test_without_a_co_host_the_session_stands_and_organisers_are_told(
    house: web.Application,
    owner: Visitor,
    ana: Visitor,
    visitors: Visitors,
    post_office: PostOffice,
) -> None:
    await owner.open("/compte")
    await sign_in(house, owner, "odile@exemple.org", "Odile")
    kassandra = visitors()
    host_id = await a_host(house, kassandra, KASSANDRA, "Kassandra Unique")
    session_id = await hosted(house, host_id)
    await hosted(house, host_id, title="Jeudi")
    await answer(ana, session_id, "yes")
    await deliver(house, post_office)
    await kassandra.open("/compte")
    await kassandra.send("/compte/effacer", sure="1")
    messages = await deliver(house, post_office)
    text = messages[-1].get_body(("plain",))
    assert text is not None
    assert "quiconque est là peut prendre la lampe" in text.get_content()
    [to_odile] = [
        each for each in post_office.to("odile@exemple.org") if "entrer" not in str(each["Subject"])
    ]
    assert str(to_odile["Subject"]) == "Des séances sans personne pour les animer, Les Pigistes"
    body = to_odile.get_body(("plain",))
    assert body is not None
    assert "Mardi, " in body.get_content()
    assert "Jeudi, " in body.get_content()
    rota = re.search(r"https?://[^/]+(/c/\S+/animation)", body.get_content())
    assert rota is not None
    assert await owner.open(rota[1]) == 200
    assert await ana.open(f"{HOUSE}/seances/{session_id}") == 200
    assert "J’y serai" in ana.text


@pytest.mark.parametrize("is_guest", [False, True])
async def test_a_seat_that_an_erasure_frees_goes_to_who_waits(
    house: web.Application, ana: Visitor, visitors: Visitors, is_guest: bool
) -> None:
    luc = visitors()
    if is_guest:
        await luc.send("/nom", name="Luc", next="/")
    else:
        await sign_in(house, luc, LUC, "Luc")
    wanted = draft((await office_ids(house))["aire-ouverte"], "Mardi")
    session_id = await announce(house, replace(wanted, plan=replace(wanted.plan, capacity=1)))
    await answer(luc, session_id, "yes")
    await answer(ana, session_id, "yes")
    if is_guest:
        await luc.send("/sortir")
    else:
        await luc.send("/compte/effacer", sure="1")
    [letter, *_] = await letters(house, ANA)
    assert letter.subject.startswith("Une place pour vous")


async def test_who_is_removed_from_the_house_hosts_there_no_more(
    house: web.Application, owner: Visitor, visitor: Visitor, ana: Visitor
) -> None:
    change = await join(house, owner, visitor)
    await owner.send(change, role="host")
    async with house[DATABASE].reading() as db:
        lea = await person_by_email(db, LEA)
    assert lea is not None
    session_id = await hosted(house, lea.id)
    await answer(ana, session_id, "yes")
    await owner.send(f"{change}/retirer")
    assert owner.path.endswith("fait=retire")
    [letter, *_] = await letters(house, ANA)
    assert "peut prendre la lampe" in letter.text
    assert "Léa" not in letter.text
    await ana.open(f"{HOUSE}/seances/{session_id}")
    assert "Léa" not in ana.text
    await visitor.open(f"{HOUSE}/seances/{session_id}/modifier")
    assert visitor.status == 403


async def test_an_account_erased_for_its_long_absence_tells_too(
    house: web.Application, visitors: Visitors, ana: Visitor
) -> None:
    host_id = await a_host(house, visitors(), KASSANDRA, "Kassandra Unique")
    session_id = await hosted(house, host_id)
    await answer(ana, session_id, "yes")
    async with house[DATABASE].writing() as db:
        long_ago = datetime.now(UTC) - timedelta(days=3000)
        absent = update(PersonRow).where(PersonRow.id == host_id)
        await db.execute(absent.values(seen_at=long_ago, warned_at=long_ago + timedelta(days=600)))

    async def erase(db: Transaction, person_id: str, email: str | None) -> None:
        await erase_and_tell(house, db, person_id, email)

    await apply_retention(house[DATABASE], lambda: datetime.now(UTC), erase)
    [letter, *_] = await letters(house, ANA)
    assert "La personne qui devait animer cette séance n’y sera pas." in letter.text
    assert "assandra" not in await whole_outbox(house)
