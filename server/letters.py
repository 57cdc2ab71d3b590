"""Letters: what they are made of, how they look as text and as HTML, and how one is queued."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape

from server.community.people import Notification, Person
from server.storage.database import Transaction
from server.storage.queries.letters import Attachment, add_letter

_WAITS = (1, 5, 15, 60, 180, 360, 720, 1440)
"""Minutes to wait after each failed attempt; after the last, the letter is given up."""


@dataclass(frozen=True)
class Letter:
    """What a letter says, already in its reader's language.

    `action` is the label and the address of its one button; `why` ends it by saying why it came.
    With a `notification`, it goes only to members who want that kind.
    """

    kind: str
    subject: str
    paragraphs: tuple[str, ...]
    action: tuple[str, str] | None = None
    after: tuple[str, ...] = ()
    why: str = ""
    notification: Notification | None = None


@dataclass(frozen=True)
class Address:
    """Someone known by an address alone."""

    email: str
    lang: str


async def queue_letter(
    db: Transaction,
    to: Person | Address,
    letter: Letter,
    *,
    now: datetime,
    about: str = "",
    attachments: Sequence[Attachment] = (),
    send_at: datetime | None = None,
) -> bool:
    """Queue a letter in the transaction `db`: it leaves once this is committed, at `send_at`.

    False, and nothing queued, when the person has no address or does not want that kind of letter.
    `about` names what it is about, so that `cancel_letters` can take it back.
    """
    if to.email is None:
        return False
    kind = letter.notification
    if isinstance(to, Person) and kind is not None and kind not in to.notifications:
        return False
    await add_letter(
        db,
        person_id=to.id if isinstance(to, Person) else None,
        address=to.email,
        kind=letter.kind,
        about=about,
        lang=to.lang,
        subject=letter.subject,
        text=as_text(letter),
        html=as_html(letter, to.lang),
        attachments=attachments,
        now=now,
        send_at=send_at or now,
    )
    return True


def next_try(attempts: int, now: datetime) -> datetime | None:
    """When to try again after `attempts` failures; None to give up."""
    if attempts > len(_WAITS):
        return None
    return now + timedelta(minutes=_WAITS[attempts - 1])


def as_text(letter: Letter) -> str:
    """The letter as plain text."""
    parts = [*letter.paragraphs]
    if letter.action:
        parts.append("\n".join(letter.action))
    parts += letter.after
    if letter.why:
        parts.append("-- \n" + letter.why)
    return "\n\n".join(parts) + "\n"


def as_html(letter: Letter, lang: str) -> str:
    """The letter as plain HTML: no picture, nothing fetched from anywhere, readable everywhere."""
    body = [_paragraph(text) for text in letter.paragraphs]
    if letter.action:
        label, url = letter.action
        body.append(
            '<p style="margin:24px 0"><a href="' + escape(url) + '" style="background:#0E7C7B;'
            "color:#ffffff;padding:12px 20px;border-radius:12px;text-decoration:none;"
            'font-weight:600;display:inline-block">' + escape(label) + "</a></p>"
            '<p style="font-size:13px;color:#5a6068;word-break:break-all">' + escape(url) + "</p>"
        )
    body += [_paragraph(text) for text in letter.after]
    if letter.why:
        body.append(
            '<p style="font-size:13px;color:#5a6068;border-top:1px solid #ddd3c2;'
            'padding-top:12px;margin-top:28px">' + escape(letter.why) + "</p>"
        )
    return (
        f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8"><title>'
        f"{escape(letter.subject)}</title></head>"
        '<body style="margin:0;padding:24px;background:#FBF7F0;color:#22262A;'
        'font:16px/1.55 system-ui,sans-serif"><div style="max-width:560px;margin:0 auto">'
        + "".join(body)
        + "</div></body></html>"
    )


def _paragraph(text: str) -> str:
    return "<p>" + escape(text).replace("\n", "<br>") + "</p>"
