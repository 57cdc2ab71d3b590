"""What may be written in a session's form, and the draft it makes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import available_timezones

from server.community.errors import BadField
from server.community.offices import Office, Visibility, whole_number
from server.community.phases import LONGEST_PHASE, MOST_PHASES, Phase, PhaseKind, length
from server.community.recurrence import (
    LARGEST_COUNT,
    LARGEST_INTERVAL,
    Frequency,
    Recurrence,
    Schedule,
    aligned,
    in_utc,
    place_in_month,
)
from server.community.sessions import (
    LARGEST_CAPACITY,
    MOST_CO_HOSTS,
    OpenTo,
    Plan,
    SessionDraft,
)
from server.community.text import Bilingual, clean, cleaned

LONGEST_TITLE = 100
LONGEST_TEXT = 3000
LONGEST_THEME = 60
FARTHEST = timedelta(days=730)

Form = Mapping[str, Sequence[str]]
"""A form's values by field: several where a field comes several times."""


@dataclass(frozen=True)
class Choices:
    """What the form of one community offers."""

    offices: Sequence[Office]
    host_ids: Collection[str]


def draft_session(
    form: Form, choices: Choices, now: datetime
) -> tuple[SessionDraft | None, dict[str, str]]:
    """Read a session's form: the draft (None when something is wrong) and error codes by field."""
    reader = _Reader(form, choices, now)
    plan, schedule = reader.plan(), reader.schedule()
    if reader.errors or schedule is None:
        return None, reader.errors
    return SessionDraft(plan, schedule), {}


def doubtful_phases(minutes: Sequence[str]) -> frozenset[int]:
    """The lines of phases (from 0) whose minutes cannot be; the first one when none says any."""
    written = [(line, text) for line, text in enumerate(minutes) if text.strip()]
    return frozenset(
        line for line, text in written or [(0, "")] if whole_number(text, LONGEST_PHASE) is None
    )


class _Reader:
    """Reads fields one by one and keeps the code of what is wrong with each."""

    def __init__(self, form: Form, choices: Choices, now: datetime) -> None:
        self._form = form
        self._choices = choices
        self._now = now
        self._phases: tuple[Phase, ...] = ()
        self.errors: dict[str, str] = {}

    def plan(self) -> Plan:
        """What the session is."""
        needs_title = not self._one("title_en").strip()
        self._phases = self._read_phases()
        host = self._one("host") or None
        co_hosts = tuple(dict.fromkeys(each for each in self._all("co_hosts") if each != host))
        if any(each not in self._choices.host_ids for each in (*co_hosts, host or "") if each):
            self.errors["host"] = "not_a_choice"
        if len(co_hosts) > MOST_CO_HOSTS:
            self.errors["host"] = "too_many_hosts"
        office_id, open_to = self._office_and_door()
        return Plan(
            title=Bilingual(
                self._text("title_fr", LONGEST_TITLE, required=needs_title),
                self._text("title_en", LONGEST_TITLE),
            ),
            text=Bilingual(self._lines("text_fr"), self._lines("text_en")),
            theme=self._text("theme", LONGEST_THEME),
            office_id=office_id,
            host_id=host,
            co_host_ids=co_hosts[:MOST_CO_HOSTS],
            phases=self._phases,
            capacity=self._optional_number("capacity", LARGEST_CAPACITY),
            open_to=open_to,
        )

    def schedule(self) -> Schedule | None:
        """When it takes place, as written: not yet aligned. None when that cannot be read."""
        zone = self._one("time_zone")
        if zone not in available_timezones():
            self.errors["time_zone"] = "not_a_choice"
            return None
        try:
            day = date.fromisoformat(self._one("date"))
            at = time.fromisoformat(self._one("time")).replace(second=0, microsecond=0)
        except ValueError:
            self.errors["date"] = "not_a_date"
            return None
        start = datetime.combine(day, at.replace(tzinfo=None))
        if not timedelta(0) <= start.replace(tzinfo=UTC) - self._now + timedelta(days=2) < FARTHEST:
            self.errors["date"] = "not_a_date_near"
            return None
        schedule = Schedule(start, zone, self._recurrence(day))
        if in_utc(aligned(schedule).start, zone) + length(self._phases) <= self._now:
            self.errors["date"] = "in_the_past"
        return schedule

    def _recurrence(self, day: date) -> Recurrence | None:
        frequency = self._one("frequency")
        if frequency not in {"", *map(str, Frequency)}:
            self.errors["frequency"] = "not_a_choice"
        if frequency not in set(map(str, Frequency)):
            return None
        until, count = self._until(day), self._optional_number("count", LARGEST_COUNT)
        if until is not None and count is not None:
            self.errors["count"] = "until_or_count"
        days = sorted({int(each) for each in self._all("weekdays") if each in set("0123456")})
        is_weekly = frequency == Frequency.WEEKLY
        return Recurrence(
            frequency=Frequency(frequency),
            weekdays=tuple(days or [day.weekday()]) if is_weekly else (day.weekday(),),
            interval=self._optional_number("interval", LARGEST_INTERVAL) or 1,
            ordinal=0 if is_weekly else place_in_month(day),
            until=until,
            count=count,
        )

    def _until(self, first: date) -> date | None:
        text = self._one("until").strip()
        if not text:
            return None
        try:
            until = date.fromisoformat(text)
        except ValueError:
            self.errors["until"] = "not_a_date"
            return None
        if until < first or until - first > 5 * FARTHEST:
            self.errors["until"] = "not_an_end"
            return None
        return until

    def _read_phases(self) -> tuple[Phase, ...]:
        kinds, minutes = self._all("phase_kinds"), self._all("phase_minutes")
        found = []
        for kind, text in zip(kinds, minutes, strict=False):
            if not text.strip():
                continue
            number = whole_number(text, LONGEST_PHASE)
            if number is None or kind not in set(map(str, PhaseKind)):
                self.errors["phases"] = "not_phases"
                continue
            found.append(Phase(PhaseKind(kind), number))
        if not 0 < len(found) <= MOST_PHASES:
            self.errors["phases"] = "not_phases"
        return tuple(found)

    def _office_and_door(self) -> tuple[str, OpenTo]:
        wanted = self._one("office")
        office = next((each for each in self._choices.offices if each.id == wanted), None)
        if office is None:
            self.errors["office"] = "not_a_choice"
        open_to = self._one("open_to")
        if open_to not in set(map(str, OpenTo)):
            self.errors["open_to"] = "not_a_choice"
            return wanted, OpenTo.ALL
        if office and office.visibility is Visibility.INVITATION and open_to == OpenTo.ALL:
            self.errors["open_to"] = "office_is_closed"
        return wanted, OpenTo(open_to)

    def _text(self, field: str, longest: int, *, required: bool = False) -> str:
        try:
            return cleaned(field, self._one(field), longest=longest, required=required)
        except BadField as error:
            self.errors[field] = error.code
            return ""

    def _lines(self, field: str) -> str:
        text = "\n".join(clean(line) for line in self._one(field).splitlines()).strip()
        if len(text) > LONGEST_TEXT:
            self.errors[field] = "too_long"
        return text

    def _optional_number(self, field: str, largest: int) -> int | None:
        text = self._one(field).strip()
        number = whole_number(text, largest)
        if text and number is None:
            self.errors[field] = "not_a_number"
        return number

    def _one(self, field: str) -> str:
        return next(iter(self._form.get(field, ())), "")

    def _all(self, field: str) -> Sequence[str]:
        return self._form.get(field, ())
