"""How an announced track and a media section find each other, and who may publish what."""

from __future__ import annotations

import pytest
from livekit.protocol.models import TrackSource, TrackType
from livekit.protocol.rtc import AddTrackRequest, SimulcastCodec

from rooms.errors import LimitExceeded, NotAllowed
from rooms.events import (
    Described,
    Event,
    ParticipantsChanged,
    TrackMuted,
    TrackPublished,
    TrackSubscribed,
    TrackUnpublished,
)
from rooms.permissions import Permissions
from tests.rooms.seating import CHROMIUM_AUDIO, CHROMIUM_VIDEO, FIREFOX_AUDIO, Ears, Seating, adding
from tests.rooms.transport.samples import offer_text


@pytest.fixture
async def seating() -> Seating:
    return Seating()


async def test_a_track_is_named_at_once_and_shown_once_its_section_is_agreed(
    seating: Seating,
) -> None:
    ana, ana_hears = seating.join("ana")
    _, bob_hears = seating.join("bob")
    ana.publish(adding())
    (published,) = ana_hears.heard(TrackPublished)
    assert published.cid == CHROMIUM_AUDIO
    assert published.track.sid.startswith("TR_")
    assert not bob_hears.knows("ana")

    seating.offer(ana)
    (told,) = bob_hears.news_of("ana").tracks
    assert (told.sid, told.mid, told.mime_type) == (published.track.sid, "0", "audio/red")
    assert ana_hears.news_of("ana").is_publisher


@pytest.mark.parametrize("how", ["disable_red", "encryption"])
async def test_sound_is_made_redundant_unless_its_publisher_declines_or_encrypts(
    seating: Seating, how: str
) -> None:
    ana, _ = seating.join("ana")
    ana.publish(adding())
    seating.offer(ana)
    (track,) = ana.publications
    assert (track.info.mime_type, track.codec) == ("audio/red", "red")
    eve, _ = seating.join("eve")
    request = adding()
    setattr(request, how, 1)
    eve.publish(request)
    seating.offer(eve)
    (track,) = eve.publications
    assert (track.info.mime_type, track.codec) == ("audio/opus", "opus")
    assert track.info.disable_red == (how == "disable_red")


async def test_the_offer_may_come_before_the_announcement(seating: Seating) -> None:
    ana, _ = seating.join("ana")
    _, bob_hears = seating.join("bob")
    seating.offer(ana)
    ana.publish(adding("video", CHROMIUM_VIDEO))
    ana.publish(adding())
    assert [track.mid for track in bob_hears.news_of("ana").tracks] == ["1", "0"]


async def test_firefox_puts_braces_around_identifiers(seating: Seating) -> None:
    ana, _ = seating.join("ana")
    ana.publish(adding("audio", "{other}"))
    ana.publish(adding("audio", "{" + FIREFOX_AUDIO + "}"))
    seating.offer(ana, "firefox_publisher")
    (track,) = ana.publications
    assert track.cid == FIREFOX_AUDIO


async def test_the_same_media_again_comes_under_another_name(seating: Seating) -> None:
    ana, _ = seating.join("ana")
    ana.publish(adding("audio", "what the SDK calls it now"))
    ana.publish(adding("video", CHROMIUM_VIDEO))
    seating.offer(ana)
    assert {track.kind for track in ana.publications} == {"audio", "video"}


async def test_what_nobody_announced_reaches_nobody(seating: Seating) -> None:
    ana, _ = seating.join("ana")
    bob, _ = seating.join("bob")
    seating.offer(ana)
    assert not list(ana.publications)
    assert not list(bob.subscriptions)


async def test_a_section_that_turns_inactive_ends_its_track(seating: Seating) -> None:
    ana, ana_hears = seating.join("ana")
    bob, bob_hears = seating.join("bob")
    ana.publish(adding())
    ana.publish(adding("video", CHROMIUM_VIDEO))
    seating.offer(ana)
    assert len(list(bob.subscriptions)) == 2

    silent = offer_text("chromium_publisher").replace("a=sendonly", "a=inactive", 1)
    ana.connection.answer(silent, 2)
    assert [track.source for track in bob_hears.news_of("ana").tracks] == [TrackSource.CAMERA]
    assert len(list(bob.subscriptions)) == 1
    before = ana_hears.heard(TrackPublished)[0].track.sid

    ana.publish(adding())
    seating.offer(ana)
    tracks = bob_hears.news_of("ana").tracks
    assert len(tracks) == 2
    assert before not in {track.sid for track in tracks}


