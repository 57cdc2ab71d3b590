"""What somebody receives: by itself, by wish, by permission, and over which sections."""

from __future__ import annotations

import pytest
from livekit.protocol.models import DisconnectReason, SubscriptionError
from livekit.protocol.rtc import SubscriptionPermission, TrackPermission

from rooms.dynacast import HIGH, OFF
from rooms.events import (
    Described,
    QualitiesWanted,
    SectionsRequired,
    SubscriptionAllowed,
    SubscriptionFailed,
)
from rooms.participant import Participant
from rooms.permissions import Permissions
from rooms.subscriptions import REMEMBERED
from rooms.tracks import PublishedTrack, SubscribedTrack, TrackSettings
from tests.rooms.seating import CHROMIUM_VIDEO, Ears, Seating, adding
from tests.rooms.transport.samples import offer_text


@pytest.fixture
async def seating() -> Seating:
    return Seating()


def publisher(seating: Seating, identity: str = "ana") -> tuple[Participant, Ears]:
    """Somebody with microphone and camera."""
    ana, ears = seating.join(identity)
    ana.publish(adding())
    ana.publish(adding("video", CHROMIUM_VIDEO))
    seating.offer(ana)
    return ana, ears


def camera_of(participant: Participant) -> PublishedTrack:
    return next(track for track in participant.publications if track.kind == "video")


def received(participant: Participant) -> set[str]:
    return {one.track.sid for one in participant.subscriptions}


async def test_everything_comes_by_itself_and_goes_with_its_publisher(seating: Seating) -> None:
    early, _ = seating.join("early")
    ana, _ = publisher(seating)
    late, _ = seating.join("late")
    tracks = {track.sid for track in ana.publications}
    assert received(early) == received(late) == tracks
    assert not received(ana)
    ana.leave(DisconnectReason.CLIENT_INITIATED)
    assert not received(early)


async def test_nothing_comes_by_itself_to_who_prefers_to_choose(seating: Seating) -> None:
    ana, _ = publisher(seating)
    bob, _ = seating.join("bob", auto_subscribe=False)
    assert not received(bob)
    camera = camera_of(ana).sid
    bob.subscriptions.update([camera], subscribe=True)
    assert received(bob) == {camera}
    bob.subscriptions.update([camera], subscribe=False)
    assert not received(bob)


async def test_a_wish_outlives_the_track_that_was_not_wanted(seating: Seating) -> None:
    ana, _ = publisher(seating)
    bob, hears = seating.join("bob")
    camera = camera_of(ana).sid
    bob.subscriptions.update([camera], subscribe=False)
    ana.permit(Permissions(hidden=True))
    ana.permit(Permissions())
    assert camera not in received(bob)
    bob.subscriptions.update(["TR_nowhere"], subscribe=True)
    failure = SubscriptionFailed("TR_nowhere", SubscriptionError.SE_TRACK_NOTFOUND)
    assert hears.heard(SubscriptionFailed) == [failure]


async def test_after_a_long_day_the_latest_wishes_are_those_remembered(seating: Seating) -> None:
    ana, _ = publisher(seating)
    bob, _ = seating.join("bob")
    camera = camera_of(ana).sid
    bygone = [f"TR_{number}" for number in range(REMEMBERED)]
    bob.subscriptions.update(bygone, subscribe=False)
    bob.subscriptions.configure(bygone, TrackSettings(disabled=True))
    bob.subscriptions.configure([camera], TrackSettings(quality=0))
    bob.subscriptions.update([camera], subscribe=False)
    ana.restrict_subscribers(SubscriptionPermission(all_participants=True))
    assert camera not in received(bob)
    bob.subscriptions.update([camera], subscribe=True)
    (subscribed,) = [one for one in bob.subscriptions if one.track.sid == camera]
    assert subscribed.settings.quality == 0


async def test_who_may_not_subscribe_receives_nothing_until_it_may(seating: Seating) -> None:
    ana, _ = publisher(seating)
    bob, _ = seating.join("bob", can_subscribe=False)
    bob.subscriptions.update([camera_of(ana).sid], subscribe=True)
    assert not received(bob)
    bob.permit(Permissions())
    assert len(received(bob)) == 2
    bob.permit(Permissions(can_subscribe=False))
    assert not received(bob)


