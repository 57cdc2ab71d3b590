"""The sessions of a community: those to come, a month of them, and one with its answers."""

from __future__ import annotations

from calendar import Calendar
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from aiohttp import web

from server.community.answers import (
    MOST_COMPANIONS,
    REMINDER_CHOICES,
    Answer,
    PartyTooLarge,
    Seating,
    newly_seated,
    seat,
)
from server.community.offices import Office, whole_number
from server.community.people import Person
from server.community.recurrence import in_utc
from server.community.sessions import (
    Session,
    SessionState,
    may_answer,
    may_edit,
    may_host,
)
from server.i18n import Words
from server.keys import DATABASE, JOBS, PRESENCE, SETTINGS
from server.storage.queries import lineages, people, session_answers, sessions, tours
from server.storage.queries.session_answers import NamedReply
from server.web.calendar_pages import calendar_links
from server.web.choices import name_person
from server.web.doors import community_ref, office_view, zone_of
from server.web.fields import form_fields
from server.web.person import check_rate, log_in, right_now, typed_name
from server.web.place import Place, place_of
from server.web.rate_limits import CHANGES, NAMES
from server.web.refused import Refused
from server.web.rendering import render, see_other, words_of
from server.web.session_cards import session_card
from server.web.session_fields import reach_choices
from server.web.session_host_tools import host_tools, with_companions
from server.web.session_invitations import Told, tell_answer, tell_seated
from server.web.session_reminders import keep_reminder, notify_seated
from server.web.session_rows import (
    about,
    seen_by,
    session_url,
    session_view,
    sessions_url,
)
from server.web.session_views import (
    AnswerForm,
    SessionDay,
    SessionPageView,
    SessionsView,
    SessionView,
)
from server.web.session_words import (
    day_label,
    month_label,
    phase_views,
    repeats_label,
    weekday_names,
)
from server.web.tour_rows import tour_ref
from server.web.views import CardView

SHOWN = timedelta(weeks=6)
MOST_NEXT = 4
MONTHS_BACK, MONTHS_AHEAD = 12, 24
"""How far months may be leafed through: without an end, crawlers would never stop."""


async def sessions_page(request: web.Request) -> web.Response:
    """GET /c/{community}/seances: those to come, or with ?mois=2026-09 that month."""
    place, words, now = await place_of(request), words_of(request), right_now()
    zone = zone_of(place.community)
    today = now.astimezone(zone).date()
    month = _month(request.query.get("mois", ""), today)
    weeks: list[list[date]] = []
    begin, end = now, now + SHOWN
    if month is not None:
        weeks = Calendar(0).monthdatescalendar(month.year, month.month)
        begin = _midnight(weeks[0][0], zone)
        end = _midnight(weeks[-1][-1] + timedelta(days=1), zone)
    async with request.app[DATABASE].reading() as db:
        found = await sessions.sessions_between(db, place.community.id, begin, end)
        passing = []
        if month is None:
            passing = await tours.tours_to_come(db, now, community_id=place.community.id)
    by_day = await _by_day(request, place, found, zone, now)
    view = SessionsView(
        community=community_ref(place, words),
        days=[] if weeks else [_day(each, by_day[each], today, words) for each in sorted(by_day)],
        weeks=[
            [_day(each, by_day.get(each, []), today, words, month) for each in week]
            for week in weeks
        ],
        weekday_names=weekday_names(words),
        month_label=month_label(month or today, words),
        list_url=sessions_url(place),
        month_url=f"{sessions_url(place)}?mois={today:%Y-%m}",
        previous_url=_month_url(place, (month or today).replace(day=1) - timedelta(days=1), today),
        next_url=_month_url(place, (month or today).replace(day=28) + timedelta(days=4), today),
        new_url=f"{sessions_url(place)}/nouvelle" if may_host(place.standing.role) else "",
        tours=[tour_ref(each, words) for each in passing],
        notice=_notice(request.query.get("fait", ""), words),
    )
    title = words.gettext("Les séances") + f" · {view.community.name}"
    address = request.app[SETTINGS].address + sessions_url(place)
    description = place.community.description.read(words.lang)
    card = CardView(title, description, address, noindex=bool(weeks))
    return await render(request, "sessions.html", view, card=card, role=place.standing.role)


def _month(text: str, today: date) -> date | None:
    """The month asked for; None when it is none, or too far away to leaf to."""
    try:
        month = datetime.strptime(text, "%Y-%m").date()
    except ValueError:
        return None
    return month if _is_near(month, today) else None


