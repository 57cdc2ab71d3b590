"""A token outlives nothing: neither its bearer, nor the role that they had."""

from __future__ import annotations

from typing import Any

from aiohttp import web
from livekit.protocol.models import ParticipantInfo

from rooms.participant import Joining, Participant
from rooms.permissions import Permissions
from server.community.people import Role
from server.keys import LIVE_ROOMS
from tests.rooms.seating import Ears
from tests.server.conftest import Visitors
from tests.server.mailbox import sign_in
from tests.server.offices import MANAGE
from tests.server.visitors import Visitor
from tests.server.web.test_moderation import CAFE, come

LIST = "/twirp/livekit.RoomService/ListParticipants"


async def knocks(visitor: Visitor, entry: dict[str, Any]) -> int:
    """What the bearer of an entry is answered at the room's door."""
    return await visitor.open(f"/rtc/validate?access_token={entry['token']}")


async def moderates(visitor: Visitor, entry: dict[str, Any]) -> int:
    """What the bearer of an entry is answered by the calls that moderate its room."""
    body = f'{{"room": "{entry["room"]}"}}'.encode()
    headers = {"Authorization": f"Bearer {entry['token']}", "Content-Type": "application/json"}
    return await visitor.send_raw(LIST, body, headers)


def sit_as_owner(house: web.Application, entry: dict[str, Any]) -> Participant:
    joining = Joining(
        room=entry["room"], identity=entry["identity"], name=entry["name"],
        attributes={"role": "owner"}, permissions=Permissions(room_admin=True),
    )  # fmt: skip
    participant = house[LIVE_ROOMS].join(joining, Ears())
    participant.room.begin(participant)
    participant.connected()
    return participant


async def test_who_owned_the_house_moderates_its_rooms_no_more(
    house: web.Application, owner: Visitor, visitors: Visitors
) -> None:
    second = visitors()
    entry = await come(house, second, Role.OWNER, name="Odette")
    participant = sit_as_owner(house, entry)
    assert (await knocks(second, entry), await moderates(second, entry)) == (200, 200)
    person = entry["identity"].removeprefix("m_")
    await owner.send(f"{MANAGE}/personnes/{person}", role="member")
    assert "Le rôle est changé" in owner.text
    assert (await moderates(second, entry)) == 403
    assert "no longer" in second.text
    assert (await knocks(second, entry)) == 403, "others would be told of the role it has no more"
    # where they sit already, and in the tokens with which they come back
    assert participant.state == ParticipantInfo.State.ACTIVE
    assert participant.attributes["role"] == "member"
    assert not participant.permissions.room_admin
    again = (await second.enter(f"{CAFE}/entrer"))[1]
    assert (await knocks(second, again), await moderates(second, again)) == (200, 403)


async def test_who_is_erased_does_not_come_back_as_a_ghost(
    house: web.Application, visitor: Visitor
) -> None:
    await sign_in(house, visitor)
    entry = (await visitor.enter(f"{CAFE}/entrer"))[1]
    assert await knocks(visitor, entry) == 200
    await visitor.send("/compte/effacer", sure="1")
    assert await knocks(visitor, entry) == 403
