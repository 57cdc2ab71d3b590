"""Everything that is kept about one person: moved when they merge, gathered, and erased.

It is found by the foreign keys to `people`, so that a table added tomorrow is not forgotten.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Column, UniqueConstraint, and_, delete, select, update
from sqlalchemy import Table as SqlTable
from sqlalchemy.ext.asyncio import AsyncSession

from server.community.merging import merged_roles
from server.community.people import Role
from server.storage.queries.letters import erase_letters_to
from server.storage.queries.logins import end_logins
from server.storage.queries.people import set_role
from server.storage.queries.tours import erase_beginnings
from server.storage.tables import (
    InvitationRow,
    LetterRow,
    LoginLinkRow,
    MembershipRow,
    PersonRow,
    Table,
)

MOST_ROWS = 20_000
SECRETS = frozenset({"token", "token_hash", "public_key", "credential_id", "id_hash", "secret"})
"""Columns that open something: of no use to read, and dangerous in a file."""
OTHERS = frozenset({(InvitationRow.__tablename__, "created_by")})
"""Rows that are the community's, and only name who made them: kept when the person goes."""


def columns_about_people() -> Iterator[tuple[SqlTable, Column[Any]]]:
    """Each table and column that names a person."""
    for table in Table.metadata.sorted_tables:
        for column in table.columns:
            if any(key.column.table.name == "people" for key in column.foreign_keys):
                yield table, column


async def merge_people(db: AsyncSession, goes: str, stays: str, now: datetime) -> None:
    """Give the person `stays` all that `goes` holds, then erase `goes`.

    Where both have something that only one may have (a role, an answer), the one that stays wins,
    but for roles, where the higher does.
    """
    roles = merged_roles(await _roles(db, stays), await _roles(db, goes))
    await end_logins(db, goes)  # a guest's other devices have proved nothing
    for table, column in columns_about_people():
        for others in _unique_with(table, column):
            twin = table.alias()
            same = and_(
                twin.c[column.name] == stays, *(twin.c[each] == table.c[each] for each in others)
            )
            clash = select(1).select_from(twin).where(same).correlate(table).exists()
            await db.execute(delete(table).where(column == goes, clash))
        await db.execute(update(table).where(column == goes).values({column.name: stays}))
    for community_id, role in roles.items():
        await set_role(db, community_id, stays, role, now)
    await db.execute(delete(PersonRow).where(PersonRow.id == goes))


async def gather_person(
    db: AsyncSession, person_id: str, email: str | None = None
) -> dict[str, list[dict[str, Any]]]:
    """All that is kept about someone, by table; what opens something is left out.

    With their address, also the letters and links asked for with it, without their words.
    """
    people = Table.metadata.tables["people"]
    found = {"people": await _rows(db, select(people).where(people.c.id == person_id))}
    for table, column in columns_about_people():
        rows = await _rows(db, select(table).where(column == person_id).limit(MOST_ROWS))
        if rows:
            found.setdefault(table.name, []).extend(rows)
    if email is not None:
        letters = [LetterRow.kind, LetterRow.address, LetterRow.created_at, LetterRow.sent_at]
        to_it = select(*letters).where(LetterRow.address == email, LetterRow.person_id.is_(None))
        links = select(LoginLinkRow.email, LoginLinkRow.created_at, LoginLinkRow.expires_at)
        for_it = links.where(LoginLinkRow.email == email)
        for name, query in (("letters", to_it), ("login_links", for_it)):
            rows = await _rows(db, query.limit(MOST_ROWS))
            if rows:
                found.setdefault(name, []).extend(rows)
    return found


async def erase_person(db: AsyncSession, person_id: str, email: str | None) -> None:
    """Erase someone: every row about them goes, and every letter to them."""
    await erase_letters_to(db, person_id, email)
    if email is not None:
        await db.execute(delete(LoginLinkRow).where(LoginLinkRow.email == email))
    for table, column in columns_about_people():
        if (table.name, column.name) not in OTHERS and not column.nullable:
            await db.execute(delete(table).where(column == person_id))
    await erase_beginnings(db, person_id)
    await db.execute(delete(PersonRow).where(PersonRow.id == person_id))


async def _roles(db: AsyncSession, person_id: str) -> dict[str, Role]:
    query = select(MembershipRow).where(MembershipRow.person_id == person_id)
    return {row.community_id: Role(row.role) for row in await db.scalars(query)}


async def _rows(db: AsyncSession, query: Any) -> list[dict[str, Any]]:
    return [
        {name: value for name, value in row.items() if name not in SECRETS}
        for row in (await db.execute(query)).mappings()
    ]


def _unique_with(table: SqlTable, column: Column[Any]) -> Iterator[list[str]]:
    """The other columns of each key or unique constraint that `column` is part of."""
    keys = [list(table.primary_key.columns)]
    keys += [list(c.columns) for c in table.constraints if isinstance(c, UniqueConstraint)]
    keys += [list(index.columns) for index in table.indexes if index.unique]
    for key in keys:
        if column in key:
            yield [each.name for each in key if each is not column]
