"""Notices: what one says, how it is queued with what it tells, and the job that sends those due."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from server.community.people import Person
from server.push.sender import Answer, Outcome
from server.storage.database import Database, Transaction
from server.storage.queries.push_notices import (
    DueNotice,
    add_notice,
    end_notices,
    retry_notice,
    spread_due_notices,
    take_due_notices,
)
from server.storage.queries.push_subscriptions import end_subscription

log = structlog.stdlib.get_logger("server.push")

EVERY_SECONDS = 10.0
AT_ONCE = 20
_WAITS = (1, 2, 5)
"""Minutes to wait after each failed attempt; after the last, the notice is given up."""
LONGEST_WAIT = timedelta(hours=1)
"""The most that a push service may have us wait before another attempt."""
_LONGEST_TITLE, _LONGEST_BODY = 120, 240


@dataclass(frozen=True)
class Notice:
    """What a notification says, in its reader's language; `path` is the page it opens."""

    title: str
    body: str
    path: str
    lang: str


async def queue_notice(
    db: Transaction,
    to: Person,
    notice: Notice,
    *,
    now: datetime,
    about: str,
    send_at: datetime,
    expires_at: datetime,
) -> None:
    """Queue a notice in the transaction `db`, for the devices that want some when it is due.

    `about` takes it back (`cancel_notices`) and has it replace, on the device, one about the same.
    """
    payload = {
        "title": notice.title[:_LONGEST_TITLE],
        "body": notice.body[:_LONGEST_BODY],
        "path": notice.path,
        "lang": notice.lang,
        "tag": about,
    }
    await add_notice(
        db,
        person_id=to.id,
        about=about,
        payload=json.dumps(payload, ensure_ascii=False),
        now=now,
        send_at=send_at,
        expires_at=expires_at,
    )


class Sends(Protocol):
    """What sends a notice to a device."""

    async def send(self, notice: DueNotice) -> Answer: ...


class PushQueue:
    """Sends what is due, again and again until nothing is."""

    def __init__(self, database: Database, sender: Sends, now: Callable[[], datetime]) -> None:
        self._database = database
        self._sender = sender
        self._now = now

    async def send_due(self) -> int:
        """Send every notice that is due to each device that wants it; how many were taken."""
        taken = 0
        while True:
            async with self._database.writing() as db:
                spread = await spread_due_notices(db, self._now(), AT_ONCE)
                due = await take_due_notices(db, self._now(), AT_ONCE)
            if not due and not spread:
                return taken
            answers = await asyncio.gather(*(self._sender.send(each) for each in due))
            await self._keep(list(zip(due, answers, strict=True)))
            taken += sum(answer.outcome is Outcome.TAKEN for answer in answers)

    async def _keep(self, results: list[tuple[DueNotice, Answer]]) -> None:
        now = self._now()
        async with self._database.writing() as db:
            for notice, answer in results:
                later = next_try(notice, answer, now) if answer.outcome is Outcome.LATER else None
                if later is not None:
                    await retry_notice(db, notice.id, later)
                    continue
                await end_notices(db, [notice.id])
                if answer.outcome is Outcome.GONE:  # with what else waits for it
                    await end_subscription(db, notice.login_id, notice.endpoint)
        for notice, answer in results:
            if answer.outcome is not Outcome.TAKEN:
                # Never the address: whoever has it may be told apart by it.
                told = {"outcome": answer.outcome.value, "status": answer.status}
                log.info("notice not taken", **told, attempts=notice.attempts)


def next_try(notice: DueNotice, answer: Answer, now: datetime) -> datetime | None:
    """When to try again after a failure; None to give up."""
    if notice.attempts > len(_WAITS):
        return None
    asked = min(answer.wait or timedelta(), LONGEST_WAIT)
    later = now + max(asked, timedelta(minutes=_WAITS[notice.attempts - 1]))
    return later if later < notice.expires_at else None
