"""Letters against a real SMTP server: what arrives, what is tried again, what is given up."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope

from server.letters import Address, Letter, queue_letter
from server.mail import Mail, sender_address, smtp_server
from server.outbox import Outbox
from server.storage.database import Database
from server.storage.queries.letters import Attachment, latest_letters
from tests.processes import free_port
from tests.server.post_office import PostOffice

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LETTER = Letter(
    kind="hello",
    subject="Séance déplacée à midi",
    paragraphs=("Bonjour Zoé,", "La séance <du matin> est déplacée."),
    action=("Voir la séance", "https://moulin.example/s/1?a=1&b=2"),
    why="Vous avez répondu oui.",
)
CALENDAR = Attachment("seance.ics", "text/calendar; method=REQUEST", b"BEGIN:VCALENDAR\r\n")


class Clock:
    """A clock that moves when told to."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
async def database(tmp_path: Path, migrated_file: Path) -> AsyncIterator[Database]:
    path = shutil.copyfile(migrated_file, tmp_path / "moulin.sqlite3")
    opened = Database(f"sqlite+aiosqlite:///{path}")
    yield opened
    await opened.close()


def outbox(database: Database, url: str, clock: Clock) -> Outbox:
    sender = sender_address("Le moulin <moulin@exemple.org>")
    return Outbox(database, Mail(smtp_server(url), sender), clock)


async def queue(database: Database, address: str = "zoe@exemple.org", **more: Any) -> None:
    async with database.writing() as db:
        await queue_letter(db, Address(address, "fr"), LETTER, now=NOW, **more)


async def test_a_letter_arrives_as_text_and_html(
    post_office: PostOffice, database: Database
) -> None:
    await queue(database)
    assert await outbox(database, post_office.url, Clock()).send_due() == 1
    (message,) = post_office.messages
    assert message["To"] == "zoe@exemple.org"
    assert message["From"] == "Le moulin <moulin@exemple.org>"
    assert message["Subject"] == LETTER.subject
    plain, html = body(message, "plain"), body(message, "html")
    assert "https://moulin.example/s/1?a=1&b=2" in plain
    assert "La séance <du matin>" in plain
    assert "La séance &lt;du matin&gt;" in html
    assert "a=1&amp;b=2" in html
    assert "<img" not in html


async def test_a_calendar_stands_beside_the_text_and_as_a_file(
    post_office: PostOffice, database: Database
) -> None:
    await queue(database, attachments=[CALENDAR])
    await outbox(database, post_office.url, Clock()).send_due()
    (message,) = post_office.messages
    parts = [part for part in message.walk() if part.get_content_type() == "text/calendar"]
    assert [part.get_filename() for part in parts] == [None, "seance.ics"]
    assert parts[0].get_param("method") == "REQUEST"


async def test_a_letter_waits_for_its_hour(post_office: PostOffice, database: Database) -> None:
    clock = Clock()
    await queue(database, send_at=NOW + timedelta(hours=1))
    assert await outbox(database, post_office.url, clock).send_due() == 0
    clock.now += timedelta(hours=1)
    assert await outbox(database, post_office.url, clock).send_due() == 1


async def test_a_busy_server_is_tried_again_later(
    post_office: PostOffice, database: Database
) -> None:
    clock = Clock()
    sending = outbox(database, post_office.url, clock)
    post_office.answer = "451 come back later"
    await queue(database)
    assert await sending.send_due() == 0
    post_office.answer = ""
    assert await sending.send_due() == 0  # not at once
    clock.now += timedelta(minutes=1)
    assert await sending.send_due() == 1


async def test_a_refused_address_is_given_up_at_once(
    post_office: PostOffice, database: Database
) -> None:
    post_office.answer = "550 nobody of that name"
    await queue(database)
    await outbox(database, post_office.url, Clock()).send_due()
    async with database.reading() as db:
        assert await latest_letters(db, 10) == []


async def test_a_server_that_is_not_there_keeps_letters_waiting(database: Database) -> None:
    await queue(database)
    await outbox(database, f"smtp://127.0.0.1:{free_port()}", Clock()).send_due()
    async with database.reading() as db:
        assert len(await latest_letters(db, 10)) == 1


async def test_one_bad_letter_does_not_hold_the_others(
    post_office: PostOffice, database: Database
) -> None:
    post_office.refused = {"nobody@exemple.org"}
    await queue(database, "nobody@exemple.org")
    for number in range(25):
        await queue(database, f"{number}@exemple.org")
    assert await outbox(database, post_office.url, Clock()).send_due() == 25


async def test_the_password_is_given_to_the_server(database: Database) -> None:
    seen: list[tuple[bytes, bytes]] = []

    def check(_server: SMTP, _session: Any, _envelope: Envelope, _how: str, given: Any) -> Any:
        seen.append((given.login, given.password))
        return AuthResult(success=True)

    async with PostOffice(authenticator=check, auth_require_tls=False) as office:
        await queue(database)
        url = office.url.replace("smtp://", "smtp://le%40moulin:a%3Ab@")
        assert await outbox(database, url, Clock()).send_due() == 1
    assert seen == [(b"le@moulin", b"a:b")]


@pytest.mark.parametrize(
    ("url", "port", "start_tls"),
    [
        ("smtp://mail.example.org", 587, None),
        ("smtp://a:b@mail.example.org", 587, True),
        ("smtp://a:b@localhost:25", 25, None),
        ("smtps://a:b@mail.example.org", 465, None),
    ],
)
def test_a_password_never_travels_in_clear(url: str, port: int, start_tls: bool | None) -> None:
    server = smtp_server(url)
    assert (server.port, server.start_tls) == (port, start_tls)
    assert server.use_tls == url.startswith("smtps")


@pytest.mark.parametrize("url", ["mail.example.org", "http://mail.example.org", "smtp://"])
def test_an_address_that_is_no_mail_server_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="must look like"):
        smtp_server(url)


def body(message: EmailMessage, kind: str) -> str:
    """The text of a message, as plain or as HTML."""
    part = message.get_body((kind,))
    assert isinstance(part, EmailMessage)
    return str(part.get_content())
