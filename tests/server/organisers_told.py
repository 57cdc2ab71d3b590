"""Reading what organisers were told of tours: the letters and the notices that wait for them."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from aiohttp import web
from sqlalchemy import delete, select, update

from server.keys import DATABASE
from server.storage.queries.letters import StoredLetter
from server.storage.tables import LetterRow, PersonRow, PushNoticeRow
from tests.server.mailbox import letters

ANA, BO, CY = "ana@exemple.org", "bo@exemple.org", "cy@exemple.org"
DI, ED = "di@exemple.org", "ed@exemple.org"
Told = dict[str, list[str]]
"""Subjects or titles, by address."""


async def written(house: web.Application) -> Told:
    """The subjects of the letters about proposals that wait, by whom they are for."""
    found: Told = {}
    for email in (ANA, BO, CY, DI, ED):
        subjects = [
            plain(each.subject) for each in await letters(house, email) if each.kind == "proposal"
        ]
        if subjects:
            found[email] = subjects
    return found


async def notified(house: web.Application) -> Told:
    """The titles of the notices that wait, by whom they are for."""
    found: Told = {}
    for email, notice in await notices(house):
        found.setdefault(email, []).append(plain(notice["title"]))
    return found


async def notices(house: web.Application) -> list[tuple[str, dict[str, str]]]:
    """The notices that wait, in the order in which they were queued."""
    query = (
        select(PersonRow.email, PushNoticeRow.payload)
        .join(PersonRow, PersonRow.id == PushNoticeRow.person_id)
        .order_by(PersonRow.email, PushNoticeRow.created_at)
    )
    async with house[DATABASE].reading() as db:
        return [(email or "", json.loads(payload)) for email, payload in await db.execute(query)]


async def all_left(house: web.Application) -> None:
    """Every letter and every notice has left."""
    async with house[DATABASE].writing() as db:
        await db.execute(update(LetterRow).values(sent_at=datetime.now(UTC)))
        await db.execute(delete(PushNoticeRow))


async def letter_to(house: web.Application, email: str) -> StoredLetter:
    """The only letter about proposals that waits for someone."""
    (found,) = [each for each in await letters(house, email) if each.kind == "proposal"]
    return found


def both(*emails: str, title: str, english: str = "") -> Told:
    """The same to each, Cy's in English."""
    return {each: [english if each == CY else title] for each in emails}


def plain(words: str) -> str:
    """Those words with simple spaces."""
    return words.replace("\u00a0", " ")
