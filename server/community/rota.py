"""The host rota: who hosts which session, how often, who may take or give one, what changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from server.community.people import Role, may_manage
from server.community.recurrence import Schedule, in_local
from server.community.sessions import Session, SessionDraft, may_host

GATHERING = timedelta(minutes=2)
"""How long news for hosts waits for more, so that dates given one by one make one letter."""
SOON = timedelta(hours=1)


class Duty(StrEnum):
    """What someone does at a session besides coming."""

    NONE = "none"
    HOST = "host"
    CO_HOST = "co_host"


@dataclass(frozen=True)
class DutyChange:
    """Someone's duty at a session is another than `before`."""

    person_id: str
    session: Session
    before: Duty


def duty_of(session: Session, person_id: str) -> Duty:
    """What that person does there."""
    if session.plan.host_id == person_id:
        return Duty.HOST
    return Duty.CO_HOST if person_id in session.plan.co_host_ids else Duty.NONE


def duty_changes(
    before: Iterable[Session], after: Iterable[Session], now: datetime
) -> list[DutyChange]:
    """Whose duty changed at which of the sessions `after`; what is over concerns nobody.

    A session that is not in `before` is new, and had nobody.
    """
    known = {each.id: each for each in before}
    found = []
    for session in after:
        was = known.get(session.id)
        if session.ends_at <= now or session.cancelled_at is not None:
            continue
        for person_id in dict.fromkeys([*(was.host_ids if was else ()), *session.host_ids]):
            duty = duty_of(was, person_id) if was else Duty.NONE
            if duty is not duty_of(session, person_id):
                found.append(DutyChange(person_id, session, duty))
    return found


def due_at(change: DutyChange, now: datetime) -> datetime:
    """When to tell of a change made `now`: soon after it, at once of what begins within an hour."""
    return now if change.session.starts_at <= now + SOON else now + GATHERING


def loads(sessions: Iterable[Session], host_ids: Iterable[str]) -> dict[str, int]:
    """How many of the sessions each of those people hosts, those called off left out."""
    counts = Counter(each.plan.host_id for each in sessions if each.cancelled_at is None)
    return {each: counts[each] for each in host_ids}


def may_assign(
    session: Session,
    new_host_id: str | None,
    person_id: str,
    role: Role,
    hosts: Mapping[str, str],
) -> bool:
    """Whether that person may make someone the host: who looks after all, anyone who may host.

    A host may take a session that has nobody, and leave one of their own.
    """
    if new_host_id is not None and new_host_id not in hosts:
        return False
    if may_manage(role):
        return True
    takes = session.plan.host_id is None and new_host_id == person_id
    leaves = session.plan.host_id == person_id and new_host_id is None
    return may_host(role) and (takes or leaves)


def hosted_by(session: Session, host_id: str | None) -> SessionDraft:
    """The same session at the same time with another host."""
    others = tuple(each for each in session.plan.co_host_ids if each != host_id)
    return SessionDraft(
        replace(session.plan, host_id=host_id, co_host_ids=others),
        Schedule(in_local(session.starts_at, session.time_zone), session.time_zone),
    )
