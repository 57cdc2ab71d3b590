"""The RoomService, through the unmodified `livekit-api` client, on people of the Python SDK."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from livekit import api, rtc

from tests.interop.conftest import GuestFactory
from tests.rooms_server import API_KEY, API_SECRET, RoomsServer

pytestmark = pytest.mark.interop


@pytest.fixture
async def moderator(house: RoomsServer) -> AsyncIterator[api.LiveKitAPI]:
    """The API client with the house's own key."""
    async with api.LiveKitAPI(house.http_url, API_KEY, API_SECRET) as client:
        yield client


async def test_rooms_are_made_listed_described_and_deleted(
    moderator: api.LiveKitAPI, enter: GuestFactory
) -> None:
    made = await moderator.room.create_room(
        api.CreateRoomRequest(name="atelier", metadata="lundi", max_participants=1)
    )
    assert (made.name, made.metadata, made.max_participants) == ("atelier", "lundi", 1)
    ana = await enter("ana")
    assert ana.room.metadata == "lundi"
    (listed,) = (await moderator.room.list_rooms(api.ListRoomsRequest())).rooms
    assert (listed.sid, listed.num_participants) == (made.sid, 1)

    await moderator.room.update_room_metadata(
        api.UpdateRoomMetadataRequest(room="atelier", metadata="mardi")
    )
    await ana.until("room_metadata_changed", lambda _, after: after == "mardi")
    with pytest.raises(rtc.ConnectError):
        await enter("too many")
    await moderator.room.delete_room(api.DeleteRoomRequest(room="atelier"))
    (reason,) = await ana.until("disconnected")
    assert reason == rtc.DisconnectReason.ROOM_DELETED
    assert not (await moderator.room.list_rooms(api.ListRoomsRequest())).rooms


async def test_people_are_listed_muted_renamed_and_removed(
    moderator: api.LiveKitAPI, enter: GuestFactory
) -> None:
    ana, bob = await enter("ana"), await enter("bob")
    publication = await ana.hum()
    await bob.hears(ana)
    people = await moderator.room.list_participants(api.ListParticipantsRequest(room="atelier"))
    assert {one.identity for one in people.participants} == {"ana", "bob"}
    known = await moderator.room.get_participant(
        api.RoomParticipantIdentity(room="atelier", identity="ana")
    )
    assert [track.sid for track in known.tracks] == [publication.sid]

    await moderator.room.mute_published_track(
        api.MuteRoomTrackRequest(
            room="atelier", identity="ana", track_sid=publication.sid, muted=True
        )
    )
    await bob.until("track_muted")
    await ana.until("track_muted")

    await moderator.room.update_participant(
        api.UpdateParticipantRequest(room="atelier", identity="ana", name="Anaïs")
    )
    await bob.until("participant_name_changed", lambda who, *_: who.name == "Anaïs")

    await moderator.room.remove_participant(
        api.RoomParticipantIdentity(room="atelier", identity="ana")
    )
    (reason,) = await ana.until("disconnected")
    assert reason == rtc.DisconnectReason.PARTICIPANT_REMOVED
    await bob.until("participant_disconnected")
    with pytest.raises(api.TwirpError) as refused:
        await moderator.room.get_participant(
            api.RoomParticipantIdentity(room="atelier", identity="ana")
        )
    assert (refused.value.code, refused.value.status) == ("not_found", 404)


async def permit(moderator: api.LiveKitAPI, identity: str, **permission: Any) -> None:
    """Give `identity` all permissions but for those given."""
    everything: dict[str, Any] = {
        "can_publish": True,
        "can_subscribe": True,
        "can_publish_data": True,
    }
    await moderator.room.update_participant(
        api.UpdateParticipantRequest(
            room="atelier",
            identity=identity,
            permission=api.ParticipantPermission(**(everything | permission)),
        )
    )


async def test_permissions_change_while_inside(
    moderator: api.LiveKitAPI, enter: GuestFactory, house: RoomsServer
) -> None:
    ana, bob = await enter("ana"), await enter("bob")
    await ana.hum()
    await bob.hears(ana)

    await permit(moderator, "ana", can_publish=False)
    await bob.until("track_unpublished")
    bob.forget()
    await permit(moderator, "ana")
    await ana.hum(700.0)
    assert await bob.hears(ana) == pytest.approx(700.0, abs=3)

    # The SDK does not tell that its track ended; that it comes back shows that it did.
    await permit(moderator, "bob", can_subscribe=False)
    assert not list(house.rooms.get("atelier").participant("bob").subscriptions)
    bob.forget()
    await permit(moderator, "bob")
    assert await bob.hears(ana) == pytest.approx(700.0, abs=3)

    await permit(moderator, "ana", hidden=True)
    await bob.until("participant_disconnected")
    bob.forget()
    await permit(moderator, "ana")
    await bob.until("participant_connected")
    assert await bob.hears(ana) == pytest.approx(700.0, abs=3)


async def test_subscriptions_and_data_from_the_server(
    moderator: api.LiveKitAPI, enter: GuestFactory
) -> None:
    ana, bob = await enter("ana"), await enter("bob", options={"auto_subscribe": False})
    publication = await ana.hum()
    await bob.until("track_published")
    await moderator.room.update_subscriptions(
        api.UpdateSubscriptionsRequest(
            room="atelier", identity="bob", track_sids=[publication.sid], subscribe=True
        )
    )
    assert await bob.hears(ana) == pytest.approx(440.0, abs=3)

    await moderator.room.send_data(
        api.SendDataRequest(
            room="atelier", data=b"pause", topic="horaire", destination_identities=["bob"]
        )
    )
    (packet,) = await bob.until("data_received")
    assert (packet.data, packet.topic, packet.participant) == (b"pause", "horaire", None)
    assert ana.count("data_received") == 0


async def test_a_token_without_the_grant_is_refused(
    house: RoomsServer, enter: GuestFactory
) -> None:
    await enter("ana")
    async with api.LiveKitAPI(
        house.http_url, API_KEY, "another secret, just as long as ours"
    ) as client:
        with pytest.raises(api.TwirpError) as refused:
            await client.room.list_rooms(api.ListRoomsRequest())
        assert (refused.value.code, refused.value.status) == ("unauthenticated", 401)
