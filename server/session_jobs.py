"""What the server does for sessions from day to day: series without end are carried on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from server.storage.database import Database
from server.storage.queries.session_changes import extend_series

A_DAY = 24 * 3600.0


async def carry_on_series(database: Database, now: Callable[[], datetime]) -> None:
    """Give the series that come back their sessions up to the horizon."""
    async with database.writing() as db:
        await extend_series(db, now())
