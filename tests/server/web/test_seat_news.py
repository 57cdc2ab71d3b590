"""Seats that come free on many dates at once: one letter and one notice to each who waited."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import icalendar
import pytest
from aiohttp import web
from sqlalchemy import select, update

from server.community.answers import Answer
from server.community.people import Person, Role
from server.community.series_edits import Reach
from server.community.sessions import OpenTo, Session
from server.keys import DATABASE
from server.push.notices import Notice
from server.storage.database import Transaction
from server.storage.queries import people, session_answers, session_changes, sessions
from server.storage.queries.letters import StoredLetter
from server.storage.tables import LetterRow, PersonRow
from server.web import session_reminders
from server.web.gathered_news import FEW
from tests.server.conftest import Visitors
from tests.server.mailbox import ANA, letters, sign_in
from tests.server.offices import office_ids
from tests.server.visitors import Visitor
from tests.server.web.test_calendars import HOUSE, announce, draft, weekly
from tests.server.web.test_gathered_news import edit
from tests.server.web.test_manage_people import PEOPLE

LUC = "luc@exemple.org"
MANY = FEW + 2


@pytest.fixture
def notices(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, str]]:
    """The notices of seats: whom for, their titles, the first lines of what they say."""
    queued: list[tuple[str, str, str]] = []

    async def queue(_db: Transaction, to: Person, notice: Notice, **_when: object) -> None:
        queued.append((to.name, plain(notice.title), plain(notice.body).partition("\n")[0]))

    monkeypatch.setattr(session_reminders, "queue_notice", queue)
    return queued


@pytest.fixture
async def luc(house: web.Application, visitors: Visitors) -> Visitor:
    visitor = visitors()
    await sign_in(house, visitor, LUC, "Luc")
    return visitor


async def one_seat(house: web.Application) -> list[Session]:
    """The dates of a series in which one person may sit."""
    wanted = weekly(draft((await office_ids(house))["aire-ouverte"], "Mardi"))
    wanted = replace(wanted, plan=replace(wanted.plan, capacity=1))
    session_id = await announce(house, wanted)
    async with house[DATABASE].reading() as db:
        first = await sessions.session_by_id(db, session_id)
        assert first is not None
        return await sessions.sessions_of_series(db, first.series_id)


async def come(
    house: web.Application, found: Collection[Session], *emails: str, seats: int = 1
) -> None:
    """Those people say yes to those sessions, one after the other."""
    async with house[DATABASE].writing() as db:
        for number, email in enumerate(emails):
            person = await people.person_by_email(db, email)
            assert person is not None
            now = datetime.now(UTC) + timedelta(seconds=number)
            for each in found:
                await session_answers.put_answer(
                    db, each.id, seats, person.id, Answer.YES, 0, None, now
                )


async def read(house: web.Application, email: str = ANA) -> list[StoredLetter]:
    return [each for each in await letters(house, email) if each.kind == "session"]


def plain(words: str) -> str:
    return words.replace("\N{NO-BREAK SPACE}", " ")


def sessions_in(letter: StoredLetter) -> set[str]:
    """The sessions whose files go with a letter, to each of which its reader is accepted."""
    found = set()
    for file in letter.attachments:
        [event] = icalendar.Calendar.from_ical(file.content).walk("VEVENT")
        assert b"PARTSTAT=ACCEPTED" in file.content.replace(b"\r\n ", b"")
        found.add(str(event["UID"]).partition("@")[0])
    return found


@pytest.mark.parametrize(
    ("lang", "subject", "sentence", "notice"),
    [
        (
            "fr",
            f"Des places pour vous : Mardi, {MANY} dates",
            "Vous étiez sur la liste d’attente de ces dates : une place y est à vous.",
            ("Des places pour vous : Mardi", f"et {MANY - 1} autres"),
        ),
        (
            "en",
            f"Seats for you: Mardi (EN), {MANY} dates",
            "You were on the waiting lists of these dates: a seat is yours at each.",
            ("Seats for you: Mardi (EN)", f"and {MANY - 1} more"),
        ),
    ],
)
async def test_who_goes_from_many_dates_leaves_one_letter_to_who_waited(
    house: web.Application,
    ana: Visitor,
    luc: Visitor,
    notices: list[tuple[str, str, str]],
    lang: str,
    subject: str,
    sentence: str,
    notice: tuple[str, str],
) -> None:
    async with house[DATABASE].writing() as db:
        await db.execute(update(PersonRow).where(PersonRow.email == ANA).values(lang=lang))
    found = await one_seat(house)
    await come(house, found[:MANY], LUC, ANA)
    await luc.send("/compte/effacer", sure="1")
    [letter] = await read(house)
    assert plain(letter.subject) == subject
    assert sentence in plain(letter.text)
    assert sessions_in(letter) == {each.id for each in found[:MANY]}
    [(name, title, body)] = notices
    assert (name, title, body.rpartition(", ")[2]) == ("Ana", *notice)


async def test_a_few_seats_are_a_letter_each(
    house: web.Application, ana: Visitor, luc: Visitor, notices: list[tuple[str, str, str]]
) -> None:
    found = (await one_seat(house))[:FEW]
    await come(house, found, LUC, ANA)
    await luc.send("/compte/effacer", sure="1")
    told = await read(house)
    assert [plain(each.subject).partition(",")[0] for each in told] == [
        "Une place pour vous : Mardi"
    ] * FEW
    assert set.union(*map(sessions_in, told)) == {each.id for each in found}
    assert len(notices) == 1


async def test_more_seats_on_a_whole_series_are_one_letter(
    house: web.Application, owner: Visitor, ana: Visitor, luc: Visitor
) -> None:
    found = await one_seat(house)
    await come(house, found[:MANY], LUC, ANA)
    await edit(house, owner, found[0], title_en="Mardi (EN)", capacity="2", reach="all")
    [letter] = await read(house)
    assert plain(letter.subject) == f"Des places pour vous : Mardi, {MANY} dates"
    assert sessions_in(letter) == {each.id for each in found[:MANY]}


async def test_a_seat_that_a_date_of_its_own_had_all_along_is_no_news(
    house: web.Application, owner: Visitor, ana: Visitor, luc: Visitor
) -> None:
    found = await one_seat(house)
    async with house[DATABASE].writing() as db:
        roomy = replace(found[1].plan, capacity=5)
        wanted = replace(draft(roomy.office_id, "Mardi"), plan=roomy)
        start = found[1].starts_at.astimezone(UTC).replace(tzinfo=None)
        wanted = replace(wanted, schedule=replace(wanted.schedule, start=start, time_zone="UTC"))
        await session_changes.change_session(db, found[1], wanted, Reach.THIS, datetime.now(UTC))
    await come(house, found[:1], LUC, ANA)
    await come(house, found[1:2], LUC, ANA, seats=5)
    await edit(house, owner, found[0], title_en="Mardi (EN)", capacity="2", reach="all")
    subjects = sorted(plain(each.subject).partition(",")[0] for each in await read(house))
    assert subjects == ["Changement : Mardi", "Une place pour vous : Mardi"]


async def test_seats_that_a_letter_was_to_tell_are_told_with_what_changes_since(
    house: web.Application, owner: Visitor, ana: Visitor, luc: Visitor
) -> None:
    found = await one_seat(house)
    await come(house, found[:MANY], LUC, ANA)
    await luc.send("/compte/effacer", sure="1")
    await edit(
        house, owner, found[0], title_en="Mardi (EN)", time="15:00", capacity="1", reach="all"
    )
    [letter] = await read(house)
    assert plain(letter.subject) == f"Des places pour vous : Mardi, {MANY} dates"
    assert plain(letter.text).count("15 h à ") == MANY


async def test_a_seat_that_one_person_held_twice_goes_to_who_waits(
    house: web.Application, ana: Visitor, luc: Visitor, visitors: Visitors
) -> None:
    """Luc answered as a guest, and then in his own name: he signs in where he was the guest."""
    [session, *_] = await one_seat(house)
    guest = visitors()
    await guest.send("/nom", name="Luc", next="/")
    page = f"{HOUSE}/seances/{session.id}"
    await guest.open(page)
    await guest.send(f"{page}/reponse", answer="yes", companions="0")
    await come(house, [session], LUC, ANA)
    async with house[DATABASE].writing() as db:
        await db.execute(update(LetterRow).values(sent_at=datetime.now(UTC)))
        await give_seats(db, session, 2)
    assert await read(house) == []
    await sign_in(house, guest, LUC, "Luc")
    [letter] = await read(house)
    assert plain(letter.subject).startswith("Une place pour vous : Mardi")


async def test_who_is_shown_out_of_a_house_leaves_the_seats_that_are_for_its_members(
    house: web.Application, owner: Visitor, ana: Visitor, luc: Visitor
) -> None:
    [for_all, for_members, *_] = await one_seat(house)
    async with house[DATABASE].writing() as db:
        person = await people.person_by_email(db, LUC)
        assert person is not None
        await people.set_role(db, for_all.community_id, person.id, Role.MEMBER, datetime.now(UTC))
        plan = replace(for_members.plan, open_to=OpenTo.MEMBERS)
        wanted = replace(draft(plan.office_id, "Mardi"), plan=plan)
        now = datetime.now(UTC)
        await session_changes.change_session(db, for_members, wanted, Reach.THIS, now)
    for each in (for_all, for_members):
        page = f"{HOUSE}/seances/{each.id}"
        await luc.open(page)
        await luc.send(f"{page}/reponse", answer="yes", companions="0", remind="60")
        assert luc.status == 200
    await come(house, [for_all, for_members], ANA)
    await owner.open(PEOPLE)
    assert await owner.send(f"{PEOPLE}/{person.id}/retirer") == 200
    [letter] = await read(house)
    assert sessions_in(letter) == {for_members.id}
    async with house[DATABASE].reading() as db:
        both = [for_all.id, for_members.id]
        assert set(await session_answers.answers_by(db, person.id, both)) == {for_all.id}
        reminded = await db.scalars(select(LetterRow.about).where(LetterRow.person_id == person.id))
    about = set(reminded)
    assert {f"reminder:{for_all.id}", f"calendar:{for_all.id}"} <= about
    assert not {f"reminder:{for_members.id}", f"calendar:{for_members.id}"} & about


async def give_seats(db: Transaction, session: Session, seats: int) -> None:
    """Give a date other seats, without a word of it."""
    wanted = replace(
        draft(session.plan.office_id, "Mardi"), plan=replace(session.plan, capacity=seats)
    )
    await session_changes.change_session(db, session, wanted, Reach.THIS, datetime.now(UTC))
