"""Calendars read back by others: the zones by dateutil, the recurrences by recurring-ical-events.

So that a reader trusts our VTIMEZONE and not its own table of zones, files are read with their
zones renamed; what they say is then compared with the moments that the rules of sessions give.
"""

from __future__ import annotations

import io
import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import icalendar
import pytest
import recurring_ical_events
from dateutil import tz

from server.community.answers import Answer
from server.community.calendar_events import SeriesAtDates, session_event
from server.community.calendar_texts import series_texts, session_text
from server.community.calendar_words import describing
from server.community.calendar_zones import vtimezone
from server.community.calendars import (
    Guest,
    Method,
    Organiser,
    feed_of,
    file_of,
    google_link,
    invitation_of,
    outlook_link,
)
from server.community.communities import Community
from server.community.recurrence import Frequency, Recurrence, Schedule
from server.community.text import Bilingual
from tests.server.community.sample_sessions import (
    CHANGED,
    PLAN,
    describe,
    edited,
    series_of,
    session_at,
)

ZONES = (
    "America/Toronto",
    "Europe/Paris",
    "America/St_Johns",
    "Asia/Kolkata",
    "Australia/Adelaide",
    "Australia/Lord_Howe",
    "Europe/Dublin",
    "Asia/Jerusalem",
    "Africa/Casablanca",
    "Africa/Cairo",
    "America/Nuuk",
    "UTC",
)
YEARLY = ("America/Toronto", "Europe/Paris", "America/St_Johns", "Australia/Adelaide")
DOMAIN = "moulin.example.org"
WEEKLY = Recurrence(Frequency.WEEKLY, (1,))
HOUR = timedelta(hours=1)


def read_zone(name: str, first: date) -> object:
    """Our VTIMEZONE as dateutil understands it."""
    calendar = icalendar.Calendar()
    zone = vtimezone(name, first)
    zone["TZID"] = "Renamed"
    calendar.add_component(zone)
    text = re.sub(r"\r\n ", "", calendar.to_ical().decode())
    if "RDATE" in text:  # which dateutil does not read: icalendar does
        return zone.to_tz()
    return tz.tzical(io.StringIO(text)).get()


@pytest.mark.parametrize("name", ZONES)
def test_a_zone_tells_every_hour_of_ten_years(name: str) -> None:
    first = date(2026, 1, 1)
    ours, theirs = read_zone(name, first), ZoneInfo(name)
    local = datetime(2026, 1, 1)
    wrong = []
    while local.year < 2036:
        # In the hour that the clocks repeat or skip, readers differ: only what is sure is compared.
        sure = local.replace(tzinfo=theirs, fold=0).utcoffset()
        if sure == local.replace(tzinfo=theirs, fold=1).utcoffset():
            found = local.replace(tzinfo=ours).utcoffset()  # type: ignore[arg-type]
            if found != sure:
                wrong.append(f"{local}: {found} instead of {sure}")
        local += timedelta(hours=7)
    assert wrong == []


@pytest.mark.parametrize("name", YEARLY)
def test_a_zone_that_follows_a_rule_says_it_yearly(name: str) -> None:
    text = vtimezone(name, date(2026, 5, 1)).to_ical().decode()
    assert text.count("FREQ=YEARLY") == 2
    assert "RDATE" not in text


def test_a_zone_without_summer_time_has_one_offset() -> None:
    text = vtimezone("Asia/Kolkata", date(2026, 5, 1)).to_ical().decode()
    assert text.count("TZOFFSETTO:+0530") == 1
    assert "RRULE" not in text


def occurrences(content: bytes, until: datetime) -> list[tuple[datetime, datetime, str]]:
    """What a calendar shows, by a reader that knows of zones only what the file says."""
    text = content.decode()
    for name in re.findall(r"TZID:(\S+)", text):
        text = text.replace(name, "Zone-" + name.replace("/", "-"))
    calendar = icalendar.Calendar.from_ical(text)
    found = recurring_ical_events.of(calendar).between(datetime(2020, 1, 1, tzinfo=UTC), until)
    return sorted(
        (each["DTSTART"].dt.astimezone(UTC), each["DTEND"].dt.astimezone(UTC), each["SUMMARY"])
        for each in found
    )


def expected(told: SeriesAtDates) -> list[tuple[datetime, datetime, str]]:
    return sorted(
        (each.starts_at, each.ends_at, each.plan.title.fr)
        for each in told.sessions
        if each.cancelled_at is None
    )


