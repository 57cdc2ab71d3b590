"""The owner's changes to invitations: making one, changing its limits, revoking it."""

from __future__ import annotations

from aiohttp import web

from server.community import invitations as rules
from server.community.sessions import SessionState
from server.keys import DATABASE
from server.storage.queries import invitations, sessions
from server.web.evictions import send_out_uninvited
from server.web.fields import form_fields
from server.web.invitation_pages import details_url, managed_invitation, show_details
from server.web.invitation_views import InvitationChangeForm
from server.web.manage import Shown, field_errors, manage_url, show
from server.web.person import check_rate, right_now
from server.web.place import Place, managed_place
from server.web.rate_limits import CHANGES
from server.web.refused import Refused
from server.web.rendering import see_other, words_of
from server.web.views import InvitationForm


async def add_invitation(request: web.Request) -> web.Response:
    """POST …/gerer/invitations: make a link."""
    place = await managed_place(request)
    check_rate(request, CHANGES)
    form, now = await form_fields(request), right_now()
    if form.get("session"):
        is_whole = form.get("whole") == "1"
        return await _invite_to_session(request, place, form["session"], is_whole=is_whole)
    draft, errors = rules.draft_invitation(
        form, frozenset(each.id for each in place.offices), place.standing.role, now
    )
    if draft is None:
        sent_back = InvitationForm(
            office=form.get("office", ""),
            days=form.get("days", ""),
            max_uses=form.get("max_uses", ""),
            role=form.get("role", ""),
            note=form.get("note", ""),
            errors=field_errors(errors, words_of(request)),
        )
        return await show(request, place, Shown(new_invitation=sent_back), status=400)
    return await _make(request, place, draft)


async def _invite_to_session(
    request: web.Request, place: Place, session_id: str, *, is_whole: bool
) -> web.Response:
    """A link to one session and to its office, until some days after it.

    To a whole series: without end, for it leads to the date that comes next.
    """
    async with request.app[DATABASE].reading() as db:
        session = await sessions.session_by_id(db, session_id)
    if session is None or session.community_id != place.community.id:
        raise Refused(404, "not_found")
    if session.state(right_now()) in (SessionState.ENDED, SessionState.CANCELLED):
        raise Refused(409, "session_over")
    draft = rules.InvitationDraft(
        office_id=session.plan.office_id,
        expires_at=None if is_whole and session.recurs else session.ends_at + rules.AFTER_SESSION,
        max_uses=None,
        note="",
        session_id=session.id,
        whole=is_whole and session.recurs,
    )
    return await _make(request, place, draft)


async def _make(request: web.Request, place: Place, draft: rules.InvitationDraft) -> web.Response:
    maker, now = place.person.id if place.person else None, right_now()
    async with request.app[DATABASE].writing() as db:
        if (
            await invitations.count_open_invitations(db, place.community.id)
            >= rules.MOST_INVITATIONS
        ):
            raise Refused(409, "most_invitations")
        made = await invitations.add_invitation(
            db, place.community.id, draft, created_by=maker, now=now
        )
    return see_other(f"{details_url(place, made)}?fait=invitation-made")


async def change_invitation(request: web.Request) -> web.Response:
    """POST …/gerer/invitations/{id}: other limits, another note."""
    place, invitation = await managed_invitation(request)
    check_rate(request, CHANGES)
    form = await form_fields(request)
    change, errors = rules.change_invitation(form, invitation, right_now())
    if change is not None:
        async with request.app[DATABASE].writing() as db:
            is_done = await invitations.change_invitation(
                db, place.community.id, invitation.id, change
            )
        if is_done:
            await send_out_uninvited(request.app, place.community)  # it may have ended just now
            return see_other(f"{details_url(place, invitation)}?fait=invitation-saved")
        errors = {"max_uses": "fewer_than_used"}
    sent_back = InvitationChangeForm(
        days=form.get("days", rules.KEEP),
        max_uses=form.get("max_uses", ""),
        note=form.get("note", ""),
        errors=field_errors(errors, words_of(request)),
    )
    return await show_details(request, place, invitation, sent_back, status=400)


async def revoke_invitation(request: web.Request) -> web.Response:
    """POST …/gerer/invitations/{id}/revoquer: at once, also for those it let in."""
    place = await managed_place(request)
    check_rate(request, CHANGES)
    async with request.app[DATABASE].writing() as db:
        await invitations.revoke_invitation(
            db, place.community.id, request.match_info["id"], right_now()
        )
    await send_out_uninvited(request.app, place.community)
    return see_other(f"{manage_url(place)}?fait=invitation-revoked")
