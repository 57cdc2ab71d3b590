"""Who answered many dates of a series gets one letter when it changes, and a calendar that follows.

A calendar of the test's own takes what arrives by a real mail server, as RFC 5546 says: by UID, the
highest SEQUENCE. What it then holds is read by recurring-ical-events.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any

import icalendar
import pytest
import recurring_ical_events
from aiohttp import web
from sqlalchemy import update

from server.community.recurrence import in_local
from server.community.sessions import Session, SessionDraft
from server.keys import DATABASE
from server.storage.queries import sessions
from server.storage.tables import PersonRow
from server.web.gathered_news import FEW
from tests.server.mailbox import ANA
from tests.server.offices import office_ids
from tests.server.post_office import PostOffice
from tests.server.visitors import Visitor
from tests.server.web.test_calendars import HOUSE, ZONE, announce, draft, weekly
from tests.server.web.test_session_invitations import answer, calendar_of, deliver
from tests.server.web.test_sessions import form

ANSWERED = 6


@dataclass
class Agenda:
    """What a mail program keeps of the invitations it reads: events by UID."""

    events: dict[str, Any] = field(default_factory=dict)

    def read(self, message: EmailMessage) -> None:
        """Take every calendar of a letter; each must be a message about one date."""
        for part in message.walk():
            method = part.get_param("method")
            if part.get_content_type() != "text/calendar" or method is None:
                continue
            assert part.get_param("charset") == "utf-8"
            content = part.get_payload(decode=True)
            assert isinstance(content, bytes)
            calendar: Any = icalendar.Calendar.from_ical(content)
            [event] = calendar.walk("VEVENT")
            assert str(calendar["METHOD"]) == method
            assert "RECURRENCE-ID" not in event
            uid, known = str(event["UID"]), self.events.get(str(event["UID"]))
            if known is None or event["SEQUENCE"] >= known["SEQUENCE"]:
                self.events[uid] = event
                assert (str(event["STATUS"]) == "CANCELLED") == (method == "CANCEL")

    def starts(self) -> list[datetime]:
        """When what is not called off begins."""
        calendar = icalendar.Calendar()
        for event in self.events.values():
            if str(event["STATUS"]) != "CANCELLED":
                calendar.add_component(event)
        now = datetime.now(UTC)
        found = recurring_ical_events.of(calendar).between(now, now + timedelta(days=400))
        return sorted(each["DTSTART"].dt.astimezone(UTC) for each in found)


@pytest.fixture
async def planned(house: web.Application) -> SessionDraft:
    return weekly(draft((await office_ids(house))["aire-ouverte"], "Mardi"))


async def dates(house: web.Application, session_id: str) -> list[Session]:
    """The dates of a series that Ana answered."""
    async with house[DATABASE].reading() as db:
        first = await sessions.session_by_id(db, session_id)
        assert first is not None
        return (await sessions.sessions_of_series(db, first.series_id))[:ANSWERED]


async def answered(house: web.Application, ana: Visitor, wanted: SessionDraft) -> list[Session]:
    """A series, Ana having answered its first dates."""
    found = await dates(house, await announce(house, wanted))
    for each in found:
        await answer(ana, each.id, "yes")
    return found


async def edit(house: web.Application, owner: Visitor, session: Session, **fields: str) -> None:
    """Change a session on its form: the hour, the rule, how far it reaches."""
    local = in_local(session.starts_at, ZONE)
    same = {"title_fr": "Mardi", "title_en": "", "theme": "", "date": f"{local:%Y-%m-%d}"}
    same |= {"time": f"{local:%H:%M}", "weekdays": str(local.weekday()), "frequency": "weekly"}
    page = f"{HOUSE}/seances/{session.id}"
    await owner.open(page)
    await owner.send_list(f"{page}/modifier", await form(house, **(same | fields)))
    assert owner.status == 200, owner.text


async def test_a_series_that_moves_is_one_letter_and_every_date_follows(
    house: web.Application,
    owner: Visitor,
    ana: Visitor,
    post_office: PostOffice,
    planned: SessionDraft,
) -> None:
    found, agenda = await answered(house, ana, planned), Agenda()
    before = await deliver(house, post_office)
    assert len(before) == ANSWERED
    for message in before:
        agenda.read(message)
    await edit(house, owner, found[0], time="15:00", reach="all")
    [letter] = (await deliver(house, post_office))[ANSWERED:]
    assert str(letter["Subject"]) == f"Changement\N{NO-BREAK SPACE}: Mardi, {ANSWERED} dates"
    text = letter.get_body(("plain",))
    assert text is not None
    assert text.get_content().count("15\N{NO-BREAK SPACE}h à ") == ANSWERED
    assert f"{HOUSE}/calendrier" in text.get_content()
    method, soonest = calendar_of(letter)  # the one that every mail program acts on
    assert (method, str(soonest["UID"]).partition("@")[0]) == ("REQUEST", found[0].id)
    assert len(list(letter.iter_attachments())) == ANSWERED
    agenda.read(letter)
    now = await dates(house, found[0].id)
    assert agenda.starts() == [each.starts_at for each in now]
    assert {f"{in_local(each.starts_at, ZONE):%H:%M}" for each in now} == {"15:00"}
    assert set(agenda.events) == {f"{each.id}@127.0.0.1" for each in found}


async def test_a_series_called_off_leaves_calendars_empty_until_it_is_back(
    house: web.Application,
    owner: Visitor,
    ana: Visitor,
    post_office: PostOffice,
    planned: SessionDraft,
) -> None:
    found, agenda = await answered(house, ana, planned), Agenda()
    page = f"{HOUSE}/seances/{found[0].id}"
    async with house[DATABASE].writing() as db:
        await db.execute(update(PersonRow).where(PersonRow.email == ANA).values(lang="en"))
    await deliver(house, post_office)
    await owner.open(page)
    await owner.send(f"{page}/annuler", reach="all")
    await deliver(house, post_office)
    await owner.open(page)
    await owner.send(f"{page}/retablir", reach="together")
    *first, off, back = await deliver(house, post_office)
    assert len(first) == ANSWERED
    assert str(off["Subject"]) == f"Called off: Mardi (EN), {ANSWERED} dates"
    assert str(back["Subject"]) == f"Back on: Mardi (EN), {ANSWERED} dates"
    for message in (*first, off):
        agenda.read(message)
    assert agenda.starts() == []
    agenda.read(back)
    assert agenda.starts() == [each.starts_at for each in found]


async def test_dates_that_move_and_dates_that_go_are_in_one_letter(
    house: web.Application,
    owner: Visitor,
    ana: Visitor,
    post_office: PostOffice,
    planned: SessionDraft,
) -> None:
    found, agenda = await answered(house, ana, planned), Agenda()
    await deliver(house, post_office)
    last = in_local(found[3].starts_at, ZONE).date()
    await edit(house, owner, found[1], time="08:00", until=f"{last}", reach="following")
    *first, letter = await deliver(house, post_office)
    assert len(first) == ANSWERED
    text = letter.get_body(("plain",))
    assert text is not None
    words = text.get_content()
    assert words.index("Ces dates ont changé") < words.index("Ces dates n’auront pas lieu")
    for message in (*first, letter):
        agenda.read(message)
    now = await dates(house, found[1].id)
    kept = [found[0].starts_at, *(each.starts_at for each in now if each.cancelled_at is None)]
    assert agenda.starts() == kept
    assert len(kept) == 4


async def test_the_last_word_takes_the_place_of_what_waits(
    house: web.Application,
    owner: Visitor,
    ana: Visitor,
    post_office: PostOffice,
    planned: SessionDraft,
) -> None:
    found, agenda = await answered(house, ana, planned), Agenda()
    for message in await deliver(house, post_office):
        agenda.read(message)
    for hour in ("15:00", "16:00"):
        await edit(house, owner, found[0], time=hour, reach="all")
    page = f"{HOUSE}/seances/{found[2].id}"
    await owner.open(page)
    await owner.send(f"{page}/annuler", reach="this")
    [letter] = (await deliver(house, post_office))[ANSWERED:]
    text = letter.get_body(("plain",))
    assert text is not None
    assert text.get_content().count("16\N{NO-BREAK SPACE}h à ") == ANSWERED
    assert "Cette date n’aura pas lieu." in text.get_content()
    agenda.read(letter)
    now = [each for each in await dates(house, found[0].id) if each.cancelled_at is None]
    assert agenda.starts() == [each.starts_at for each in now]
    assert len(now) == ANSWERED - 1


async def test_a_few_dates_are_a_letter_each_which_calendars_follow_by_themselves(
    house: web.Application,
    owner: Visitor,
    ana: Visitor,
    post_office: PostOffice,
    planned: SessionDraft,
) -> None:
    found = (await dates(house, await announce(house, planned)))[:FEW]
    for each in found:
        await answer(ana, each.id, "yes")
    await deliver(house, post_office)
    await edit(house, owner, found[0], time="15:00", reach="all")
    letters = (await deliver(house, post_office))[FEW:]
    told = {str(calendar_of(letter)[1]["UID"]).partition("@")[0] for letter in letters}
    assert len(letters) == FEW
    assert told == {each.id for each in found}


async def test_what_dates_do_not_share_is_told_with_each(
    house: web.Application,
    owner: Visitor,
    ana: Visitor,
    post_office: PostOffice,
    planned: SessionDraft,
) -> None:
    other = replace(
        planned, plan=replace(planned.plan, title=replace(planned.plan.title, fr="Jeu"))
    )
    for wanted in (planned, other):
        for each in (await dates(house, await announce(house, wanted)))[:FEW]:
            await answer(ana, each.id, "maybe")
    await deliver(house, post_office)
    place = (await office_ids(house))["aire-ouverte"]
    await owner.send(f"/c/les-pigistes/gerer/offices/{place}/supprimer", sessions="cancel")
    letter = (await deliver(house, post_office))[-1]
    assert str(letter["Subject"]) == f"Annulées\N{NO-BREAK SPACE}: Les Pigistes, {2 * FEW} dates"
    text = letter.get_body(("plain",))
    assert text is not None
    for title in ("Mardi", "Jeu"):
        assert f"\n{title}, " in text.get_content().replace("\r", "")
