"""The database: its engine, its reading and writing transactions, its migrations at the start."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeAlias

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import (
    AsyncConnection,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)

Transaction: TypeAlias = AsyncSession
"""What `Database.reading` and `Database.writing` give, for those who pass it on."""

MIGRATIONS = Path(__file__).with_name("migrations")


class DatabaseUnavailable(Exception):
    """The database cannot be opened; the text is one line to show at the start."""


class Database:
    """One database, SQLite or PostgreSQL, by the URL of `Settings.database`."""

    def __init__(self, url: str) -> None:
        try:
            parsed = make_url(url)
            self._engine = create_async_engine(parsed, **_pool(parsed.drivername))
        except (ArgumentError, ImportError, ValueError) as error:
            raise DatabaseUnavailable(f"MOULIN_DATABASE_URL: {error}") from None
        self._is_sqlite = self._engine.dialect.name == "sqlite"
        if self._is_sqlite:
            event.listen(self._engine.sync_engine, "connect", _prepare_sqlite)
            event.listen(self._engine.sync_engine, "begin", _begin_sqlite)
        self._read = async_sessionmaker(self._engine, expire_on_commit=False)
        self._writing_engine = self._engine.execution_options(moulin_writes=True)
        self._write = async_sessionmaker(self._writing_engine, expire_on_commit=False)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """A transaction that sees one state of the database and changes nothing."""
        async with self._read() as db:
            yield db

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncSession]:
        """A transaction committed at the end of the block, undone when it raises.

        SQLite takes its write lock at once, so that two writers queue instead of colliding.
        """
        async with self._write.begin() as db:
            yield db

    async def migrate(self, revision: str = "head") -> None:
        """Bring the tables to `revision`; raises DatabaseUnavailable when there is no database."""
        try:
            async with self._writing_engine.begin() as connection:
                await connection.run_sync(_upgrade, revision)
        except (DBAPIError, OSError) as error:
            reason = str(error.orig) if isinstance(error, DBAPIError) else str(error)
            raise DatabaseUnavailable(
                f"MOULIN_DATABASE_URL: cannot use the database: {reason}"
            ) from error

    async def downgrade(self, revision: str) -> None:
        """Undo the migrations after `revision` ("base" undoes all)."""
        async with self._writing_engine.begin() as connection:
            await connection.run_sync(_downgrade, revision)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[AsyncConnection]:
        """A bare connection, for what is about the tables themselves."""
        async with self._engine.connect() as connection:
            yield connection

    async def forget_erased(self) -> bool:
        """Have what was erased leave SQLite's log too, where its pages stood as they were written.

        The file's own pages are overwritten at once (`secure_delete`). False when somebody who
        reads for long kept the log open: to be tried again. PostgreSQL's log is its keeper's.
        """
        if not self._is_sqlite:
            return True
        async with self._engine.connect() as connection:
            raw: Any = (await connection.get_raw_connection()).driver_connection
            async with raw.execute("PRAGMA wal_checkpoint(TRUNCATE)") as cursor:
                busy, _pages, _moved = await cursor.fetchone()
        return not busy

    async def answers(self) -> bool:
        """Whether the database answers now."""
        try:
            async with self._engine.connect() as connection:
                await connection.execute(text("SELECT 1"))
        except (SQLAlchemyError, OSError):
            return False
        return True

    async def close(self) -> None:
        """Close every connection."""
        await self._engine.dispose()


def _pool(driver: str) -> dict[str, Any]:
    if driver.startswith("postgresql"):
        # A server may have gone away meanwhile; to ask a file each time costs more than most pages.
        return {"pool_size": 10, "max_overflow": 5, "pool_timeout": 10, "pool_pre_ping": True}
    return {"pool_size": 5, "max_overflow": 5, "pool_timeout": 10}


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # transactions begin in _begin_sqlite, not in the driver
    for pragma in (
        "journal_mode=WAL",
        "foreign_keys=ON",
        "busy_timeout=5000",
        "synchronous=NORMAL",
        "secure_delete=ON",  # what is erased is overwritten in the file
    ):
        connection.execute(f"PRAGMA {pragma}").close()
    connection.create_function("translate", 3, _translate, deterministic=True)  # as PostgreSQL has


def _translate(text: str | None, letters: str, others: str) -> str | None:
    return None if text is None else text.translate(str.maketrans(letters, others))


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("moulin_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _upgrade(connection: Connection, revision: str) -> None:
    command.upgrade(_config(connection), revision)


def _downgrade(connection: Connection, revision: str) -> None:
    command.downgrade(_config(connection), revision)
