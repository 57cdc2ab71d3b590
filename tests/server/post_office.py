"""A real SMTP server (aiosmtpd) on a free port, that keeps what it receives."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any, Self

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session


class PostOffice:
    """Receives letters; `answer` refuses them all, `refused` some addresses."""

    def __init__(self, **options: Any) -> None:
        self.messages: list[EmailMessage] = []
        self._arrival = asyncio.Event()
        self.answer = ""
        self.refused: set[str] = set()
        self._options = options
        self._server: asyncio.Server | None = None
        self.url = ""

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: SMTP(self, hostname="localhost", loop=loop, **self._options), "127.0.0.1", 0
        )
        self.url = f"smtp://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_error: object) -> None:
        if self._server is not None:
            self._server.close()

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: Any
    ) -> str:
        """aiosmtpd's hook: accept a recipient or not."""
        if address in self.refused:
            return "550 nobody of that name"
        envelope.rcpt_tos.append(address)
        return self.answer or "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        """aiosmtpd's hook: keep a message."""
        assert isinstance(envelope.content, bytes)
        message = message_from_bytes(envelope.content, policy=default)
        assert isinstance(message, EmailMessage)
        self.messages.append(message)
        self._arrival.set()
        return "250 OK"

    def to(self, address: str) -> list[EmailMessage]:
        """What arrived for someone."""
        return [each for each in self.messages if each["To"] == address]

    async def wait_for(self, address: str, number: int, seconds: float = 60.0) -> EmailMessage:
        """The letter of that number (from 1) for someone, once it is there."""
        async with asyncio.timeout(seconds):
            while len(self.to(address)) < number:
                self._arrival.clear()
                await self._arrival.wait()
        return self.to(address)[number - 1]


@pytest.fixture
async def post_office() -> AsyncIterator[PostOffice]:
    """The mail server that a test's letters leave by."""
    async with PostOffice() as opened:
        yield opened
