"""Links that open something: invitations, and the owner's one-time key."""

from __future__ import annotations

from datetime import datetime

from aiohttp import web

from server.community.communities import Community
from server.community.errors import LinkRefused
from server.community.invitations import Invitation, LinkState
from server.community.offices import Office
from server.community.people import Person, Role
from server.community.sessions import Session, SessionState
from server.i18n import Words
from server.keys import DATABASE, OPENINGS, PRESENCE, RATE_LIMITS, SETTINGS
from server.storage.queries import (
    communities,
    invitations,
    lineages,
    offices,
    owner_links,
    people,
    sessions,
)
from server.web.client_address import client_address
from server.web.doors import community_ref, community_url, office_url, office_view, zone_of
from server.web.fields import form_fields
from server.web.hours import moment_label
from server.web.linked_sessions import linked_sessions
from server.web.person import check_rate, known_person, log_in, right_now, typed_name
from server.web.place import Place, standing_of
from server.web.place_cards import invitation_card
from server.web.rate_limits import NAMES, OPENS, OWNER_LINKS
from server.web.refused import Refused
from server.web.rendering import render, render_doorway, see_other, words_of
from server.web.session_cards import session_card
from server.web.session_rows import About, session_url, session_view
from server.web.user_agents import is_crawler
from server.web.views import CardView, InvitationView, OwnerLinkView


def link_words(state: LinkState, words: Words) -> str:
    """Why a link does not open, and what to do; "" when it does."""
    _ = words.gettext
    return {
        LinkState.VALID: "",
        LinkState.EXPIRED: _("Cette invitation a expiré. Demandez-en une nouvelle."),
        LinkState.USED_UP: _("Cette invitation a déjà servi à tout le monde qu’elle pouvait."),
        LinkState.REVOKED: _("Cette invitation a été retirée. Demandez-en une nouvelle."),
        LinkState.UNKNOWN: _("Ce lien n’ouvre rien. Vérifiez qu’il est complet."),
    }[state]


async def _invited_place(request: web.Request, invitation: Invitation) -> tuple[Place, LinkState]:
    """The place that an invitation opens, and whether it opens to this request's person."""
    now = right_now()
    person = await known_person(request)
    async with request.app[DATABASE].reading() as db:
        community = await communities.community_by_id(db, invitation.community_id)
        if community is None:
            raise Refused(404, "not_found")
        doors = await offices.offices_of(db, community.id)
        state = invitation.state(now)
        if (
            state is LinkState.USED_UP
            and person
            and await invitations.was_admitted(db, invitation.id, person.id)
        ):
            state = LinkState.VALID
    place = Place(community, doors, person, await standing_of(request, community))
    return place, state


async def invited_session(
    request: web.Request, place: Place, invitation: Invitation
) -> Session | None:
    """The session that an invitation is to, while its office stands.

    One that is over, or called off, gives way to the next date of its series, and of what became
    of that series since.
    """
    if invitation.session_id is None:
        return None
    async with request.app[DATABASE].reading() as db:
        session = await sessions.session_by_id(db, invitation.session_id)
        if session is not None:
            session = await lineages.date_to_come(db, session, right_now())
    stands = session and any(each.id == session.plan.office_id for each in place.offices)
    return session if stands else None


def invited_office(place: Place, invitation: Invitation, session: Session | None) -> Office | None:
    """The office that an invitation is to: where its session takes place by now, if it has one."""
    wanted = session.plan.office_id if session is not None else invitation.office_id
    return next((each for each in place.offices if each.id == wanted), None)


async def _invitation_at(request: web.Request) -> Invitation | None:
    async with request.app[DATABASE].reading() as db:
        return await invitations.invitation_by_token(db, request.match_info["token"])


