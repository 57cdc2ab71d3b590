"""Reminders wait for their hour in the outbox, follow a session that moves, and go with it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from aiohttp import web
from sqlalchemy import select

from server.keys import DATABASE
from server.storage.queries.people import become_member
from server.storage.queries.sessions import session_by_id
from server.storage.tables import LetterRow, PersonRow
from tests.server.visitors import Visitor
from tests.server.web.test_sessions import LIST, form, make


async def reminders(house: web.Application) -> list[LetterRow]:
    """The reminders that wait to leave."""
    async with house[DATABASE].reading() as db:
        query = select(LetterRow).where(LetterRow.kind == "reminder", LetterRow.sent_at.is_(None))
        return list(await db.scalars(query))


async def give_address(house: web.Application, name: str) -> None:
    """That person has proved to hold an address."""
    async with house[DATABASE].writing() as db:
        person_id = await db.scalar(select(PersonRow.id).where(PersonRow.name == name))
        assert person_id is not None
        await become_member(db, person_id, f"{name.lower()}@exemple.org", "en")


async def starts_at(house: web.Application, address: str) -> datetime:
    async with house[DATABASE].reading() as db:
        session = await session_by_id(db, address.rpartition("/")[2])
    assert session is not None
    return session.starts_at


async def test_a_reminder_leaves_at_its_hour_and_follows_the_session(
    house: web.Application, owner: Visitor, visitor: Visitor
) -> None:
    address = await make(house, owner)
    await visitor.open(address)
    await visitor.send("/nom", name="Ana", next="/")
    await visitor.send(f"{address}/reponse", answer="yes", remind="60")
    assert await reminders(house) == []  # nobody to write to
    await give_address(house, "Ana")
    await visitor.send(f"{address}/reponse", answer="yes", remind="60")
    await visitor.send(f"{address}/reponse", answer="maybe", remind="15")
    [letter] = await reminders(house)
    assert letter.next_try_at == await starts_at(house, address) - timedelta(minutes=15)
    assert letter.address == "ana@exemple.org"
    assert letter.subject == "Soon: Invoice Tuesday"

    later = (datetime.now(UTC) + timedelta(days=9)).date().isoformat()
    await owner.send_list(f"{address}/modifier", await form(house, date=later))
    [letter] = await reminders(house)
    assert letter.next_try_at == await starts_at(house, address) - timedelta(minutes=15)
    assert f"{letter.next_try_at:%Y-%m-%d}" == later

    await owner.send(f"{address}/annuler", reach="this")
    assert await reminders(house) == []


async def test_who_says_no_is_not_reminded(
    house: web.Application, owner: Visitor, visitor: Visitor
) -> None:
    address = await make(house, owner)
    await visitor.open(address)
    await visitor.send("/nom", name="Ana", next="/")
    await give_address(house, "Ana")
    await visitor.send(f"{address}/reponse", answer="yes", remind="1440")
    assert len(await reminders(house)) == 1
    await visitor.send(f"{address}/reponse", answer="no", remind="1440")
    assert await reminders(house) == []
    assert await visitor.open(LIST) == 200
