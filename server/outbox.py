"""The outbox's job: letters that are due leave, and those that are refused wait or are given up."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

import structlog

from server.letters import next_try
from server.mail import MailProblem
from server.storage.database import Database
from server.storage.queries.letters import (
    StoredLetter,
    letter_failed,
    letter_left,
    take_due_letters,
)

log = structlog.stdlib.get_logger("server.outbox")

EVERY_SECONDS = 10.0
AT_ONCE = 20


class Sends(Protocol):
    """What sends a letter; raises MailProblem."""

    async def send(self, letter: StoredLetter) -> None: ...


class Outbox:
    """Sends what is due, again and again until nothing is."""

    def __init__(self, database: Database, mail: Sends, now: Callable[[], datetime]) -> None:
        self._database = database
        self._mail = mail
        self._now = now

    async def send_due(self) -> int:
        """Send every letter that is due; how many left."""
        sent = 0
        while True:
            async with self._database.writing() as db:
                due = await take_due_letters(db, self._now(), AT_ONCE)
            for letter in due:
                sent += await self._send(letter)
            if not due:
                return sent

    async def _send(self, letter: StoredLetter) -> bool:
        try:
            await self._mail.send(letter)
        except MailProblem as problem:
            now = self._now()
            later = None if problem.final else next_try(letter.attempts, now)
            async with self._database.writing() as db:
                await letter_failed(db, letter.id, now, str(problem), later)
            # Never the address nor the server's words, which repeat it.
            log.warning(
                "letter refused", kind=letter.kind, attempts=letter.attempts, given_up=later is None
            )
            return False
        async with self._database.writing() as db:
            await letter_left(db, letter.id, self._now())
        return True
