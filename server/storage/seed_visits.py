"""The visits of a busy community's month: of its sessions, and of every day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from random import Random

from server.community.recurrence import in_utc
from server.community.sessions import Session
from server.storage.ids import new_id
from server.storage.tables import VisitRow

_HOURS = (7, 8, 8, 9, 9, 9, 9, 10, 10, 11, 13, 13, 13, 14, 14, 15, 16, 19, 20)
"""When people push a door; as often as they are written."""


def month_of_visits(
    sessions: Sequence[Session],
    office_ids: Sequence[str],
    person_ids: Sequence[str],
    time_zone: str,
    begin: datetime,
    now: datetime,
    chance: Random,
) -> Iterator[VisitRow]:
    """Visits from `begin` to `now`: a quarter of the people come to stay, others once or twice."""
    community_id = sessions[0].community_id
    since = {each: begin + (now - begin) * chance.random() ** 1.5 for each in person_ids}
    zeal = {each: chance.choice((0.0, 0.02, 0.04, 0.25)) for each in person_ids}
    for number in range((now - begin).days):
        day = (begin + timedelta(days=number)).date()
        for person_id in person_ids:
            at = time(chance.choice(_HOURS), chance.randrange(60))
            came = in_utc(datetime.combine(day, at), time_zone)
            if since[person_id] < came < now and chance.random() < zeal[person_id] * _pull(day):
                left = min(now, came + timedelta(minutes=chance.randrange(20, 200)))
                yield _visit(community_id, chance.choice(office_ids), person_id, came, left)
    for session in (each for each in sessions if each.ends_at < now):
        known = [each for each in person_ids if since[each] < session.starts_at]
        for person_id in chance.sample(known, min(len(known), chance.randrange(4, 18))):
            came = session.starts_at + timedelta(minutes=chance.randrange(-5, 15))
            left = came + timedelta(minutes=chance.randrange(30, 110))
            yield _visit(community_id, session.plan.office_id, person_id, came, min(left, now))


def _visit(
    community_id: str, office_id: str, person_id: str, came: datetime, left: datetime
) -> VisitRow:
    return VisitRow(
        id=new_id(),
        community_id=community_id,
        office_id=office_id,
        person_id=person_id,
        came_at=came,
        seen_at=left,
    )


def _pull(day: date) -> float:
    """How much a day of the week draws people."""
    return (1.0, 1.2, 1.1, 1.0, 0.7, 0.2, 0.1)[day.weekday()]