def _is_near(month: date, today: date) -> bool:
    away = (month.year - today.year) * 12 + month.month - today.month
    return -MONTHS_BACK <= away <= MONTHS_AHEAD


def _month_url(place: Place, day: date, today: date) -> str:
    return f"{sessions_url(place)}?mois={day:%Y-%m}" if _is_near(day, today) else ""


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return in_utc(datetime.combine(day, datetime.min.time()), zone.key)


async def _by_day(
    request: web.Request, place: Place, found: list[Session], zone: ZoneInfo, now: datetime
) -> dict[date, list[SessionView]]:
    seen, words = seen_by(place, found), words_of(request)
    known = await about(request, place, seen)
    by_day: dict[date, list[SessionView]] = {}
    for each in seen:
        day = each.starts_at.astimezone(zone).date()
        by_day.setdefault(day, []).append(session_view(place, each, known, words, now))
    return by_day


def _day(
    day: date, shown: list[SessionView], today: date, words: Words, month: date | None = None
) -> SessionDay:
    return SessionDay(
        day=day_label(day, words),
        iso=day.isoformat(),
        sessions=shown,
        in_month=month is None or day.month == month.month,
        is_today=day == today,
        number=day.day,
    )


async def session_of(request: web.Request, place: Place) -> Session:
    """The session of this address; raises Refused when there is none for this person."""
    async with request.app[DATABASE].reading() as db:
        found = await sessions.session_by_id(db, request.match_info["session"])
    if found is None or found.community_id != place.community.id or not seen_by(place, [found]):
        raise Refused(404, "not_found")
    return found


async def hosted_session(request: web.Request, place: Place) -> Session:
    """The session of this address, for one who may change it; raises Refused for others."""
    session = await session_of(request, place)
    if not may_edit(session, place.person.id if place.person else None, place.standing.role):
        raise Refused(403, "hosts_only")
    return session


async def session_page(request: web.Request) -> web.Response:
    """GET /c/{community}/seances/{session}."""
    place = await place_of(request)
    session = await session_of(request, place)
    return await show_session(request, place, session)


async def show_session(
    request: web.Request, place: Place, session: Session, error: str = "", status: int = 200
) -> web.Response:
    """One session's page, with what was wrong with an answer."""
    words, now = words_of(request), right_now()
    async with request.app[DATABASE].reading() as db:
        replies = await session_answers.replies_to(db, session.id)
        series = await sessions.series_by_id(db, session.series_id)
        others = seen_by(place, await lineages.following_dates(db, session, now, MOST_NEXT))
        stopping = await tours.tours_of_session(db, session.id)
    known = await about(request, place, [session, *others])
    repeats = repeats_label(series.schedule, words) if series else ""
    person_id = place.person.id if place.person else ""
    seating = seat((each.reply for each in replies), session.plan.capacity)
    is_waiting = seating.is_waiting(person_id)
    view = SessionPageView(
        community=community_ref(place, words),
        office=office_view(place, _office(place, session), request.app[PRESENCE], words),
        session=session_view(
            place, session, known, words, now, repeats=repeats, is_waiting=is_waiting
        ),
        phases=phase_views(session, now, words),
        answer_url=f"{session_url(place, session.id)}/reponse",
        form=_answer_form(place, replies, person_id, error),
        may_answer_not=_why_no_answer(place, session, now, words),
        remind_choices=remind_choices(words),
        most_companions=MOST_COMPANIONS,
        coming=_coming(place, replies, seating),
        waiting=sum(each.seats for each in seating.waiting),
        maybe=sum(each.reply.answer is Answer.MAYBE for each in replies),
        reach_choices=reach_choices(words) if session.recurs else [],
        next_dates=[session_view(place, each, known, words, now) for each in others],
        calendar=calendar_links(request, place, session),
        tours=[tour_ref(each, words) for each in stopping],
        notice=_notice(request.query.get("fait", ""), words),
        tools=await host_tools(request, place, session, replies, seating, now),
    )
    card = session_card(request, place, session, view.session, words)
    role = place.standing.role
    return await render(request, "session.html", view, card=card, role=role, status=status)


def _office(place: Place, session: Session) -> Office:
    return next(each for each in place.offices if each.id == session.plan.office_id)


def _coming(place: Place, replies: list[NamedReply], seating: Seating) -> list[str]:
    seated = {each.person_id for each in seating.seated}
    named = [with_companions(each) for each in replies if each.reply.person_id in seated]
    return named if _shows_names(place) else []


def _shows_names(place: Place) -> bool:
    """Names of those who come are for people of the house; the street sees how many."""
    return place.standing.role.value != "guest" or place.standing.whole_community