async def invitation_page(request: web.Request) -> web.Response:
    """GET /i/{token}: what the invitation opens. Uses nothing up, whoever asks."""
    invitation, words = await _invitation_at(request), words_of(request)
    if invitation is None:
        return await _unknown_invitation(request, words)
    place, state = await _invited_place(request, invitation)
    is_open = state is LinkState.VALID
    if is_open:
        await _count_opening(request, place, invitation)
    session = await invited_session(request, place, invitation) if is_open else None
    office, presence = invited_office(place, invitation, session), request.app[PRESENCE]
    view = InvitationView(
        state=state.value,
        explanation=link_words(state, words),
        accept_url=request.path,
        name=place.person.name if place.person else "",
        community=community_ref(place, words) if is_open else None,
        office=office_view(place, office, presence, words) if is_open and office else None,
        expires=_expires(invitation, place.community, words) if is_open else "",
        uses_left=_uses_left(invitation, words) if is_open else "",
        role=role_sentence(invitation.role, words) if is_open else "",
        takes_seat=is_open and invitation.state(right_now()) is LinkState.USED_UP,
        session=session_view(place, session, About(), words, right_now()) if session else None,
        often=await _often(request, invitation, words) if session else "",
    )
    card = _closed_card(request, view, words)
    if is_open:
        card = invitation_card(request, place, office, words)
    if session is not None and view.session is not None:
        card = session_card(request, place, session, view.session, words, invited=True)
    role = place.standing.role
    status = 200 if is_open else 410
    return await render(request, "invitation.html", view, card=card, role=role, status=status)


async def _often(request: web.Request, invitation: Invitation, words: Words) -> str:
    """How often the series of a link to a whole one comes back; "" for any other link."""
    if not invitation.whole:
        return ""
    linked = (await linked_sessions(request, [invitation])).get(invitation.id)
    return linked.often(words) if linked else ""


async def _unknown_invitation(request: web.Request, words: Words) -> web.Response:
    view = InvitationView(
        state=LinkState.UNKNOWN.value,
        explanation=link_words(LinkState.UNKNOWN, words),
        accept_url="",
        name="",
        community=None,
        office=None,
    )
    card = _closed_card(request, view, words)
    return await render(request, "invitation.html", view, card=card, status=404)


async def _count_opening(request: web.Request, place: Place, invitation: Invitation) -> None:
    """One more look at a link, unless it is a crawler's, its maker's, a keeper's, or the second."""
    if request.method != "GET" or is_crawler(request) or place.can_manage:
        return
    if place.person is not None and place.person.id == invitation.created_by:
        return
    settings, agent = request.app[SETTINGS], request.headers.get("User-Agent", "")
    address = client_address(request, settings.trusted_proxies)
    if not request.app[OPENINGS].is_first(invitation.id, address, agent):
        return
    if request.app[RATE_LIMITS].allow(OPENS, address):
        async with request.app[DATABASE].writing() as db:
            await invitations.count_opening(db, invitation.id)


async def accept_invitation(request: web.Request) -> web.Response:
    """POST /i/{token}: take a name, be let in, go to the door that is open now."""
    check_rate(request, NAMES)
    invitation = await _invitation_at(request)
    if invitation is None:
        raise Refused(404, "not_found")
    form = await form_fields(request)
    place, _state = await _invited_place(request, invitation)
    person = place.person
    posted = form.get("name")
    name = typed_name(posted) if posted or person is None else person.name
    try:
        person = await _admit(request, invitation, person, name)
    except LinkRefused:
        raise web.HTTPSeeOther(request.path) from None  # the page says why
    session = await invited_session(request, place, invitation)
    office = invited_office(place, invitation, session)
    target = community_url(place.community)
    if office is not None:
        target = office_url(place.community, office) + "/salle"
    if session is not None and session.state(right_now()) is not SessionState.RUNNING:
        target = session_url(place, session.id)
    response = see_other(target)
    await log_in(request, response, person)
    return response


