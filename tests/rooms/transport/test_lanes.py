"""Streams that compiled code goes on with by itself: nobody must be able to tell."""

from __future__ import annotations

import random
import struct
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest

from rooms.compiled import library
from rooms.rtp import rtcp
from rooms.rtp.codecs import Codec, IncomingSpec
from rooms.rtp.incoming_stream import IncomingStream
from rooms.rtp.outgoing import OutgoingStream
from tests.rooms.transport.test_batches import LEVEL, post
from tests.rooms.transport.test_media import (
    IDS,
    OPUS,
    PLAIN,
    VP8,
    Client,
    Server,
    elements,
    picture,
    rtp,
)

pytestmark = pytest.mark.skipif(library.library is None, reason=library.reason)

H264 = Codec("H264", 90000, 1, 102, 103)
VP9 = Codec("VP9", 90000, 1, 98, 99)


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server(True)
    yield server
    server.socket.close()


def runs(stream: IncomingStream) -> bool:
    """Whether compiled code will look at the stream's next packet by itself."""
    lane: Any = stream.lane
    return lane is not None and bool(lane.running)


def stream_of(client: Client) -> IncomingStream:
    """The only stream of that client."""
    (route,) = client.media.ssrcs.routes.values()
    return route.stream


def film(alice: Client, numbers: range) -> None:
    """Send pictures of one packet; the first of all is a keyframe."""
    for n in numbers:
        alice.send(rtp(10, 100 + n, picture(n, key=n == 0)))


def sequences(packets: list[bytes]) -> list[int]:
    return [struct.unpack_from("!H", each, 2)[0] for each in packets]


def test_an_undisturbed_stream_runs_by_itself_and_is_accounted_for(server: Server) -> None:
    alice, bob = Client(server), Client(server)
    out = bob.subscribe(alice.publish(PLAIN), VP8)
    film(alice, range(4))
    stream = stream_of(alice)
    assert runs(stream)
    server.now += 1
    film(alice, range(4, 30))
    assert runs(stream)
    assert (stream.packets, out.sent_packets, stream.top) == (30, 30, 0x10000 + 129)
    assert stream.octets == 30 * 57
    assert stream.newest_at == server.now
    assert len(bob.received()[0]) == 30


def test_what_a_lane_took_is_repeated_when_asked_for(server: Server) -> None:
    alice, bob = Client(server), Client(server)
    bob.subscribe(alice.publish(PLAIN), VP8)
    film(alice, range(20))
    packets, _ = bob.received()
    bob.send_rtcp(rtcp.receiver_report(1) + rtcp.nack(1, 700, sequences(packets)[5:15]))
    repeats, _ = bob.received()
    assert [each[12 + 8 : 14 + 8] for each in repeats] == [each[2:4] for each in packets[5:15]]
    assert [each[14 + 8 :] for each in repeats] == [each[12 + 8 :] for each in packets[5:15]]


def test_only_as_many_are_kept_as_there_is_room_for(server: Server) -> None:
    alice, bob = Client(server), Client(server)
    bob.subscribe(alice.publish(PLAIN), VP8)
    rng = random.Random(5)
    sent = [picture(n, key=n == 0, size=rng.randrange(1300)) for n in range(1500)]
    stream, first = None, 0x10000 + 100
    for n, payload in enumerate(sent):
        alice.send(rtp(10, 100 + n, payload))
        bob.received()
        stream = stream or stream_of(alice)
        if n % 100 == 99:
            for each in range(n + 1):
                packet = stream.cache.get(first + each)
                assert packet is None or packet[8] == sent[each][6:]
                assert packet is not None or each <= n - 300


def test_a_gap_is_seen_and_what_comes_late_takes_its_place(server: Server) -> None:
    alice, bob = Client(server), Client(server)
    bob.subscribe(alice.publish(PLAIN), VP8)
    film(alice, range(5))
    film(alice, range(6, 9))
    stream = stream_of(alice)
    assert runs(stream)
    assert len(stream.loss) == 1
    film(alice, range(5, 6))
    film(alice, range(9, 12))
    assert runs(stream)
    assert len(stream.loss) == 0
    found = sequences(bob.received()[0])
    assert [each - found[0] for each in found] == [0, 1, 2, 3, 4, 6, 7, 8, 5, 9, 10, 11]


