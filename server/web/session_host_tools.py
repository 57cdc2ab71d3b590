"""What a session's page offers to its hosts: where to change, copy, call off and restore it, and
who waits for a seat."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from aiohttp import web

from server.community.answers import Seating
from server.community.sessions import Session, SessionState, may_edit, may_host, may_restore
from server.i18n import Words
from server.keys import DATABASE
from server.storage.queries.session_answers import NamedReply
from server.storage.queries.session_cancelling import called_off_together
from server.web.hours import moment_label
from server.web.place import Place
from server.web.rendering import words_of
from server.web.session_fields import restore_choices
from server.web.session_rows import session_url, sessions_url
from server.web.session_views import HostTools, InLine


async def host_tools(
    request: web.Request,
    place: Place,
    session: Session,
    replies: Sequence[NamedReply],
    seating: Seating,
    now: datetime,
) -> HostTools:
    """The tools that this person has on a session; whoever may not change it learns no names."""
    base = session_url(place, session.id)
    copy_url = f"{sessions_url(place)}/nouvelle?de={session.id}"
    tools = HostTools(duplicate_url=copy_url if may_host(place.standing.role) else "")
    if not may_edit(session, place.person.id if place.person else None, place.standing.role):
        return tools
    is_open = session.state(now) in (SessionState.SCHEDULED, SessionState.RUNNING)
    together = 0
    if may_restore(session, now):
        async with request.app[DATABASE].reading() as db:
            together = await called_off_together(db, session, now)
    return HostTools(
        edit_url=f"{base}/modifier" if is_open else "",
        cancel_url=f"{base}/annuler" if is_open else "",
        restore_url=f"{base}/retablir" if together else "",
        restore_choices=restore_choices(together, words_of(request)) if together > 1 else [],
        attendance_url=f"{base}/presences.csv",
        duplicate_url=tools.duplicate_url,
        line=_line(session, replies, seating, words_of(request)) if is_open else [],
    )


def with_companions(each: NamedReply) -> str:
    """A name, and how many come along: "Ana +2"."""
    extra = each.reply.companions
    return f"{each.name} +{extra}" if extra else each.name


def _line(
    session: Session, replies: Sequence[NamedReply], seating: Seating, words: Words
) -> list[InLine]:
    zone = ZoneInfo(session.time_zone)
    named = {each.reply.person_id: each for each in replies}
    return [_in_line(named[reply.person_id], zone, words) for reply in seating.waiting]


def _in_line(each: NamedReply, zone: ZoneInfo, words: Words) -> InLine:
    since = each.reply.placed_at.astimezone(zone)
    return InLine(
        name=with_companions(each),
        since=moment_label(since, words),
        since_iso=since.isoformat(timespec="minutes"),
    )
