"""Hosts mute and show out; who was shown out stays out for the day, unless it is undone."""

from __future__ import annotations

import re
from typing import Any

import pytest
from aiohttp import web
from livekit.protocol.models import DisconnectReason

from rooms.events import Left, TrackMuted
from rooms.participant import Joining, Participant
from server.community.people import Role, person_id_of
from server.keys import DATABASE, LIVE_ROOMS
from server.storage.queries.communities import list_communities
from server.storage.queries.people import set_role
from server.web.person import right_now
from tests.rooms.seating import Ears, adding
from tests.rooms.transport.samples import offer_text
from tests.server.conftest import Visitors
from tests.server.offices import MANAGE, office_ids
from tests.server.visitors import Visitor

CAFE = "/c/les-pigistes/cafe"
OPEN_SPACE = "/c/les-pigistes/aire-ouverte"


async def come(
    house: web.Application, visitor: Visitor, role: Role = Role.GUEST, *, name: str = "Zoé"
) -> dict[str, Any]:
    """A visitor of that role gets an entry to the café."""
    status, entry = await visitor.enter(f"{CAFE}/entrer", name=name)
    assert status == 200
    if role is Role.GUEST:
        return entry
    async with house[DATABASE].writing() as db:
        community = (await list_communities(db))[0]
        person_id = person_id_of(entry["identity"])
        assert person_id
        await set_role(db, community.id, person_id, role, right_now())
    return (await visitor.enter(f"{CAFE}/entrer"))[1]


async def host_and_guest(
    house: web.Application, visitors: Visitors
) -> tuple[Visitor, Visitor, dict[str, Any]]:
    """A host and a guest who may be in the café, and the guest's entry."""
    host, guest = visitors(), visitors()
    await come(house, host, Role.HOST, name="Odile")
    return host, guest, await come(house, guest)


def sit(house: web.Application, entry: dict[str, Any]) -> tuple[Participant, Ears]:
    """The bearer of an entry is in the café's room, microphone open."""
    ears = Ears()
    joining = Joining(room=entry["room"], identity=entry["identity"], name=entry["name"])
    participant = house[LIVE_ROOMS].join(joining, ears)
    participant.room.begin(participant)
    participant.connected()
    participant.connection.answer(offer_text("chromium_publisher"), 1)
    participant.publish(adding())
    return participant, ears


def is_muted(participant: Participant) -> bool:
    return all(track.muted for track in participant.publications)


async def test_a_host_mutes_a_guest_who_may_speak_again(
    house: web.Application, visitors: Visitors
) -> None:
    host, _guest, entry = await host_and_guest(house, visitors)
    participant, ears = sit(house, entry)
    assert len(participant.publications) == 1
    assert await host.enter(f"{CAFE}/couper", identity=entry["identity"]) == (200, {"muted": 1})
    assert is_muted(participant)
    assert [each.muted for each in ears.heard(TrackMuted)] == [True]
    assert await host.enter(f"{CAFE}/couper", identity=entry["identity"]) == (200, {"muted": 0})
    (track,) = participant.publications
    participant.mute(track.sid, False)
    assert not is_muted(participant)


async def test_who_is_shown_out_is_out_at_once_and_for_the_day(
    house: web.Application, visitors: Visitors
) -> None:
    host, guest, entry = await host_and_guest(house, visitors)
    participant, ears = sit(house, entry)
    status, answer = await host.enter(f"{CAFE}/expulser", identity=entry["identity"])
    assert status == 200
    assert answer["until"]
    assert participant.gone
    assert [each.reason for each in ears.heard(Left)] == [DisconnectReason.PARTICIPANT_REMOVED]

    status, refused = await guest.enter(f"{CAFE}/entrer")
    assert (status, refused["error"]) == (403, "expelled")
    assert await guest.open(f"/rtc/v1/validate?access_token={entry['token']}") == 403
    assert "until tomorrow" in guest.page
    await guest.open(f"{CAFE}/salle")
    assert guest.path == CAFE
    assert "pour aujourd’hui" in guest.text
    await guest.open(f"{CAFE}/au-revoir?raison=removed")
    assert "pour aujourd’hui" in guest.text
    assert f'href="{CAFE}/salle"' not in guest.page
    assert (await guest.enter(f"{OPEN_SPACE}/entrer"))[0] == 200  # the other doors are open


