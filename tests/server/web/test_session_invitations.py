"""Mailed invitations, through a real mail server: they come, change and go under one UID."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any

import pytest
from aiohttp import web
from icalendar import Calendar

from server.community.people import Person
from server.community.series_edits import Reach
from server.community.sessions import SessionDraft
from server.keys import DATABASE
from server.mail import Mail, sender_address, smtp_server
from server.outbox import Outbox
from server.push.notices import Notice
from server.storage.database import Transaction
from server.storage.queries import session_cancelling, session_changes, sessions
from server.web import session_news
from server.web.gathered_news import tell_everyone
from server.web.session_invitations import News, told_of
from tests.server.mailbox import ANA
from tests.server.offices import office_ids
from tests.server.post_office import PostOffice
from tests.server.visitors import Visitor
from tests.server.web.test_calendars import HOUSE, announce, draft, weekly
from tests.server.web.test_sessions import form


async def deliver(house: web.Application, post_office: PostOffice) -> list[EmailMessage]:
    """Send what waits; all that came for Ana."""
    mail = Mail(smtp_server(post_office.url), sender_address("Moulin <moulin@exemple.org>"))
    outbox = Outbox(house[DATABASE], mail, lambda: datetime.now(UTC))
    await outbox.send_due()
    return invitations(post_office)


def invitations(post_office: PostOffice) -> list[EmailMessage]:
    """What came for Ana about sessions: the letter that signed her in left aside."""
    return [each for each in post_office.to(ANA) if "entrer" not in str(each["Subject"])]


def calendar_of(message: EmailMessage) -> tuple[str, Any]:
    """The method and the event of a message's calendar part, as mail programs find them."""
    [part] = [
        part
        for part in message.walk()
        if part.get_content_type() == "text/calendar" and not part.is_attachment()
    ]
    method = str(part.get_param("method"))
    calendar = Calendar.from_ical(part.get_content())
    assert str(calendar["METHOD"]) == method
    return method, calendar.walk("VEVENT")[0]


@pytest.fixture
async def wanted(house: web.Application) -> SessionDraft:
    return weekly(draft(next(iter((await office_ids(house)).values())), "Mardi"))


async def answer(visitor: Visitor, session_id: str, said: str) -> None:
    page = f"{HOUSE}/seances/{session_id}"
    await visitor.open(page)
    await visitor.send(f"{page}/reponse", answer=said, companions="0")
    assert visitor.status == 200


async def test_an_invitation_comes_changes_and_is_called_off(
    house: web.Application, ana: Visitor, post_office: PostOffice, wanted: SessionDraft
) -> None:
    session_id = await announce(house, wanted)
    await answer(ana, session_id, "yes")
    later = replace(
        wanted.schedule, start=wanted.schedule.start + timedelta(hours=2), recurrence=None
    )
    await deliver(house, post_office)
    for news in (News.CHANGED, News.CANCELLED):
        async with house[DATABASE].writing() as db:
            session = await sessions.session_by_id(db, session_id)
            assert session is not None
            now = datetime.now(UTC)
            if news is News.CHANGED:
                moved = replace(wanted, schedule=later)
                await session_changes.change_session(db, session, moved, Reach.THIS, now)
            else:
                await session_cancelling.cancel_session(db, session, Reach.THIS, now)
            told = await told_of(db, house, session.community_id, now)
            assert told is not None
            await tell_everyone(db, told, {session_id: news})
        await deliver(house, post_office)
    messages = invitations(post_office)
    assert [str(each["Subject"]).split(" :")[0] for each in messages] == [
        "C’est noté",
        "Changement",
        "Annulée",
    ]
    found = [calendar_of(each) for each in messages]
    assert [method for method, _ in found] == ["REQUEST", "REQUEST", "CANCEL"]
    assert {str(event["UID"]) for _, event in found} == {f"{session_id}@127.0.0.1"}
    sequences = [event["SEQUENCE"] for _, event in found]
    assert sequences == sorted(set(sequences))
    assert found[1][1]["DTSTART"].dt.replace(tzinfo=None) == later.start
    assert str(found[2][1]["STATUS"]) == "CANCELLED"
    assert str(found[0][1]["ATTENDEE"]) == f"mailto:{ANA}"
    assert str(found[0][1]["ORGANIZER"]) == "mailto:moulin@127.0.0.1"


async def test_the_hosts_pages_tell_those_who_answered(
    house: web.Application,
    owner: Visitor,
    ana: Visitor,
    post_office: PostOffice,
    wanted: SessionDraft,
) -> None:
    session_id = await announce(house, wanted)
    await answer(ana, session_id, "maybe")
    await deliver(house, post_office)
    await owner.open(f"{HOUSE}/seances/{session_id}")
    await owner.send(f"{HOUSE}/seances/{session_id}/annuler", reach="following")
    messages = await deliver(house, post_office)
    assert len(messages) == 2
    assert calendar_of(messages[1])[0] == "CANCEL"


async def test_a_session_called_off_comes_back_in_place(
    house: web.Application,
    owner: Visitor,
    ana: Visitor,
    post_office: PostOffice,
    wanted: SessionDraft,
) -> None:
    session_id = await announce(house, wanted)
    page = f"{HOUSE}/seances/{session_id}"
    await answer(ana, session_id, "yes")
    await deliver(house, post_office)
    await owner.open(page)
    await owner.send(f"{page}/annuler", reach="following")
    assert "Ces séances sont annulées." in owner.text
    await deliver(house, post_office)
    await ana.open(page)
    assert "Cette séance est annulée." in ana.text
    assert "Rétablir" not in ana.text
    assert await ana.send(f"{page}/retablir", reach="this") == 403
    await owner.open(page)
    assert "dates annulées en même temps" in owner.text
    await owner.send(f"{page}/retablir", reach="together")
    assert "La séance aura lieu." in owner.text
    messages = await deliver(house, post_office)
    found = [calendar_of(each) for each in messages]
    assert [method for method, _ in found] == ["REQUEST", "CANCEL", "REQUEST"]
    assert str(messages[2]["Subject"]).startswith("Rétablie")
    assert len({str(event["UID"]) for _, event in found}) == 1
    assert [event["SEQUENCE"] for _, event in found] == [0, 1, 2]
    assert str(found[2][1]["STATUS"]) == "CONFIRMED"
    await owner.open(page)
    assert await owner.send(f"{page}/retablir", reach="this") == 409


