"""What hosts are told when a session is given to them or taken from them: one letter, one notice.

It waits a little, so that dates given one by one in the rota, or a whole series in its form, make
one letter that lists them; who takes a date and leaves it again hears nothing. Who changes
something is never told of it, and none of it names anybody: the rota says who hosts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from aiohttp import web

from server.community.people import Notification, Person
from server.community.rota import Duty, DutyChange, due_at, duty_changes, duty_of
from server.community.sessions import Session
from server.i18n import Words
from server.keys import CATALOGS, DATABASE, JOBS, SETTINGS
from server.letters import Letter, queue_letter
from server.push.notices import Notice, queue_notice
from server.storage.database import Transaction
from server.storage.queries import host_news, sessions
from server.web.host_letters import listed, rota_address
from server.web.session_invitations import Told, told_of
from server.web.session_reminders import notice_of, with_others
from server.web.session_words import day_label

EVERY_SECONDS = 30.0
MOST_LISTED = 60
Duties = dict[Duty, list[tuple[Session, Duty]]]
"""The sessions by what is done there now, each with the duty before."""


async def note_hosts(
    db: Transaction,
    before: Iterable[Session],
    after: Iterable[Session],
    by: str | None,
    now: datetime,
) -> None:
    """Keep what the hosts of these sessions are to be told; `by` is who changed them."""
    by_person: dict[str, list[DutyChange]] = {}
    for change in duty_changes(before, after, now):
        by_person.setdefault(change.person_id, []).append(change)
    for person_id, changes in by_person.items():
        if person_id == by:
            await host_news.forget_changes(db, changes)
            continue
        when = min(due_at(each, now) for each in changes)
        await host_news.put_off(db, person_id, changes[0].session.community_id, now, when)
        for each in changes:
            await host_news.note_change(db, each, when)


async def tell_hosts(app: web.Application, now: datetime) -> int:
    """The job that tells hosts what is due; how many people were told."""
    count = 0
    async with app[DATABASE].writing() as db:
        for due in await host_news.take_due_news(db, now):
            told = await told_of(db, app, due.community_id, now)
            if told is not None:
                found = await sessions.sessions_by_ids(db, list(due.before))
                count += await _tell(db, told, due.person, _sorted(due, found, now))
    if count:
        for queue in ("letters", "notices"):
            app[JOBS].wake(queue)
    return count


def _sorted(due: host_news.DueNews, found: Sequence[Session], now: datetime) -> Duties:
    duties: Duties = {}
    for session in found:
        was, duty = due.before[session.id], duty_of(session, due.person.id)
        if duty is not was and session.cancelled_at is None and session.ends_at > now:
            duties.setdefault(duty, []).append((session, was))
    return {each: duties[each] for each in (Duty.HOST, Duty.CO_HOST, Duty.NONE) if each in duties}


async def _tell(db: Transaction, told: Told, person: Person, duties: Duties) -> bool:
    if not duties:
        return False
    words, about = told.app[CATALOGS].words(person.lang), f"hosts:{told.community.id}"
    letter = duties_letter(told, duties, words)
    queued = await queue_letter(db, person, letter, now=told.now, about=about)
    if Notification.CHANGES in person.notifications:
        notice, last = duties_notice(told, duties, words), _all(duties)[-1]
        await queue_notice(
            db,
            person,
            notice,
            now=told.now,
            about=about,
            send_at=told.now,
            expires_at=last.ends_at,
        )
    return queued or Notification.CHANGES in person.notifications


def duties_letter(told: Told, duties: Duties, words: Words) -> Letter:
    """The letter that lists the dates given and taken, in its reader's language."""
    _, found = words.gettext, _all(duties)
    parts = []
    for duty, pairs in duties.items():
        some = [session for session, _was in pairs]
        parts += [_sentence(duty, pairs, words), listed(some, words, MOST_LISTED)]
    gained = [each for each in duties if each is not Duty.NONE]
    address = told.app[SETTINGS].address
    action = (_("Voir les séances"), f"{address}/c/{told.community.slug}/seances")
    if gained:
        action = (_("Voir le calendrier d’animation"), rota_address(told))
    elif len(found) == 1:
        action = (_("Voir la séance"), address + told.page(found[0]))
    leave = _("Cela ne vous va pas? Vous pouvez y laisser une date à quelqu’un d’autre.")
    return Letter(
        kind="hosting",
        subject=_headline(duties, words) % {"title": _title(told, found, words)},
        paragraphs=(_("Bonjour,"), *parts, told.community.name.read(words.lang)),
        action=action,
        after=(leave,) if Duty.HOST in gained else (),
        why=_(
            "Vous animez, ou animiez, des séances de cette maison. "
            "Votre compte dit quels courriels vous voulez."
        ),
        notification=Notification.CHANGES,
    )


def duties_notice(told: Told, duties: Duties, words: Words) -> Notice:
    """The same on a device: the first date, and how many more there are."""
    first, others = next(iter(duties.values()))[0][0], len(_all(duties)) - 1
    return with_others(notice_of(told, first, _headline(duties, words), words), others, words)


def _all(duties: Duties) -> list[Session]:
    found = [session for pairs in duties.values() for session, _was in pairs]
    return sorted(found, key=lambda each: each.starts_at)


def _title(told: Told, found: Sequence[Session], words: Words) -> str:
    """What the subject names: a session and its day, how many dates, or the house."""
    titles = {each.plan.title.read(words.lang) for each in found}
    if len(found) == 1:
        begin = found[0].starts_at.astimezone(ZoneInfo(found[0].time_zone))
        return f"{titles.pop()}, {day_label(begin, words)}"
    dates = words.ngettext("%(num)d date", "%(num)d dates", len(found)) % {"num": len(found)}
    name = titles.pop() if len(titles) == 1 else told.community.name.read(words.lang)
    return f"{name}, {dates}"


def _headline(duties: Duties, words: Words) -> str:
    """With a blank for the title."""
    _ = words.gettext
    if len(duties) > 1:
        return _("Ce que vous animez change : %(title)s")
    [(duty, pairs)] = duties.items()
    return {
        Duty.HOST: _("Vous animez maintenant : %(title)s"),
        Duty.CO_HOST: _("Vous coanimez maintenant : %(title)s"),
        Duty.NONE: _("Vous n’animez plus : %(title)s")
        if any(was is Duty.HOST for _session, was in pairs)
        else _("Vous ne coanimez plus : %(title)s"),
    }[duty]


def _sentence(duty: Duty, pairs: Sequence[tuple[Session, Duty]], words: Words) -> str:
    count = len(pairs)
    if duty is Duty.HOST:
        return words.ngettext(
            "Cette séance vous est confiée : à l’heure dite, la lampe vous revient.",
            "Ces séances vous sont confiées : à l’heure dite, la lampe vous revient.",
            count,
        )
    if duty is Duty.CO_HOST:
        return words.ngettext(
            "Vous coanimez maintenant cette séance.", "Vous coanimez maintenant ces séances.", count
        )
    if any(was is Duty.HOST for _session, was in pairs):
        return words.ngettext(
            "Vous n’animez plus cette séance.", "Vous n’animez plus ces séances.", count
        )
    return words.ngettext(
        "Vous ne coanimez plus cette séance.", "Vous ne coanimez plus ces séances.", count
    )
