"""The sessions that links lead to, when they are, and how often a whole series comes back."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from aiohttp import web

from server.community.invitations import Invitation
from server.community.phases import length
from server.community.sessions import Series, Session
from server.community.text import Bilingual
from server.i18n import Words
from server.keys import DATABASE
from server.storage.queries import lineages, sessions
from server.web.hours import hours_label
from server.web.person import right_now
from server.web.session_words import day_label, often_label, zone_label


@dataclass(frozen=True)
class Linked:
    """The session that a link leads to; `whole`: its series, for a link to all of that."""

    session: Session
    whole: Series | None = None

    @property
    def title(self) -> Bilingual:
        """What is linked: a date that was changed by itself does not name its series."""
        return (self.whole or self.session).plan.title

    def often(self, words: Words) -> str:
        """Such as "tous les mardis"; "" for a link to one date."""
        rule = self.whole.schedule.recurrence if self.whole else None
        return often_label(rule, words) if rule else ""

    def series(self, words: Words) -> str:
        """Such as "Série : Mardi des factures, tous les mardis"; "" for a link to one date."""
        names = {"title": self.title.read(words.lang), "often": self.often(words)}
        return words.gettext("Série : %(title)s, %(often)s") % names if names["often"] else ""

    def when(self, words: Words) -> str:
        """Such as "mardi 8 septembre, 9 h à 11 h (heure de l’Est)", in the session's own zone.

        Of a series: how often before, and the day of its next date unless that was moved by itself.
        """
        session, whole, often = self.session, self.whole, self.often(words)
        zone = ZoneInfo(session.time_zone)
        begin, end = session.starts_at.astimezone(zone), session.ends_at.astimezone(zone)
        parts = [day_label(begin, words)]
        if whole is not None and often:
            since = words.gettext("à partir du %(day)s") % {"day": parts[0]}
            is_moved = session.starts_at != session.original_start
            parts = [often] if is_moved else [often, since]
            begin = whole.schedule.start.replace(tzinfo=ZoneInfo(whole.schedule.time_zone))
            end = begin + length(whole.plan.phases)
        hours = f"{hours_label(begin, end, words)} ({zone_label(begin, words)})"
        return ", ".join([*parts, hours])


async def linked_sessions(request: web.Request, found: Collection[Invitation]) -> dict[str, Linked]:
    """The sessions to which invitations lead, by the ids of the invitations."""
    ids = {each.session_id for each in found if each.session_id is not None}
    if not ids:
        return {}
    async with request.app[DATABASE].reading() as db:
        known = await sessions.sessions_by_ids(db, ids)
        dates = await lineages.dates_to_come(db, known, right_now())
        wholes = {each.session_id for each in found if each.whole}
        series_ids = {each.series_id for of_id, each in dates.items() if of_id in wholes}
        read = await sessions.series_by_ids(db, series_ids) if series_ids else []
    by_id = {series.id: series for series, _ in read}
    return {
        each.id: Linked(date, by_id.get(date.series_id) if each.whole else None)
        for each in found
        if (date := dates.get(each.session_id or ""))
    }
