"""What a session's page offers to its hosts: where to change, copy, call off and restore it."""

from __future__ import annotations

from datetime import datetime

from aiohttp import web

from server.community.sessions import Session, SessionState, may_edit, may_host, may_restore
from server.keys import DATABASE
from server.storage.queries.session_cancelling import called_off_together
from server.web.place import Place
from server.web.rendering import words_of
from server.web.session_fields import restore_choices
from server.web.session_rows import session_url, sessions_url
from server.web.session_views import HostTools


async def host_tools(
    request: web.Request, place: Place, session: Session, now: datetime
) -> HostTools:
    """The tools that this person has on a session."""
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
    )
