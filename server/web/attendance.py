"""Attendance as files for spreadsheets: one session's for its hosts, all of them for organisers."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

from aiohttp import web

from server.community.answers import seat
from server.community.sessions import Session, may_edit
from server.community.spreadsheets import Cell, csv_of
from server.community.visits import EARLY, Presence, at_session, by_office_and_day, near
from server.i18n import Words
from server.keys import DATABASE
from server.storage.queries import session_answers, sessions, visits
from server.storage.queries.session_answers import Counts
from server.web.person import right_now
from server.web.place import managed_place, place_of
from server.web.refused import Refused
from server.web.rendering import words_of
from server.web.session_words import answer_label, state_label
from server.web.sessions import session_of

LOOK_BACK = timedelta(weeks=12)
MOST_SESSIONS = 1000


async def session_attendance(request: web.Request) -> web.Response:
    """GET /c/{community}/seances/{session}/presences.csv: who answered, and who came."""
    place, words = await place_of(request), words_of(request)
    session = await session_of(request, place)
    person_id = place.person.id if place.person else None
    if not may_edit(session, person_id, place.standing.role):
        raise Refused(403, "hosts_only")
    begin, office_id = session.starts_at - EARLY, session.plan.office_id
    async with request.app[DATABASE].reading() as db:
        replies = await session_answers.replies_to(db, session.id)
        found = await visits.visits_between(
            db, session.community_id, begin, session.ends_at, office_id=office_id
        )
        came = at_session(session, found)
        names = await sessions.names_of(db, came)
    seating, zone = seat((each.reply for each in replies), session.plan.capacity), _zone(session)
    _ = words.gettext
    head = [_("Nom"), _("Réponse"), _("Avec"), _("En attente"), _("Répondu le")]
    rows: list[list[Cell]] = [[*head, _("Arrivée"), _("Départ"), _("Minutes")]]
    for each in replies:
        reply, there = each.reply, came.pop(each.reply.person_id, None)
        waits = _("oui") if seating.is_waiting(reply.person_id) else ""
        when = f"{reply.placed_at.astimezone(zone):%Y-%m-%d %H:%M}"
        said = answer_label(reply.answer, words)
        rows.append([each.name, said, reply.companions, waits, when, *_stay(there, zone)])
    for other, there in came.items():
        rows.append([names.get(other, ""), "", None, "", "", *_stay(there, zone)])
    return _file(csv_of(rows, words.lang), f"presences-{session.id}.csv")


async def community_attendance(request: web.Request) -> web.Response:
    """GET /c/{community}/gerer/frequentation.csv: the sessions of the last weeks, one a line."""
    place, words, now = await managed_place(request), words_of(request), right_now()
    begin = now - LOOK_BACK
    async with request.app[DATABASE].reading() as db:
        held = await sessions.sessions_between(
            db, place.community.id, begin, now, most=MOST_SESSIONS
        )
        counts = await session_answers.counts_of(db, [each.id for each in held])
        found = await visits.visits_between(db, place.community.id, begin, now)
        names = await sessions.names_of(db, (each.plan.host_id or "" for each in held))
    doors = {office.id: office.name.read(words.lang) for office in place.offices}
    by_day = by_office_and_day(found)
    _ = words.gettext
    head = [_("Date"), _("Début"), _("Minutes"), _("Séance"), _("Bureau"), _("Animation")]
    answers = [_("J’y serai"), _("Peut-être"), _("Pas cette fois")]
    rows: list[list[Cell]] = [[*head, _("État"), *answers, _("Présences")]]
    for each in held:
        local, count = each.starts_at.astimezone(_zone(each)), counts.get(each.id, Counts())
        present = len(at_session(each, near(each, by_day))) if each.cancelled_at is None else 0
        rows.append(
            [
                f"{local:%Y-%m-%d}",
                f"{local:%H:%M}",
                int((each.ends_at - each.starts_at).total_seconds()) // 60,
                each.plan.title.read(words.lang),
                doors.get(each.plan.office_id, ""),
                names.get(each.plan.host_id or "", ""),
                _state(each, words),
                *(count.yes, count.maybe, count.no, present),
            ]
        )
    return _file(csv_of(rows, words.lang), f"seances-{place.community.slug}.csv")


def _state(session: Session, words: Words) -> str:
    return state_label(session.state(right_now()), words)


def _zone(session: Session) -> ZoneInfo:
    return ZoneInfo(session.time_zone)


def _stay(there: Presence | None, zone: ZoneInfo) -> tuple[Cell, Cell, Cell]:
    if there is None:
        return ("", "", None)
    came, left = there.came_at.astimezone(zone), there.left_at.astimezone(zone)
    return (f"{came:%H:%M}", f"{left:%H:%M}", there.minutes)


def _file(content: bytes, name: str) -> web.Response:
    return web.Response(
        body=content,
        content_type="text/csv",
        charset="utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
        },
    )
