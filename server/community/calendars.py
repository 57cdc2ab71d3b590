"""Whole calendars: files, feeds and mailed invitations, and the links that other calendars take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from urllib.parse import urlencode

from icalendar import Calendar, Event, vCalAddress, vText

from server.community.answers import Answer
from server.community.calendar_events import About
from server.community.calendar_texts import EventText, written, zones_of
from server.community.calendar_zones import zone_text

PRODUCT = "-//Moulin//Moulin//FR"
REFRESH = timedelta(hours=1)
"""How often calendars are asked to read a feed again."""


class Method(StrEnum):
    """What a calendar is for (RFC 5546): to look at, to invite or to call off."""

    PUBLISH = "PUBLISH"
    REQUEST = "REQUEST"
    CANCEL = "CANCEL"


@dataclass(frozen=True)
class Guest:
    """Whom a mailed invitation is for, and what they answered."""

    email: str
    name: str
    answer: Answer


def file_of(events: Sequence[EventText]) -> bytes:
    """A file to open in any calendar."""
    return _written(_calendar(Method.PUBLISH), events)


def feed_of(events: Sequence[EventText], name: str, url: str, color: str = "") -> bytes:
    """A calendar to subscribe to (RFC 7986, and the names that older programs read)."""
    calendar = _calendar(Method.PUBLISH)
    calendar.add("name", name)
    calendar.add("x-wr-calname", name)
    calendar.add("url", url)
    calendar.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", f"PT{int(REFRESH.total_seconds()) // 3600}H")
    if color:
        calendar.add("color", color)
    return _written(calendar, events)


@dataclass(frozen=True)
class Organiser:
    """In whose name invitations are mailed: the address that letters come from."""

    email: str
    name: str


def invitation_of(
    event: Event, method: Method, organiser: Organiser, guest: Guest, now: datetime
) -> bytes:
    """A mailed invitation: the same UID again, with a higher SEQUENCE, changes or calls it off.

    Nobody is asked to answer by mail: answers are given on the session's page.
    """
    del event["DTSTAMP"]
    event.add("dtstamp", now)
    address = vCalAddress(f"mailto:{organiser.email}")
    address.params["CN"] = vText(organiser.name)
    event.add("organizer", address)
    invited = vCalAddress(f"mailto:{guest.email}")
    invited.params["CN"] = vText(guest.name)
    invited.params["ROLE"] = vText("REQ-PARTICIPANT")
    invited.params["PARTSTAT"] = vText(_PARTSTAT[guest.answer])
    invited.params["RSVP"] = vText("FALSE")
    event.add("attendee", invited)
    if method is Method.CANCEL:
        event["STATUS"] = vText("CANCELLED")
    return _written(_calendar(method), [written(event)])


_PARTSTAT = {
    Answer.YES: "ACCEPTED",
    Answer.MAYBE: "TENTATIVE",
    Answer.NO: "DECLINED",
}


def google_link(about: About, begin: datetime, end: datetime, time_zone: str) -> str:
    """The page where Google Agenda proposes to keep one session."""
    written = "/".join(f"{each.astimezone(UTC):%Y%m%dT%H%M%SZ}" for each in (begin, end))
    return "https://calendar.google.com/calendar/render?" + urlencode(
        {
            "action": "TEMPLATE",
            "text": about.summary,
            "dates": written,
            "ctz": time_zone,
            "details": about.description,
            "location": about.location,
        }
    )


def outlook_link(about: About, begin: datetime, end: datetime) -> str:
    """The page where Outlook on the web proposes to keep one session."""
    return "https://outlook.live.com/calendar/0/action/compose?" + urlencode(
        {
            "rru": "addevent",
            "subject": about.summary,
            "startdt": f"{begin.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
            "enddt": f"{end.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
            "body": about.description,
            "location": about.location,
        }
    )


def _calendar(method: Method) -> Calendar:
    calendar = Calendar()
    calendar.add("version", "2.0")
    calendar.add("prodid", PRODUCT)
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", method.value)
    return calendar


def _written(calendar: Calendar, events: Sequence[EventText]) -> bytes:
    """The calendar with the zones of the events, and the events: its properties come first."""
    parts = [zone_text(name, year) for name, year in sorted(zones_of(events).items())]
    parts += [event.text for event in events]
    return bytes(calendar.to_ical()).removesuffix(_END) + b"".join(parts) + _END


_END = b"END:VCALENDAR\r\n"
