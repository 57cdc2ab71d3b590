"""Queries about what hosts are to be told: changes of their duties, gathered until they are due."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, update

from server.community.people import Person
from server.community.rota import Duty, DutyChange, duty_of
from server.storage.database import Transaction
from server.storage.queries.people import person_of
from server.storage.tables import HostNewsRow, PersonRow, SessionRow

AT_ONCE = 500


@dataclass(frozen=True)
class DueNews:
    """What one person is to be told of one community: session ids, each with the duty before."""

    person: Person
    community_id: str
    before: dict[str, Duty]


async def note_change(db: Transaction, change: DutyChange, due_at: datetime) -> None:
    """Keep a change for later; one that takes back another that is not told yet leaves nothing."""
    row = await db.get(HostNewsRow, (change.person_id, change.session.id))
    if row is None:
        row = HostNewsRow(
            person_id=change.person_id, session_id=change.session.id, before=change.before.value
        )
        row.due_at = due_at
        db.add(row)
    elif row.before == duty_of(change.session, change.person_id).value:
        await db.delete(row)
    await db.flush()


async def forget_changes(db: Transaction, changes: Sequence[DutyChange]) -> None:
    """Who changes their own duties has nothing more to learn of them."""
    await db.execute(
        delete(HostNewsRow).where(
            HostNewsRow.person_id.in_({each.person_id for each in changes}),
            HostNewsRow.session_id.in_([each.session.id for each in changes]),
        )
    )


async def put_off(
    db: Transaction, person_id: str, community_id: str, now: datetime, due_at: datetime
) -> None:
    """Tell a person at `due_at` all that waits, not yet due, about one community."""
    there = select(SessionRow.id).where(SessionRow.community_id == community_id)
    await db.execute(
        update(HostNewsRow)
        .where(
            HostNewsRow.person_id == person_id,
            HostNewsRow.session_id.in_(there),
            HostNewsRow.due_at > now,
        )
        .values(due_at=due_at)
        .execution_options(synchronize_session=False)
    )


async def take_due_news(db: Transaction, now: datetime) -> list[DueNews]:
    """What is due, by person and community; it is no longer kept."""
    query = (
        select(HostNewsRow, PersonRow, SessionRow.community_id)
        .join(PersonRow, PersonRow.id == HostNewsRow.person_id)
        .join(SessionRow, SessionRow.id == HostNewsRow.session_id)
        .where(HostNewsRow.due_at <= now)
        .order_by(SessionRow.starts_at, SessionRow.id)
        .limit(AT_ONCE)
    )
    found: dict[tuple[str, str], DueNews] = {}
    for news, person, community_id in (await db.execute(query)).all():
        key = (person.id, community_id)
        due = found.setdefault(key, DueNews(person_of(person), community_id, {}))
        due.before[news.session_id] = Duty(news.before)
        await db.delete(news)
    await db.flush()
    return list(found.values())
