"""Reminders by mail: one letter per person and session, waiting for its hour in the outbox.

It is queued with the answer and leaves at the time chosen; when the session moves it is written
anew, and when the session is called off, or the answer becomes no, it is taken back.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from zoneinfo import ZoneInfo

from server.community.people import Notification, Person
from server.community.sessions import Session
from server.i18n import Words
from server.keys import CATALOGS, SETTINGS
from server.letters import Letter, queue_letter
from server.storage.database import Transaction
from server.storage.queries import session_answers, sessions
from server.storage.queries.letters import cancel_letters
from server.web.session_invitations import Told
from server.web.session_words import day_label, hours_label, zone_label


async def keep_reminder(
    db: Transaction, told: Told, session: Session, person: Person, minutes: int | None
) -> None:
    """Remind that person so many minutes before the start, and not otherwise; None: not at all."""
    await cancel_letters(db, _about(session), person.id)
    await _queue(db, told, session, person, minutes)


async def move_reminders(db: Transaction, told: Told, session_ids: Collection[str]) -> None:
    """Sessions have changed or are called off: each reminder follows."""
    by_id = {each.id: each for each in await sessions.sessions_by_ids(db, session_ids)}
    for session in by_id.values():
        await cancel_letters(db, _about(session))
    for session_id, person, minutes in await session_answers.reminders_of(db, list(by_id)):
        await _queue(db, told, by_id[session_id], person, minutes)


async def _queue(
    db: Transaction, told: Told, session: Session, person: Person, minutes: int | None
) -> None:
    if minutes is None or session.cancelled_at is not None:
        return
    send_at = session.starts_at - timedelta(minutes=minutes)
    if send_at <= told.now:
        return  # there is nothing left to remind of
    letter = reminder_of(told, session, told.app[CATALOGS].words(person.lang))
    about = _about(session)
    await queue_letter(db, person, letter, now=told.now, about=about, send_at=send_at)


def reminder_of(told: Told, session: Session, words: Words) -> Letter:
    """What a reminder says, in its reader's language."""
    _ = words.gettext
    zone = ZoneInfo(session.time_zone)
    begin, end = session.starts_at.astimezone(zone), session.ends_at.astimezone(zone)
    title = session.plan.title.read(words.lang)
    hours = f"{day_label(begin, words)}, {hours_label(begin, end, words)}"
    office = next((each for each in told.offices if each.id == session.plan.office_id), None)
    where = f"{office.name.read(words.lang)}, " if office else ""
    house = f"{told.app[SETTINGS].address}/c/{told.community.slug}"
    return Letter(
        kind="reminder",
        subject=_("Bientôt : %(title)s") % {"title": title},
        paragraphs=(
            _("Bonjour,"),
            _("Cette séance commence bientôt. La porte s’ouvre à l’heure, avec ou sans caméra."),
            f"{title}\n{hours} ({zone_label(begin, words)})\n"
            f"{where}{told.community.name.read(words.lang)}",
        ),
        action=(_("Voir la séance"), f"{house}/seances/{session.id}"),
        why=_("Vous avez demandé ce rappel en répondant à la séance."),
        notification=Notification.REMINDERS,
    )


def _about(session: Session) -> str:
    return f"reminder:{session.id}"
