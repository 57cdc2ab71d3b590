"""How sessions are told in words: days, hours, phases, states and recurrences."""

from __future__ import annotations

from datetime import date, datetime, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_skeleton, get_timezone_name
from babel.lists import format_list

from server.community.answers import Answer
from server.community.phases import Moment, PhaseKind
from server.community.recurrence import Frequency, Recurrence, Schedule
from server.community.sessions import OpenTo, Session, SessionState
from server.i18n import Words
from server.web.hours import date_label, hour_label
from server.web.session_views import LiveView, PhaseView


def phase_label(kind: PhaseKind, words: Words) -> str:
    """What a phase is called."""
    _ = words.gettext
    return {
        PhaseKind.ARRIVALS: _("Arrivées"),
        PhaseKind.FOCUS: _("Concentration"),
        PhaseKind.BREAK: _("Pause"),
        PhaseKind.TALK: _("Présentation"),
        PhaseKind.DEBRIEF: _("Bilan"),
    }[kind]


def state_label(state: SessionState, words: Words) -> str:
    """What a state is called; "" for a session that is simply to come."""
    _ = words.gettext
    return {
        SessionState.SCHEDULED: "",
        SessionState.RUNNING: _("En cours"),
        SessionState.ENDED: _("Terminée"),
        SessionState.CANCELLED: _("Annulée"),
    }[state]


def open_to_label(open_to: OpenTo, words: Words) -> str:
    """Who a session is for."""
    _ = words.gettext
    return {
        OpenTo.ALL: _("Ouverte à tout le monde"),
        OpenTo.MEMBERS: _("Réservée aux membres"),
        OpenTo.INVITED: _("Sur invitation"),
    }[open_to]


def answer_label(answer: Answer, words: Words) -> str:
    """What an answer says."""
    _ = words.gettext
    return {
        Answer.YES: _("J’y serai"),
        Answer.MAYBE: _("Peut-être"),
        Answer.NO: _("Pas cette fois"),
    }[answer]


def day_label(moment: datetime | date, words: Words) -> str:
    """A day without its year, such as "mardi 8 septembre"."""
    day = moment.date() if isinstance(moment, datetime) else moment
    return _written_day(day, words.lang, words.locale)


def zone_label(moment: datetime, words: Words) -> str:
    """The zone's name, such as "heure de l’Est"."""
    return _zone_name(moment.tzinfo, words.locale)


# A month names the same days and the same zone a hundred times, which Babel finds anew each time.
@lru_cache(maxsize=2048)
def _written_day(day: date, lang: str, locale: str) -> str:
    if lang == "en":
        return str(format_date(day, "EEEE, MMMM d", locale=locale))
    return str(format_date(day, "EEEE d MMMM" if day.day > 1 else "EEEE d'er' MMMM", locale))


@lru_cache(maxsize=512)
def _zone_name(zone: tzinfo | None, locale: str) -> str:
    return str(get_timezone_name(zone, width="long", locale=locale))


def month_label(month: date, words: Words) -> str:
    """A month and its year."""
    return str(format_skeleton("yMMMM", month, locale=words.locale))


def weekday_names(words: Words) -> list[str]:
    """Monday to Sunday."""
    monday = date(2026, 1, 5)
    days = (monday + timedelta(days=number) for number in range(7))
    return [str(format_date(day, "EEEE", locale=words.locale)) for day in days]


def repeats_label(schedule: Schedule, words: Words) -> str:
    """How a series comes back, such as "Chaque semaine : mardi, jeudi (8 fois en tout)".

    "" when it does not.
    """
    rule = schedule.recurrence
    if rule is None:
        return ""
    _, names = words.gettext, weekday_names(words)
    told: dict[str, str | int] = {"number": rule.interval}
    if rule.frequency is Frequency.MONTHLY:
        told |= {"place": _place_in_month(rule, words), "day": names[rule.weekdays[0]]}
        said = _("Tous les %(number)s mois : le %(place)s %(day)s")
        if rule.interval == 1:
            said = _("Chaque mois : le %(place)s %(day)s")
    else:
        told["days"] = ", ".join(names[day] for day in rule.weekdays)
        said = _("Toutes les %(number)s semaines : %(days)s")
        if rule.interval == 1:
            said = _("Chaque semaine : %(days)s")
    end = _end_label(rule, words)
    return f"{said % told} ({end})" if end else said % told