@pytest.mark.parametrize(
    ("permissions", "source", "allowed"),
    [
        ({}, TrackSource.SCREEN_SHARE, True),
        ({"can_publish": False}, TrackSource.CAMERA, False),
        ({"can_publish_sources": frozenset({"camera"})}, TrackSource.CAMERA, True),
        ({"can_publish_sources": frozenset({"camera"})}, TrackSource.MICROPHONE, False),
        ({"can_publish_sources": frozenset({"camera"})}, TrackSource.UNKNOWN, False),
    ],
)
def test_who_may_publish_what(
    permissions: dict[str, object], source: TrackSource, allowed: bool
) -> None:
    assert Permissions(**permissions).may_publish(source) is allowed  # type: ignore[arg-type]


async def test_what_is_not_allowed_is_refused(seating: Seating) -> None:
    ana, _ = seating.join("ana", can_publish=False)
    with pytest.raises(NotAllowed):
        ana.publish(adding())
    bob, _ = seating.join("bob")
    with pytest.raises(NotAllowed):
        bob.publish(AddTrackRequest(cid="x", type=TrackType.DATA))


async def test_sound_that_is_called_a_camera_is_a_microphone(seating: Seating) -> None:
    """Whose microphone is closed must not be heard by a track of another name."""
    sound = adding()
    sound.source = TrackSource.CAMERA
    quiet, _ = seating.join("quiet", can_publish_sources=frozenset({"camera", "screen_share"}))
    with pytest.raises(NotAllowed):
        quiet.publish(sound)
    ana, _ = seating.join("ana")
    _, bob_hears = seating.join("bob")
    ana.publish(sound)
    seating.offer(ana)
    assert [each.source for each in bob_hears.news_of("ana").tracks] == [TrackSource.MICROPHONE]
    ana.permit(Permissions(can_publish_sources=frozenset({"camera"})))
    assert not list(ana.publications)


async def test_tracks_are_counted(seating: Seating) -> None:
    seating = Seating(tracks_per_participant=2)
    ana, _ = seating.join("ana")
    ana.publish(adding("audio", "1"))
    ana.publish(adding("audio", "1"))
    ana.publish(adding("audio", "2"))
    with pytest.raises(LimitExceeded):
        ana.publish(adding("audio", "3"))


async def test_an_announcement_without_an_offer_is_forgotten(seating: Seating) -> None:
    seating = Seating(tracks_per_participant=1)
    ana, ana_hears = seating.join("ana")
    ana.publish(adding("audio", "given up"))
    seating.now += 61
    ana.publish(adding("audio", "what the SDK calls it now"))
    seating.offer(ana)
    (track,) = ana.publications
    assert track.sid == ana_hears.heard(TrackPublished)[-1].track.sid


async def test_a_revoked_right_takes_tracks_down(seating: Seating) -> None:
    ana, ana_hears = seating.join("ana")
    bob, bob_hears = seating.join("bob")
    ana.publish(adding())
    ana.publish(adding("video", CHROMIUM_VIDEO))
    seating.offer(ana)
    camera_only = Permissions(can_publish_sources=frozenset({"camera"}))
    ana.permit(camera_only)
    assert len(ana_hears.heard(TrackUnpublished)) == 1
    assert [track.source for track in bob_hears.news_of("ana").tracks] == [TrackSource.CAMERA]
    assert [one.track.kind for one in bob.subscriptions] == ["video"]
    ana.permit(Permissions(can_publish=False))
    assert not list(bob.subscriptions)
    ana.permit(Permissions())
    seating.offer(ana)
    assert not list(ana.publications), "what was taken down is announced anew or stays down"


