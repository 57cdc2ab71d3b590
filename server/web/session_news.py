"""What a host's word about sessions sends out: letters, reminders that follow, and notices."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from aiohttp import web

from server.community.answers import Answer
from server.community.people import Notification, Person
from server.community.sessions import Session
from server.i18n import Words
from server.keys import CATALOGS, JOBS, SESSION_CLOCK
from server.push.notices import queue_notice
from server.storage.database import Transaction
from server.storage.queries import calendars, sessions
from server.storage.queries.push_notices import cancel_notices
from server.storage.queries.session_rows import Changed
from server.web.gathered_news import hosts_of_gone, tell_everyone
from server.web.person import right_now
from server.web.place import Place
from server.web.session_invitations import News, Told, batches
from server.web.session_reminders import move_reminders, notice_of
from server.web.tour_news import tell_of_stops
from server.web.tour_news_words import StopNews


async def tell_changes(
    request: web.Request,
    place: Place,
    db: Transaction,
    changed: Changed,
    *,
    news: News = News.CHANGED,
    before: Collection[Session] = (),
) -> None:
    """Tell who is concerned what was `changed` in the house of this page; `tell` says how."""
    by_id = place.person.id if place.person else ""
    told = Told(request.app, place.community, place.offices, right_now(), by_id=by_id)
    await tell(db, told, changed, news=news, before=before)


async def tell(
    db: Transaction,
    told: Told,
    changed: Changed,
    *,
    news: News = News.CHANGED,
    before: Collection[Session] = (),
) -> None:
    """Tell hosts and who answered what was `changed`: by letter, in their calendar, on devices.

    Organisers of tours that stop at what is called off, or takes place after all, learn it too.
    `news` is what to say of those changed: that they are, or that they take place after all.
    `before`: sessions as they were, where their seats may be others now, or some of them gone.
    """
    new = dict.fromkeys(changed.changed, news)
    new |= dict.fromkeys(changed.cancelled, News.CANCELLED)
    await tell_everyone(db, told, new, before, changed.gone)
    await move_reminders(db, told, {*changed.changed, *changed.cancelled})
    await _notify(db, told, changed.changed, news)
    gone = await hosts_of_gone(db, told, before, changed.gone)
    await _notify(db, told, changed.cancelled, News.CANCELLED, gone)
    await tell_of_stops(db, told, changed.cancelled, StopNews.CALLED_OFF)
    if news is News.RESTORED:
        await tell_of_stops(db, told, changed.changed, StopNews.RESTORED)


def wake(app: web.Application) -> None:
    """What was told leaves at once, and running sessions are looked at anew."""
    app[SESSION_CLOCK].wake()
    for queue in ("hosts", "letters", "notices"):
        app[JOBS].wake(queue)


async def _notify(
    db: Transaction,
    told: Told,
    session_ids: tuple[str, ...],
    news: News,
    gone: Collection[tuple[Session, Person]] = (),
) -> None:
    """One notice a person, of their next date among those and what is `gone`; who did it knows."""
    for session_id in session_ids:
        await cancel_notices(db, _about(session_id))  # what has not left yet is out of date
    found = [(each, person) for each, person, _ in await next_of_each(db, told, session_ids)]
    wanted = [each for each in gone if Notification.CHANGES in each[1].notifications]
    left = {session.id for session, _ in found}
    for session, person in _soonest([*found, *wanted]):
        if person.id == told.by_id:
            continue
        leads = told if session.id in left else replace(told, pages_go=True)
        words = told.app[CATALOGS].words(person.lang)
        await queue_notice(
            db,
            person,
            notice_of(leads, session, _headline(news, words), words),
            now=told.now,
            about=_about(session.id),
            send_at=told.now,
            expires_at=session.ends_at,
        )


def _soonest(found: Collection[tuple[Session, Person]]) -> list[tuple[Session, Person]]:
    first: dict[str, tuple[Session, Person]] = {}
    for session, person in sorted(found, key=lambda each: each[0].starts_at):
        first.setdefault(person.id, (session, person))
    return list(first.values())


async def next_of_each(
    db: Transaction, told: Told, session_ids: Collection[str]
) -> list[tuple[Session, Person, Answer | None]]:
    """Who comes to some of those sessions, or may, or hosts them, with the next that is not over.

    The answer is None for a host who gave none. Who wants no news of changes is left out.
    """
    first: dict[str, tuple[Session, Person, Answer | None]] = {}
    for some in batches(session_ids):
        found = {each.id: each for each in await sessions.sessions_by_ids(db, some)}
        for session_id, person, answer in await calendars.concerned_by(db, list(found)):
            session, known = found[session_id], first.get(person.id)
            if session.ends_at <= told.now or Notification.CHANGES not in person.notifications:
                continue
            if known is None or session.starts_at < known[0].starts_at:
                first[person.id] = session, person, answer
    return list(first.values())


def _headline(news: News, words: Words) -> str:
    _ = words.gettext
    return {
        News.CANCELLED: _("Annulée : %(title)s"),
        News.RESTORED: _("Rétablie : %(title)s"),
    }.get(news, _("Changement : %(title)s"))


def _about(session_id: str) -> str:
    return f"change:{session_id}"
