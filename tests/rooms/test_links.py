"""What participants are told of links: which videos wait for a better one, how good each is."""

from __future__ import annotations

import pytest
from livekit.protocol.models import ConnectionQuality, TrackSource

from rooms.events import LinksChanged, StreamPaused, StreamsPaused
from rooms.participant import Participant
from rooms.rtp.rtcp import ReportBlock
from rooms.tracks import PublishedTrack, TrackSettings
from tests.rooms.seating import CHROMIUM_VIDEO, Ears, Seating, adding


@pytest.fixture
async def seating() -> Seating:
    return Seating()


def camera_of(participant: Participant) -> PublishedTrack:
    return next(track for track in participant.publications if track.kind == "video")


def filming(seating: Seating) -> tuple[Participant, Ears]:
    """Somebody whose camera's three layers arrive."""
    ana, ears = seating.join("ana")
    ana.publish(adding())
    ana.publish(adding("video", CHROMIUM_VIDEO))
    seating.offer(ana)
    incoming = camera_of(ana).incoming
    assert incoming is not None
    for number, rid in enumerate("qhf"):
        incoming.learn(rid, 70 + number, incoming.codec)
    return ana, ears


def watching(seating: Seating) -> tuple[Participant, Ears]:
    """Somebody who has sections to receive on."""
    bob, ears = seating.join("bob")
    seating.offer(bob, "native_join")
    assert any(one.out is not None for one in bob.subscriptions)
    return bob, ears


def squeeze(viewer: Participant, bitrate: int, now: float) -> None:
    """The viewer's browser reports that less arrives than before."""
    estimate = viewer.connection.subscriber.media.estimate
    estimate.reported(bitrate * 2, now)
    estimate.sent(bitrate * 2, 0.0, now)
    estimate.reported(bitrate, now)


async def test_a_video_that_does_not_fit_pauses_and_comes_back(seating: Seating) -> None:
    ana, _ = filming(seating)
    bob, ears = watching(seating)
    camera = camera_of(ana).sid
    seating.tick(0.4)
    assert not ears.heard(StreamsPaused)
    squeeze(bob, 40_000, seating.now)
    seating.tick(0.2)
    assert not ears.heard(StreamsPaused), "one complaint may be about what came before it"
    seating.tick(1.8)
    squeeze(bob, 20_000, seating.now)
    seating.tick(0.2)
    assert ears.heard(StreamsPaused) == [StreamsPaused((StreamPaused(ana.sid, camera, True),))]
    seating.tick(2)
    bob.connection.subscriber.media.estimate.reported(9_000_000, seating.now)
    for _ in range(20):
        seating.tick(1)
    assert ears.heard(StreamsPaused)[-1].streams == (StreamPaused(ana.sid, camera, False),)


async def test_hidden_videos_are_not_said_to_pause(seating: Seating) -> None:
    ana, _ = filming(seating)
    bob, ears = watching(seating)
    bob.subscriptions.configure([camera_of(ana).sid], TrackSettings(disabled=True))
    squeeze(bob, 40_000, seating.now)
    seating.tick(0.4)
    assert not ears.heard(StreamsPaused)


async def test_everybody_learns_how_good_a_link_is(seating: Seating) -> None:
    _, ana_hears = filming(seating)
    bob, _ = watching(seating)
    told = ana_hears.heard(LinksChanged)
    assert told[-1].links[0].level == ConnectionQuality.EXCELLENT
    out = next(one.out for one in bob.subscriptions if one.out is not None)
    for number in range(4):
        block = ReportBlock(out.ssrc, 80, 60 * number, 1000 + 200 * number, 0, 0, 0)
        out.reported_on(block, seating.now)
        seating.tick(5)
    last = ana_hears.heard(LinksChanged)[-1].links
    assert [(link.participant_sid, link.level) for link in last] == [
        (bob.sid, ConnectionQuality.POOR)
    ]


async def test_what_is_lost_of_silence_weighs_little_also_after_a_mute(seating: Seating) -> None:
    ana, _ = filming(seating)
    bob, _ = watching(seating)
    sound = next(track for track in ana.publications if track.kind == "audio")
    out = sound.subscribers[bob.sid].out
    assert out is not None
    highest = lost = 1000

    def five_seconds(expected: int, missing: int) -> float:
        nonlocal highest, lost
        highest, lost = highest + expected, lost + missing
        out.reported_on(ReportBlock(out.ssrc, 0, lost, highest, 0, 0, 0), seating.now)
        seating.tick(5)
        return bob.link.score

    for _ in range(13):
        five_seconds(250, 0)
    assert five_seconds(250, 100) < 40
    ana.mute(sound.sid, True)
    assert five_seconds(0, 0) == 100
    ana.mute(sound.sid, False)
    five_seconds(12, 0)
    assert five_seconds(12, 4) > 80


