"""Hours and dates as they are written in each language: the one place that writes them.

French: "9 h", "9 h 05", "14 h 30" (Office québécois de la langue française, Écriture des heures).
English: "9 a.m.", "9:05 a.m.", "2:30 p.m." (The Canadian Style, 5.12). No hour is cut by the end of
a line. static/js/i18n.js does the same for what only the page knows.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from babel.dates import format_date

from server.i18n import Words

_NB = "\N{NO-BREAK SPACE}"


def hour_label(moment: datetime, words: Words) -> str:
    """The time of day of `moment`, in its own zone, such as "9 h 10"."""
    return clock_label(moment.hour, moment.minute, words)


def clock_label(hour: int, minute: int, words: Words) -> str:
    """A time of day: `hour` 0 to 23, `minute` 0 to 59."""
    if words.lang == "en":
        minutes, half = (f":{minute:02}" if minute else ""), "a.m." if hour < 12 else "p.m."
        return f"{hour % 12 or 12}{minutes}{_NB}{half}"
    return f"{hour}{_NB}h" + (f"{_NB}{minute:02}" if minute else "")


def hours_label(begin: datetime, end: datetime, words: Words) -> str:
    """From when to when."""
    return words.gettext("%(begin)s à %(end)s") % {
        "begin": hour_label(begin, words),
        "end": hour_label(end, words),
    }


def length_label(lasts: timedelta) -> str:
    """A length, such as "1 h 45 min"."""
    hours, minutes = divmod(int(lasts.total_seconds()) // 60, 60)
    parts = [f"{hours}{_NB}h"] if hours else []
    if minutes or not hours:
        parts.append(f"{minutes}{_NB}min")
    return _NB.join(parts)


def date_label(day: date, words: Words) -> str:
    """A date with its year: "1er janvier 2027", "January 1, 2027"."""
    is_first = day.day == 1 and words.lang == "fr"
    return str(format_date(day, "d'er' MMMM y" if is_first else "long", locale=words.locale))


def days_label(first: date, last: date, words: Words) -> str:
    """From one day to another, the same month and year said once: "du 1er au 3 mai 2027"."""
    if first == last:
        return date_label(first, words)
    begin, end = date_label(first, words), date_label(last, words)
    if first.year == last.year:
        begin = begin.removesuffix(f" {first.year}").removesuffix(",")
        if first.month == last.month and words.lang == "en":
            end = end.partition(" ")[2]
        elif first.month == last.month:
            begin = begin.partition(" ")[0]
    return words.gettext("du %(first)s au %(last)s") % {"first": begin, "last": end}


def moment_label(moment: datetime, words: Words) -> str:
    """A date and its hour, in the zone of `moment`."""
    return f"{date_label(moment.date(), words)}, {hour_label(moment, words)}"
