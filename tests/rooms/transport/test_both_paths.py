"""Whatever comes, the compiled path does what Python does, to the byte; all of it seeded."""

from __future__ import annotations

import random
import struct
from collections import defaultdict
from typing import Any

import pytest

from rooms.compiled import library
from rooms.rtp import rtcp
from rooms.rtp.codecs import Codec, IncomingSpec
from rooms.rtp.outgoing import OutgoingStream
from tests.rooms.transport.test_lanes import H264, VP9, runs, stream_of
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
