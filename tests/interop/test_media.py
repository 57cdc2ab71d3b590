"""Pictures and sound between unmodified SDK clients, over one peer connection and over two."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from livekit import rtc

from tests.interop.conftest import GuestFactory
from tests.interop.guest import HEIGHT, WIDTH
from tests.rooms_server import RoomsServer

pytestmark = pytest.mark.interop

MODES = pytest.mark.parametrize("single", [True, False], ids=["v1", "v0"])


@MODES
async def test_two_clients_see_and_hear_each_other(enter: GuestFactory, single: bool) -> None:
    ana, bob = await enter("ana", single=single), await enter("bob", single=single)
    await asyncio.gather(ana.show(), ana.hum(440.0), bob.show(), bob.hum(1000.0))

    sizes: Any = await asyncio.gather(
        bob.sees(ana, size=(WIDTH, HEIGHT)), ana.sees(bob, size=(WIDTH, HEIGHT))
    )
    assert list(sizes) == [(WIDTH, HEIGHT)] * 2
    heard: Any = await asyncio.gather(bob.hears(ana), ana.hears(bob))
    assert list(heard) == [pytest.approx(440.0, abs=3), pytest.approx(1000.0, abs=3)]


async def test_a_v0_client_and_a_v1_client_see_and_hear_each_other(enter: GuestFactory) -> None:
    old, new = await enter("old", single=False), await enter("new")
    await asyncio.gather(old.show(), old.hum(700.0), new.show(), new.hum(300.0))

    await asyncio.gather(old.sees(new), new.sees(old))
    assert await old.hears(new) == pytest.approx(300.0, abs=3)
    assert await new.hears(old) == pytest.approx(700.0, abs=3)


@MODES
async def test_who_comes_later_receives_what_was_there(enter: GuestFactory, single: bool) -> None:
    ana = await enter("ana", single=single)
    await asyncio.gather(ana.show(), ana.hum())
    bob = await enter("bob", single=single)

    await bob.sees(ana)
    assert await bob.hears(ana) == pytest.approx(440.0, abs=3)
    await ana.until("local_track_subscribed")


@MODES
async def test_the_layer_follows_the_quality_asked(enter: GuestFactory, single: bool) -> None:
    ana, bob = await enter("ana", single=single), await enter("bob", single=single)
    await ana.show()
    await bob.sees(ana, size=(WIDTH, HEIGHT), frames=3)
    (publication,) = bob.knows(ana).track_publications.values()

    publication.set_video_quality(rtc.VideoQuality.VIDEO_QUALITY_LOW)
    await bob.sees(ana, size=(WIDTH // 4, HEIGHT // 4))
    publication.set_video_quality(rtc.VideoQuality.VIDEO_QUALITY_HIGH)
    await bob.sees(ana, size=(WIDTH, HEIGHT))


@MODES
async def test_mute_and_unmute(enter: GuestFactory, single: bool) -> None:
    ana, bob = await enter("ana", single=single), await enter("bob", single=single)
    publication = await ana.hum(523.0)
    assert await bob.hears(ana) == pytest.approx(523.0, abs=3)

    publication.track.mute()
    _, muted = await bob.until("track_muted")
    assert muted.sid == publication.sid
    publication.track.unmute()
    await bob.until("track_unmuted")
    assert await bob.hears(ana) == pytest.approx(523.0, abs=3)


@MODES
async def test_unpublish_and_publish_again(enter: GuestFactory, single: bool) -> None:
    ana, bob = await enter("ana", single=single), await enter("bob", single=single)
    publication = await ana.hum()
    sound = publication.track
    await bob.hears(ana)

    for _ in range(2):
        await ana.me.unpublish_track(publication.sid)
        gone, _ = await bob.until("track_unpublished")
        assert gone.sid == publication.sid
        bob.forget()
        before = publication.sid
        publication = await ana.me.publish_track(
            sound, rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
        )
        assert publication.sid != before
        assert await bob.hears(ana) == pytest.approx(440.0, abs=3)


@MODES
async def test_subscribe_and_unsubscribe(
    enter: GuestFactory, house: RoomsServer, single: bool
) -> None:
    ana = await enter("ana", single=single)
    bob = await enter("bob", single=single, options={"auto_subscribe": False})
    await ana.hum()
    publication, _ = await bob.until("track_published")
    assert bob.count("track_subscribed") == 0

    for _ in range(2):
        publication.set_subscribed(True)
        assert await bob.hears(ana) == pytest.approx(440.0, abs=3)
        publication.set_subscribed(False)
        await bob.until("track_unsubscribed")
        # The SDK tells it before the server knows, and sends what follows in no sure order.
        await house.until(lambda: not house.receives("bob"))
        bob.forget()


async def test_six_people_receive_everybody(enter: GuestFactory) -> None:
    people = [await enter(f"guest-{number}", single=number % 2 == 0) for number in range(6)]
    await asyncio.gather(*(one.hum(300.0 + 100 * i) for i, one in enumerate(people)))

    async def hears_all(listener_index: int) -> None:
        listener = people[listener_index]
        for index, one in enumerate(people):
            if one is not listener:
                heard = await listener.hears(one, seconds=0.3)
                assert heard == pytest.approx(300.0 + 100 * index, abs=5)

    await asyncio.gather(*(hears_all(index) for index in (0, 1)))


async def test_the_active_speaker_is_told(enter: GuestFactory, house: RoomsServer) -> None:
    ana, bob = await enter("ana"), await enter("bob")
    publication = await ana.hum()
    await bob.until("active_speakers_changed", lambda who: [p.identity for p in who] == ["ana"])
    bob.forget()
    publication.track.mute()
    await bob.until("active_speakers_changed", lambda who: who == [])
