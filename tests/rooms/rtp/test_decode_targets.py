"""Layers of one AV1 stream: each subscriber gets a decode target, and is told which are active."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import pytest

from rooms.rtp.codecs import Codec
from rooms.rtp.decode_targets import DescribedStream
from rooms.rtp.dependency_descriptor import Descriptor, Structure, parse
from rooms.rtp.described import described_block, prepared
from rooms.rtp.incoming import IncomingTrack
from rooms.rtp.outgoing import OutgoingStream
from rooms.rtp.packet import DESCRIBED, Packet, extensions
from tests.rooms.rtp.descriptors import L1T3, L2T2_KEY, Kind, Written, descriptor
from tests.rooms.rtp.wire import Sent, Wire, subscriber, track_of

AV1 = Codec("AV1", 90000, 1, 45, 46)
ID = 12
KEY_KINDS, T0_KINDS, T1_KINDS = (0, 3), (1, 4), (2, 5)


@dataclass
class Camera:
    """Publishes `written`: every layer of a picture in two packets, numbered before the wrap."""

    stream: DescribedStream
    written: Written = L2T2_KEY
    sequence: int = 65_530
    timestamp: int = 90_000
    number: int = 65_533
    now: float = 1.0
    pictures: int = 0

    def packets(
        self, kinds: tuple[int, ...], *, key: bool = False, active: int | None = None
    ) -> list[tuple[int, int, int, bytes, bytes]]:
        """(sequence, timestamp, marker, payload, descriptor) of one picture."""
        made = []
        for kind in kinds:
            for place in (0, 1):
                first = key and kind == kinds[0] and place == 0
                told = descriptor(
                    self.number,
                    (self.written.first_id + kind) % 64,
                    starts=place == 0,
                    ends=place == 1,
                    structure=self.written if first else None,
                    active=(active, self.written.targets)
                    if active is not None and (kind, place) == (kinds[0], 0)
                    else None,
                )
                marker = 0x80 if (kind, place) == (kinds[-1], 1) else 0
                payload = bytes((kind, place, self.pictures))
                made.append((self.sequence & 0xFFFF, self.timestamp, marker, payload, told))
                self.sequence += 1
            self.number += 1
        self.pictures += 1
        self.timestamp += 3000
        self.now += 1 / 30
        return made

    def deliver(self, packets: list[tuple[int, int, int, bytes, bytes]]) -> None:
        for sequence, timestamp, marker, payload, told in packets:
            self.stream.receive(sequence, timestamp, marker, payload, self.now, descriptor=told)

    def key(self, kinds: tuple[int, ...] = KEY_KINDS, active: int | None = None) -> None:
        self.deliver(self.packets(kinds, key=True, active=active))

    def go_on(self, pictures: int = 4) -> None:
        """Pictures of T1, T0, T1, T0…"""
        for each in range(pictures):
            self.deliver(self.packets(T0_KINDS if each % 2 else T1_KINDS))


def scene() -> tuple[Wire, IncomingTrack, Camera]:
    wire = Wire()
    track = track_of(wire, AV1)
    stream = track.learn("", 4000, AV1)
    assert isinstance(stream, DescribedStream)
    return wire, track, Camera(stream)


def told(sent: list[Sent]) -> list[Descriptor]:
    """The descriptors that a subscriber got."""
    structure: Structure | None = None
    found = []
    for each in sent:
        packet = bytes((0x90, 45)) + bytes(10) + each.extension
        (value,) = [value for identifier, value in extensions(packet, len(packet))]
        found.append(parse(value, structure))
        structure = found[-1].structure or structure
    return found


def kinds(sent: list[Sent]) -> set[int]:
    return {each.payload[0] for each in sent}


def whole(sent: list[Sent]) -> None:
    """No gap in the numbers, and every picture ends with the marker."""
    numbers = [each.sequence for each in sent]
    assert numbers == [(numbers[0] + place) & 0xFFFF for place in range(len(numbers))]
    for before, after in pairwise(sent):
        assert before.marker == (before.timestamp != after.timestamp)
    assert sent[-1].marker


def want(track: IncomingTrack, ssrc: int, spatial: int) -> OutgoingStream:
    out = subscriber(track, ssrc, descriptor=ID)
    out.want(spatial)
    return out


def test_each_subscriber_gets_its_decode_target() -> None:
    wire, track, camera = scene()
    low, high = want(track, 9000, 0), want(track, 9100, 2)
    camera.key()
    camera.go_on(8)
    whole(wire.to(low))
    whole(wire.to(high))
    assert kinds(wire.to(low)) == {0, 1, 2}
    # Of the lower layer, only the keyframe is needed to see the upper one.
    assert kinds(wire.to(high)) == {0, 3, 4, 5}
    assert {each.active for each in told(wire.to(low))} == {0b0011}
    assert {each.active for each in told(wire.to(high))} == {0b1100}
    numbers = [each.number for each in told(wire.to(high))]
    assert numbers[:6] == [65_533, 65_533, 65_534, 65_534, 0, 0]
    assert numbers[6:8] == [2, 2]  # those of its source, as they were


def test_layers_are_changed_at_a_keyframe_without_a_seam() -> None:
    wire, track, camera = scene()
    out = want(track, 9000, 0)
    camera.key()
    camera.go_on()
    out.want(2)
    assert camera.stream.keyframes.wanted
    camera.go_on()
    assert kinds(wire.to(out)) == {0, 1, 2}
    camera.key()
    camera.go_on()
    assert 5 in kinds(wire.to(out))
    whole(wire.to(out))


def test_temporal_layers_are_dropped_and_come_back_where_a_frame_switches_to_them() -> None:
    wire, track, camera = scene()
    out = want(track, 9000, 2)
    camera.key()
    out.allow(2, 0)
    camera.deliver(camera.packets(T0_KINDS))  # from the next picture on
    camera.go_on(8)
    assert kinds(wire.to(out)) == {0, 3, 4}
    assert {each.active for each in told(wire.to(out))[6:]} == {0b0100}
    out.allow(2)
    camera.go_on(1)
    assert 5 not in kinds(wire.to(out))  # a frame of T1 switches to nothing
    camera.deliver(camera.packets(T0_KINDS))
    camera.go_on(4)
    sent = wire.to(out)
    assert 5 in kinds(sent)
    assert told(sent)[-1].active == 0b1100
    whole(sent)


def test_the_lower_layer_is_thinned_too() -> None:
    wire, track, camera = scene()
    out = want(track, 9000, 0)
    camera.key()
    out.allow(0, 0)
    camera.deliver(camera.packets(T0_KINDS))
    camera.go_on(8)
    assert kinds(wire.to(out)) == {0, 1}
    assert told(wire.to(out))[-1].active == 0b0001
    whole(wire.to(out))


def test_an_upper_layer_that_is_not_produced_leaves_the_lower_one_to_all() -> None:
    wire, track, camera = scene()
    out = want(track, 9000, 2)
    camera.key((0,), active=0b0011)
    camera.deliver(camera.packets((2,)))
    camera.deliver(camera.packets((1,)))
    assert kinds(wire.to(out)) == {0, 1, 2}
    assert {each.active for each in told(wire.to(out))} == {0b0011}
    camera.key()
    camera.go_on()
    assert 5 in kinds(wire.to(out))
    whole(wire.to(out))


def test_when_an_upper_layer_ends_a_keyframe_is_asked_for_at_once() -> None:
    wire, track, camera = scene()
    out = want(track, 9000, 2)
    camera.key()
    camera.go_on(2)
    assert not camera.stream.keyframes.wanted
    camera.deliver(camera.packets((2,), active=0b0011))
    assert camera.stream.keyframes.wanted
    # Frames that build on others which were not sent are of no use.
    camera.deliver(camera.packets((1,)))
    before = len(wire.to(out))
    camera.key((0,), active=0b0011)
    camera.deliver(camera.packets((2,)))
    sent = wire.to(out)[before:]
    assert kinds(sent) == {0, 2}
    whole(wire.to(out))


def test_where_layers_build_on_each_other_the_lower_one_goes_on_at_once() -> None:
    full = Written(
        (
            Kind(0, 0, "SS", (), (0, 0)),
            Kind(0, 0, "SR", (2,), (2, 1)),
            Kind(1, 0, "-S", (1,), (1, 1)),
            Kind(1, 0, "-R", (1, 2), (1, 1)),
        ),
        (0, 1),
    )
    wire, track, camera = scene()
    camera.written = full
    out = want(track, 9000, 2)
    camera.deliver(camera.packets((0, 2), key=True))
    camera.deliver(camera.packets((1, 3)))
    camera.deliver(camera.packets((1,), active=0b01))
    assert not camera.stream.keyframes.wanted
    camera.deliver(camera.packets((1,)))
    # It is produced again: its first frame needs nothing but the layer below.
    camera.deliver(camera.packets((1, 2), active=0b11))
    camera.deliver(camera.packets((1, 3)))
    sent = wire.to(out)
    assert [each.payload[0] for each in sent[::2]] == [0, 2, 1, 3, 1, 1, 1, 2, 1, 3]
    whole(sent)


def test_a_lost_first_packet_comes_late_with_its_structure() -> None:
    wire, track, camera = scene()
    low = want(track, 9000, 0)
    camera.key()
    camera.go_on(2)
    camera.written = Written(L2T2_KEY.kinds, L2T2_KEY.protected_by, first_id=20)
    first, *others = camera.packets(KEY_KINDS, key=True)
    camera.deliver(others)
    camera.go_on(1)
    sequence, timestamp, marker, payload, told_late = first
    camera.stream.receive(
        sequence, timestamp, marker, payload, camera.now, repaired=True, descriptor=told_late
    )
    camera.go_on(4)
    numbers = sorted((each.sequence - wire.to(low)[0].sequence) & 0xFFFF for each in wire.to(low))
    assert numbers == list(range(len(numbers)))
    assert {each.payload[0] for each in wire.to(low)[-8:]} == {1, 2}


def test_an_old_keyframe_sent_again_interrupts_nobody_who_waits_for_a_new_one() -> None:
    wire, track, camera = scene()
    out = want(track, 9000, 0)
    old = camera.packets(KEY_KINDS, key=True)
    camera.deliver(old)
    camera.go_on(2)
    out.want(2)
    for each in old:
        sequence, timestamp, marker, payload, told_again = each
        camera.stream.receive(
            sequence, timestamp, marker, payload, camera.now, repaired=True, descriptor=told_again
        )
    before = len(wire.to(out))
    camera.go_on(2)
    assert len(wire.to(out)) == before + 4
    camera.key()
    camera.go_on(2)
    assert 5 in kinds(wire.to(out))
    whole(wire.to(out))


def test_a_sender_that_began_anew_is_followed_as_before() -> None:
    wire, track, camera = scene()
    out = want(track, 9000, 2)
    camera.key()
    for _ in range(2):  # as after two outages of the publisher's link
        camera.sequence += 20_000
        camera.key()
        camera.key()
    camera.go_on(2)
    assert not camera.stream.keyframes.wanted
    camera.deliver(camera.packets((2,), active=0b0011))
    assert camera.stream.keyframes.wanted
    camera.key((0,), active=0b0011)
    camera.deliver(camera.packets((2,)))
    assert kinds(wire.to(out)[-4:]) == {0, 2}


def test_what_is_repeated_has_its_descriptor_too() -> None:
    wire, track, camera = scene()
    out = want(track, 9000, 2)
    camera.key()
    first = wire.to(out)[0]
    out.repeat((first.sequence,), 5.0)
    (again,) = wire.repeated(out)
    assert again.payload[2:] == first.payload
    assert told([again]) == told([first])


def test_a_stream_of_one_layer_is_thinned_too() -> None:
    wire, track, camera = scene()
    camera.written = L1T3
    out = want(track, 9000, 2)
    camera.key((0,))
    out.allow(2, 1)
    for kind in (2, 4, 1, 3, 2, 4, 1):
        camera.deliver(camera.packets((kind,)))
    assert kinds(wire.to(out)) == {0, 1, 2}
    assert told(wire.to(out))[-1].active == 0b011
    whole(wire.to(out))
    assert list(track.layers) == [""]


def test_without_descriptors_the_stream_passes_as_it_is() -> None:
    wire, track, camera = scene()
    out = want(track, 9000, 0)
    for number, payload in enumerate((b"\x18first", b"\x10second", b"\x90more")):
        camera.stream.receive(number, 3000 * number, 0x80, payload, 1.0 + number)
    assert [each.payload[1:] for each in wire.to(out)] == [b"first", b"second", b"more"]
    assert {each.extension for each in wire.to(out)} == {b""}


def test_who_did_not_agree_on_descriptors_gets_none() -> None:
    wire, track, camera = scene()
    out = subscriber(track, 9000)
    camera.key()
    assert {each.extension for each in wire.to(out)} == {b""}


def test_descriptors_that_cannot_be_read_are_not_passed_on() -> None:
    wire, track, camera = scene()
    out = want(track, 9000, 2)
    camera.key()
    before = len(wire.to(out))
    camera.stream.receive(camera.sequence & 0xFFFF, 9, 0, b"?", 2.0, descriptor=b"\x80\0\0\x80")
    camera.sequence += 1
    assert camera.stream.malformed == 1
    camera.go_on(1)
    assert len(wire.to(out)) == before + 2
    whole(wire.to(out))


@pytest.mark.parametrize(("stamp", "size"), [(0, 3), (2, 3), (2, 16), (2, 17), (0, 90), (2, 255)])
def test_both_forms_of_extensions_hold_descriptor_and_time(stamp: int, size: int) -> None:
    value = bytes(range(size))
    block = described_block(ID << 8 | stamp, value, 64.5)
    assert len(block) % 4 == 0
    packet = bytes((0x90, 45)) + bytes(10) + block
    read = dict(extensions(packet, len(packet)))
    assert read.pop(ID) == value
    assert read == ({2: (int(64.5 * 262144) & 0xFFFFFF).to_bytes(3)} if stamp else {})


def test_a_packet_is_kept_with_its_descriptor_and_sent_without() -> None:
    packet: Packet = (7, 9, 0x80, DESCRIBED, b"abc", 0, 0, 64, b"payload")
    plain, word, prefix = prepared(packet, 0x802D, ID << 8, 1.0)
    assert plain[3:] == (0, b"", 0, 0, 0, b"payload")
    assert (word, prefix[4:8]) == (0x902D, b"\xc2abc")