async def _admit(
    request: web.Request, invitation: Invitation, person: Person | None, name: str
) -> Person:
    """Use the invitation for a person of that name, in one transaction; raises LinkRefused."""
    now = right_now()
    async with request.app[DATABASE].writing() as db:
        if person is None:
            person = await people.add_person(db, name, now)
        elif person.name != name:
            await people.rename_person(db, person.id, name)
        await invitations.use_invitation(db, invitation, person.id, now)
    return person


def _expires(invitation: Invitation, community: Community, words: Words) -> str:
    if invitation.expires_at is None:
        return words.gettext("Ce lien n’a pas de fin prévue.")
    return words.gettext("Ce lien ouvre jusqu’au %(date)s.") % {
        "date": local_date(invitation.expires_at, community, words)
    }


def local_date(moment: datetime, community: Community, words: Words) -> str:
    """A moment, in the community's time zone and the reader's language."""
    return moment_label(moment.astimezone(zone_of(community)), words)


def _uses_left(invitation: Invitation, words: Words) -> str:
    if invitation.max_uses is None:
        return words.gettext("Le nombre de places n’est pas limité.")
    left = invitation.max_uses - invitation.uses
    return words.ngettext("Il reste %(num)d place.", "Il reste %(num)d places.", left) % {
        "num": left
    }


def role_sentence(role: Role, words: Words) -> str:
    """What an invitation makes of those who use it; "" for a plain guest."""
    _ = words.gettext
    return {
        Role.MEMBER: _("Ce lien fait de vous un membre de la maison."),
        Role.HOST: _("Ce lien vous permet d’animer dans la maison."),
        Role.ORGANISER: _("Ce lien vous permet d’organiser la maison."),
    }.get(role, "")


def _closed_card(request: web.Request, view: InvitationView, words: Words) -> CardView:
    address = request.app[SETTINGS].address + request.path
    return CardView(words.gettext("Une invitation"), view.explanation, address, noindex=True)


async def owner_link_page(request: web.Request) -> web.Response:
    """GET /cle/{token}: a button; the key is used by pressing it, not by looking."""
    check_rate(request, OWNER_LINKS)
    return await _owner_link(request)


async def _owner_link(request: web.Request) -> web.Response:
    words, person = words_of(request), await known_person(request)
    async with request.app[DATABASE].reading() as db:
        state, community_id = await owner_links.owner_link_state(
            db, request.match_info["token"], right_now()
        )
        community = await communities.community_by_id(db, community_id) if community_id else None
    is_open = state is LinkState.VALID and community is not None
    _ = words.gettext
    spent = _(
        "Cette clé ne sert qu’une fois. Demandez-en une nouvelle là où tourne le serveur, "
        "avec la commande owner-link."
    )
    ref = None
    if is_open and community is not None:
        place = Place(community, [], person, await standing_of(request, community))
        ref = community_ref(place, words)
    view = OwnerLinkView(
        state=state.value,
        explanation="" if is_open else spent,
        accept_url=request.path,
        community=ref,
        name=person.name if person else "",
    )
    return await render_doorway(request, "owner_link.html", view, _("La clé de la maison"))


async def use_owner_link(request: web.Request) -> web.Response:
    """POST /cle/{token}: the first to press the button becomes the owner."""
    check_rate(request, OWNER_LINKS)
    form, person, now = await form_fields(request), await known_person(request), right_now()
    posted = form.get("name")
    name = typed_name(posted) if posted or person is None else person.name
    async with request.app[DATABASE].writing() as db:
        community_id = await owner_links.use_owner_link(db, request.match_info["token"], now)
        community = await communities.community_by_id(db, community_id) if community_id else None
        if community is not None:
            if person is None:
                person = await people.add_person(db, name, now)
            elif person.name != name:
                await people.rename_person(db, person.id, name)
            await people.set_role(db, community.id, person.id, Role.OWNER, now)
            if await owner_links.opens_server(db, request.match_info["token"]):
                await people.keep_server(db, person.id)
    if community is None or person is None:
        return await _owner_link(request)
    response = see_other(f"{community_url(community)}/gerer")
    await log_in(request, response, person, "key")
    return response