async def one_seat(
    house: web.Application, owner: Visitor, ana: Visitor
) -> tuple[str, SessionDraft]:
    """A session whose one seat the owner has, and Ana waits for: its id, and what it is."""
    wanted = draft(next(iter((await office_ids(house)).values())), "Mardi")
    wanted = replace(wanted, plan=replace(wanted.plan, capacity=1))
    session_id = await announce(house, wanted)
    await answer(owner, session_id, "yes")
    await answer(ana, session_id, "yes")
    return session_id, wanted


async def test_other_seats_are_told_to_those_in_line(
    house: web.Application, owner: Visitor, ana: Visitor, post_office: PostOffice
) -> None:
    session_id, wanted = await one_seat(house, owner, ana)
    office_id = wanted.plan.office_id
    await deliver(house, post_office)
    fields = {"title_fr": "Mardi", "date": f"{wanted.schedule.start:%Y-%m-%d}"}
    for capacity in ("1", "2"):
        sent = await form(house, capacity=capacity, office=office_id, **fields)
        await owner.open(f"{HOUSE}/seances/{session_id}")
        await owner.send_list(f"{HOUSE}/seances/{session_id}/modifier", sent)
        assert owner.status == 200
        messages = await deliver(house, post_office)
    subjects = [str(each["Subject"]).split(" :")[0] for each in messages]
    assert subjects == ["Sur la liste d’attente", "Changement", "Une place pour vous"]
    states = [calendar_of(each)[1]["ATTENDEE"].params["PARTSTAT"] for each in messages]
    assert states == ["TENTATIVE", "TENTATIVE", "ACCEPTED"]


async def test_devices_are_told_once_of_a_series_called_off(
    house: web.Application,
    owner: Visitor,
    ana: Visitor,
    wanted: SessionDraft,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    queued: list[Notice] = []

    async def queue(_db: Transaction, _to: Person, notice: Notice, **_when: object) -> None:
        queued.append(notice)

    monkeypatch.setattr(session_news, "queue_notice", queue)
    session_id = await announce(house, wanted)
    async with house[DATABASE].reading() as db:
        first = await sessions.session_by_id(db, session_id)
        assert first is not None
        dates = await sessions.sessions_of_series(db, first.series_id)
    for each in dates[:3]:
        await answer(ana, each.id, "yes")
    await owner.open(f"{HOUSE}/seances/{session_id}")
    await owner.send(f"{HOUSE}/seances/{session_id}/annuler", reach="all")
    [notice] = queued
    assert notice.title == "Annulée\u00a0: Mardi"
    assert notice.path == f"{HOUSE}/seances/{session_id}"


async def test_a_no_takes_back_only_what_was_in_the_calendar(
    house: web.Application, ana: Visitor, post_office: PostOffice, wanted: SessionDraft
) -> None:
    session_id = await announce(house, wanted)
    await answer(ana, session_id, "no")
    assert await deliver(house, post_office) == []
    await answer(ana, session_id, "yes")
    await deliver(house, post_office)
    await answer(ana, session_id, "no")
    messages = await deliver(house, post_office)
    assert [calendar_of(each)[0] for each in messages] == ["REQUEST", "CANCEL"]


async def test_only_the_last_word_leaves_when_someone_hesitates(
    house: web.Application, ana: Visitor, post_office: PostOffice, wanted: SessionDraft
) -> None:
    session_id = await announce(house, wanted)
    for said in ("yes", "maybe", "yes", "maybe"):
        await answer(ana, session_id, said)
    [message] = await deliver(house, post_office)
    assert calendar_of(message)[1]["ATTENDEE"].params["PARTSTAT"] == "TENTATIVE"


async def test_who_waits_is_told_so(
    house: web.Application, ana: Visitor, owner: Visitor, post_office: PostOffice
) -> None:
    await one_seat(house, owner, ana)
    [message] = await deliver(house, post_office)
    assert str(message["Subject"]).startswith("Sur la liste d’attente")
    assert calendar_of(message)[1]["ATTENDEE"].params["PARTSTAT"] == "TENTATIVE"


async def test_who_waits_still_waits_when_it_takes_place_after_all(
    house: web.Application, ana: Visitor, owner: Visitor, post_office: PostOffice
) -> None:
    session_id, _ = await one_seat(house, owner, ana)
    page = f"{HOUSE}/seances/{session_id}"
    await deliver(house, post_office)
    for do in ("annuler", "retablir"):
        await owner.open(page)
        assert await owner.send(f"{page}/{do}", reach="this") == 200
    *_, message = await deliver(house, post_office)
    assert str(message["Subject"]).startswith("Rétablie")
    text = message.get_body(("plain",))
    assert text is not None
    assert "Vous y attendez encore une place." in text.get_content()
    assert calendar_of(message)[1]["ATTENDEE"].params["PARTSTAT"] == "TENTATIVE"


async def test_guests_without_an_address_get_nothing(
    house: web.Application, owner: Visitor, post_office: PostOffice, wanted: SessionDraft
) -> None:
    session_id = await announce(house, wanted)
    await answer(owner, session_id, "yes")
    assert await deliver(house, post_office) == []
