"""One stream sent: what NACKs bring back, and what its sender reports say."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from rooms.rtp.outgoing import MAX_REPEATS, OutgoingStream
from rooms.rtp.rtcp import ReportBlock
from tests.rooms.rtp.wire import (
    OPUS,
    VP8,
    VP8_WITHOUT_RTX,
    Camera,
    Wire,
    path,
    subscriber,
    track_of,
)


@pytest.fixture
def wire() -> Wire:
    return Wire()


def test_a_lost_packet_comes_again_on_the_rtx_stream(wire: Wire) -> None:
    track = track_of(wire)
    camera = Camera(track.learn("", 1, VP8))
    out = subscriber(track)
    camera.film(4, key=True)
    lost = wire.to(out)[5]
    assert out.repeat((lost.sequence,), camera.now) == 1
    [repeat] = wire.repeated(out)
    assert repeat.payload_type == 97
    assert repeat.timestamp == lost.timestamp
    assert repeat.marker == lost.marker
    assert repeat.payload == lost.sequence.to_bytes(2, "big") + lost.payload


def test_the_rtx_stream_has_numbers_of_its_own(wire: Wire) -> None:
    track = track_of(wire)
    camera = Camera(track.learn("", 1, VP8))
    out = subscriber(track)
    camera.film(4, key=True)
    out.repeat(tuple(each.sequence for each in wire.to(out)[:6]), camera.now)
    numbers = [each.sequence for each in wire.repeated(out)]
    assert numbers == list(range(numbers[0], numbers[0] + 6))


def test_without_rtx_the_very_packet_is_sent_again(wire: Wire) -> None:
    track = track_of(wire)
    camera = Camera(track.learn("", 1, VP8))
    out = subscriber(track, codec=VP8_WITHOUT_RTX)
    camera.film(4, key=True)
    lost = wire.to(out)[5]
    out.repeat((lost.sequence,), camera.now)
    assert wire.to(out)[-1] == lost
    assert wire.repeated(out) == []


@pytest.mark.parametrize(("tag", "again"), [(16, 0), (10, 1)])
def test_sound_comes_again_only_where_a_number_may_carry_two_times(tag: int, again: int) -> None:
    out = OutgoingStream(OPUS, 9000, rng=random.Random(1), abs_send_time=3)
    out.set_path(replace(path(), tag=tag))
    wire = Wire()
    track = track_of(wire, OPUS)
    voice = track.learn("", 1, OPUS)
    track.add_outgoing(out, 0.0)
    for number in range(500, 504):
        voice.receive(number, 960 * number, 0x80, b"voice", number / 50)
    lost = (wire.to(out)[1].sequence,)
    assert out.repeat(lost, 20.0) == again
    assert out.repeat(lost, 20.0) == 0
    assert out.missed == 1, "that it was lost is known all the same"


def test_pictures_that_cannot_be_repaired_elsewhere_bear_no_time(wire: Wire) -> None:
    rng = random.Random(1)
    plain = OutgoingStream(VP8_WITHOUT_RTX, 9000, 9001, rng=rng, abs_send_time=3)
    repaired = OutgoingStream(VP8, 9000, 9001, rng=rng, abs_send_time=3)
    assert (plain.extension, repaired.extension) == (0, 3)


def test_repeats_are_limited_in_time_and_number(wire: Wire) -> None:
    track = track_of(wire)
    camera = Camera(track.learn("", 1, VP8))
    out = subscriber(track)
    camera.film(1, key=True)
    lost = (wire.to(out)[0].sequence,)
    now = camera.now
    assert out.repeat(lost, now) == 1
    assert out.repeat(lost, now + out.rtt / 2) == 0
    sent = 1
    for _ in range(20):
        now += 1
        sent += out.repeat(lost, now)
    assert sent == MAX_REPEATS
    assert sent >= 10, "browsers ask ten times: what they wait for still stops the picture"


def test_nacks_across_a_switch_find_the_layer_that_was_sent(wire: Wire) -> None:
    track = track_of(wire, VP8, ("q", "f"))
    low = Camera(track.learn("q", 1, VP8), sequence=60_000, picture=500)
    high = Camera(track.learn("f", 2, VP8), sequence=5, picture=9)
    low.film(1)
    high.film(1)
    out = subscriber(track)
    for target, camera in ((2, high), (0, low), (2, high)):
        out.want(target)
        camera.now = max(low.now, high.now)
        camera.film(5, key=True)
    sent = wire.to(out)
    assert len(sent) == 45
    assert out.repeat(tuple(each.sequence for each in sent), high.now) == 45
    assert [each.payload[2:] for each in wire.repeated(out)] == [each.payload for each in sent]


def test_nacks_for_what_was_never_sent_or_is_too_old_bring_nothing(wire: Wire) -> None:
    track = track_of(wire)
    camera = Camera(track.learn("", 1, VP8))
    out = subscriber(track)
    camera.film(1, key=True)
    first = wire.to(out)[0].sequence
    future = (wire.to(out)[-1].sequence + 5) & 0xFFFF
    camera.film(400)
    assert out.repeat((first, (first - 10) & 0xFFFF), camera.now) == 0
    assert out.repeat(((future + 2000) & 0xFFFF,), camera.now) == 0


def test_a_paused_stream_still_answers_for_what_it_sent(wire: Wire) -> None:
    track = track_of(wire)
    camera = Camera(track.learn("", 1, VP8))
    out = subscriber(track)
    camera.film(2, key=True)
    out.want(None)
    assert out.repeat((wire.to(out)[-1].sequence,), camera.now) == 1


def test_no_report_before_the_publishers_own(wire: Wire) -> None:
    track = track_of(wire)
    camera = Camera(track.learn("", 1, VP8))
    out = subscriber(track)
    camera.film(2, key=True)
    assert out.sender_report(camera.now) is None


def test_reports_tell_the_publishers_clock_in_our_numbers(wire: Wire) -> None:
    track = track_of(wire)
    camera = Camera(track.learn("", 1, VP8))
    out = subscriber(track)
    camera.film(2, key=True)
    ntp = 3_900_000_000 << 32
    camera.stream.clock.update(ntp, 50_000, camera.now)
    offset = wire.to(out)[0].timestamp - 50_000
    report = out.sender_report(camera.now + 2.0)
    assert report is not None
    assert report.ntp == ntp + (2 << 32)
    assert report.timestamp == (50_000 + 180_000 + offset) & 0xFFFFFFFF
    assert report.packets == 6
    assert report.octets == sum(len(each.payload) for each in wire.to(out))


def test_reported_time_never_goes_back(wire: Wire) -> None:
    track = track_of(wire)
    camera = Camera(track.learn("", 1, VP8))
    out = subscriber(track)
    camera.film(2, key=True)
    offset = wire.to(out)[0].timestamp - 50_000
    times = []
    for step in range(20):
        now = camera.now + step
        jitter = (-1) ** step * 0.6  # the publisher's reports travel unevenly
        camera.stream.clock.update(int((3e9 + step + 2) * 2**32), 90_000 * (step + 2), now + jitter)
        report = out.sender_report(now + 0.01)
        assert report is not None
        times.append(report.ntp)
        # Both say the same moment, or lips and voice would come apart.
        told = (report.timestamp - offset) & 0xFFFFFFFF
        assert told == pytest.approx((report.ntp / 2**32 - 3e9) * 90_000, abs=2)
    assert times == sorted(set(times))


def test_counts_go_on_over_a_pause(wire: Wire) -> None:
    track = track_of(wire)
    camera = Camera(track.learn("", 1, VP8))
    out = subscriber(track)
    camera.film(2, key=True)
    out.want(None)
    camera.film(5)
    out.want(2)
    camera.film(2, key=True)
    assert out.sent_packets == len(wire.to(out)) == 12
    assert out.sent_octets == sum(len(each.payload) for each in wire.to(out))


def test_the_round_trip_is_read_from_report_blocks(wire: Wire) -> None:
    track = track_of(wire)
    camera = Camera(track.learn("", 1, VP8))
    out = subscriber(track)
    camera.film(2, key=True)
    camera.stream.clock.update(3_900_000_000 << 32, 50_000, camera.now)
    for step in range(40):
        now = camera.now + step
        report = out.sender_report(now)
        assert report is not None
        middle = report.ntp >> 16 & 0xFFFFFFFF
        block = ReportBlock(out.ssrc, 0, 0, 0, 0, middle, int(0.5 * 65536))
        out.reported_on(block, now + 0.5 + 0.03)
    assert out.rtt == pytest.approx(0.03, abs=0.001)
    out.reported_on(ReportBlock(out.ssrc, 0, 0, 0, 0, 12345, 0), 1e9)
    assert out.rtt < 0.04


def test_a_subscribers_keyframe_request_reaches_what_it_gets(wire: Wire) -> None:
    track = track_of(wire)
    camera = Camera(track.learn("", 1, VP8))
    out = subscriber(track)
    camera.film(2, key=True)
    assert not camera.stream.keyframes.wanted
    out.keyframe_asked()
    assert camera.stream.keyframes.wanted
