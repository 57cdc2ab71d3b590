"""Temporal layers of VP8: fewer pictures for one, all of them for another, none of it seen."""

from __future__ import annotations

import itertools
import random

import pytest

from rooms.rtp.incoming import IncomingTrack
from rooms.rtp.outgoing import OutgoingStream
from tests.rooms.rtp.wire import VP8, Sent, Wire, complete, continuous, subscriber, track_of

Packet = tuple[int, int, int, bytes]

PATTERN = ((0, False), (2, True), (1, True), (2, False))
"""Temporal layer and layer sync of each picture, over and over, as libwebrtc sends three layers."""


class Camera:
    """Publishes pictures of three temporal layers, three packets each."""

    def __init__(self, track: IncomingTrack) -> None:
        self.stream = track.learn("", 10, VP8)
        self.now = 1.0
        self.count = 0
        self.sequence = 65_500
        self.picture = 32_760

    def picture_of(self, *, key: bool = False) -> list[Packet]:
        """The packets of the next picture."""
        layer, sync = (0, True) if key else PATTERN[self.count % 4]
        tl0 = (self.count + 3) // 4 & 0xFF
        packets = []
        for place in range(3):
            descriptor = bytes(
                (
                    0x90 if place == 0 else 0x80,
                    0xE0,
                    0x80 | self.picture >> 8 & 0x7F,
                    self.picture & 0xFF,
                    tl0,
                    layer << 6 | (0x20 if sync else 0),
                )
            )
            body = bytes((0 if key and place == 0 else 1, layer, self.count & 0xFF, place))
            marker = 0x80 if place == 2 else 0
            packets.append((self.sequence, 3000 * self.count, marker, descriptor + body))
            self.sequence = (self.sequence + 1) & 0xFFFF
        self.picture = (self.picture + 1) & 0x7FFF
        self.count += 1
        return packets

    def deliver(self, packets: list[Packet]) -> None:
        for sequence, timestamp, marker, payload in packets:
            self.stream.receive(sequence, timestamp, marker, payload, self.now)

    def film(self, pictures: int, *, key: bool = False) -> None:
        """Publish so many pictures, the first a keyframe if `key`."""
        for number in range(pictures):
            self.deliver(self.picture_of(key=key and number == 0))
            self.now += 1 / 30


def layers(sent: list[Sent]) -> list[int]:
    """The temporal layer of each picture that was sent."""
    return [each.body[1] for each in sent if each.payload[0] & 0x10]


def pictures_follow(sent: list[Sent]) -> bool:
    """True when picture ids rise by one."""
    starts = [each for each in sent if each.payload[0] & 0x10]
    return all((b.picture - a.picture) & 0x7FFF == 1 for a, b in itertools.pairwise(starts))


@pytest.fixture
def scene() -> tuple[Wire, Camera, OutgoingStream, OutgoingStream]:
    """A camera, somebody who will get fewer pictures, and somebody who gets all."""
    wire = Wire()
    track = track_of(wire)
    camera = Camera(track)
    thin, full = subscriber(track, 9000), subscriber(track, 9100, seed=2)
    camera.film(4, key=True)
    return wire, camera, thin, full


@pytest.mark.parametrize(("ceiling", "kept"), [(0, {0}), (1, {0, 1})])
def test_upper_layers_are_left_out_without_a_gap(
    scene: tuple[Wire, Camera, OutgoingStream, OutgoingStream], ceiling: int, kept: set[int]
) -> None:
    wire, camera, thin, full = scene
    thin.allow(2, ceiling)
    camera.film(1)  # the picture at whose end it begins
    before = len(wire.to(thin))
    camera.film(40)
    sent = wire.to(thin)
    assert set(layers(sent[before:])) == kept
    assert continuous(sent)
    assert pictures_follow(sent)
    assert len(wire.to(full)) == 45 * 3
    assert continuous(wire.to(full))
    assert all((b.tl0 - a.tl0) & 0xFF in (0, 1) for a, b in itertools.pairwise(sent))