def test_newcomers_are_served_from_the_next_keyframe(server: Server) -> None:
    alice, bob, carol = Client(server), Client(server), Client(server)
    track = alice.publish(PLAIN)
    bob.subscribe(track, VP8)
    film(alice, range(60))
    carol.subscribe(track, VP8, 800)
    film(alice, range(60, 63))
    assert carol.received()[0] == []
    alice.send(rtp(10, 163, picture(63, key=True)))
    film(alice, range(64, 70))
    assert len(carol.received()[0]) == 7
    assert len(bob.received()[0]) == 70


def test_who_leaves_gets_nothing_more(server: Server) -> None:
    alice, bob, carol = Client(server), Client(server), Client(server)
    track = alice.publish(PLAIN)
    bob.subscribe(track, VP8)
    out = carol.subscribe(track, VP8, 800)
    film(alice, range(5))
    track.remove_outgoing(out)
    film(alice, range(5, 10))
    bob.media.close()
    film(alice, range(10, 15))
    assert len(carol.received()[0]) == 5
    assert len(bob.received()[0]) == 10
    assert stream_of(alice).packets == 15


def test_a_dropped_section_is_forwarded_no_more(server: Server) -> None:
    alice, bob = Client(server), Client(server)
    bob.subscribe(alice.publish(PLAIN), VP8)
    film(alice, range(5))
    stream = stream_of(alice)
    alice.media.describe_incoming([])
    film(alice, range(5, 10))
    assert len(bob.received()[0]) == 5
    assert stream.packets == 5
    assert stream.cache.get(stream.top) is None


def test_another_payload_type_on_a_known_stream_is_refused(server: Server) -> None:
    alice, bob = Client(server), Client(server)
    bob.subscribe(alice.publish(PLAIN), VP8)
    film(alice, range(5))
    alice.send(rtp(10, 105, picture(5), pt=100))
    film(alice, range(6, 8))
    assert len(bob.received()[0]) == 7
    assert server.counters["rtp_wrong_payload_type"] == 1


@pytest.mark.parametrize("codec", [H264, VP9])
def test_keyframes_of_other_codecs_serve_newcomers(server: Server, codec: Codec) -> None:
    alice, bob, carol = Client(server), Client(server), Client(server)
    key, other = {"H264": (b"\x67sps", b"\x41"), "VP9": (b"\x08", b"\x48")}[codec.name]
    pt = codec.payload_type
    track = alice.publish(IncomingSpec("v", "video", {pt: codec}, IDS, (), (10,)))
    bob.subscribe(track, codec)
    for n in range(50):
        alice.send(rtp(10, n, (other if n else key) + bytes(40), pt=pt))
    assert runs(stream_of(alice))
    carol.subscribe(track, codec, 800)
    for n in range(50, 60):
        alice.send(rtp(10, n, (key if n == 53 else other) + bytes(40), pt=pt))
    assert len(bob.received()[0]) == 60
    assert len(carol.received()[0]) == 7


def test_a_stream_learnt_anew_leaves_its_lane(server: Server) -> None:
    """The same layer on another SSRC: nothing of the old one is forwarded any more."""
    spec = IncomingSpec("v", "video", {96: VP8}, IDS, ("f",))
    named = elements(mid=b"v", rid=b"f")
    alice, bob = Client(server), Client(server)
    bob.subscribe(alice.publish(spec), VP8)
    for ssrc in (20, 30):
        for n in range(6):
            alice.send(rtp(ssrc, 100 + n, picture(n, key=n == 0), extension=named))
    assert len(bob.received()[0]) == 12
    alice.send(rtp(20, 106, picture(6)))
    assert bob.received()[0] == []
    assert list(alice.media.ssrcs.routes) == [30]


def test_levels_are_heard_while_a_lane_runs(server: Server) -> None:
    alice, bob = Client(server), Client(server)
    track = alice.publish(IncomingSpec("a", "audio", {111: OPUS}, IDS, (), (30,)))
    bob.subscribe(track, OPUS)
    for number in range(60):
        loud = elements(level=LEVEL if number < 30 else bytes((120,)))
        alice.send(rtp(30, number, b"sound", pt=111, extension=loud))
        server.now += 0.02
        if number == 29:
            assert track.audio_level(server.now) > 0.1
    assert runs(stream_of(alice))
    for number in range(60, 160):
        alice.send(rtp(30, number, b"sound", pt=111, extension=elements(level=bytes((120,)))))
        server.now += 0.02
    assert track.audio_level(server.now) == 0
    assert len(bob.received()[0]) == 160


