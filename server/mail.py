"""Sending letters by SMTP: from a stored letter to a message, and what a refusal means."""

from __future__ import annotations

from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime, parseaddr
from ssl import SSLContext
from urllib.parse import unquote, urlsplit

import aiosmtplib

from server.storage.queries.letters import Attachment, StoredLetter

SEND_SECONDS = 30.0
_PORTS = {"smtp": 587, "smtps": 465}


class MailProblem(Exception):
    """A letter that did not leave; `final`: trying again would not help."""

    def __init__(self, reason: str, *, final: bool) -> None:
        super().__init__(reason)
        self.final = final


@dataclass(frozen=True)
class SmtpServer:
    """Where letters go out: MOULIN_SMTP_URL, read.

    `smtps` is TLS from the first byte. `smtp` is STARTTLS where the server offers it, and always
    where a password is sent to another machine.
    """

    host: str
    port: int
    username: str
    password: str
    use_tls: bool

    @property
    def start_tls(self) -> bool | None:
        """What to ask of STARTTLS: True requires it, None takes it when offered."""
        is_here = self.host in ("localhost", "127.0.0.1", "::1")
        return True if self.password and not self.use_tls and not is_here else None


def smtp_server(url: str) -> SmtpServer:
    """Read smtp://user:password@host:port or smtps://…; raises ValueError."""
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ValueError("must look like smtp://user:password@mail.example.org:587 or smtps://…")
    return SmtpServer(
        host=parts.hostname,
        port=parts.port or _PORTS[parts.scheme],
        username=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        use_tls=parts.scheme == "smtps",
    )


def sender_address(text: str) -> Address:
    """Read "Moulin <moulin@example.org>" or a bare address; raises ValueError."""
    name, address = parseaddr(text)
    if address.count("@") != 1:
        raise ValueError("must look like Moulin <moulin@example.org>")
    try:
        return Address(display_name=name or "Moulin", addr_spec=address)
    except Exception as error:  # the parser raises many kinds
        raise ValueError("must look like Moulin <moulin@example.org>") from error


def message_of(letter: StoredLetter, sender: Address) -> EmailMessage:
    """The message of a letter: text, HTML, a calendar beside them, and files."""
    message = EmailMessage(policy=SMTP_POLICY)
    message["From"] = sender
    message["To"] = letter.address
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(letter.created_at)
    message["Message-ID"] = f"<{letter.id}@{sender.domain}>"
    message["Content-Language"] = letter.lang
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text)
    message.add_alternative(letter.html, subtype="html")
    invites = [each for each in letter.attachments if _method(each)]
    if invites:
        words, params = invites[0].content.decode(), {"method": _method(invites[0])}
        message.add_alternative(words, subtype="calendar", params=params)
    for file in letter.attachments:
        main, _, sub = file.content_type.partition(";")[0].strip().partition("/")
        params = {}
        if file in invites[1:]:  # a message of its own (RFC 6047, 2.4), not the first one's double
            params = {"method": _method(file), "charset": "utf-8"}
        message.add_attachment(
            file.content, maintype=main, subtype=sub, filename=file.name, params=params
        )
    return message


def _method(file: Attachment) -> str:
    """What a calendar is for (RFC 5546), "" for any other file."""
    kind, _, parameters = file.content_type.partition(";")
    is_calendar = kind.strip() == "text/calendar"
    return parameters.strip().removeprefix("method=") if is_calendar else ""


class Mail:
    """Sends letters one by one through an SMTP server."""

    def __init__(self, server: SmtpServer, sender: Address, tls: SSLContext | None = None) -> None:
        self._server = server
        self._sender = sender
        self._tls = tls

    async def send(self, letter: StoredLetter) -> None:
        """Hand a letter to the server; raises MailProblem."""
        try:
            await aiosmtplib.send(
                message_of(letter, self._sender),
                hostname=self._server.host,
                port=self._server.port,
                username=self._server.username or None,
                password=self._server.password or None,
                use_tls=self._server.use_tls,
                start_tls=self._server.start_tls,
                tls_context=self._tls,
                timeout=SEND_SECONDS,
            )
        except aiosmtplib.SMTPRecipientsRefused as error:
            codes = [each.code for each in error.recipients]
            raise MailProblem(_said(error), final=all(code >= 500 for code in codes)) from None
        except aiosmtplib.SMTPAuthenticationError as error:
            raise MailProblem(_said(error), final=False) from None  # a setting, soon put right
        except aiosmtplib.SMTPResponseException as error:
            raise MailProblem(_said(error), final=error.code >= 500) from None
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            raise MailProblem(_said(error), final=False) from None


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
