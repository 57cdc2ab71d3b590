"""Making, changing, copying and calling off sessions: the hosts' side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from zoneinfo import ZoneInfo

from aiohttp import web

from server.community.phases import PhaseKind
from server.community.recurrence import Schedule, in_local
from server.community.series_edits import Reach
from server.community.session_forms import Choices, doubtful_phases, draft_session
from server.community.sessions import (
    USUAL_PHASES,
    OpenTo,
    Plan,
    Session,
    SessionDraft,
    SessionState,
    may_host,
)
from server.community.text import Bilingual
from server.i18n import Words
from server.keys import DATABASE
from server.storage.queries import session_changes, sessions
from server.web.doors import community_ref
from server.web.fields import form_lists
from server.web.host_news import note_hosts
from server.web.hours import hour_label
from server.web.person import check_rate, right_now
from server.web.place import Place, place_of
from server.web.rate_limits import CHANGES
from server.web.refused import Refused
from server.web.rendering import render, see_other, words_of
from server.web.session_fields import (
    field_sentences,
    frequency_choices,
    reach_choices,
    reach_of,
    zone_choices,
)
from server.web.session_news import tell_changes, wake
from server.web.session_rows import session_url, sessions_url
from server.web.session_views import SessionForm, SessionFormView
from server.web.session_words import day_label, open_to_label, phase_label, weekday_names
from server.web.sessions import hosted_session

EMPTY_PHASES = 3
"""Lines for more phases below those a form has, for pages without scripts."""
LONGEST = timedelta(days=1)
"""How long ago a session that still runs may have begun."""


async def new_session_page(request: web.Request) -> web.Response:
    """GET /c/{community}/seances/nouvelle: an empty form, or with ?de=ID a copy of that one."""
    place = await _host_place(request)
    copied = request.query.get("de", "")
    async with request.app[DATABASE].reading() as db:
        source = await sessions.session_by_id(db, copied) if copied else None
        series = await sessions.series_by_id(db, source.series_id) if source else None
    if source is not None and series is not None and source.community_id == place.community.id:
        start = in_local(source.starts_at, source.time_zone) + timedelta(days=7)
        form = form_of(source.plan, Schedule(start, source.time_zone), "")
    else:
        form = _first_form(place)
    return await _show(request, place, form, None)


async def make_session(request: web.Request) -> web.Response:
    """POST /c/{community}/seances/nouvelle."""
    place = await _host_place(request)
    check_rate(request, CHANGES)
    fields = await form_lists(request)
    draft, errors = await _draft(request, place, fields)
    if draft is None:
        return await _sent_back(request, place, fields, errors, None)
    person_id, now = place.person.id if place.person else None, right_now()
    async with request.app[DATABASE].writing() as db:
        made = await session_changes.add_session(db, place.community.id, draft, person_id, now)
        first = await sessions.session_by_id(db, made)
        if first is not None:
            dates = await sessions.sessions_of_series(db, first.series_id)
            await note_hosts(db, [], dates, person_id, now)
    wake(request.app)
    return see_other(f"{session_url(place, made)}?fait=made")


async def edit_session_page(request: web.Request) -> web.Response:
    """GET /c/{community}/seances/{session}/modifier."""
    place, session = await _edited(request)
    async with request.app[DATABASE].reading() as db:
        series = await sessions.series_by_id(db, session.series_id)
    recurrence = series.schedule.recurrence if series else None
    start = in_local(session.starts_at, session.time_zone)
    form = form_of(session.plan, Schedule(start, session.time_zone, recurrence), Reach.THIS)
    return await _show(request, place, form, session)


async def change_session(request: web.Request) -> web.Response:
    """POST /c/{community}/seances/{session}/modifier: this one, this and following, or all."""
    place, session = await _edited(request)
    check_rate(request, CHANGES)
    fields = await form_lists(request)
    reach = reach_of(fields)
    draft, errors = await _draft(request, place, fields)
    if draft is None:
        return await _sent_back(request, place, fields, errors, session)
    now, person_id = right_now(), place.person.id if place.person else None
    async with request.app[DATABASE].writing() as db:
        dates = await sessions.sessions_of_series(db, session.series_id, since=now - LONGEST)
        changed = await session_changes.change_session(db, session, draft, reach, now)
        after = await sessions.sessions_of_series(db, changed.series_id, since=now - LONGEST)
        # First: who is given a session is told that, and of no change before it.
        await note_hosts(db, dates, after, person_id, now)
        await tell_changes(request, place, db, changed, before=dates)
        still = await sessions.session_by_id(db, session.id)
    wake(request.app)
    # The new rule may have no place for the very date on whose page it was written.
    page = session_url(place, session.id) if still else sessions_url(place)
    return see_other(f"{page}?fait=saved")


async def _host_place(request: web.Request) -> Place:
    place = await place_of(request)
    if not may_host(place.standing.role):
        raise Refused(403, "hosts_only")
    return place


async def _edited(request: web.Request) -> tuple[Place, Session]:
    place = await place_of(request)
    session = await hosted_session(request, place)
    if session.state(right_now()) not in (SessionState.SCHEDULED, SessionState.RUNNING):
        raise Refused(409, "session_over")
    return place, session


async def _draft(
    request: web.Request, place: Place, fields: Mapping[str, Sequence[str]]
) -> tuple[SessionDraft | None, dict[str, str]]:
    async with request.app[DATABASE].reading() as db:
        hosts = await sessions.possible_hosts(db, place.community.id)
    return draft_session(fields, Choices(place.offices, hosts), right_now())


async def _sent_back(
    request: web.Request,
    place: Place,
    fields: Mapping[str, Sequence[str]],
    errors: Mapping[str, str],
    session: Session | None,
) -> web.Response:
    def one(name: str) -> str:
        return next(iter(fields.get(name, ())), "")

    texts = ("title_fr", "title_en", "text_fr", "text_en", "theme", "office", "host", "date")
    more = ("time", "time_zone", "frequency", "interval", "until", "count", "capacity", "open_to")
    kinds, minutes = _phases_written(fields)
    form = SessionForm(
        **{name: one(name) for name in (*texts, *more)},
        reach=one("reach"),
        co_hosts=list(fields.get("co_hosts", ())),
        weekdays=list(fields.get("weekdays", ())),
        phase_kinds=kinds,
        phase_minutes=minutes,
        errors=field_sentences(errors, words_of(request)),
    )
    return await _show(request, place, form, session, status=400)


def _phases_written(fields: Mapping[str, Sequence[str]]) -> tuple[list[str], list[str]]:
    """The lines of phases up to the last that says anything: empty ones must not pile up."""
    minutes = [each.strip() for each in fields.get("phase_minutes", ())][:30]
    used = max((number for number, each in enumerate(minutes, 1) if each), default=0)
    return list(fields.get("phase_kinds", ()))[:used], minutes[:used]


def _first_form(place: Place) -> SessionForm:
    now = in_local(right_now(), place.community.time_zone)
    start = (now + timedelta(days=1)).replace(hour=9, minute=0, second=0, microsecond=0)
    plan = Plan(
        title=Bilingual(""),
        text=Bilingual(""),
        theme="",
        office_id=place.offices[0].id if place.offices else "",
        host_id=place.person.id if place.person else None,
        co_host_ids=(),
        phases=USUAL_PHASES,
        capacity=None,
        open_to=OpenTo.ALL,
    )
    return form_of(plan, Schedule(start, place.community.time_zone), "")


def form_of(plan: Plan, schedule: Schedule, reach: str) -> SessionForm:
    """The form as it stands for what was decided so far."""
    rule = schedule.recurrence
    return SessionForm(
        title_fr=plan.title.fr,
        title_en=plan.title.en,
        text_fr=plan.text.fr,
        text_en=plan.text.en,
        theme=plan.theme,
        office=plan.office_id,
        host=plan.host_id or "",
        co_hosts=list(plan.co_host_ids),
        date=schedule.start.date().isoformat(),
        time=f"{schedule.start:%H:%M}",
        time_zone=schedule.time_zone,
        frequency=rule.frequency.value if rule else "",
        weekdays=[str(day) for day in rule.weekdays] if rule else [],
        interval=str(rule.interval) if rule else "1",
        until=rule.until.isoformat() if rule and rule.until else "",
        count=str(rule.count) if rule and rule.count else "",
        phase_kinds=[phase.kind.value for phase in plan.phases],
        phase_minutes=[str(phase.minutes) for phase in plan.phases],
        capacity=str(plan.capacity or ""),
        open_to=plan.open_to.value,
        reach=reach,
    )


async def _show(
    request: web.Request,
    place: Place,
    form: SessionForm,
    session: Session | None,
    status: int = 200,
) -> web.Response:
    words = words_of(request)
    _ = words.gettext
    async with request.app[DATABASE].reading() as db:
        hosts = await sessions.possible_hosts(db, place.community.id)
    base = session_url(place, session.id) if session else sessions_url(place)
    view = SessionFormView(
        community=community_ref(place, words),
        title=_("Modifier la séance") if session else _("Annoncer une séance"),
        form=form,
        save_url=f"{base}/modifier" if session else f"{base}/nouvelle",
        back_url=base,
        offices=[(office.id, office.name.read(words.lang)) for office in place.offices],
        hosts=list(hosts.items()),
        time_zones=zone_choices(form.time_zone, place.community.time_zone),
        weekday_choices=[(str(day), name) for day, name in enumerate(weekday_names(words))],
        frequency_choices=frequency_choices(words),
        phase_choices=[(kind.value, phase_label(kind, words)) for kind in PhaseKind],
        open_to_choices=[(each.value, open_to_label(each, words)) for each in OpenTo],
        reach_choices=reach_choices(words) if session and session.recurs else [],
        phase_lines=min(24, len(form.phase_kinds) + EMPTY_PHASES),
        doubtful_phases=doubtful_phases(form.phase_minutes),
        moved_note=_moved_note(session, words) if session else "",
    )
    role = place.standing.role
    return await render(request, "session_form.html", view, role=role, status=status)


def _moved_note(session: Session, words: Words) -> str:
    """That the date shown is not the one of its series, for whoever changes the others too."""
    if not session.recurs or session.starts_at == session.original_start:
        return ""
    own = session.original_start.astimezone(ZoneInfo(session.time_zone))
    return words.gettext(
        "Cette date a été déplacée : la série la place le %(day)s, %(hour)s. Les autres dates "
        "gardent leur jour, sauf si vous en écrivez un autre ici."
    ) % {"day": day_label(own, words), "hour": hour_label(own, words)}
