"""Media of somebody who has keys and means ill: both packet paths hold, and decide alike."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pylibsrtp import Error, Session

from rooms.compiled import library
from rooms.rtp import rtcp
from rooms.rtp.codecs import Extensions, IncomingSpec
from tests.rooms.transport.test_media import OPUS, PLAIN, VP8, Client, Server, picture, rtp

compiled_too = [
    pytest.param(False, id="python"),
    pytest.param(
        True,
        id="compiled",
        marks=pytest.mark.skipif(library.library is None, reason=library.reason),
    ),
]


@pytest.fixture(params=compiled_too)
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    server = Server(request.param)
    yield server
    server.socket.close()


def remembers(session: Session, ssrc: int) -> bool:
    """Whether libsrtp still keeps the state of an SSRC, which it forgets by this question."""
    try:
        session.remove_stream(ssrc)
    except Error:
        return False
    return True


def unknown(ssrc: int) -> bytes:
    return rtp(ssrc, 1, b"whose?")


def broken(ssrc: int) -> bytes:
    return b"\xa0" + rtp(ssrc, 1, b"\xff")[1:]  # more padding than there is packet


def report(ssrc: int) -> bytes:
    return rtcp.receiver_report(ssrc)


@pytest.mark.parametrize("make", [unknown, broken, report])
def test_what_is_kept_of_ssrcs_that_are_nobodys_does_not_grow(
    server: Server, make: Callable[[int], bytes]
) -> None:
    """libsrtp keeps each SSRC for ever, in a list that it walks for every packet."""
    alice, bob = Client(server), Client(server)
    bob.subscribe(alice.publish(PLAIN), VP8)
    alice.send(rtp(10, 1, picture(1, key=True)))
    send = alice.send_rtcp if make is report else alice.send
    strangers = range(1000, 1600)
    for ssrc in strangers:
        send(make(ssrc))
        alice.sending.remove_stream(ssrc)
    alice.send(rtp(10, 2, picture(2)))
    assert len(bob.received()[0]) == 2, "the camera goes on"
    receiving, _ = alice.media.keep
    assert remembers(receiving, 10)
    assert remembers(receiving, strangers[-1]), "the latest ones may still be told of"
    assert sum(remembers(receiving, ssrc) for ssrc in strangers) < 4 * server.limits.ssrcs_per_kind


IDS = Extensions(mid=1, rid=2, rrid=3, audio_level=4, transport_wide=5, descriptor=6)


def strange_extension(rng: random.Random) -> bytes:
    """A block of header extensions, of which anything may be wrong but its length."""
    block = b""
    for _ in range(rng.randrange(4)):
        size = rng.choice((1, 1, 2, 2, 3, 16))
        block += bytes((rng.choice((0, 3, 4, 5, 5, 6, 15)) << 4 | size - 1,)) + rng.randbytes(size)
    if rng.random() < 0.3:
        block = rng.randbytes(rng.randrange(24))
    block = block[: len(block) - rng.choice((0, 0, 0, 1))]
    block += bytes(-len(block) % 4)
    profile = rng.choice((0xBEDE, 0xBEDE, 0xBEDE, 0x1000, 0x100F, 0x1234))
    return struct.pack("!HH", profile, len(block) // 4) + block


def authentic(rng: random.Random, number: int) -> bytes:
    """A packet to encrypt, of which libsrtp asks no more than that its header is within it."""
    sources = rng.choice((0, 0, 0, 1, 15))
    extension = strange_extension(rng) if rng.random() < 0.6 else b""
    first = rng.choice((0x80, 0x80, 0x80, 0xA0)) | (0x10 if extension else 0) | sources
    second = rng.choice((96, 96, 111, 97, 0, 127, 0x80 | 96)) & 0xFF
    ssrc = rng.choice((10, 10, 10, 30, 11, rng.getrandbits(32)))
    body = picture(number & 0x7FFF, size=rng.choice((0, 1, 60))) if rng.random() < 0.8 else b""
    body += rng.randbytes(rng.choice((0, 0, 1, 3, 250)))
    head = struct.pack("!BBHII", first, second, number & 0xFFFF, 90 * number, ssrc)
    return head + rng.randbytes(4 * sources) + extension + body


def damaged(rng: random.Random, datagram: bytes) -> bytes:
    """The same, cut, longer, or with some of its bits changed."""
    data = bytearray(datagram)
    fate = rng.random()
    if fate < 0.3:
        del data[rng.randrange(len(data)) :]
    elif fate < 0.4:
        data += rng.randbytes(rng.choice((1, 16, 1400, 1900)))
    else:
        for _ in range(rng.randrange(1, 4)):
            place = rng.choice((0, 1, 12, 14, 15, rng.randrange(len(data)))) % len(data)
            data[place] = rng.choice((0, 0x7F, 0x8F, 0x9F, 0xBF, 0xFF, rng.getrandbits(8)))
    return bytes(data)


class Side:
    """One of the two packet paths, with a publisher of whom anything may come, and a subscriber."""

    def __init__(self, compiled: bool) -> None:
        self.server = Server(compiled)
        self.alice, self.bob = Client(self.server), Client(self.server)
        self.stranger = Client(self.server, keys=False)
        self.stranger.media.close()
        specs = [
            IncomingSpec("v", "video", {96: VP8}, IDS, (), (10,), ((10, 11),)),
            IncomingSpec("a", "audio", {111: OPUS}, IDS, (), (30,)),
        ]
        self.alice.media.describe_incoming(specs)
        self.tracks = [self.alice.media.ssrcs.tracks[mid] for mid in ("v", "a")]
        for track, codec, ssrc in zip(self.tracks, (VP8, OPUS), (700, 900), strict=True):
            self.bob.subscribe(track, codec, ssrc)

    def take(self, datagrams: list[tuple[bool, bytes]]) -> None:
        """Have them come at once: of the publisher, or of somebody nobody knows."""
        for known, data in datagrams:
            sender = self.alice if known else self.stranger
            sender.socket.sendto(data, ("127.0.0.1", self.server.socket.port))
        self.server.socket.drain()
        self.server.now += 0.02
        self.server.mux.tick(self.server.now)

    def decided(self) -> list[Any]:
        """All that the server made of what came."""
        media, streams = self.alice.media, []
        for ssrc, route in sorted(media.ssrcs.routes.items()):
            each = route.stream
            streams.append((
                ssrc, each.top, each.packets, each.octets, each.malformed, each.duplicates,
                each.numbers.cycles, each.numbers.removed,
            ))  # fmt: skip
        level = self.tracks[1].audio_level(self.server.now)
        return [
            dict(self.server.counters), self.server.others, bytes(media.arrivals.memory), streams,
            level, sorted(media.ssrcs.repairs), self.bob.received(), self.alice.received(),
        ]  # fmt: skip


@pytest.mark.skipif(library.library is None, reason=library.reason)
@pytest.mark.parametrize("seed", range(3))
def test_both_paths_decide_alike_on_whatever_comes(seed: int) -> None:
    """Each datagram is dropped, counted or forwarded by the compiled path as it is by Python."""
    sides, rng = [Side(compiled) for compiled in (False, True)], random.Random(seed)
    sending, numbers = sides[0].alice.sending, 65_000
    for _ in range(220):
        come: list[tuple[bool, bytes]] = []
        for _ in range(rng.randrange(1, 12)):
            numbers += rng.choice((1, 1, 1, 2))
            fate, plain = rng.random(), authentic(rng, numbers)
            if fate < 0.05:
                come.append((rng.random() < 0.8, rng.randbytes(rng.randrange(80))))
                continue
            sealed = sending.protect(plain)
            if fate < 0.1:
                report = sending.protect_rtcp(rtcp.receiver_report(rng.choice((10, 30, 99))))
                sealed = report if rng.random() < 0.5 else damaged(rng, report)
            elif fate < 0.3:
                sealed = damaged(rng, sealed)
            come.append((rng.random() > 0.03, sealed))
        for side in sides:
            side.take(come)
        one, other = (side.decided() for side in sides)
        assert one == other, come
    assert {"rtp_malformed", "rtp_unknown_ssrc", "srtp_unauthenticated"} <= set(one[0])
    assert not sides[0].server.counters["udp_receive_failed"], "nothing is met by an exception"
    for side in sides:
        side.server.socket.close()
