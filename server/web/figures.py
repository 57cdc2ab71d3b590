"""The organisers' figures: charts drawn from visits, with the tables behind them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from functools import lru_cache

from aiohttp import web
from babel.dates import format_date, format_skeleton
from babel.numbers import format_decimal

from server.community.figures import Cohort, Week, by_hour, by_week, newcomers
from server.i18n import Words
from server.keys import DATABASE
from server.storage.queries import visits
from server.web.charts import BarChart, Column, HeatChart, bar_chart, heat_chart
from server.web.doors import community_ref, zone_of
from server.web.figure_views import FiguresView, TableView
from server.web.hours import clock_label
from server.web.manage import manage_url
from server.web.person import right_now
from server.web.place import managed_place
from server.web.rendering import render, words_of
from server.web.session_words import weekday_names

WEEKS = 12
"""How far back the figures go."""
UNSETTLED = "*"
"""What leads to the note that some newcomers still have time to return."""


async def figures_page(request: web.Request) -> web.Response:
    """GET /c/{community}/gerer/frequentation."""
    place, words, now = await managed_place(request), words_of(request), right_now()
    zone = zone_of(place.community)
    today = now.astimezone(zone).date()
    begin = now - timedelta(weeks=WEEKS)
    async with request.app[DATABASE].reading() as db:
        lately = await visits.visits_between(db, place.community.id, begin, now)
        firsts = await visits.first_visits(db, place.community.id, begin)
    weeks = by_week(lately, zone, today, WEEKS)
    hours = by_hour(lately, zone, WEEKS)
    cohorts = newcomers(lately, firsts, zone, today, WEEKS)
    base = manage_url(place)
    view = FiguresView(
        community=community_ref(place, words),
        is_empty=not lately and not firsts,
        summary=_summary(weeks[-1], words),
        weeks=_weeks_chart(weeks, words),
        weeks_table=_weeks_table(weeks, words),
        hours=_hours_chart(hours, words),
        hours_table=_hours_table(hours, words),
        newcomers=_newcomers_chart(cohorts, words),
        newcomers_table=_newcomers_table(cohorts, words),
        file_url=f"{base}/frequentation.csv",
        back_url=base,
    )
    return await render(request, "figures.html", view, role=place.standing.role)


def _summary(week: Week, words: Words) -> str:
    people = words.ngettext("%(num)d personne", "%(num)d personnes", week.people)
    told = words.gettext("Cette semaine : %(people)s, %(hours)s heures ensemble.")
    return told % {
        "people": people % {"num": week.people},
        "hours": format_decimal(round(week.hours), locale=words.locale),
    }


def _decimal(value: float, words: Words) -> str:
    return _written(value, words.locale)


@lru_cache(maxsize=4096)
def _written(value: float, locale: str) -> str:
    """A page shows hundreds of few different ones: Babel reads its pattern anew for each."""
    return str(format_decimal(value, "0.#", locale=locale))


def _short_day(day: date, words: Words) -> str:
    return str(format_skeleton("MMMd", day, locale=words.locale))


def _weeks_chart(weeks: Sequence[Week], words: Words) -> BarChart:
    told = words.gettext("Semaine du %(day)s : %(people)s personnes, %(visits)s visites")
    columns = []
    for each in weeks:
        day = _short_day(each.monday, words)
        said = told % {"day": day, "people": each.people, "visits": each.visits}
        columns.append(Column(day, each.people, said))
    return bar_chart(columns)


def _weeks_table(weeks: Sequence[Week], words: Words) -> TableView:
    _ = words.gettext
    return TableView(
        head=[_("Semaine du"), _("Personnes"), _("Visites"), _("Heures")],
        rows=[
            [
                format_date(each.monday, "medium", locale=words.locale),
                str(each.people),
                str(each.visits),
                _decimal(each.hours, words),
            ]
            for each in reversed(weeks)
        ],
    )


def _hours_chart(hours: list[list[float]], words: Words) -> HeatChart:
    told = words.gettext("%(day)s, %(hour)s : %(people)s en moyenne")
    names = weekday_names(words)
    cells = [
        [
            told
            % {
                "day": names[day],
                "hour": clock_label(hour, 0, words),
                "people": _decimal(value, words),
            }
            for hour, value in enumerate(row)
        ]
        for day, row in enumerate(hours)
    ]
    return heat_chart(
        hours,
        [name[:3] for name in names],
        [clock_label(hour, 0, words) for hour in range(24)],
        cells,
    )


def _hours_table(hours: list[list[float]], words: Words) -> TableView:
    names = weekday_names(words)
    shown = [hour for hour in range(24) if any(row[hour] for row in hours)]
    return TableView(
        head=[words.gettext("Heure"), *names],
        rows=[
            [clock_label(hour, 0, words), *(_decimal(row[hour], words) for row in hours)]
            for hour in shown
        ],
    )


def _newcomers_chart(cohorts: Sequence[Cohort], words: Words) -> BarChart:
    told = words.gettext(
        "Semaine du %(day)s : %(newcomers)s nouvelles personnes, dont %(returned)s revenues"
    )
    open_still = words.gettext("le mois pour revenir n’est pas fini")
    columns = []
    for each in cohorts:
        day = _short_day(each.monday, words)
        said = told % {"day": day, "newcomers": each.newcomers, "returned": each.returned}
        said += "" if each.is_settled else f" ({open_still})"
        mark = "" if each.is_settled else UNSETTLED
        columns.append(Column(day, each.newcomers, said, part=each.returned, mark=mark))
    return bar_chart(columns)


def _newcomers_table(cohorts: Sequence[Cohort], words: Words) -> TableView:
    _ = words.gettext
    return TableView(
        head=[_("Semaine du"), _("Nouvelles personnes"), _("Revenues")],
        rows=[
            [
                format_date(each.monday, "medium", locale=words.locale)
                + ("" if each.is_settled else f" {UNSETTLED}"),
                str(each.newcomers),
                str(each.returned),
            ]
            for each in reversed(cohorts)
        ],
    )
