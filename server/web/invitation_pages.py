"""The owner's pages about one invitation: its counts and limits, what to share it with."""

from __future__ import annotations

from dataclasses import replace

from aiohttp import web

from server.community.invitations import KEEP, Invitation
from server.community.offices import Office, Visibility
from server.i18n import LANGUAGES, Words
from server.keys import CATALOGS, DATABASE, PRESENCE, SETTINGS
from server.storage.queries import invitations
from server.web.doors import community_ref, community_url, office_url, office_view
from server.web.invitation_posts import code_element, code_file, post, poster_side
from server.web.invitation_rows import invitation_row, invitation_url
from server.web.invitation_views import (
    InvitationChangeForm,
    ManageInvitationView,
    PosterView,
)
from server.web.linked_sessions import linked_sessions
from server.web.links import invited_office, invited_session
from server.web.manage import days_choices, manage_url, notice_of
from server.web.person import right_now
from server.web.place import Place, managed_place
from server.web.place_cards import invitation_card
from server.web.refused import Refused
from server.web.rendering import render, words_of
from server.web.session_cards import session_card
from server.web.session_rows import About, session_view
from server.web.views import OfficeView

LIT_WINDOWS = 5
"""On a poster, which outlives any count."""


async def managed_invitation(request: web.Request) -> tuple[Place, Invitation]:
    """The invitation of …/gerer/invitations/{id}, for those who look after it; raises Refused."""
    place = await managed_place(request)
    async with request.app[DATABASE].reading() as db:
        found = await invitations.invitation_by_id(db, place.community.id, request.match_info["id"])
    if found is None:
        raise Refused(404, "not_found")
    return place, found


async def invitation_details(request: web.Request) -> web.Response:
    """GET …/gerer/invitations/{id}."""
    place, invitation = await managed_invitation(request)
    form = InvitationChangeForm(max_uses=str(invitation.max_uses or ""), note=invitation.note)
    return await show_details(request, place, invitation, form)


async def show_details(
    request: web.Request,
    place: Place,
    invitation: Invitation,
    form: InvitationChangeForm,
    status: int = 200,
) -> web.Response:
    """The page of one invitation, with what was just typed."""
    words, url = words_of(request), invitation_url(request, invitation)
    session, now = await invited_session(request, place, invitation), right_now()
    office, base = invited_office(place, invitation, session), details_url(place, invitation)
    card = invitation_card(request, place, office, words)
    both = [request.app[CATALOGS].words(lang) for lang in LANGUAGES]
    linked = (await linked_sessions(request, [invitation])).get(invitation.id) if session else None
    if session is not None:
        shown = session_view(place, session, About(), words, now)
        card = session_card(request, place, session, shown, words, invited=True)
    row = invitation_row(request, place, invitation, words, now, linked)
    view = ManageInvitationView(
        community=community_ref(place, words),
        row=row,
        share_title=card.title,
        posts=[post(place, office, invitation, url, each, linked) for each in both],
        code=code_element(url),
        code_url=f"{base}/code.svg",
        poster_url=f"{base}/affiche",
        card_url=card.image.removeprefix(request.app[SETTINGS].address),
        card_alt=card.image_alt,
        form=form,
        days_choices=_kept_or_new(words),
        save_url=base,
        back_url=manage_url(place),
        notice=notice_of(request.query.get("fait", ""), words),
    )
    role = place.standing.role
    return await render(request, "manage_invitation.html", view, role=role, status=status)


async def invitation_code(request: web.Request) -> web.Response:
    """GET …/gerer/invitations/{id}/code.svg: the QR code as a file."""
    _place, invitation = await managed_invitation(request)
    headers = {
        "Content-Disposition": 'attachment; filename="moulin-invitation.svg"',
        "Cache-Control": "no-store",
    }
    body = code_file(invitation_url(request, invitation))
    return web.Response(body=body, content_type="image/svg+xml", headers=headers)


async def invitation_poster(request: web.Request) -> web.Response:
    """GET …/gerer/invitations/{id}/affiche: a sheet to print, letter or A4."""
    place, invitation = await managed_invitation(request)
    words, session = words_of(request), await invited_session(request, place, invitation)
    office = invited_office(place, invitation, session)
    linked = (await linked_sessions(request, [invitation])).get(invitation.id) if session else None
    url = invitation_url(request, invitation)
    view = PosterView(
        community=community_ref(place, words),
        offices=_fronts(request, place, office, words),
        sides=[
            poster_side(place, invitation, office, request.app[CATALOGS].words(lang), linked)
            for lang in LANGUAGES
        ],
        code=code_element(url),
        short_address=_short_address(request, place, office, url),
        back_url=details_url(place, invitation),
    )
    return await render(request, "poster.html", view, role=place.standing.role)


def details_url(place: Place, invitation: Invitation) -> str:
    """The owner's page about that invitation."""
    return f"{manage_url(place)}/invitations/{invitation.id}"


def _fronts(
    request: web.Request, place: Place, office: Office | None, words: Words
) -> list[OfficeView]:
    public = [each for each in place.offices if each.visibility is Visibility.PUBLIC][:3]
    shown = [office] if office is not None else public or place.offices[:1]
    return [
        replace(office_view(place, each, request.app[PRESENCE], words), count=LIT_WINDOWS - index)
        for index, each in enumerate(shown)
    ]


def _short_address(
    request: web.Request, place: Place, office: Office | None, invitation_address: str
) -> str:
    """The address to type: the door's own where it is open to all, else the whole link."""
    address = request.app[SETTINGS].address
    if office is None and any(each.visibility is Visibility.PUBLIC for each in place.offices):
        address += community_url(place.community)
    elif office is not None and office.visibility is Visibility.PUBLIC:
        address += office_url(place.community, office)
    else:
        address = invitation_address
    return address.partition("://")[2]


def _kept_or_new(words: Words) -> list[tuple[str, str]]:
    return [(KEEP, words.gettext("Comme maintenant")), *days_choices(words)]
