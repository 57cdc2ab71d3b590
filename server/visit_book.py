"""The job that notes visits: each minute, who is in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

from rooms.presence import Presence
from server.community.people import person_id_of
from server.community.visits import LOOK_EVERY, Seen, look
from server.storage.database import Database
from server.storage.queries import visits

EVERY_SECONDS = LOOK_EVERY.total_seconds()


async def note_who_is_in(
    database: Database, presence: Presence, now: Callable[[], datetime]
) -> None:
    """Note who is in the offices at this moment."""
    async with database.reading() as db:
        offices = await visits.offices_to_look_at(db)
    seen = list(_seen(presence, offices))
    if not seen:
        return
    async with database.writing() as db:
        moment = now()
        lasting, come = look(await visits.visits_going_on(db, moment), seen)
        await visits.note_visits(db, lasting, come, moment)


def _seen(presence: Presence, offices: dict[str, str]) -> Iterator[Seen]:
    for office_id, count in presence.counts(offices).items():
        for each in presence.who(office_id) if count else ():
            person_id = person_id_of(each.identity)
            if person_id is not None:
                yield Seen(offices[office_id], office_id, person_id)
