"""Invitations as the owner's page lists them."""

from __future__ import annotations

from datetime import datetime

from aiohttp import web

from server.community.invitations import Invitation, LinkState, given_roles
from server.community.people import Role
from server.i18n import Words
from server.keys import SETTINGS
from server.web.linked_sessions import Linked
from server.web.links import local_date
from server.web.place import Place
from server.web.views import InvitationRow


def invitation_url(request: web.Request, invitation: Invitation) -> str:
    """The whole address to send to people."""
    return f"{request.app[SETTINGS].address}/i/{invitation.token}"


def invitation_row(
    request: web.Request,
    place: Place,
    invitation: Invitation,
    words: Words,
    now: datetime,
    linked: Linked | None,
) -> InvitationRow:
    """One line of the list; `linked`: the session that it leads to, if it is to one."""
    _ = words.gettext
    state = invitation.state(now)
    office = next((each for each in place.offices if each.id == invitation.office_id), None)
    opened = linked.title if linked else office.name if office else place.community.name
    series = linked.series(words) if linked else ""
    expires = _("sans fin")
    if invitation.expires_at is not None:
        date = local_date(invitation.expires_at, place.community, words)
        expires = _("jusqu’au %(date)s") % {"date": date}
    created = local_date(invitation.created_at, place.community, words)
    revoke_url = f"/c/{place.community.slug}/gerer/invitations/{invitation.id}/revoquer"
    return InvitationRow(
        id=invitation.id,
        url=invitation_url(request, invitation),
        opens=series or opened.read(words.lang),
        is_series=bool(series),
        note=invitation.note,
        created=_("créée le %(date)s") % {"date": created},
        expires=expires,
        uses=_uses(invitation, words),
        role=role_label(invitation.role, words) if invitation.role is not Role.GUEST else "",
        entries=invitation.uses,
        looks=invitation.opens,
        newcomers=invitation.first_timers,
        details_url=revoke_url.removesuffix("/revoquer"),
        state=state.value,
        state_label=_state_label(state, words),
        revoke_url="" if state is LinkState.REVOKED else revoke_url,
    )


def role_label(role: Role, words: Words) -> str:
    """What a role is called."""
    _ = words.gettext
    return {
        Role.GUEST: _("Invité·e"),
        Role.MEMBER: _("Membre"),
        Role.HOST: _("Animateur ou animatrice"),
        Role.ORGANISER: _("Organisateur ou organisatrice"),
        Role.OWNER: _("Propriétaire"),
    }[role]


def role_choices(giver: Role, words: Words) -> list[tuple[str, str]]:
    """The roles that `giver` may put in an invitation, for a list to choose from."""
    return [(role.value, role_label(role, words)) for role in given_roles(giver)]


def _uses(invitation: Invitation, words: Words) -> str:
    used = words.ngettext("%(num)d entrée", "%(num)d entrées", invitation.uses)
    used %= {"num": invitation.uses}
    if invitation.max_uses is None:
        return used
    return words.gettext("%(used)s sur %(most)d") % {"used": used, "most": invitation.max_uses}


def _state_label(state: LinkState, words: Words) -> str:
    _ = words.gettext
    return {
        LinkState.VALID: _("Ouverte"),
        LinkState.EXPIRED: _("Expirée"),
        LinkState.USED_UP: _("Épuisée"),
        LinkState.REVOKED: _("Révoquée"),
        LinkState.UNKNOWN: "",
    }[state]
