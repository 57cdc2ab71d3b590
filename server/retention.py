"""The job that erases what has served its time, by the table of `server.community.retention`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import structlog

from server.community.retention import RULES, Kind
from server.storage.database import Database
from server.storage.queries.person_data import erase_person
from server.storage.queries.retention import AT_ONCE, PersonEraser, erase_old

log = structlog.stdlib.get_logger("server.retention")

EVERY_SECONDS = 3600.0


async def apply_retention(
    database: Database, now: Callable[[], datetime], erase: PersonEraser = erase_person
) -> dict[Kind, int]:
    """Erase what each rule says, in small transactions; how much of each kind went.

    People go by `erase`.
    """
    erased: dict[Kind, int] = {}
    for rule in RULES:
        before, count = now() - rule.after, AT_ONCE
        while count == AT_ONCE:
            async with database.writing() as db:
                count = await erase_old(db, rule.kind, before, erase)
            erased[rule.kind] = erased.get(rule.kind, 0) + count
    await database.forget_erased()  # also what people erased by themselves since the last time
    gone = {kind.value: count for kind, count in erased.items() if count}
    if gone:
        log.info("erased what has served its time", **gone)
    return erased