def feed(told: SeriesAtDates) -> bytes:
    return feed_of(series_texts(told, describe, DOMAIN), "Les Pigistes", "https://x/")


RULES = (
    None,
    WEEKLY,
    Recurrence(Frequency.WEEKLY, (1, 3), interval=2, count=20),
    Recurrence(Frequency.WEEKLY, (0, 4), until=date(2026, 12, 4)),
    Recurrence(Frequency.MONTHLY, (1,), ordinal=2),
    Recurrence(Frequency.MONTHLY, (4,), ordinal=-1, count=9),
)


@pytest.mark.parametrize("name", ZONES)
@pytest.mark.parametrize("rule", RULES)
def test_recurrences_are_read_as_they_take_place(name: str, rule: Recurrence | None) -> None:
    first = datetime(2026, 1, 13, 9, 30)
    told = series_of(Schedule(first, name, rule))
    assert occurrences(feed(told), told.known_until + HOUR) == expected(told)


@pytest.mark.parametrize("name", ["America/Toronto", "Australia/Adelaide"])
def test_edits_of_one_date_are_read(name: str) -> None:
    told = series_of(Schedule(datetime(2026, 2, 3, 9), name, WEEKLY))
    moved = told.sessions[6].starts_at + timedelta(hours=25, minutes=15)
    told = edited(told, 2, cancelled_at=CHANGED, sequence=1)
    told = edited(told, 6, starts_at=moved, is_exception=True, sequence=2)
    told = edited(
        told, 9, plan=replace(PLAN, title=Bilingual("Autrement")), is_exception=True, sequence=1
    )
    assert occurrences(feed(told), told.known_until + HOUR) == expected(told)
    text = feed(told).decode()
    assert text.count("RECURRENCE-ID") == 2
    assert text.count("EXDATE") == 1


def test_what_no_longer_follows_the_rule_stands_alone() -> None:
    # All were moved to ten after five weeks: the first five keep their hour.
    old = series_of(Schedule(datetime(2026, 2, 3, 9), "America/Toronto", WEEKLY))
    new = series_of(Schedule(datetime(2026, 2, 3, 10), "America/Toronto", WEEKLY))
    told = replace(new, sessions=(*old.sessions[:5], *new.sessions[5:]))
    assert occurrences(feed(told), told.known_until + HOUR) == expected(told)
    assert feed(told).decode().count("BEGIN:VEVENT") == 6


def test_a_count_goes_on_counting_when_the_first_dates_are_left_out() -> None:
    rule = Recurrence(Frequency.WEEKLY, (1, 3), interval=2, count=12)
    told = series_of(Schedule(datetime(2026, 2, 3, 9), "Europe/Paris", rule))
    told = replace(told, sessions=told.sessions[5:])
    assert occurrences(feed(told), told.known_until + HOUR) == expected(told)


def test_beyond_what_is_known_the_rule_goes_on() -> None:
    told = series_of(Schedule(datetime(2026, 2, 3, 9), "America/St_Johns", WEEKLY), weeks=4)
    found = occurrences(feed(told), datetime(2028, 2, 3, tzinfo=UTC))
    assert len(found) == 105
    newfoundland = ZoneInfo("America/St_Johns")
    assert {begin.astimezone(newfoundland).time().hour for begin, _, _ in found} == {9}


def test_a_series_called_off_says_nothing() -> None:
    told = series_of(Schedule(datetime(2026, 2, 3, 9), "Europe/Paris", WEEKLY), weeks=4)
    sessions = tuple(replace(each, cancelled_at=CHANGED) for each in told.sessions)
    assert series_texts(replace(told, sessions=sessions), describe, DOMAIN) == ()


def test_the_hour_that_the_clocks_skip() -> None:
    told = series_of(
        Schedule(datetime(2026, 3, 1, 2, 30), "America/Toronto", replace(WEEKLY, weekdays=(6,)))
    )
    told = edited(told, 1, cancelled_at=CHANGED)
    text = re.sub(r"\r\n ", "", feed(told).decode())
    assert "EXDATE;TZID=America/Toronto:20260308T023000" in text


def events(content: bytes) -> list[Any]:
    return list(icalendar.Calendar.from_ical(content).walk("VEVENT"))