@pytest.mark.parametrize("action", ["couper", "expulser"])
async def test_nobody_acts_on_an_equal_or_a_higher_role(
    house: web.Application, visitors: Visitors, action: str
) -> None:
    entries = {role: (each := visitors(), await come(house, each, role)) for role in Role}
    seats = {role: sit(house, entry)[0] for role, (_, entry) in entries.items()}
    for actor, (visitor, _) in entries.items():
        for other, (_, entry) in entries.items():
            if list(Role).index(actor) > list(Role).index(other) and actor is not Role.MEMBER:
                continue
            status, refused = await visitor.enter(f"{CAFE}/{action}", identity=entry["identity"])
            assert (status, refused["error"]) == (403, "person_out_of_reach"), (actor, other)
    assert not any(each.gone or is_muted(each) for each in seats.values())


async def test_what_a_participant_says_of_itself_protects_nobody(
    house: web.Application, visitors: Visitors
) -> None:
    host, _guest, entry = await host_and_guest(house, visitors)
    participant, _ = sit(house, entry)
    participant.rename(None, None, {"role": "owner"})
    assert (await host.enter(f"{CAFE}/expulser", identity=entry["identity"]))[0] == 200
    assert participant.gone


async def test_strangers_forgeries_and_nonsense_are_refused(
    house: web.Application, visitors: Visitors, owner: Visitor
) -> None:
    entry = await come(house, visitors())
    participant, _ = sit(house, entry)
    identity = entry["identity"]
    for action in ("couper", "expulser"):
        assert (await visitors().enter(f"{CAFE}/{action}", identity=identity))[0] == 403
        body = f'{{"identity": "{identity}"}}'.encode()
        forged = {"Content-Type": "application/json", "X-CSRF-Token": "no"}
        assert await owner.send_raw(f"{CAFE}/{action}", body, forged) == 403
        for nonsense in ({}, {"identity": 3}, {"identity": ""}):
            assert (await owner.enter(f"{CAFE}/{action}", **nonsense))[0] == 400
        for absent in ("g_0123456789abcdef", "robot"):
            assert (await owner.enter(f"{CAFE}/{action}", identity=absent))[0] == 404
    assert not participant.gone


async def test_another_programs_participant_is_only_sent_out(
    house: web.Application, owner: Visitor
) -> None:
    room = (await office_ids(house))["cafe"]
    robot, _ = sit(house, {"room": room, "identity": "robot", "name": "Robot"})
    assert await owner.enter(f"{CAFE}/expulser", identity="robot") == (200, {"until": ""})
    assert robot.gone


async def test_who_looks_after_the_house_undoes_it_but_not_for_an_equal(
    house: web.Application, owner: Visitor, visitors: Visitors
) -> None:
    guest, organiser = visitors(), visitors()
    entry = await come(house, guest)
    chief = await come(house, organiser, Role.ORGANISER, name="Ursule")
    for each in (entry, chief):
        assert (await owner.enter(f"{CAFE}/expulser", identity=each["identity"]))[0] == 200
    assert (await organiser.enter(f"{CAFE}/entrer"))[0] == 403  # whatever their role

    await owner.open(f"{MANAGE}/personnes")
    undo = re.findall(rf'action="({MANAGE}/expulsions/\w+/lever)"', owner.page)
    assert len(undo) == 2
    await organiser.open(f"{MANAGE}/personnes")
    (within_reach,) = re.findall(rf'action="({MANAGE}/expulsions/\w+/lever)"', organiser.page)
    (own,) = set(undo) - {within_reach}
    assert await organiser.send(own) == 403
    assert await guest.send(within_reach) == 403
    assert await organiser.send(within_reach) == 200
    assert "Cette personne peut revenir." in organiser.text
    assert (await guest.enter(f"{CAFE}/entrer"))[0] == 200
    assert await organiser.send(within_reach) == 404


async def test_an_organisers_token_does_not_moderate_around_the_rules(
    house: web.Application, visitors: Visitors, owner: Visitor
) -> None:
    entry = await come(house, visitors(), Role.ORGANISER, name="Ursule")
    _, mine = await owner.enter(f"{CAFE}/entrer")
    participant, _ = sit(house, mine)
    async with owner.client.post(
        f"{mine['url'].replace('ws', 'http', 1)}/twirp/livekit.RoomService/RemoveParticipant",
        json={"room": mine["room"], "identity": mine["identity"]},
        headers={"Authorization": f"Bearer {entry['token']}"},
    ) as answer:
        assert answer.status == 403
    assert not participant.gone
