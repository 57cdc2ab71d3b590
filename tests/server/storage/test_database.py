"""Migrations and transactions, on both databases."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from server.community.text import Bilingual
from server.storage.database import Database, DatabaseUnavailable
from server.storage.demo_community import open_demo_community
from server.storage.queries.communities import (
    add_community,
    community_by_slug,
    count_communities,
)
from server.storage.queries.offices import move_office, offices_of, remove_office
from server.storage.tables import Table

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


async def test_the_migrations_make_exactly_the_tables_of_the_code(database: Database) -> None:
    def differences(connection: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection), Table.metadata))

    async with database.connection() as connection:
        assert await connection.run_sync(differences) == []


async def test_migrating_twice_keeps_everything(database: Database) -> None:
    async with database.writing() as db:
        await open_demo_community(db, NOW)
    await database.migrate()
    async with database.reading() as db:
        assert await count_communities(db) == 1


async def test_migrations_go_down_and_up_with_records_in_them(database: Database) -> None:
    async with database.writing() as db:
        await open_demo_community(db, NOW)
    await database.downgrade("base")
    await database.migrate()
    async with database.reading() as db:
        assert await count_communities(db) == 0


async def test_a_transaction_that_fails_leaves_nothing(database: Database) -> None:
    async def open_twice() -> None:
        async with database.writing() as db:
            await open_demo_community(db, NOW)
            await open_demo_community(db, NOW)

    with pytest.raises(IntegrityError):
        await open_twice()
    async with database.reading() as db:
        assert await count_communities(db) == 0


async def test_many_writers_at_once_all_succeed(database: Database) -> None:
    async def write(number: int) -> None:
        async with database.writing() as db:
            before = await count_communities(db)
            await add_community(
                db,
                slug=f"c{number}-{before}",
                name=Bilingual("x"),
                description=Bilingual(""),
                time_zone="UTC",
                now=NOW,
            )

    await asyncio.gather(*(write(number) for number in range(8)))
    async with database.reading() as db:
        assert await count_communities(db) == 8


async def test_doors_keep_the_order_they_are_given(database: Database) -> None:
    async with database.writing() as db:
        community = await open_demo_community(db, NOW)
        first, second, third = await offices_of(db, community.id)
        await move_office(db, community.id, third.id, -1)
        await move_office(db, community.id, first.id, -1)  # already the first
        await remove_office(db, second.id)
    async with database.reading() as db:
        assert [each.id for each in await offices_of(db, community.id)] == [first.id, third.id]
        assert await community_by_slug(db, "les-pigistes") == community


async def test_a_database_that_is_not_there_is_one_sentence() -> None:
    database = Database("postgresql+asyncpg://nobody@127.0.0.1:1/nothing")
    with pytest.raises(DatabaseUnavailable, match="MOULIN_DATABASE_URL"):
        await database.migrate()
    await database.close()