def test_a_file_has_what_the_standard_asks_for() -> None:
    schedule = Schedule(datetime(2026, 9, 8, 9), "America/Toronto")
    session = session_at(datetime(2026, 9, 8, 13, tzinfo=UTC), schedule, 7)
    content = file_of([session_text(session, describe, DOMAIN)])
    [event] = events(content)
    assert event["UID"] == "se_0007@moulin.example.org"
    assert event["DTSTART"].params["TZID"] == "America/Toronto"
    assert (event["SEQUENCE"], event["STATUS"]) == (0, "CONFIRMED")
    assert event["DTSTAMP"].dt == CHANGED
    assert event["SUMMARY"] == PLAN.title.fr
    assert event["DESCRIPTION"] == PLAN.text.fr
    assert event["LOCATION"] == "https://moulin.example.org/c/x/cafe"
    assert event["URL"] == "https://moulin.example.org/c/x/seances/se_0007"
    assert all(len(line) <= 75 for line in content.split(b"\r\n"))
    assert b"METHOD:PUBLISH" in content


def test_what_did_not_change_is_not_written_again() -> None:
    house = Community("c", "x", Bilingual("X"), Bilingual(""), "Europe/Paris")
    assert describing("https://x", house, [], "fr") == describing("https://x", house, [], "fr")

    def told(sequence: int) -> SeriesAtDates:
        series = series_of(Schedule(datetime(2026, 2, 3, 9), "Europe/Paris", WEEKLY), weeks=4)
        return edited(series, 2, cancelled_at=CHANGED, sequence=sequence)

    first, again, changed = (series_texts(told(each), describe, DOMAIN) for each in (1, 1, 2))
    assert first is again
    assert first is not changed
    one, same, moved = (
        session_text(edited(told(1), 1, sequence=each).sessions[1], describe, DOMAIN)
        for each in (1, 1, 2)
    )
    assert one is same
    assert (b"SEQUENCE:1" in one.text, b"SEQUENCE:2" in moved.text) == (True, True)


def test_a_feed_says_how_often_to_read_it_again() -> None:
    content = feed(series_of(Schedule(datetime(2026, 9, 8, 9), "Europe/Paris"))).decode()
    assert "REFRESH-INTERVAL;VALUE=DURATION:PT1H" in content
    assert "X-PUBLISHED-TTL:PT1H" in content
    assert "X-WR-CALNAME:Les Pigistes" in content


def test_an_invitation_changes_and_is_called_off_in_place() -> None:
    schedule = Schedule(datetime(2026, 9, 8, 9), "America/Toronto")
    session = session_at(datetime(2026, 9, 8, 13, tzinfo=UTC), schedule, 7)
    later = replace(session, starts_at=session.starts_at + HOUR, sequence=1)
    gone = replace(later, cancelled_at=CHANGED, sequence=2)
    guest = Guest("ana@exemple.org", "Ana", Answer.MAYBE)
    organiser = Organiser("moulin@exemple.org", "Moulin")
    mailed = [
        invitation_of(session_event(each, describe, DOMAIN), method, organiser, guest, CHANGED)
        for each, method in (
            (session, Method.REQUEST),
            (later, Method.REQUEST),
            (gone, Method.CANCEL),
        )
    ]
    found = [events(each)[0] for each in mailed]
    assert len({each["UID"] for each in found}) == 1
    assert [each["SEQUENCE"] for each in found] == [0, 1, 2]
    assert [each["STATUS"] for each in found] == ["CONFIRMED", "CONFIRMED", "CANCELLED"]
    assert [b"METHOD:REQUEST" in each for each in mailed] == [True, True, False]
    assert b"METHOD:CANCEL" in mailed[2]
    assert found[0]["ORGANIZER"] == "mailto:moulin@exemple.org"
    assert found[0]["ATTENDEE"] == "mailto:ana@exemple.org"
    assert found[0]["ATTENDEE"].params["PARTSTAT"] == "TENTATIVE"


def test_links_to_other_calendars_escape_what_people_wrote() -> None:
    about = replace(describe(PLAN, "se_1"), summary="A & B=C #1")
    begin = datetime(2026, 9, 8, 13, tzinfo=UTC)
    google = google_link(about, begin, begin + HOUR, "America/Toronto")
    assert "text=A+%26+B%3DC+%231" in google
    assert "dates=20260908T130000Z%2F20260908T140000Z" in google
    assert "startdt=2026-09-08T13%3A00%3A00Z" in outlook_link(about, begin, begin + HOUR)


def test_nothing_that_people_write_breaks_out_of_its_line() -> None:
    told = series_of(Schedule(datetime(2026, 9, 8, 9), "Europe/Paris"))
    wild = replace(PLAN, title=Bilingual("X\r\nEND:VEVENT\r\nBEGIN:VEVENT\nY"), theme="a,b;c\nd")
    told = edited(told, 0, plan=wild)
    assert len(events(feed(told))) == 1