def _end_label(rule: Recurrence, words: Words) -> str:
    """When a recurrence is over; "" for one without end."""
    if rule.until is not None:
        return words.gettext("jusqu’au %(date)s") % {"date": date_label(rule.until, words)}
    if rule.count is not None:
        said = words.ngettext("%(num)s fois en tout", "%(num)s fois en tout", rule.count)
        return said % {"num": rule.count}
    return ""


def often_label(rule: Recurrence, words: Words) -> str:
    """How often, within a sentence, such as "tous les mardis et jeudis"."""
    _, names = words.gettext, weekday_names(words)
    days = [names[day] for day in rule.weekdays]
    told = {"day": days[0], "days": _listed(days, words), "number": rule.interval}
    if rule.frequency is Frequency.MONTHLY:
        told["place"] = _place_in_month(rule, words)
        if rule.interval == 1:
            return _("le %(place)s %(day)s du mois") % told
        return _("le %(place)s %(day)s, tous les %(number)s mois") % told
    if rule.interval == 1:
        # French names many of a day, English one: "tous les mardis", "every Tuesday".
        several = [f"{day}s" for day in days] if words.lang == "fr" else days
        return _("tous les %(days)s") % {"days": _listed(several, words)}
    if rule.interval == 2 and len(days) == 1:
        return _("un %(day)s sur deux") % told
    return _("toutes les %(number)s semaines, %(days)s") % told


def _place_in_month(rule: Recurrence, words: Words) -> str:
    _ = words.gettext
    return {
        1: _("premier"),
        2: _("deuxième"),
        3: _("troisième"),
        4: _("quatrième"),
        -1: _("dernier"),
    }[rule.ordinal]


def _listed(names: list[str], words: Words) -> str:
    return str(format_list(names, locale=words.locale))


def phase_views(session: Session, now: datetime, words: Words) -> list[PhaseView]:
    """The timetable of a session, in its own zone."""
    zone = ZoneInfo(session.time_zone)
    moment = session.moment(now)
    return [
        PhaseView(
            kind=span.kind.value,
            label=phase_label(span.kind, words),
            minutes=int((span.ends - span.begins).total_seconds()) // 60,
            when=hour_label(span.begins.astimezone(zone), words),
            begins=span.begins.astimezone(zone).isoformat(),
            ends=span.ends.astimezone(zone).isoformat(),
            is_now=moment is not None and moment.index == index,
        )
        for index, span in enumerate(session.spans)
    ]


def live_view(session: Session, now: datetime, words: Words) -> LiveView | None:
    """Where a running session is; None for any other."""
    moment = session.moment(now)
    if moment is None:
        return None
    return LiveView(
        session_id=session.id,
        kind=moment.span.kind.value,
        label=phase_label(moment.span.kind, words),
        begins_ms=int(moment.span.begins.timestamp() * 1000),
        ends_ms=int(moment.span.ends.timestamp() * 1000),
        next_label=phase_label(moment.following.kind, words) if moment.following else "",
        sentence=live_sentence(moment, words),
        microphones_closed=session.microphones_closed(now),
    )


def live_sentence(moment: Moment, words: Words) -> str:
    """The phase and what comes, such as "Concentration, pause dans 7 min"."""
    _ = words.gettext
    minutes = max(1, -(-int(moment.left.total_seconds()) // 60))
    if moment.following is None:
        told = _("%(phase)s, fin dans %(minutes)s min")
        next_label = ""
    else:
        told = _("%(phase)s, %(next)s dans %(minutes)s min")
        next_label = phase_label(moment.following.kind, words).lower()
    label = phase_label(moment.span.kind, words)
    return told % {"phase": label, "next": next_label, "minutes": minutes}
