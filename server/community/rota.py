"""The host rota: who hosts which session, how often, and who may take or give one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

from server.community.people import Role, may_manage
from server.community.recurrence import Schedule, in_local
from server.community.sessions import Session, SessionDraft, may_host


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
