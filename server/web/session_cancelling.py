"""Calling sessions off, and having them take place after all: the hosts' side."""

from __future__ import annotations

from aiohttp import web

from server.community.series_edits import Reach
from server.community.sessions import SessionState, may_restore
from server.keys import DATABASE
from server.storage.queries import session_cancelling
from server.web.fields import form_fields, form_lists
from server.web.person import check_rate, right_now
from server.web.place import place_of
from server.web.rate_limits import CHANGES
from server.web.refused import Refused
from server.web.rendering import see_other
from server.web.session_fields import TOGETHER, reach_of
from server.web.session_invitations import News
from server.web.session_news import tell_changes, wake
from server.web.session_rows import session_url
from server.web.sessions import hosted_session


async def cancel_session(request: web.Request) -> web.Response:
    """POST /c/{community}/seances/{session}/annuler."""
    place = await place_of(request)
    session = await hosted_session(request, place)
    check_rate(request, CHANGES)
    reach, now = reach_of(await form_lists(request)), right_now()
    if session.state(now) not in (SessionState.SCHEDULED, SessionState.RUNNING):
        raise Refused(409, "session_over")
    async with request.app[DATABASE].writing() as db:
        changed = await session_cancelling.cancel_session(db, session, reach, now)
        await tell_changes(request, place, db, changed)
    wake(request.app)
    several = "cancelled" if reach is Reach.THIS or not session.recurs else "cancelled_all"
    return see_other(f"{session_url(place, session.id)}?fait={several}")


async def restore_session(request: web.Request) -> web.Response:
    """POST /c/{community}/seances/{session}/retablir: this date, or all called off with it."""
    place = await place_of(request)
    session = await hosted_session(request, place)
    check_rate(request, CHANGES)
    form, now = await form_fields(request), right_now()
    if not may_restore(session, now):
        raise Refused(409, "session_over")
    together = form.get("reach") == TOGETHER
    async with request.app[DATABASE].writing() as db:
        changed = await session_cancelling.restore_session(db, session, together=together, now=now)
        await tell_changes(request, place, db, changed, news=News.RESTORED)
    wake(request.app)
    return see_other(f"{session_url(place, session.id)}?fait=restored")