def _answer_form(place: Place, replies: list[NamedReply], person_id: str, error: str) -> AnswerForm:
    mine = next((each for each in replies if each.reply.person_id == person_id), None)
    return AnswerForm(
        answer=mine.reply.answer.value if mine else "",
        companions=mine.reply.companions if mine else 0,
        remind=str(mine.remind_minutes or "") if mine else "60",
        needs_name=place.person is None,
        may_remind=place.person is not None and place.person.email is not None,
        error=error,
    )


def _why_no_answer(place: Place, session: Session, now: datetime, words: Words) -> str:
    _ = words.gettext
    state = session.state(now)
    if state is SessionState.CANCELLED:
        return _("Cette séance est annulée.")
    if state is SessionState.ENDED:
        return _("Cette séance est terminée.")
    if not may_answer(session, place.person.id if place.person else None, place.standing):
        return _("Cette séance est réservée aux membres de la maison.")
    return ""


def remind_choices(words: Words) -> list[tuple[str, str]]:
    """When one may be reminded, for a list to choose from."""
    _ = words.gettext
    labels = (_("15 minutes avant"), _("Une heure avant"), _("La veille"))
    return [
        ("", _("Pas de rappel")),
        *((str(minutes), label) for minutes, label in zip(REMINDER_CHOICES, labels, strict=True)),
    ]


async def answer(request: web.Request) -> web.Response:
    """POST /c/{community}/seances/{session}/reponse: a stranger gives a name with the answer."""
    check_rate(request, CHANGES)
    place, words = await place_of(request), words_of(request)
    session, form = await session_of(request, place), await form_fields(request)
    if form.get("answer") not in set(map(str, Answer)):
        raise Refused(400, "bad_request")
    person = place.person
    why_not = _why_no_answer(place, session, right_now(), words)
    if why_not:
        return await show_session(request, place, session, why_not, status=403)
    if person is None:
        check_rate(request, NAMES)
        person = await name_person(request, typed_name(form.get("name")))
    remind = int(form["remind"]) if form.get("remind") in set(map(str, REMINDER_CHOICES)) else None
    companions = whole_number(form.get("companions", ""), MOST_COMPANIONS) or 0
    try:
        await _keep_answer(
            request, place, session, person, Answer(form["answer"]), companions, remind
        )
    except PartyTooLarge:
        sentence = words.gettext("Il ne reste pas assez de places pour venir à autant.")
        return await show_session(request, place, session, sentence, status=409)
    response = see_other(f"{session_url(place, session.id)}?fait=answered#reponse")
    if place.person is None:
        await log_in(request, response, person)
    return response


async def _keep_answer(
    request: web.Request,
    place: Place,
    session: Session,
    person: Person,
    said: Answer,
    companions: int,
    remind: int | None,
) -> None:
    """Keep an answer, and put it in the calendar of whoever has an address."""
    now, capacity = right_now(), session.plan.capacity
    told = Told(request.app, place.community, place.offices, now)
    async with request.app[DATABASE].writing() as db:
        replies = [each.reply for each in await session_answers.replies_to(db, session.id)]
        before = {each.person_id: each.answer for each in replies}
        await session_answers.put_answer(
            db, session.id, capacity, person.id, said, companions, remind, now
        )
        after = [each.reply for each in await session_answers.replies_to(db, session.id)]
        waits = seat(after, capacity).is_waiting(person.id)
        await tell_answer(db, told, session, person, before.get(person.id), said, waits)
        for person_id in newly_seated(replies, after, capacity, capacity):
            lucky = await people.person_by_id(db, person_id)
            if lucky is not None and person_id != person.id:
                await tell_seated(db, told, session, lucky)
                await notify_seated(db, told, [session], lucky)
        minutes = remind if said is not Answer.NO else None
        await keep_reminder(db, told, session, person, minutes)
    for queue in ("letters", "notices"):
        request.app[JOBS].wake(queue)


def _notice(done: str, words: Words) -> str:
    _ = words.gettext
    return {
        "answered": _("Votre réponse est notée."),
        "made": _("La séance est annoncée."),
        "saved": _("C’est enregistré."),
        "cancelled": _("La séance est annulée. Les personnes qui avaient répondu l’apprennent."),
        "cancelled_all": _(
            "Ces séances sont annulées. Les personnes qui avaient répondu l’apprennent."
        ),
        "restored": _("La séance aura lieu. Les personnes qui avaient répondu l’apprennent."),
    }.get(done, "")