async def test_who_hides_a_video_has_a_link_as_good_as_before(seating: Seating) -> None:
    ana, _ = filming(seating)
    bob, _ = watching(seating)
    camera = camera_of(ana)
    out = camera.subscribers[bob.sid].out
    assert out is not None
    for number in range(3):
        out.reported_on(ReportBlock(out.ssrc, 0, 90 * number, 200 * number, 0, 0, 0), seating.now)
        seating.tick(5)
    assert bob.link.score < 40
    bob.subscriptions.configure([camera.sid], TrackSettings(disabled=True))
    seating.tick(5)
    assert bob.link.score == 100


async def test_a_link_is_lost_only_when_nothing_comes_by_it(seating: Seating) -> None:
    """livekit-client leaves the connection for a new one when it hears that its link is lost."""
    ana, ears = filming(seating)
    watching(seating)
    incoming = camera_of(ana).incoming
    assert incoming is not None
    stream = incoming.layers["f"]
    checks = ana.connection.publisher.agent
    levels = []
    for second in range(70):
        if second < 20:
            checks.last_check = seating.now
        if second < 40:
            stream.numbers.extend(10 * second)  # one packet in ten comes
            stream.reception.received += 1
        seating.tick(1)
        levels.append(ana.link.level)
    assert set(levels[10:40]) == {ConnectionQuality.POOR}
    assert levels[-1] == ConnectionQuality.LOST
    checks.last_check = seating.now
    seating.tick(5)
    assert ears.heard(LinksChanged)[-1].links[0].level != ConnectionQuality.LOST


async def test_who_comes_later_is_told_of_all_links(seating: Seating) -> None:
    ana, _ = filming(seating)
    bob, ears = seating.join("bob")
    assert {link.participant_sid for link in ears.heard(LinksChanged)[0].links} == {
        ana.sid,
        bob.sid,
    }


def sends(participant: Participant, octets: int) -> None:
    """So many more bytes of the camera's top layer have come, and some packets without a gap."""
    incoming = camera_of(participant).incoming
    assert incoming is not None
    stream = incoming.layers["f"]
    for _ in range(20):
        stream.numbers.extend(stream.numbers.highest + 1 & 0xFFFF)
        stream.reception.received += 1
    stream.volume.octets[0] += octets


def declares(track: PublishedTrack, *bitrates: int) -> None:
    for layer, bitrate in zip(track.info.layers, bitrates, strict=True):
        layer.bitrate = bitrate


@pytest.mark.parametrize(
    ("kbit", "source", "level"),
    [
        (2200, TrackSource.CAMERA, ConnectionQuality.EXCELLENT),
        (400, TrackSource.CAMERA, ConnectionQuality.GOOD),
        (80, TrackSource.CAMERA, ConnectionQuality.POOR),
        (0, TrackSource.CAMERA, ConnectionQuality.POOR),
        (80, TrackSource.SCREEN_SHARE, ConnectionQuality.EXCELLENT),
    ],
)
async def test_a_camera_of_few_bits_tells_of_a_poor_uplink(
    seating: Seating, kbit: int, source: TrackSource, level: ConnectionQuality
) -> None:
    ana, _ = filming(seating)
    watching(seating)
    camera = camera_of(ana)
    camera.info.source = source
    declares(camera, 160_000, 450_000, 1_700_000)
    for _ in range(8):
        sends(ana, kbit * 1000 // 8 * 5)
        seating.tick(5)
    assert ana.link.level == level


async def test_layers_that_nobody_asked_for_are_not_missed(seating: Seating) -> None:
    ana, _ = filming(seating)
    bob, _ = watching(seating)
    bob.subscriptions.configure([camera_of(ana).sid], TrackSettings(quality=0))
    declares(camera_of(ana), 160_000, 450_000, 1_700_000)
    for _ in range(8):
        sends(ana, 150_000 // 8 * 5)
        seating.tick(5)
    assert ana.link.level == ConnectionQuality.EXCELLENT
