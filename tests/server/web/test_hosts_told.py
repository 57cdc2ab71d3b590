"""A host who did not answer their session hears what others change of it, once, as who answered."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import icalendar
import pytest
from aiohttp import web
from sqlalchemy import update

from server.community.people import Person
from server.community.sessions import Session, SessionDraft
from server.keys import DATABASE
from server.push.notices import Notice
from server.storage.database import Transaction
from server.storage.queries import sessions
from server.storage.queries.letters import StoredLetter
from server.storage.tables import LetterRow
from server.web import session_news
from server.web.gathered_news import FEW
from tests.server.conftest import Visitors
from tests.server.mailbox import ANA, LEA, letters, sign_in
from tests.server.offices import MANAGE, office_ids
from tests.server.visitors import Visitor
from tests.server.web.test_calendars import HOUSE, announce, draft, weekly
from tests.server.web.test_gathered_news import edit
from tests.server.web.test_host_news import become_host
from tests.server.web.test_session_invitations import answer


@pytest.fixture
def notices(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """The notices queued: whom they are for, and their titles."""
    queued: list[tuple[str, str]] = []

    async def queue(_db: Transaction, to: Person, notice: Notice, **_when: object) -> None:
        queued.append((to.name, plain(notice.title)))

    monkeypatch.setattr(session_news, "queue_notice", queue)
    return queued


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
async def hosted(house: web.Application, ana_id: str, lea_id: str) -> SessionDraft:
    """A session that Ana hosts with Léa, in the open space."""
    wanted = draft((await office_ids(house))["aire-ouverte"], "Mardi")
    return replace(wanted, plan=replace(wanted.plan, host_id=ana_id, co_host_ids=(lea_id,)))


async def dates(house: web.Application, session_id: str) -> list[Session]:
    async with house[DATABASE].reading() as db:
        first = await sessions.session_by_id(db, session_id)
        assert first is not None
        return await sessions.sessions_of_series(db, first.series_id)


async def change(house: web.Application, by: Visitor, session: Session, **fields: str) -> None:
    """Change a session on its form; its hosts stay."""
    [co_host] = session.plan.co_host_ids or [""]
    hosts = {"host": session.plan.host_id or "", "co_hosts": co_host}
    await edit(house, by, session, **hosts, **{"title_en": "Tuesday", **fields})


async def read(house: web.Application, address: str) -> list[StoredLetter]:
    """What someone is told of sessions; it leaves."""
    found = [each for each in await letters(house, address) if each.kind == "session"]
    async with house[DATABASE].writing() as db:
        left = update(LetterRow).where(LetterRow.id.in_([each.id for each in found]))
        await db.execute(left.values(sent_at=datetime.now(UTC)))
    return found


def subjects(found: list[StoredLetter]) -> list[str]:
    """What letters are about, without their days."""
    return [plain(each.subject).split(",")[0] for each in found]


def plain(words: str) -> str:
    return words.replace("\N{NO-BREAK SPACE}", " ")


def event_of(letter: StoredLetter, number: int = 0) -> tuple[str, Any]:
    """The method and the event of a calendar that goes with a letter."""
    calendar: Any = icalendar.Calendar.from_ical(letter.attachments[number].content)
    [event] = calendar.walk("VEVENT")
    return str(calendar["METHOD"]), event


async def test_hosts_without_an_answer_follow_what_an_organiser_does(
    house: web.Application,
    owner: Visitor,
    ana_id: str,
    hosted: SessionDraft,
    notices: list[tuple[str, str]],
) -> None:
    session_id = await announce(house, hosted)
    [session] = await dates(house, session_id)
    page, seen = f"{HOUSE}/seances/{session_id}", []
    await change(house, owner, session, frequency="", time="15:00")
    for do in ("", "annuler", "retablir"):
        if do:
            await owner.open(page)
            assert await owner.send(f"{page}/{do}", reach="this") == 200
        [mine], [hers] = await read(house, ANA), await read(house, LEA)
        assert "Vous animez cette séance." in mine.text
        assert "You host this session." in hers.text
        seen.append((subjects([mine])[0], subjects([hers])[0], *event_of(mine)))
    assert [each[:3] for each in seen] == [
        ("Changement : Mardi", "Change: Tuesday", "REQUEST"),
        ("Annulée : Mardi", "Cancelled: Tuesday", "CANCEL"),
        ("Rétablie : Mardi", "Back on: Tuesday", "REQUEST"),
    ]
    events = [each[3] for each in seen]
    assert {str(event["UID"]) for event in events} == {f"{session_id}@127.0.0.1"}
    assert [event["SEQUENCE"] for event in events] == [1, 2, 3]
    assert f"{events[0]['DTSTART'].dt:%H:%M}" == "15:00"
    assert events[0]["ATTENDEE"].params["PARTSTAT"] == "ACCEPTED"
    assert "vous l’animez toujours" in mine.text
    assert "you still host it" in hers.text
    told = ("Changement", "Annulée", "Rétablie")
    assert [title for name, title in notices if name == "Ana"] == [
        f"{each} : Mardi" for each in told
    ]
    assert len([name for name, _ in notices if name == "Léa"]) == 3


async def test_who_changes_their_own_session_is_not_told(
    house: web.Application,
    ana: Visitor,
    ana_id: str,
    hosted: SessionDraft,
    notices: list[tuple[str, str]],
) -> None:
    session_id = await announce(house, hosted)
    [session] = await dates(house, session_id)
    await change(house, ana, session, frequency="", time="15:00")
    page = f"{HOUSE}/seances/{session_id}"
    await ana.open(page)
    assert await ana.send(f"{page}/annuler", reach="this") == 200
    assert await read(house, ANA) == []
    assert subjects(await read(house, LEA)) == ["Cancelled: Tuesday"]  # the last word
    assert {name for name, _ in notices} == {"Léa"}


async def test_a_host_who_answered_is_told_once_and_one_who_said_no_is_not(
    house: web.Application,
    owner: Visitor,
    ana: Visitor,
    lea: Visitor,
    hosted: SessionDraft,
    notices: list[tuple[str, str]],
) -> None:
    session_id = await announce(house, hosted)
    await answer(ana, session_id, "maybe")
    await answer(lea, session_id, "no")
    await read(house, ANA)
    page = f"{HOUSE}/seances/{session_id}"
    await owner.open(page)
    assert await owner.send(f"{page}/annuler", reach="this") == 200
    [letter] = await read(house, ANA)
    assert "Vous avez répondu à cette séance." in letter.text
    assert await read(house, LEA) == []
    assert notices == [("Ana", "Annulée : Mardi")]


async def test_who_answered_some_dates_and_hosts_the_others_reads_one_letter(
    house: web.Application, owner: Visitor, ana: Visitor, hosted: SessionDraft
) -> None:
    session_id = await announce(house, weekly(hosted))
    count = len(await dates(house, session_id))
    assert count > FEW
    await answer(ana, session_id, "yes")
    await read(house, ANA)
    page = f"{HOUSE}/seances/{session_id}"
    for do, reach in (("annuler", "all"), ("retablir", "together")):
        await owner.open(page)
        assert await owner.send(f"{page}/{do}", reach=reach) == 200
        [mine], [hers] = await read(house, ANA), await read(house, LEA)
        assert len(mine.attachments) == len(hers.attachments) == count
        assert "Vous avez répondu à ces séances, ou vous les animez." in mine.text
        assert "You host these sessions." in hers.text
    assert plain(mine.subject) == f"Rétablies : Mardi, {count} dates"
    assert "Votre réponse tient toujours." in mine.text
    assert "vous les animez toujours" in mine.text
    assert "you still host them" in hers.text


async def test_who_is_given_a_session_by_the_change_hears_that_alone(
    house: web.Application, owner: Visitor, ana_id: str, lea_id: str, hosted: SessionDraft
) -> None:
    alone = replace(hosted, plan=replace(hosted.plan, co_host_ids=()))
    session_id = await announce(house, alone)
    [session] = await dates(house, session_id)
    given = replace(session, plan=replace(session.plan, co_host_ids=(lea_id,)))
    await change(house, owner, given, frequency="", time="15:00")
    assert subjects(await read(house, ANA)) == ["Changement : Mardi"]
    assert await read(house, LEA) == []  # what she hosts is told to her in a while
    [session] = await dates(house, session_id)
    assert session.plan.co_host_ids == (lea_id,)
    await change(house, owner, session, frequency="", time="16:00")
    assert await read(house, LEA) == []


async def test_hosts_hear_of_dates_of_which_nothing_is_left(
    house: web.Application,
    owner: Visitor,
    ana: Visitor,
    ana_id: str,
    hosted: SessionDraft,
    notices: list[tuple[str, str]],
) -> None:
    found = await dates(house, await announce(house, weekly(hosted)))
    last = f"{found[1].starts_at:%Y-%m-%d}"
    await change(house, owner, found[1], until=last, reach="following")
    assert len(await dates(house, found[1].id)) == 1
    [letter] = await read(house, ANA)
    gone = len(found) - 2
    assert "Ces dates n’auront pas lieu." in letter.text
    methods = [event_of(letter, number)[0] for number in range(len(letter.attachments))]
    assert methods == ["REQUEST"] + ["CANCEL"] * gone
    assert notices.count(("Ana", "Annulée : Mardi")) == 1


async def test_what_was_off_before_it_lost_its_place_is_told_once(
    house: web.Application, owner: Visitor, ana: Visitor, ana_id: str, hosted: SessionDraft
) -> None:
    found = await dates(house, await announce(house, weekly(hosted)))
    await answer(ana, found[2].id, "yes")
    for each in found[2:4]:
        page = f"{HOUSE}/seances/{each.id}"
        await owner.open(page)
        assert await owner.send(f"{page}/annuler", reach="this") == 200
    assert len(await read(house, ANA)) == 2
    last = f"{found[1].starts_at:%Y-%m-%d}"
    await change(house, owner, found[0], until=last, reach="all")
    told = [
        str(event_of(letter, number)[1]["UID"]).partition("@")[0]
        for letter in await read(house, ANA)
        for number in range(len(letter.attachments))
    ]
    assert sorted(told) == sorted(each.id for each in (*found[:2], *found[4:]))


@pytest.mark.parametrize(
    ("where", "subject"), [("cancel", "Annulée : Mardi"), ("cafe", "Changement : Mardi")]
)
async def test_hosts_hear_what_becomes_of_their_session_when_its_office_goes(
    house: web.Application, owner: Visitor, hosted: SessionDraft, where: str, subject: str
) -> None:
    await announce(house, hosted)
    offices = await office_ids(house)
    removing = f"{MANAGE}/offices/{offices['aire-ouverte']}/supprimer"
    assert await owner.send(removing, sessions=offices.get(where, where)) == 200
    assert subjects(await read(house, ANA)) == [subject]
