"""One received SSRC: loss, duplicates, padding, restarts, and what subscribers see of them."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace

import pytest

from rooms.rtp.loss import MAX_MISSING
from tests.rooms.rtp.wire import (
    OPUS,
    VP8,
    Camera,
    Wire,
    complete,
    continuous,
    picture_payload,
    subscriber,
    track_of,
)


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def camera(wire: Wire) -> Camera:
    """A camera without simulcast, not yet filming."""
    return Camera(track_of(wire).learn("", 1, VP8))


def test_nothing_is_sent_before_a_keyframe_and_one_is_asked_for(wire: Wire) -> None:
    track = track_of(wire)
    camera = Camera(track.learn("", 1, VP8))
    camera.film(3)
    out = subscriber(track)
    camera.film(3)
    assert wire.to(out) == []
    assert camera.stream.keyframes.due(camera.now)
    camera.film(2, key=True)
    assert len(wire.to(out)) == 6
    assert not camera.stream.keyframes.wanted


def test_the_first_number_is_safe_for_srtp(wire: Wire) -> None:
    for seed in range(50):
        track = track_of(wire)
        camera = Camera(track.learn("", 1, VP8))
        out = subscriber(track, 5000 + 2 * seed, seed=seed)
        camera.film(1, key=True)
        assert 1000 <= wire.to(out)[0].sequence < 32768


def test_a_stream_stays_continuous_over_the_wraps_of_every_field(wire: Wire) -> None:
    track = track_of(wire)
    camera = Camera(track.learn("", 1, VP8), sequence=65530, timestamp=2**32 - 5000, picture=0x7FFE)
    out = subscriber(track)
    camera.film(40, key=True)
    sent = wire.to(out)
    assert len(sent) == 120
    assert continuous(sent)
    pictures = [each.picture for each in sent[::3]]
    assert all((b - a) & 0x7FFF == 1 for a, b in itertools.pairwise(pictures))
    stamps = [each.timestamp for each in sent[::3]]
    assert all((b - a) & 0xFFFFFFFF == 3000 for a, b in itertools.pairwise(stamps))


def test_a_reordered_packet_takes_its_own_place(wire: Wire) -> None:
    track = track_of(wire)
    camera = Camera(track.learn("", 1, VP8))
    out = subscriber(track)
    camera.film(1, key=True)
    a, b, c = camera.frame()
    camera.deliver([a, c, b])
    sent = wire.to(out)[3:]
    first = wire.to(out)[2].sequence
    assert [each.sequence - first for each in sent] == [1, 3, 2]
    assert [each.body[1:] for each in sent] == [a[3][7:], c[3][7:], b[3][7:]]


def test_duplicates_and_unasked_repairs_are_dropped(wire: Wire) -> None:
    track = track_of(wire)
    camera = Camera(track.learn("", 1, VP8))
    out = subscriber(track)
    camera.film(1, key=True)
    frame = camera.frame()
    camera.deliver(frame)
    camera.deliver(frame)
    camera.repair(frame)
    assert len(wire.to(out)) == 6
    assert camera.stream.duplicates == 6


def test_a_repair_before_the_stream_begins_is_ignored(camera: Camera) -> None:
    camera.repair(camera.frame(key=True))
    assert camera.stream.numbers.highest == -1


def test_repairs_of_very_old_packets_are_never_taken_for_a_restart(wire: Wire) -> None:
    track = track_of(wire)
    camera = Camera(track.learn("", 1, VP8), sequence=100)
    out = subscriber(track)
    old = [camera.frame(key=True) for _ in range(3)]
    camera.sequence = 9000
    camera.film(3, key=True)
    for frame in old:
        camera.repair(frame)
    camera.repair([(9500, 1, 0, old[0][0][3])])  # nor is one from the future
    camera.film(3)
    assert len(wire.to(out)) == 18
    assert continuous(wire.to(out))
    assert camera.stream.due_losses(camera.now) == []


def test_sound_is_asked_for_again_only_where_that_was_agreed() -> None:
    agreed = replace(OPUS, feedback=("nack",))
    for codec, asked in ((OPUS, []), (agreed, [2])):
        stream = track_of(Wire(), codec).learn("", 1, codec)
        for number in (1, 3):
            stream.receive(number, 960 * number, 0, b"sound", 1.0)
        assert stream.due_losses(1.1) == asked


def test_losses_are_asked_for_by_their_original_numbers(camera: Camera) -> None:
    camera.sequence = 65533
    camera.film(1, key=True)
    camera.frame()
    camera.film(1)
    assert camera.stream.due_losses(camera.now) == [0, 1, 2]


def test_a_hopeless_gap_asks_for_a_keyframe(camera: Camera) -> None:
    camera.film(1, key=True)
    camera.sequence += MAX_MISSING + 10
    camera.picture += 300
    camera.film(1)
    assert camera.stream.keyframes.wanted
    assert camera.stream.due_losses(camera.now + 1) == []


def test_padding_leaves_no_gap(wire: Wire) -> None:
    track = track_of(wire)
    camera = Camera(track.learn("", 1, VP8))
    out = subscriber(track)
    camera.film(1, key=True)
    for _ in range(300):
        camera.deliver([camera.padding()])
    camera.film(2)
    camera.deliver([camera.padding()])
    camera.film(1)
    assert len(wire.to(out)) == 12
    assert continuous(wire.to(out))


def test_lost_padding_leaves_no_gap_where_nothing_else_can_be_missing(wire: Wire) -> None:
    track = track_of(wire)
    camera = Camera(track.learn("", 1, VP8))
    out = subscriber(track)
    camera.film(1, key=True)
    for _ in range(20):
        lost = [camera.padding() for _ in range(3)]
        camera.deliver([camera.padding()])  # of the frame that ended: the gap was padding too
        camera.padding()
        camera.film(1)  # the very next picture: so was this one
        camera.deliver(lost)
    assert len(wire.to(out)) == 63
    assert continuous(wire.to(out))
    assert camera.stream.due_losses(camera.now + 1) == []


def test_pictures_lost_among_padding_are_asked_for(wire: Wire) -> None:
    track = track_of(wire)
    camera = Camera(track.learn("", 1, VP8))
    out = subscriber(track)
    camera.film(1, key=True)
    lost = camera.frame()
    camera.deliver([camera.padding()])
    assert camera.stream.due_losses(camera.now + 0.1) == [packet[0] for packet in lost]
    camera.repair(lost)
    camera.film(1)
    assert complete(wire.to(out))
    assert len(wire.to(out)) == 9


def test_padding_that_comes_late_fills_its_hole_with_an_empty_packet(wire: Wire) -> None:
    track = track_of(wire)
    camera = Camera(track.learn("", 1, VP8))
    out = subscriber(track)
    camera.film(1, key=True)
    padding = camera.padding()
    lost = camera.frame()
    camera.film(1)
    camera.repair(lost)
    camera.deliver([padding])
    sent = wire.to(out)
    assert complete(sent)
    assert sent[-1].payload == b""


def test_malformed_pictures_are_counted_and_leave_no_gap(wire: Wire) -> None:
    track = track_of(wire)
    camera = Camera(track.learn("", 1, VP8))
    out = subscriber(track)
    camera.film(1, key=True)
    camera.deliver([(camera.sequence, camera.timestamp, 0, b"\x90\xe0\x80")])
    camera.sequence += 1
    camera.film(1)
    assert camera.stream.malformed == 1
    assert continuous(wire.to(out))


def test_a_keyframe_whose_first_packet_was_lost_still_starts_a_subscriber(wire: Wire) -> None:
    track = track_of(wire)
    camera = Camera(track.learn("", 1, VP8))
    camera.film(1)
    out = subscriber(track)
    first, *rest = camera.frame(key=True)
    camera.deliver(rest)
    camera.film(1)
    assert wire.to(out) == []
    camera.repair([first])
    camera.film(1)
    assert len(wire.to(out)) == 9
    assert continuous(wire.to(out))


def test_a_newcomer_gets_a_fresh_keyframe_at_once_but_not_an_old_one(wire: Wire) -> None:
    track = track_of(wire)
    camera = Camera(track.learn("", 1, VP8))
    camera.film(5, key=True)
    early = subscriber(track)
    assert len(wire.to(early)) == 15
    camera.film(20)
    late = subscriber(track, 9100)
    assert wire.to(late) == []
    camera.film(1)
    assert continuous(wire.to(early))


def test_a_sender_that_starts_anew_is_followed_from_its_keyframe(wire: Wire) -> None:
    track = track_of(wire)
    camera = Camera(track.learn("", 1, VP8))
    out = subscriber(track)
    camera.film(3, key=True)
    camera.sequence, camera.timestamp, camera.picture = 40_000, 7, 9000
    camera.film(2)
    camera.film(3, key=True)
    sent = wire.to(out)
    assert len(sent) == 18
    assert continuous(sent)
    assert all(
        0 <= (b.timestamp - a.timestamp) & 0xFFFFFFFF < 90_000 for a, b in itertools.pairwise(sent)
    )


def test_silence_of_opus_passes_as_it_is(wire: Wire) -> None:
    track = track_of(wire, OPUS)
    stream = track.learn("", 1, OPUS)
    out = subscriber(track)
    for number, stamp in enumerate((0, 960, 1920, 21120, 22080)):
        stream.receive(500 + number, stamp, 0, b"sound", 1 + stamp / 48000)
    sent = wire.to(out)
    assert continuous(sent)
    assert [each.payload for each in sent] == [b"sound"] * 5
    assert [(e.timestamp - sent[0].timestamp) & 0xFFFFFFFF for e in sent] == [
        0, 960, 1920, 21120, 22080,
    ]  # fmt: skip


@pytest.mark.parametrize("seed", range(8))
def test_with_loss_reordering_duplicates_and_padding_repairs_make_it_whole(
    wire: Wire, seed: int
) -> None:
    """Every payload that the publisher sent reaches the subscriber once, in a dense numbering."""
    rng = random.Random(seed)
    track = track_of(wire)
    camera = Camera(track.learn("", 1, VP8), sequence=65000)
    out = subscriber(track)
    history: dict[int, tuple[int, int, int, bytes]] = {}
    camera.film(1, key=True)
    delayed: list[tuple[int, int, int, bytes]] = []
    for _ in range(300):
        packets = camera.frame()
        if rng.random() < 0.2:
            packets.append(camera.padding())
        for packet in packets:
            history[packet[0]] = packet
            fate = rng.random()
            if fate < 0.05:
                continue
            if fate < 0.1:
                delayed.append(packet)
                continue
            camera.deliver([packet] * (2 if fate > 0.95 else 1))
        if rng.random() < 0.5:
            camera.deliver(delayed)
            delayed.clear()
        camera.now += 1 / 30
        camera.repair([history[n] for n in camera.stream.due_losses(camera.now)])
    camera.film(1)
    camera.now += 0.5
    camera.repair([history[n] for n in camera.stream.due_losses(camera.now)])
    sent = wire.to(out)
    assert complete(sent)
    bodies = sorted(each.body[1:] for each in sent if each.payload)
    assert bodies == [number.to_bytes(4, "big") for number in range(camera.count)]


def test_what_a_receiver_report_says(camera: Camera) -> None:
    camera.film(10, key=True)
    camera.frame()  # three packets lost of 36
    camera.now += 1 / 30
    camera.film(1)
    stream = camera.stream
    stream.reception.sender_report(0x0000AAAABBBB0000, camera.now - 0.5)
    block = stream.reception.block(1, stream.numbers, camera.now)
    assert (block.lost, block.highest) == (3, 135)
    assert block.fraction_lost == 3 * 256 // 36
    assert block.last_sr == 0xAAAABBBB
    assert abs(block.delay - 32768) < 3
    assert block.jitter < 20
    assert stream.reception.block(1, stream.numbers, camera.now).fraction_lost == 0


def test_jitter_grows_with_uneven_arrival(camera: Camera) -> None:
    rng = random.Random(3)
    for _ in range(200):
        camera.deliver(camera.frame())
        camera.now += 1 / 30 + rng.uniform(-0.01, 0.01)
    assert 90 * 2 < camera.stream.reception.jitter < 90 * 20


def test_a_truncated_payload_is_never_read_past(camera: Camera) -> None:
    whole = picture_payload(5, key=True, body=b"x")
    for size in range(len(whole)):
        camera.deliver([(camera.sequence, camera.timestamp, 0, whole[:size])])
        camera.sequence += 1
