"""The host rota: the coming weeks' sessions, who hosts each, taken, left or given by one button."""

from __future__ import annotations

from datetime import date, timedelta

from aiohttp import web
from babel.dates import format_skeleton

from server.community.rota import hosted_by, loads, may_assign
from server.community.series_edits import Reach
from server.community.sessions import Session, SessionState, may_host
from server.i18n import Words
from server.keys import DATABASE, JOBS, SESSION_CLOCK
from server.storage.queries import session_changes, sessions
from server.web.doors import community_ref, zone_of
from server.web.fields import form_fields
from server.web.host_news import note_hosts
from server.web.person import check_rate, right_now
from server.web.place import Place, place_of
from server.web.rate_limits import CHANGES
from server.web.refused import Refused
from server.web.rendering import render, see_other, words_of
from server.web.rota_views import Duty, DutyWeek, RotaView
from server.web.session_rows import about, seen_by, session_url, session_view, sessions_url
from server.web.session_views import SessionView
from server.web.sessions import session_of

SHOWN = timedelta(weeks=4)


async def rota_page(request: web.Request) -> web.Response:
    """GET /c/{community}/seances/animation."""
    place, words, now = await _host_place(request), words_of(request), right_now()
    async with request.app[DATABASE].reading() as db:
        found = await sessions.sessions_between(db, place.community.id, now, now + SHOWN)
        hosts = await sessions.possible_hosts(db, place.community.id)
    coming = [each for each in seen_by(place, found) if each.state(now) is SessionState.SCHEDULED]
    known = await about(request, place, coming)
    weeks: dict[date, list[Duty]] = {}
    for each in coming:
        day = each.starts_at.astimezone(zone_of(place.community)).date()
        duty = _duty(place, each, session_view(place, each, known, words, now), hosts)
        weeks.setdefault(day - timedelta(days=day.weekday()), []).append(duty)
    view = RotaView(
        community=community_ref(place, words),
        weeks=[DutyWeek(_week_label(monday, words), each) for monday, each in weeks.items()],
        loads=_loads(coming, hosts, words),
        choices=list(hosts.items()) if place.can_manage else [],
        me_id=place.person.id if place.person else "",
        uncovered=sum(each.plan.host_id is None for each in coming),
        back_url=sessions_url(place),
        given_id=request.query.get("fait", ""),
    )
    return await render(request, "rota.html", view, role=place.standing.role)


async def assign_host(request: web.Request) -> web.Response:
    """POST /c/{community}/seances/{session}/animation: `host` is an id, or "" for nobody."""
    place = await _host_place(request)
    check_rate(request, CHANGES)
    session, form = await session_of(request, place), await form_fields(request)
    host_id, person_id = form.get("host") or None, place.person.id if place.person else ""
    async with request.app[DATABASE].writing() as db:
        hosts = await sessions.possible_hosts(db, place.community.id)
        if session.state(right_now()) is not SessionState.SCHEDULED:
            raise Refused(409, "session_over")
        if not may_assign(session, host_id, person_id, place.standing.role, hosts):
            raise Refused(403, "hosts_only")
        draft, now = hosted_by(session, host_id), right_now()
        await session_changes.change_session(db, session, draft, Reach.THIS, now)
        after = await sessions.sessions_by_ids(db, [session.id])
        await note_hosts(db, [session], after, person_id, now)
    request.app[SESSION_CLOCK].wake()
    request.app[JOBS].wake("hosts")
    return see_other(f"{sessions_url(place)}/animation?fait={session.id}#{session.id}")


async def _host_place(request: web.Request) -> Place:
    place = await place_of(request)
    if not may_host(place.standing.role):
        raise Refused(403, "hosts_only")
    return place


def _duty(place: Place, session: Session, view: SessionView, hosts: dict[str, str]) -> Duty:
    person_id, role = place.person.id if place.person else "", place.standing.role
    return Duty(
        session=view,
        host_id=session.plan.host_id or "",
        url=f"{session_url(place, session.id)}/animation",
        may_take=session.plan.host_id is None
        and may_assign(session, person_id, person_id, role, hosts),
        may_leave=session.plan.host_id == person_id,
    )


def _week_label(monday: date, words: Words) -> str:
    day = format_skeleton("MMMMd", monday, locale=words.locale)
    return words.gettext("Semaine du %(day)s") % {"day": day}


def _loads(coming: list[Session], hosts: dict[str, str], words: Words) -> list[tuple[str, str]]:
    """The hosts who have the least to do first: they are those to ask."""
    counts = sorted(loads(coming, hosts).items(), key=lambda each: (each[1], hosts[each[0]]))
    return [
        (hosts[each], words.ngettext("%(num)d séance", "%(num)d séances", count) % {"num": count})
        for each, count in counts
    ]
