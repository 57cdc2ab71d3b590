"""The sessions that links lead to, and how often the series of links to whole ones comes back."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from aiohttp import web

from server.community.invitations import Invitation
from server.community.recurrence import Schedule
from server.community.text import Bilingual
from server.i18n import Words
from server.keys import DATABASE
from server.storage.queries import lineages, sessions
from server.web.person import right_now
from server.web.session_words import often_label


@dataclass(frozen=True)
class Linked:
    """The session that a link leads to; `schedule`: when its series comes back, for one to that."""

    title: Bilingual
    schedule: Schedule | None = None

    def often(self, words: Words) -> str:
        """Such as "tous les mardis"; "" for a link to one date."""
        rule = self.schedule.recurrence if self.schedule else None
        return often_label(rule, words) if rule else ""

    def series(self, words: Words) -> str:
        """Such as "Série : Mardi des factures, tous les mardis"; "" for a link to one date."""
        names = {"title": self.title.read(words.lang), "often": self.often(words)}
        return words.gettext("Série : %(title)s, %(often)s") % names if names["often"] else ""


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
        schedules = await sessions.schedules_of(db, series_ids) if series_ids else {}
    return {
        each.id: Linked(date.plan.title, schedules.get(date.series_id) if each.whole else None)
        for each in found
        if (date := dates.get(each.session_id or ""))
    }
