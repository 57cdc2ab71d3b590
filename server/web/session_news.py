"""What a host's word about sessions sends out: letters, reminders that follow, and notices."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from aiohttp import web

from server.community.people import Notification, Person
from server.community.sessions import Session
from server.i18n import Words
from server.keys import CATALOGS, JOBS, SESSION_CLOCK
from server.push.notices import queue_notice
from server.storage.database import Transaction
from server.storage.queries import calendars, sessions
from server.storage.queries.push_notices import cancel_notices
from server.storage.queries.session_rows import Changed
from server.web.gathered_news import tell_everyone
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
    capacity_before: int | None = None,
) -> None:
    """Tell those who answered what was `changed` in the house of this page; `tell` says how."""
    by_id = place.person.id if place.person else ""
    told = Told(request.app, place.community, place.offices, right_now(), by_id=by_id)
    await tell(db, told, changed, news=news, capacity_before=capacity_before)


async def tell(
    db: Transaction,
    told: Told,
    changed: Changed,
    *,
    news: News = News.CHANGED,
    capacity_before: int | None = None,
) -> None:
    """Tell those who answered what was `changed`: by letter, in their calendar, on their devices.

    Organisers of tours that stop at what is called off, or takes place after all, learn it too.
    `news` is what to say of those changed: that they are, or that they take place after all.
    """
    new = dict.fromkeys(changed.changed, news)
    new |= dict.fromkeys(changed.cancelled, News.CANCELLED)
    await tell_everyone(db, told, new, capacity_before)
    await move_reminders(db, told, {*changed.changed, *changed.cancelled})
    await _notify(db, told, changed.changed, news)
    await _notify(db, told, changed.cancelled, News.CANCELLED)
    await tell_of_stops(db, told, changed.cancelled, StopNews.CALLED_OFF)
    if news is News.RESTORED:
        await tell_of_stops(db, told, changed.changed, StopNews.RESTORED)


def wake(app: web.Application) -> None:
    """What was told leaves at once, and running sessions are looked at anew."""
    app[SESSION_CLOCK].wake()
    for queue in ("hosts", "letters", "notices"):
        app[JOBS].wake(queue)


async def _notify(db: Transaction, told: Told, session_ids: tuple[str, ...], news: News) -> None:
    """One notice a person, of their next date among those, however many there are."""
    for session_id in session_ids:
        await cancel_notices(db, _about(session_id))  # what has not left yet is out of date
    for session, person in await next_of_each(db, session_ids, told.now):
        words = told.app[CATALOGS].words(person.lang)
        await queue_notice(
            db,
            person,
            notice_of(told, session, _headline(news, words), words),
            now=told.now,
            about=_about(session.id),
            send_at=told.now,
            expires_at=session.ends_at,
        )


async def next_of_each(
    db: Transaction, session_ids: Collection[str], now: datetime
) -> list[tuple[Session, Person]]:
    """Who comes to some of those sessions, or may, with the next one of theirs that is not over.

    Those who want no news of changes are left out.
    """
    first: dict[str, tuple[Session, Person]] = {}
    for some in batches(session_ids):
        found = {each.id: each for each in await sessions.sessions_by_ids(db, some)}
        for session_id, person, _ in await calendars.invited_to(db, list(found)):
            session, known = found[session_id], first.get(person.id)
            if session.ends_at <= now or Notification.CHANGES not in person.notifications:
                continue
            if known is None or session.starts_at < known[0].starts_at:
                first[person.id] = session, person
    return list(first.values())


def _headline(news: News, words: Words) -> str:
    _ = words.gettext
    return {
        News.CANCELLED: _("Annulée : %(title)s"),
        News.RESTORED: _("Rétablie : %(title)s"),
    }.get(news, _("Changement : %(title)s"))


def _about(session_id: str) -> str:
    return f"change:{session_id}"
