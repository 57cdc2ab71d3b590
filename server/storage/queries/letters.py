"""Queries about letters: queuing them, taking those that are due, and what became of each."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from server.storage.ids import new_id
from server.storage.tables import LetterRow

CLAIM = timedelta(minutes=10)
"""How long the process that takes a letter has to send it before another may try."""


@dataclass(frozen=True)
class Attachment:
    """A file that goes with a letter, such as ("seance.ics", "text/calendar; method=REQUEST", …).

    The first calendar with a method is also put beside the text, where mail programs look for one.
    """

    name: str
    content_type: str
    content: bytes


@dataclass(frozen=True)
class StoredLetter:
    """A letter as it waits to be sent, or as it was."""

    id: str
    address: str
    kind: str
    lang: str
    subject: str
    text: str
    html: str
    attachments: tuple[Attachment, ...]
    created_at: datetime
    attempts: int


async def add_letter(
    db: AsyncSession,
    *,
    person_id: str | None,
    address: str,
    kind: str,
    about: str,
    lang: str,
    subject: str,
    text: str,
    html: str,
    attachments: Sequence[Attachment],
    now: datetime,
    send_at: datetime,
) -> str:
    """Queue a letter; returns its id."""
    row = LetterRow(
        id=new_id(),
        person_id=person_id,
        address=address,
        kind=kind,
        about=about,
        lang=lang,
        subject=subject,
        text=text,
        html=html,
        attachments=_packed(attachments),
        created_at=now,
        next_try_at=send_at,
        attempts=0,
        sent_at=None,
        given_up_at=None,
        problem="",
    )
    db.add(row)
    await db.flush()
    return row.id


async def cancel_letters(db: AsyncSession, about: str, person_id: str | None = None) -> None:
    """Take back the letters about something that have not left, those of one person or of all."""
    query = delete(LetterRow).where(LetterRow.about == about, LetterRow.sent_at.is_(None))
    if person_id is not None:
        query = query.where(LetterRow.person_id == person_id)
    await db.execute(query)


async def waiting_letters(db: AsyncSession, about: str) -> frozenset[str]:
    """The ids of those to whom a letter about something has not left."""
    query = select(LetterRow.person_id).where(LetterRow.about == about, LetterRow.sent_at.is_(None))
    return frozenset(each for each in await db.scalars(query) if each is not None)


async def letters_waiting(db: AsyncSession, about: str, person_id: str) -> list[StoredLetter]:
    """The letters to someone about something that have not left, nor were given up."""
    query = select(LetterRow).where(
        LetterRow.about == about,
        LetterRow.person_id == person_id,
        LetterRow.sent_at.is_(None),
        LetterRow.given_up_at.is_(None),
    )
    return [_letter(row) for row in await db.scalars(query)]


async def take_due_letters(db: AsyncSession, now: datetime, most: int) -> list[StoredLetter]:
    """Take letters to send now; another process may take them again after `CLAIM`."""
    due = (
        select(LetterRow.id)
        .where(
            LetterRow.sent_at.is_(None),
            LetterRow.given_up_at.is_(None),
            LetterRow.next_try_at <= now,
        )
        .order_by(LetterRow.next_try_at, LetterRow.id)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    taken = await db.execute(
        update(LetterRow)
        .where(LetterRow.id.in_(list(await db.scalars(due))))
        .values(next_try_at=now + CLAIM, attempts=LetterRow.attempts + 1)
        .returning(LetterRow)
        .execution_options(synchronize_session=False)
    )
    found = [_letter(row) for row in taken.scalars()]
    return sorted(found, key=lambda letter: (letter.created_at, letter.id))


async def letter_left(db: AsyncSession, letter_id: str, now: datetime) -> None:
    """A letter was sent: only the fact is kept, its words are erased."""
    await db.execute(
        update(LetterRow)
        .where(LetterRow.id == letter_id)
        .values(sent_at=now, subject="", text="", html="", attachments="[]", problem="")
    )


async def letter_failed(
    db: AsyncSession, letter_id: str, now: datetime, problem: str, next_try: datetime | None
) -> None:
    """A letter was refused: to try again at `next_try`, or given up, its words erased."""
    values: dict[str, object] = {"problem": problem[:300]}
    if next_try is None:
        values |= {"given_up_at": now, "subject": "", "text": "", "html": "", "attachments": "[]"}
    else:
        values["next_try_at"] = next_try
    await db.execute(update(LetterRow).where(LetterRow.id == letter_id).values(**values))


async def latest_letters(db: AsyncSession, most: int) -> list[StoredLetter]:
    """The letters that wait, the latest first."""
    query = (
        select(LetterRow)
        .where(LetterRow.sent_at.is_(None), LetterRow.given_up_at.is_(None))
        .order_by(LetterRow.created_at.desc(), LetterRow.id)
        .limit(most)
    )
    return [_letter(row) for row in await db.scalars(query)]


async def erase_letters_to(db: AsyncSession, person_id: str, address: str | None) -> None:
    """Erase every trace of letters to someone."""
    to_them = LetterRow.person_id == person_id
    if address is not None:
        to_them = or_(to_them, LetterRow.address == address)
    await db.execute(delete(LetterRow).where(to_them))


def _packed(attachments: Sequence[Attachment]) -> str:
    return json.dumps(
        [
            [each.name, each.content_type, base64.b64encode(each.content).decode("ascii")]
            for each in attachments
        ]
    )


def _letter(row: LetterRow) -> StoredLetter:
    return StoredLetter(
        id=row.id,
        address=row.address,
        kind=row.kind,
        lang=row.lang,
        subject=row.subject,
        text=row.text,
        html=row.html,
        attachments=tuple(
            Attachment(name, content_type, base64.b64decode(content))
            for name, content_type, content in json.loads(row.attachments)
        ),
        created_at=row.created_at,
        attempts=row.attempts,
    )