class Office:
    """A camera and a microphone watched by two, one of them now and then; all of it seeded."""

    def __init__(self, compiled: bool, seed: int) -> None:
        self.server = Server(compiled)
        self.rng = random.Random(seed)
        self.alice, self.bob, self.carol = (Client(self.server) for _ in range(3))
        sound = IncomingSpec("a", "audio", {111: OPUS}, IDS, (), (30,))
        self.alice.media.describe_incoming([PLAIN, sound])
        self.tracks = [self.alice.media.ssrcs.tracks[mid] for mid in ("v", "a")]
        for track, codec, ssrc in zip(self.tracks, (VP8, OPUS), (700, 900), strict=True):
            self.bob.subscribe(track, codec, ssrc)
        self.guest: OutgoingStream | None = None
        self.guests = 0
        self.numbers = {10: 65_400, 30: 65_500}
        self.pictures = 0
        self.held: list[bytes] = []
        self.log: list[Any] = []

    def packet(self) -> bytes:
        """The next packet of the microphone or the camera, which sometimes pads."""
        rng, numbers = self.rng, self.numbers
        ssrc = 30 if rng.random() < 0.3 else 10
        number = numbers[ssrc] = (numbers[ssrc] + 1) & 0xFFFF
        if ssrc == 30:
            level = elements(level=bytes((rng.choice((10, 127)),)))
            return rtp(30, number, bytes(rng.randrange(1, 90)), pt=111, extension=level)
        if rng.random() < 0.05:
            return rtp(10, number, b"", padding=20)
        self.pictures += 1
        key = rng.random() < 0.02 or self.pictures == 1
        payload = picture(self.pictures & 0x7FFF, key=key, size=rng.randrange(1000))
        if rng.random() < 0.02:
            payload = bytes((0x10,)) + payload[6:]  # a descriptor of a rarer form
        return rtp(10, number, payload, padding=5 if rng.random() < 0.05 else 0)

    def step(self) -> None:
        """A few packets come, some lost or late or twice; then somebody may come or go."""
        rng, server, out = self.rng, self.server, []
        for _ in range(rng.randrange(1, 12)):
            packet = self.alice.sending.protect(self.packet())
            fate = rng.random()
            if fate < 0.03:
                continue
            if fate < 0.06:
                self.held.append(packet)
            else:
                out += [packet] * (2 if fate > 0.98 else 1)
        if rng.random() < 0.5:
            out += self.held
            self.held.clear()
        for packet in out:
            self.alice.socket.sendto(packet, ("127.0.0.1", server.socket.port))
        server.socket.drain()
        server.now += rng.choice((0.004, 0.02, 0.021))
        self.visit()
        server.mux.tick(server.now)
        self.note()

    def visit(self) -> None:
        """Somebody comes, goes, or asks for what they lost."""
        rng, fate = self.rng, self.rng.random()
        if fate < 0.05:
            if self.guest is None:
                self.guests += 2
                self.guest = self.carol.subscribe(self.tracks[0], VP8, 1000 + self.guests)
            else:
                self.tracks[0].remove_outgoing(self.guest)
                self.carol.media.remove_outgoing(self.guest)
                self.guest = None
        elif fate < 0.15:
            top = self.log[-1][0][700][-1][1] if self.log and self.log[-1][0].get(700) else 5
            lost = [(top - rng.randrange(60)) & 0xFFFF for _ in range(5)]
            self.bob.send_rtcp(rtcp.receiver_report(1) + rtcp.nack(1, 700, lost))
        elif fate < 0.18:
            for track in self.tracks:
                track.check(self.server.now)

    def note(self) -> None:
        """What everybody got and what the server makes of it."""
        got: dict[int, list[Any]] = defaultdict(list)
        for client in (self.bob, self.carol):
            for data in client.received()[0]:
                _, _, number, _, ssrc = struct.unpack_from("!BBHII", data)
                got[ssrc].append((data, number))
        _, reports = self.alice.received()
        kept = []
        for route in self.alice.media.ssrcs.routes.values():
            s = route.stream
            kept.append((
                s.top, s.packets, s.octets, s.newest_at, s.newest and s.newest[:4],
                s.numbers.cycles, s.numbers.removed, len(s.loss), s.duplicates, s.malformed,
                s.reception.received, s.reception.jitter, s.volume.pictures, s.volume.bitrates,
                s.failed,
            ))  # fmt: skip
        level = self.tracks[1].audio_level(self.server.now)
        self.log.append((dict(got), reports, kept, level))


