"""Reminders: one letter and one notice per person and session, which wait for their hour.

They are queued with the answer and leave at the time chosen; when the session moves they are
written anew, and when it is called off, or the answer becomes no, they are taken back.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

from server.community.people import Notification, Person
from server.community.sessions import Session
from server.i18n import Words
from server.keys import CATALOGS, SETTINGS
from server.letters import Letter, queue_letter
from server.push.notices import Notice, queue_notice
from server.storage.database import Transaction
from server.storage.queries import session_answers, sessions
from server.storage.queries.letters import cancel_letters
from server.storage.queries.push_notices import cancel_notices
from server.web.hours import hours_label
from server.web.session_invitations import Told, batches
from server.web.session_words import day_label, zone_label

STILL_OF_USE = timedelta(minutes=15)
"""How long after the start a notice may still arrive."""


async def keep_reminder(
    db: Transaction, told: Told, session: Session, person: Person, minutes: int | None
) -> None:
    """Remind that person so many minutes before the start, and not otherwise; None: not at all."""
    await forget_reminder(db, session, person.id)
    await _queue(db, told, session, person, minutes)


async def forget_reminder(db: Transaction, session: Session, person_id: str) -> None:
    """Take back the reminder of that person."""
    await cancel_letters(db, _about(session), person_id)
    await cancel_notices(db, _about(session), person_id)


async def move_reminders(db: Transaction, told: Told, session_ids: Collection[str]) -> None:
    """Sessions have changed or are called off: each reminder follows."""
    for some in batches(session_ids):
        by_id = {each.id: each for each in await sessions.sessions_by_ids(db, some)}
        for session in by_id.values():
            await cancel_letters(db, _about(session))
            await cancel_notices(db, _about(session))
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
    words = told.app[CATALOGS].words(person.lang)
    letter, about = reminder_of(told, session, words), _about(session)
    await queue_letter(db, person, letter, now=told.now, about=about, send_at=send_at)
    if person.email is None:
        return  # only an account can ask for notices
    await queue_notice(
        db,
        person,
        notice_of(told, session, words.gettext("Bientôt : %(title)s"), words),
        now=told.now,
        about=about,
        send_at=send_at,
        expires_at=session.starts_at + STILL_OF_USE,
    )


async def notify_seated(
    db: Transaction, told: Told, found: Sequence[Session], person: Person
) -> None:
    """Seats were freed, and are that person's: their devices say so at once, of the first date."""
    coming = sorted(
        (each for each in found if each.starts_at > told.now), key=lambda each: each.starts_at
    )
    if person.email is None or not coming:
        return
    session, words = coming[0], told.app[CATALOGS].words(person.lang)
    headline = words.ngettext(
        "Une place pour vous : %(title)s", "Des places pour vous : %(title)s", len(coming)
    )
    notice = notice_of(told, session, headline, words)
    await queue_notice(
        db,
        person,
        with_others(notice, len(coming) - 1, words),
        now=told.now,
        about=f"seat:{session.id}",
        send_at=told.now,
        expires_at=session.starts_at,
    )


def notice_of(told: Told, session: Session, headline: str, words: Words) -> Notice:
    """What a notification about a session says; `headline` has a blank for its title."""
    zone = ZoneInfo(session.time_zone)
    begin, end = session.starts_at.astimezone(zone), session.ends_at.astimezone(zone)
    return Notice(
        title=headline % {"title": session.plan.title.read(words.lang)},
        body=f"{day_label(begin, words)}, {hours_label(begin, end, words)} "
        f"({zone_label(begin, words)})\n{told.community.name.read(words.lang)}",
        path=told.page(session),
        lang=words.lang,
    )


def with_others(notice: Notice, count: int, words: Words) -> Notice:
    """The same notice, which says that there are so many more dates than the one it tells."""
    if not count:
        return notice
    more = words.ngettext("et %(num)d autre", "et %(num)d autres", count) % {"num": count}
    day, _newline, rest = notice.body.partition("\n")
    return replace(notice, body=f"{day}, {more}\n{rest}")


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
        subject=_("Bientôt : %(title)s") % {"title": title},
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
