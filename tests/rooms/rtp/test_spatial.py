"""Spatial layers of one VP9 stream, each to those who want it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from rooms.rtp import vp9
from rooms.rtp.codecs import Codec
from rooms.rtp.incoming import IncomingTrack
from rooms.rtp.incoming_stream import IncomingStream
from tests.rooms.rtp.wire import Sent, Wire, subscriber, track_of

VP9 = Codec("VP9", 90000, 1, 98, 99)
STRUCTURE = b"\x58\x01\x40\x00\xb4\x02\x80\x01\x68\x05\x00\x02\xd0\x00"  # three layers, sizes


@dataclass
class Camera:
    """Three spatial layers of two packets each, predicted from each other on keyframes alone."""

    stream: IncomingStream
    sequence: int = 65_530
    timestamp: int = 90_000
    picture: int = 5
    now: float = 1.0

    def picture_packets(
        self, *, key: bool = False, layers: int = 3
    ) -> list[tuple[int, int, bytes]]:
        """(sequence, marker, payload) of the next picture."""
        packets = []
        for layer in range(layers):
            for place in range(2):
                first = 0xA0 | (0 if key else 0x40) | (0x08, 0x04)[place]
                told = key and layer == 0 and place == 0
                head = bytes((first | (0x02 if told else 0), 0x80, self.picture, layer << 1, 7))
                marker = 0x80 if (layer, place) == (layers - 1, 1) else 0
                body = STRUCTURE if told else b""
                packets.append(
                    (self.sequence & 0xFFFF, marker, head + body + bytes((layer, place)))
                )
                self.sequence += 1
        self.picture += 1
        self.timestamp += 3000
        self.now += 1 / 30
        return packets

    def show(self, *, key: bool = False, layers: int = 3, lose: tuple[int, ...] = ()) -> list[
        tuple[int, int, bytes]
    ]:  # fmt: skip
        """Send the next picture but for the packets at these places, which are returned."""
        packets = self.picture_packets(key=key, layers=layers)
        for place, (sequence, marker, payload) in enumerate(packets):
            if place not in lose:
                self.stream.receive(sequence, self.timestamp, marker, payload, self.now)
        return [packets[place] for place in lose]


def whole(sent: list[Sent]) -> None:
    """What a subscriber got has no gap, and every picture ends with the marker."""
    numbers = [each.sequence for each in sent]
    assert numbers == [(numbers[0] + place) & 0xFFFF for place in range(len(numbers))]
    for before, after in pairwise(sent):
        assert before.marker == (before.timestamp != after.timestamp)
    assert sent[-1].marker


def layers_of(sent: list[Sent]) -> set[int]:
    return {vp9.spatial_layer(each.payload) for each in sent}


def scene() -> tuple[Wire, IncomingTrack, Camera]:
    wire = Wire()
    track = track_of(wire, VP9)
    return wire, track, Camera(track.learn("", 4000, VP9))


def test_each_subscriber_gets_the_layers_up_to_its_own() -> None:
    wire, track, camera = scene()
    outs = [subscriber(track, ssrc) for ssrc in (9000, 9100, 9200)]
    for target, out in enumerate(outs):
        out.want(target)
    camera.show(key=True)
    for _ in range(5):
        camera.show()
    for target, out in enumerate(outs):
        sent = wire.to(out)
        assert len(sent) == 6 * 2 * (target + 1)
        assert layers_of(sent) == set(range(target + 1))
        whole(sent)
    assert sorted(track.layers) == ["", "s0", "s1"]


def test_layers_are_changed_at_a_keyframe_without_a_seam() -> None:
    wire, track, camera = scene()
    out = subscriber(track)
    camera.show(key=True)
    camera.show()
    for target in (0, 2, 1):
        out.want(target)
        assert camera.stream.keyframes.wanted
        before = len(wire.to(out))
        camera.show()  # what was sent before goes on
        assert len(wire.to(out)) > before
        before = len(wire.to(out))
        camera.show(key=True)
        camera.show()
        assert layers_of(wire.to(out)[before:]) == set(range(target + 1))
        whole(wire.to(out))
    stamps = sorted({each.timestamp for each in wire.to(out)})
    assert {later - former for former, later in pairwise(stamps)} == {3000}


def test_an_old_keyframe_sent_again_interrupts_nobody_who_waits_for_a_new_one() -> None:
    wire, track, camera = scene()
    out = subscriber(track)
    out.want(0)
    old = camera.picture_packets(key=True)
    for sequence, marker, payload in old:
        camera.stream.receive(sequence, camera.timestamp, marker, payload, camera.now)
    stamp = camera.timestamp
    out.want(2)
    # Browsers try the network with repeats of what they sent last.
    for repaired in (True, False):
        for sequence, marker, payload in old:
            camera.stream.receive(sequence, stamp, marker, payload, camera.now, repaired=repaired)
        before = len(wire.to(out))
        camera.show()
        assert len(wire.to(out)) == before + 2
    camera.show(key=True)
    assert layers_of(wire.to(out)) == {0, 1, 2}
    whole(wire.to(out))


def test_what_is_lost_above_leaves_no_hole_below() -> None:
    wire, track, camera = scene()
    low, high = subscriber(track, 9000), subscriber(track, 9100)
    low.want(0)
    camera.show(key=True)
    lost = camera.show(lose=(3,))  # of the middle layer
    assert camera.stream.due_losses(camera.now + 1)
    camera.show()
    ((sequence, marker, payload),) = lost
    camera.stream.receive(sequence, camera.timestamp - 3000, marker, payload, camera.now)
    camera.show()
    for out in (low, high):
        numbers = sorted(each.sequence for each in wire.to(out))
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    filler = [each for each in wire.to(low) if not each.payload]
    assert len(filler) == 1
    assert layers_of([each for each in wire.to(low) if each.payload]) == {0}


def test_layers_may_come_in_a_stream_that_has_a_name() -> None:
    wire = Wire()
    track = track_of(wire, VP9, rids=("q", "h", "f"))
    camera = Camera(track.learn("f", 4000, VP9))
    out = subscriber(track)
    out.want(0)
    camera.show(key=True)
    camera.show()
    assert layers_of(wire.to(out)) == {0}
    again = Camera(track.learn("f", 4001, VP9))  # the publisher began anew
    assert list(track.layers) == ["f"]
    again.show(key=True)
    assert layers_of(wire.to(out)) == {0}
    whole(wire.to(out))


def test_a_stream_of_one_layer_stays_whole() -> None:
    wire, track, camera = scene()
    out = subscriber(track)
    out.want(0)
    for number, payload in enumerate((b"\x8a\x80\x01\x18a", b"\xcc\x80\x02b")):
        camera.stream.receive(10 + number, 3000 * number, 0x80, payload, 1.0 + number)
    assert [each.payload[-1:] for each in wire.to(out)] == [b"a", b"b"]
    assert list(track.layers) == [""]


def test_descriptors_that_are_cut_short_are_read_without_harm() -> None:
    full = b"\xfa\xff\xff\x02\x03\x03\x02" + STRUCTURE
    for size in range(1, len(full)):
        vp9.spatial_layer(full[:size])
        vp9.spatial_layers(full[:size])
        vp9.begins_keyframe(full[:size])
    assert vp9.spatial_layers(b"\xaa\x80\x01\x00\x07" + STRUCTURE) == 3