async def test_hidden_publishers_reach_nobody(seating: Seating) -> None:
    bob, hears = seating.join("bob")
    ghost, _ = seating.join("ghost", hidden=True)
    ghost.publish(adding())
    seating.offer(ghost)
    assert not received(bob)
    ghost.restrict_subscribers(SubscriptionPermission(all_participants=True))
    assert not received(bob)
    assert not hears.heard(SubscriptionAllowed)


async def test_a_publisher_chooses_who_receives(seating: Seating) -> None:
    ana, _ = publisher(seating)
    bob, bob_hears = seating.join("bob")
    eve, eve_hears = seating.join("eve")
    camera = camera_of(ana).sid
    ana.restrict_subscribers(
        SubscriptionPermission(
            track_permissions=[
                TrackPermission(participant_identity="bob", track_sids=[camera]),
            ]
        )
    )
    assert received(bob) == {camera}
    assert not received(eve)
    assert SubscriptionAllowed(ana.sid, camera, allowed=False) in eve_hears.events
    assert SubscriptionAllowed(ana.sid, camera, allowed=False) not in bob_hears.events
    ana.restrict_subscribers(SubscriptionPermission(all_participants=True))
    assert len(received(eve)) == 2
    assert SubscriptionAllowed(ana.sid, camera, allowed=True) in eve_hears.events


async def test_who_may_subscribe_again_is_told_so_of_each_track(seating: Seating) -> None:
    ana, _ = publisher(seating)
    bob, hears = seating.join("bob")
    camera = camera_of(ana).sid
    bob.permit(Permissions(can_subscribe=False))
    assert hears.heard(SubscriptionAllowed)[-1].allowed is False
    bob.permit(Permissions())
    assert SubscriptionAllowed(ana.sid, camera, allowed=True) in hears.events


async def test_v1_asks_for_a_fresh_offer_and_for_what_is_missing(seating: Seating) -> None:
    bob, hears = seating.join("bob")
    seating.offer(bob, "native_join")  # three audio and three video sections
    for number in range(4):
        publisher(seating, f"guest-{number}")
    assert hears.heard(SectionsRequired) == [SectionsRequired(0, 0)]

    seating.offer(bob, "native_join")
    answer = hears.heard(Described)[-1]
    assert len(answer.mid_to_track_id) == 6
    assert hears.heard(SectionsRequired)[1:] == [SectionsRequired(1, 1)]
    assert sum(one.out is not None for one in bob.subscriptions) == 6


async def test_v1_asks_again_for_an_offer_that_does_not_come(seating: Seating) -> None:
    bob, hears = seating.join("bob")
    seating.offer(bob, "native_join")
    publisher(seating)
    assert len(hears.heard(SectionsRequired)) == 1
    for _ in range(4):
        seating.tick(1.0)
    assert hears.heard(SectionsRequired) == [SectionsRequired(0, 0)] * 2

    seating.offer(bob, "native_join")
    for _ in range(8):
        seating.tick(1.0)
    assert len(hears.heard(SectionsRequired)) == 2
    assert received(bob)


async def test_v1_gives_tracks_to_the_first_offer_already(seating: Seating) -> None:
    publisher(seating)
    bob, hears = seating.join("bob", active=False)
    seating.offer(bob, "native_join")
    assert len(hears.heard(Described)[-1].mid_to_track_id) == 2
    assert all(one.out is not None for one in bob.subscriptions)


async def test_v0_offers_once_for_all_that_changes_and_one_at_a_time(seating: Seating) -> None:
    _, hears = seating.join("bob", single=False)
    (first,) = hears.heard(Described)
    assert (first.type, first.id) == ("offer", 1)
    publisher(seating)
    publisher(seating, "eve")
    assert hears.heard(Described) == [first], "the first offer is not answered yet"