async def test_mute_is_told_to_others_and_a_moderators_to_the_publisher_too(
    seating: Seating,
) -> None:
    ana, ana_hears = seating.join("ana")
    _, bob_hears = seating.join("bob")
    ana.publish(adding())
    seating.offer(ana)
    (track,) = ana.publications
    ana.mute(track.sid, True)
    assert bob_hears.news_of("ana").tracks[0].muted
    assert not ana_hears.heard(TrackMuted)
    count = len(bob_hears.events)
    ana.mute(track.sid, True)
    assert len(bob_hears.events) == count
    ana.mute(track.sid, False)
    ana.mute(track.sid, True, by_moderator=True)
    assert ana_hears.heard(TrackMuted) == [TrackMuted(track.sid, True)]


async def test_a_moderators_mute_that_was_lost_with_the_signal_is_told_again(
    seating: Seating,
) -> None:
    ana, _ = seating.join("ana")
    ana.publish(adding())
    seating.offer(ana)
    (track,) = ana.publications
    ana.mute(track.sid, True, by_moderator=True)  # down a connection that is dead already

    def events_of_a_resume() -> list[Event]:
        ears = Ears()
        seating.rooms.resume("atelier", "ana", ana.sid, ears)
        ana.room.resumed(ana)
        return ears.events

    told = events_of_a_resume()
    muted = told.index(TrackMuted(track.sid, True))
    # What a client learns of itself first, it contradicts: it would open the microphone again.
    assert muted < next(at for at, each in enumerate(told) if isinstance(each, ParticipantsChanged))
    ana.mute(track.sid, True)  # its client did as it was told
    assert TrackMuted(track.sid, True) not in events_of_a_resume()
    ana.mute(track.sid, False)
    assert TrackMuted(track.sid, True) not in events_of_a_resume()


async def test_the_publisher_learns_of_its_first_subscriber(seating: Seating) -> None:
    ana, ana_hears = seating.join("ana")
    bob, _ = seating.join("bob")
    ana.publish(adding())
    seating.offer(ana)
    assert not ana_hears.heard(TrackSubscribed)
    seating.offer(bob, "native_join")
    assert len(ana_hears.heard(TrackSubscribed)) == 1
    eve, _ = seating.join("eve")
    seating.offer(eve, "native_join")
    assert len(ana_hears.heard(TrackSubscribed)) == 1
    assert ana_hears.heard(Described)


@pytest.mark.parametrize(
    ("asked", "told"),
    [("vp9", "video/VP9"), ("video/h264", "video/H264"), ("theora", "video/VP8")],
)
async def test_a_codec_that_is_asked_for_is_granted_if_it_is_forwarded(
    seating: Seating, asked: str, told: str
) -> None:
    ana, ana_hears = seating.join("ana")
    request = adding("video", CHROMIUM_VIDEO)
    request.simulcast_codecs.append(SimulcastCodec(codec=asked, cid=CHROMIUM_VIDEO))
    ana.publish(request)
    (published,) = ana_hears.heard(TrackPublished)
    assert published.track.mime_type == told
    assert [each.mime_type for each in published.track.codecs] == [told]


async def test_what_is_published_again_comes_in_the_codec_announced_last(seating: Seating) -> None:
    ana, hears = seating.join("ana")
    ana.publish(adding("video", CHROMIUM_VIDEO))
    seating.offer(ana)
    request = adding("video", CHROMIUM_VIDEO)
    request.simulcast_codecs.append(SimulcastCodec(codec="vp9", cid=CHROMIUM_VIDEO))
    ana.publish(request)
    # One offer ends the old section and begins the new one.
    head, audio, video, data = offer_text("chromium_publisher").split("\r\nm=")
    old = video.replace("a=sendonly", "a=inactive").replace("a=sendrecv", "a=inactive")
    new = video.replace("a=mid:1", "a=mid:3")
    head = head.replace("BUNDLE 0 1 2", "BUNDLE 0 1 2 3")
    ana.connection.answer("\r\nm=".join([head, audio, old, data.rstrip(), new]), 2)
    (camera,) = [track for track in ana.publications if track.kind == "video"]
    assert (camera.mid, camera.info.mime_type) == ("3", "video/VP9")
    last = hears.heard(Described)[-1].sdp.split("\r\nm=")[-1]
    assert "VP9/90000" in last
    assert "VP8/90000" not in last
