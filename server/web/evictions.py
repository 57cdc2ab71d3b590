"""What the owner's changes do at once to those inside: a removed office empties, and so on."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from aiohttp import web
from livekit.protocol.models import DisconnectReason

from rooms.errors import NotFound
from server.community.communities import Community
from server.community.entry import is_invited
from server.community.offices import Office, Visibility
from server.community.people import Role, person_id_of
from server.keys import DATABASE, LIVE_ROOMS
from server.storage.queries import communities, offices
from server.web.person import right_now


def empty_office(app: web.Application, office_id: str) -> None:
    """Everybody out of an office that is no more."""
    with suppress(NotFound):
        app[LIVE_ROOMS].delete(office_id)


async def send_out_uninvited(app: web.Application, community: Community) -> None:
    """Ask those out whose right to an office by invitation has just ended.

    People of other programs (identities that are not ours) stay: whoever signed their token
    answers for them.
    """
    async with app[DATABASE].reading() as db:
        doors = await offices.offices_of(db, community.id)
    for office in doors:
        if office.visibility is Visibility.INVITATION:
            await _send_out(app, office)


async def tell_role(app: web.Application, community: Community, person_id: str, role: Role) -> None:
    """Tell those who sit with someone their new role; with the old one goes its moderation."""
    async with app[DATABASE].reading() as db:
        doors = await offices.offices_of(db, community.id)
    for office in doors:
        with suppress(NotFound):
            for participant in tuple(app[LIVE_ROOMS].get(office.id)):
                if person_id_of(participant.identity) != person_id:
                    continue
                may_moderate = role is Role.OWNER and participant.permissions.room_admin
                participant.permit(replace(participant.permissions, room_admin=may_moderate))
                participant.rename(None, None, {"role": role.value})


async def _send_out(app: web.Application, office: Office) -> None:
    try:
        room = app[LIVE_ROOMS].get(office.id)
    except NotFound:
        return
    for participant in tuple(room):
        person_id = person_id_of(participant.identity)
        if person_id is None:
            continue
        async with app[DATABASE].reading() as db:
            standing = await communities.standing_of(
                db, office.community_id, person_id, right_now()
            )
        if not is_invited(standing, office):
            participant.leave(DisconnectReason.PARTICIPANT_REMOVED)