async def test_a_track_that_lost_its_section_is_steered_in_its_next_one(seating: Seating) -> None:
    ana, _ = publisher(seating)
    bob, _ = seating.join("bob")
    seating.offer(bob, "native_join")
    camera = camera_of(ana)
    (subscribed,) = [one for one in bob.subscriptions if one.track is camera]
    before = subscribed.out
    assert before is bob.connection.outgoing(camera.sid) is not None
    theirs = offer_text("native_join")
    bob.connection.answer(theirs.replace("a=recvonly", "a=inactive"), 2)
    assert subscribed.out is None
    bob.connection.answer(theirs, 3)
    assert subscribed.out is bob.connection.outgoing(camera.sid) is not before
    ana.mute(camera.sid, True)
    assert subscribed.out is not None
    assert subscribed.out.target is None


async def test_a_resumed_v0_client_is_offered_anew(seating: Seating) -> None:
    bob, hears = seating.join("bob", single=False)
    again = Ears()
    seating.rooms.resume("atelier", "bob", bob.sid, again)
    bob.room.resumed(bob)
    seating.settle()
    before, after = hears.heard(Described)[0].sdp, again.heard(Described)[0].sdp

    def ufrag(text: str) -> str:
        return text.split("a=ice-ufrag:")[1].split("\r\n")[0]

    assert ufrag(before) != ufrag(after)


@pytest.mark.parametrize(
    ("settings", "quality"),
    [
        (TrackSettings(), HIGH),
        (TrackSettings(quality=0), 0),
        (TrackSettings(disabled=True), OFF),
        (TrackSettings(width=300, height=168), 0),
        (TrackSettings(width=500, height=281), 1),
        (TrackSettings(width=1900, height=1080), HIGH),
    ],
)
async def test_the_quality_suits_the_size_asked(
    seating: Seating, settings: TrackSettings, quality: int
) -> None:
    ana, _ = publisher(seating)
    assert camera_of(ana).quality_for(settings) == quality


async def test_settings_and_mute_steer_the_stream(seating: Seating) -> None:
    ana, _ = publisher(seating)
    bob, _ = seating.join("bob")
    seating.offer(bob, "native_join")
    camera = camera_of(ana)
    subscribed = next(one for one in bob.subscriptions if one.track is camera)

    def target() -> int | None:
        assert subscribed.out is not None
        return subscribed.out.target

    assert target() == HIGH
    bob.subscriptions.configure([camera.sid], TrackSettings(width=320, height=180))
    assert target() == 0
    ana.mute(camera.sid, True)
    assert target() is None
    ana.mute(camera.sid, False)
    assert target() == 0
    bob.subscriptions.configure([camera.sid], TrackSettings(disabled=True))
    assert target() is None


async def test_settings_said_before_the_track_comes_are_kept(seating: Seating) -> None:
    ana, _ = publisher(seating)
    bob, _ = seating.join("bob", auto_subscribe=False)
    camera = camera_of(ana)
    bob.subscriptions.configure([camera.sid], TrackSettings(quality=0))
    bob.subscriptions.update([camera.sid], subscribe=True)
    (subscribed,) = bob.subscriptions
    assert isinstance(subscribed, SubscribedTrack)
    assert subscribed.settings.quality == 0


async def test_the_publisher_encodes_what_somebody_looks_at(seating: Seating) -> None:
    ana, hears = publisher(seating)
    bob, _ = seating.join("bob")
    camera = camera_of(ana).sid

    def told() -> list[int]:
        return [wish.codecs[0][1] for wish in hears.heard(QualitiesWanted)]

    bob.subscriptions.configure([camera], TrackSettings(quality=0))
    seating.tick(4)
    assert told() == []
    seating.tick(2)
    assert told() == [0]
    bob.subscriptions.configure([camera], TrackSettings(quality=2))
    assert told() == [0, 2]
    ana.mute(camera, True)
    seating.tick(6)
    assert told() == [0, 2], "a publisher's mute is no wish of others"
    bob.leave(DisconnectReason.CLIENT_INITIATED)
    seating.tick(6)
    assert told() == [0, 2, OFF]
