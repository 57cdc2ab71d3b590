"""Streams that compiled code goes on with by itself: nobody must be able to tell."""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator
from typing import Any

import pytest

from rooms.compiled import library
from rooms.rtp import rtcp
from rooms.rtp.codecs import Codec, IncomingSpec
from rooms.rtp.incoming_stream import IncomingStream
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


def test_a_batch_of_which_a_lane_can_take_a_part_keeps_its_order(server: Server) -> None:
    alice, bob = Client(server), Client(server)
    bob.subscribe(alice.publish(PLAIN), VP8)
    film(alice, range(5))
    post(alice, *(rtp(10, 105 + n, picture(5 + n, key=n == 6)) for n in range(20)))
    server.socket.drain()
    found = sequences(bob.received()[0])
    assert [each - found[0] for each in found] == list(range(25))
