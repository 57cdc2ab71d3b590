"""Who is in, who may what, and who leaves why, as unmodified SDK clients see it."""

from __future__ import annotations

import asyncio
import time

import pytest
from livekit import rtc

from rooms.presence import Present
from tests.interop.conftest import GuestFactory
from tests.rooms_server import RoomsServer
from tests.stalls import Stalls, stalled

pytestmark = pytest.mark.interop

Reason = rtc.DisconnectReason


@pytest.mark.alone
async def test_coming_and_going_is_told_and_known_to_presence(
    enter: GuestFactory, house: RoomsServer
) -> None:
    changes: asyncio.Queue[tuple[Present, ...]] = asyncio.Queue()
    house.presence.subscribe(lambda room: changes.put_nowait(house.presence.who(room)))
    ana = await enter("ana")
    assert [one.name for one in await changes.get()] == ["Ana"]
    bob = await enter("bob")
    await ana.until("participant_connected", lambda who: who.identity == "bob")
    assert [one.identity for one in await changes.get()] == ["ana", "bob"]

    async with Stalls() as stalls:
        await bob.leave()
        left_at = time.time()
        (who,) = await ana.until("participant_disconnected")
        told_at = time.time()
    assert told_at - left_at - stalled(stalls.noted, left_at, told_at) < 2.0
    assert who.disconnect_reason == Reason.CLIENT_INITIATED
    assert [one.identity for one in await changes.get()] == ["ana"]


@pytest.mark.parametrize("single", [True, False], ids=["v1", "v0"])
async def test_the_same_identity_again_replaces_the_older(
    enter: GuestFactory, single: bool
) -> None:
    witness = await enter("eve")
    older = await enter("ana", single=single)
    newer = await enter("ana", single=single)
    (reason,) = await older.until("disconnected")
    assert reason == Reason.DUPLICATE_IDENTITY
    await newer.hum()
    await witness.hears(newer)


async def test_a_hidden_guest_sees_and_is_not_seen(enter: GuestFactory, house: RoomsServer) -> None:
    ana = await enter("ana")
    ghost = await enter("ghost", hidden=True)
    await ana.hum()
    assert await ghost.hears(ana) == pytest.approx(440.0, abs=3)
    bob = await enter("bob")
    await ana.until("participant_connected", lambda who: who.identity == "bob")
    assert set(ana.room.remote_participants) == {"bob"}
    assert set(bob.room.remote_participants) == {"ana"}
    assert {one.identity for one in house.presence.who("atelier")} == {"ana", "bob"}


async def test_who_may_not_publish_is_refused(enter: GuestFactory) -> None:
    ana = await enter("ana", can_publish=False)
    bob = await enter("bob", can_publish_sources=["camera"])
    # The SDK does not read the refusal: it gives up after ten seconds.
    refused = [asyncio.create_task(ana.hum()), asyncio.create_task(bob.hum())]
    await bob.show()
    await ana.sees(bob, frames=5)
    (publication,) = ana.knows(bob).track_publications.values()
    assert publication.kind == rtc.TrackKind.KIND_VIDEO
    assert not bob.knows(ana).track_publications
    for attempt in refused:
        attempt.cancel()
    ends = await asyncio.gather(*refused, return_exceptions=True)
    assert all(isinstance(end, BaseException) for end in ends)


async def test_who_may_not_subscribe_receives_nothing(
    enter: GuestFactory, house: RoomsServer
) -> None:
    deaf, witness, ana = (
        await enter("deaf", can_subscribe=False),
        await enter("witness"),
        await enter("ana"),
    )
    await ana.hum()
    await witness.hears(ana)
    (publication,) = deaf.knows(ana).track_publications.values()
    publication.set_subscribed(True)
    await ana.me.publish_data(b"done")
    await deaf.until("data_received")
    assert deaf.count("track_subscribed") == 0


async def test_who_may_not_send_data_reaches_nobody(
    enter: GuestFactory, house: RoomsServer
) -> None:
    mute, bob = await enter("mute", can_publish_data=False), await enter("bob")
    ana = await enter("ana")
    await mute.until("participant_connected", lambda who: who.identity == "ana")
    await mute.me.publish_data(b"psst")
    await house.until(lambda: house.rtc.counters["data_notallowed"])
    await ana.me.publish_data(b"hello")
    (packet,) = await bob.until("data_received")
    assert packet.data == b"hello"


async def test_name_metadata_and_attributes_follow_the_grant(enter: GuestFactory) -> None:
    ana, bob = await enter("ana", can_update_own_metadata=True), await enter("bob")
    await ana.me.set_name("Ana B.")
    await ana.me.set_metadata("graphiste")
    await ana.me.set_attributes({"status": "busy"})
    await bob.until("participant_attributes_changed", lambda _, who: who.identity == "ana")
    seen = bob.knows(ana)
    assert (seen.name, seen.metadata, seen.attributes) == (
        "Ana B.",
        "graphiste",
        {"status": "busy"},
    )
    await bob.me.set_name("Robert")
    await bob.me.publish_data(b"done")
    await ana.until("data_received")
    assert ana.knows(bob).name == "Bob"


async def test_a_publisher_chooses_who_receives(enter: GuestFactory) -> None:
    ana, bob, eve = await enter("ana"), await enter("bob"), await enter("eve")
    ana.me.set_track_subscription_permissions(
        allow_all_participants=False,
        participant_permissions=[
            rtc.ParticipantTrackPermission(participant_identity="bob", allow_all=True)
        ],
    )
    await ana.hum()
    await bob.hears(ana)
    assert eve.count("track_subscribed") == 0
    ana.me.set_track_subscription_permissions(allow_all_participants=True)
    assert await eve.hears(ana) == pytest.approx(440.0, abs=3)
