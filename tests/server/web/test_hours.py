"""How hours, lengths and dates are written, as tables."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from server.i18n import Words
from server.web.hours import (
    clock_label,
    date_label,
    days_label,
    hour_label,
    hours_label,
    length_label,
    moment_label,
)

FRENCH = Words("fr", {}, {})
ENGLISH = Words(
    "en",
    {
        "%(begin)s à %(end)s": "%(begin)s to %(end)s",
        "du %(first)s au %(last)s": "from %(first)s to %(last)s",
    },
    {},
)


@pytest.mark.parametrize(
    ("hour", "minute", "french", "english"),
    [
        (0, 0, "0 h", "12 a.m."),
        (0, 4, "0 h 04", "12:04 a.m."),
        (9, 0, "9 h", "9 a.m."),
        (9, 5, "9 h 05", "9:05 a.m."),
        (9, 30, "9 h 30", "9:30 a.m."),
        (11, 59, "11 h 59", "11:59 a.m."),
        (12, 0, "12 h", "12 p.m."),
        (12, 30, "12 h 30", "12:30 p.m."),
        (13, 0, "13 h", "1 p.m."),
        (20, 45, "20 h 45", "8:45 p.m."),
        (23, 59, "23 h 59", "11:59 p.m."),
    ],
)
def test_hours(hour: int, minute: int, french: str, english: str) -> None:
    assert clock_label(hour, minute, FRENCH) == french.replace(" ", "\N{NO-BREAK SPACE}")
    assert clock_label(hour, minute, ENGLISH) == english.replace(" ", "\N{NO-BREAK SPACE}")


@pytest.mark.parametrize(
    ("minutes", "said"),
    [(0, "0 min"), (5, "5 min"), (60, "1 h"), (65, "1 h 5 min"), (135, "2 h 15 min")],
)
def test_lengths(minutes: int, said: str) -> None:
    assert length_label(timedelta(minutes=minutes)) == said.replace(" ", "\N{NO-BREAK SPACE}")


@pytest.mark.parametrize(
    ("day", "french", "english"),
    [
        (date(2027, 1, 1), "1er janvier 2027", "January 1, 2027"),
        (date(2026, 11, 22), "22 novembre 2026", "November 22, 2026"),
    ],
)
def test_dates(day: date, french: str, english: str) -> None:
    assert (date_label(day, FRENCH), date_label(day, ENGLISH)) == (french, english)


@pytest.mark.parametrize(
    ("last", "french", "english"),
    [
        (date(2026, 11, 1), "1er novembre 2026", "November 1, 2026"),
        (date(2026, 11, 24), "du 1er au 24 novembre 2026", "from November 1 to 24, 2026"),
        (
            date(2026, 12, 1),
            "du 1er novembre au 1er décembre 2026",
            "from November 1 to December 1, 2026",
        ),
        (
            date(2027, 11, 2),
            "du 1er novembre 2026 au 2 novembre 2027",
            "from November 1, 2026 to November 2, 2027",
        ),
    ],
)
def test_stretches_of_days(last: date, french: str, english: str) -> None:
    assert days_label(date(2026, 11, 1), last, FRENCH) == french
    assert days_label(date(2026, 11, 1), last, ENGLISH) == english


def test_a_moment_and_a_span_are_told_in_their_own_zone() -> None:
    begin = datetime(2026, 11, 23, 14, 0, tzinfo=UTC).astimezone(ZoneInfo("America/Toronto"))
    end = begin + timedelta(minutes=130)
    said = [
        hour_label(begin, FRENCH),
        hours_label(begin, end, FRENCH),
        hours_label(begin, end, ENGLISH),
        moment_label(begin, ENGLISH),
    ]
    assert [each.replace("\N{NO-BREAK SPACE}", " ") for each in said] == [
        "9 h",
        "9 h à 11 h 10",
        "9 a.m. to 11:10 a.m.",
        "November 23, 2026, 9 a.m.",
    ]