def test_all_pictures_come_again_from_one_that_needs_no_other(
    scene: tuple[Wire, Camera, OutgoingStream, OutgoingStream],
) -> None:
    wire, camera, thin, _ = scene
    thin.allow(2, 0)
    camera.film(13)
    before = len(wire.to(thin))
    thin.allow(2)
    camera.film(12)
    sent = wire.to(thin)
    assert continuous(sent)
    assert pictures_follow(sent)
    assert layers(sent[before:])[:8] == [2, 1, 2, 0, 2, 1, 2, 0][:8]
    camera.film(40)
    assert camera.stream.thinning is None, "nobody pays for what nobody needs"


def test_lost_packets_come_late_or_are_filled_in(
    scene: tuple[Wire, Camera, OutgoingStream, OutgoingStream],
) -> None:
    wire, camera, thin, full = scene
    thin.allow(2, 1)
    camera.film(1)
    rng = random.Random(7)
    held: list[Packet] = []
    for _ in range(60):
        for packet in camera.picture_of():
            if rng.random() < 0.2:
                held.append(packet)
            else:
                camera.deliver([packet])
            if held and rng.random() < 0.2:
                camera.deliver([held.pop(0)])
        camera.now += 1 / 30
    camera.deliver(held)
    camera.film(4)
    assert complete(wire.to(full))
    sent = wire.to(thin)
    assert complete(sent)
    whole = [each for each in sent if each.payload]
    assert {each.body[1] for each in whole[16:]} == {0, 1}
    base = [each.body[2:] for each in whole if each.body[1] == 0]
    assert len(base) == len({bytes(each) for each in base}), "no picture of the base is missing"


def test_what_a_receiver_lost_is_repeated_with_the_numbers_it_knows(
    scene: tuple[Wire, Camera, OutgoingStream, OutgoingStream],
) -> None:
    wire, camera, thin, _ = scene
    thin.allow(2, 0)
    camera.film(30)
    lost = wire.to(thin)[-4]
    assert thin.repeat((lost.sequence,), camera.now) == 1
    again = wire.repeated(thin)[-1].payload
    assert int.from_bytes(again[:2], "big") == lost.sequence
    assert again[2:] == lost.payload


def missing_of(wire: Wire, out: OutgoingStream) -> set[int]:
    """The numbers that a subscriber has not got, first or again."""
    numbers = [each.sequence for each in wire.to(out)]
    again = {int.from_bytes(each.payload[:2], "big") for each in wire.repeated(out)}
    return set(range(numbers[0], max(numbers))) - set(numbers) - again


@pytest.mark.parametrize("seed", range(12))
def test_ceilings_may_change_at_any_time_on_a_bad_network(seed: int) -> None:
    rng = random.Random(seed)
    wire = Wire()
    track = track_of(wire)
    camera = Camera(track)
    outs = [subscriber(track, 9000 + 100 * number, seed=number + 1) for number in range(3)]
    camera.film(1, key=True)
    held: list[Packet] = []
    for _ in range(300):
        for packet in camera.picture_of(key=rng.random() < 0.01):
            if rng.random() < 0.1:
                held.append(packet)
            else:
                camera.deliver([packet])
        if held and rng.random() < 0.7:
            rng.shuffle(held)
            camera.deliver(held)
            held.clear()
        for out in outs:
            if rng.random() < 0.1:
                out.allow(2, rng.choice((0, 1, 2, 3)))
        camera.now += 1 / 30
        for out in outs:
            out.repeat(tuple(missing_of(wire, out)), camera.now)
    for out in outs:
        sent = wire.to(out)
        numbers = [each.sequence for each in sent]
        assert len(set(numbers)) == len(numbers), "no number is used twice"
        # What it passed over while changing could be asked for; the last may still be on its way.
        assert all(number > numbers[-30] for number in missing_of(wire, out))
        starts = [each for each in sent if each.payload and each.payload[0] & 0x10]
        base = [each for each in starts if each.body[1] == 0]
        assert len(base) >= 70, "every fourth picture at least"


def test_pictures_per_second_choose_the_least_ceiling_that_gives_them(
    scene: tuple[Wire, Camera, OutgoingStream, OutgoingStream],
) -> None:
    _, camera, thin, _ = scene
    track = thin.track
    assert track is not None
    assert track.temporal_for(8, 2) == 3, "nothing is known yet"
    for _ in range(4):
        track.check(camera.now)
        camera.film(20)
    assert [track.temporal_for(fps, 2) for fps in (0, 5, 7, 15, 20, 30, 60)] == [
        3, 0, 0, 1, 3, 3, 3,
    ]  # fmt: skip