@pytest.mark.parametrize("seed", range(6))
def test_whatever_happens_the_compiled_path_does_what_python_does(seed: int) -> None:
    offices = [Office(compiled, seed) for compiled in (False, True)]
    ran = 0
    for step in range(250):
        for office in offices:
            office.step()
        python, compiled = (office.log[-1] for office in offices)
        for one, other in zip(python, compiled, strict=True):
            assert one == other, step
        routes = offices[1].alice.media.ssrcs.routes.values()
        ran += sum(runs(route.stream) for route in routes)
    assert ran > 100, "lanes were to be tried"
    for office in offices:
        assert not office.server.counters["udp_receive_failed"]
        office.server.socket.close()


BEGINNINGS = {
    "VP8": (b"\x90\xe0\x81\x02\x03\x20\x01", b"\x80\x80\xff\xff\x01", b"\x90\xc0\x81", b"\x80\xf0"),
    "H264": (b"\x41", b"\x7c\x05", b"\x7c\x87", b"\x18\x00\x02\x67\x01", b"\x67"),
    "VP9": (b"\xc0\x05", b"\x48", b"\x08", b"\xc4\x81\x02"),
    "opus": (b"\x78",),
}


def strange(rng: random.Random, codec: Codec, number: int) -> bytes:
    """A packet of which any part may be cut short, random, or absent."""
    payload = rng.choice(BEGINNINGS[codec.name])
    if rng.random() < 0.1:
        payload = payload[: rng.randrange(len(payload) + 1)]
    payload += rng.randbytes(rng.choice((0, 1, 40, 900)))
    words = rng.randrange(4)
    extension = struct.pack("!HH", rng.choice((0xBEDE, 0x1000, 0x1234)), words)
    return rtp(
        10, number & 0xFFFF, payload, pt=codec.payload_type | rng.choice((0, 0x80)),
        padding=rng.choice((0, 0, 0, 1, 9)),
        extension=extension + rng.randbytes(4 * words) if rng.random() < 0.3 else b"",
    )  # fmt: skip


@pytest.mark.parametrize("codec", [VP8, H264, VP9, OPUS], ids=lambda codec: codec.name)
def test_packets_of_any_content_are_taken_alike(codec: Codec) -> None:
    sides = []
    for compiled in (False, True):
        server = Server(compiled)
        alice, bob = Client(server), Client(server)
        pt = codec.payload_type
        bob.subscribe(
            alice.publish(IncomingSpec("v", codec.kind, {pt: codec}, IDS, (), (10,))), codec
        )
        sides.append((server, alice, bob))
    rng, ran = random.Random(4), 0
    for number in range(65_400, 65_900):
        packet = strange(rng, codec, number)
        for server, alice, _ in sides:
            alice.send(packet)
            server.now += 0.005
        python, compiled_one = (bob.received()[0] for _, _, bob in sides)
        assert python == compiled_one, packet
        streams = [stream_of(alice) for _, alice, _ in sides]
        one, other = (
            (each.top, each.packets, each.octets, each.malformed, each.volume.pictures)
            for each in streams
        )
        assert one == other, packet
        ran += runs(streams[1])
    assert ran > 100, "lanes were to be tried"
    assert dict(sides[0][0].counters) == dict(sides[1][0].counters)
    for server, _, _ in sides:
        server.socket.close()


def test_a_batch_of_which_a_lane_can_take_a_part_keeps_its_order(server: Server) -> None:
    alice, bob = Client(server), Client(server)
    bob.subscribe(alice.publish(PLAIN), VP8)
    film(alice, range(5))
    post(alice, *(rtp(10, 105 + n, picture(5 + n, key=n == 6)) for n in range(20)))
    server.socket.drain()
    found = sequences(bob.received()[0])
    assert [each - found[0] for each in found] == list(range(25))
