"""Media that comes and leaves in batches: nothing is lost, mixed up, or trusted for too long."""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator
from typing import Any

import pytest
from pylibsrtp import Policy

from rooms.compiled import library
from rooms.rtp.arrivals import ROOM
from rooms.rtp.codecs import Codec, Extensions, IncomingSpec
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
    srtp,
)

LEVEL = bytes((0x80 | 10,))


@pytest.fixture(params=[False, True], ids=["python", "compiled"])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    if request.param and library.library is None:
        pytest.skip(library.reason)
    server = Server(request.param)
    yield server
    server.socket.close()


def post(client: Client, *packets: bytes) -> None:
    """Send packets that the server does not take yet."""
    for packet in packets:
        client.socket.sendto(
            client.sending.protect(packet), ("127.0.0.1", client.server.socket.port)
        )


def numbers(packets: list[bytes]) -> list[int]:
    """Their sequence numbers, the first being 0."""
    found = [struct.unpack_from("!H", each, 2)[0] for each in packets]
    return [each - found[0] for each in found]


def test_packets_of_any_size_keep_their_order_and_content(server: Server) -> None:
    """Runs of equal size may leave as one send; what arrives must not show it."""
    rng = random.Random(3)
    alice, bob, carol = Client(server), Client(server), Client(server)
    track = alice.publish(PLAIN)
    bob.subscribe(track, VP8)
    carol.subscribe(track, VP8)
    sizes = [1000] * 9 + [400] + [1000] * 3 + [1001, 1000, 1200]
    sizes += [rng.randrange(1, 1200) for _ in range(60)]
    sent = [picture(n, key=n == 0, size=size) for n, size in enumerate(sizes)]
    post(alice, *(rtp(10, 100 + n, each) for n, each in enumerate(sent)))
    server.socket.drain()
    server.socket.drain()
    packets, _ = bob.received()
    assert numbers(packets) == list(range(len(sent)))
    assert [each[26:] for each in packets] == [each[6:] for each in sent]
    assert [each[26:] for each in carol.received()[0]] == [each[6:] for each in sent]


def test_an_address_that_passes_to_another_peer_is_that_peers(server: Server) -> None:
    alice, bob = Client(server), Client(server)
    bob.subscribe(alice.publish(PLAIN), VP8)
    for n in range(3):
        alice.send(rtp(10, 100 + n, picture(n, key=n == 0)))
    heir = Client(server)
    alice.media.close()
    heir.media.address(server.socket, alice.socket.getsockname())
    heir.socket, old = alice.socket, heir.socket
    bob.subscribe(heir.publish(PLAIN), VP8, 900)
    bob.received()
    for n in range(3):
        heir.send(rtp(10, 100 + n, picture(n, key=n == 0)))
    assert len(bob.received()[0]) == 3
    old.close()


def test_new_keys_replace_the_old_ones(server: Server) -> None:
    alice, bob = Client(server), Client(server)
    bob.subscribe(alice.publish(PLAIN), VP8)
    for n in range(3):
        alice.send(rtp(10, 100 + n, picture(n, key=n == 0)))
    up, down = bytes(range(28)), bytes(range(1, 29))
    alice.media.keys(srtp(up, Policy.SSRC_ANY_INBOUND), srtp(down, Policy.SSRC_ANY_OUTBOUND))
    alice.sending = srtp(up, Policy.SSRC_ANY_OUTBOUND)
    bob.received()
    for n in range(3, 6):
        alice.send(rtp(10, 100 + n, picture(n)))
    assert len(bob.received()[0]) >= 2


def test_a_closed_publisher_is_heard_no_more(server: Server) -> None:
    alice, bob = Client(server), Client(server)
    bob.subscribe(alice.publish(PLAIN), VP8)
    alice.send(rtp(10, 100, picture(0, key=True)))
    alice.send(rtp(10, 101, picture(1)))
    alice.media.close()
    alice.send(rtp(10, 102, picture(2)))
    assert len(bob.received()[0]) == 2
    assert server.counters["media_unknown_address"] == 1


@pytest.mark.parametrize(
    "extension",
    [
        elements(level=LEVEL),
        elements(mid=b"a", level=LEVEL),
        struct.pack("!HH", 0x1000, 1) + bytes((4, 1)) + LEVEL + bytes(1),
    ],
    ids=["alone", "among others", "two-byte form"],
)
def test_levels_are_read_in_every_form_of_extensions(server: Server, extension: bytes) -> None:
    alice = Client(server)
    track = alice.publish(IncomingSpec("a", "audio", {111: OPUS}, IDS, (), (30,)))
    for number in range(60):
        alice.send(rtp(30, number, b"sound", pt=111, extension=extension))
        server.now += 0.02
    assert track.audio_level(server.now) > 0.2


AV1 = Codec("AV1", 90000, 1, 45, 46)
NUMBERED = Extensions(mid=1, audio_level=4, transport_wide=5, descriptor=6)


def block(long: bool, *values: tuple[int, bytes]) -> bytes:
    """A header extension block of these elements, in the one-byte or the two-byte form."""
    if long:
        body = b"".join(bytes((each, len(value))) + value for each, value in values)
    else:
        body = b"".join(bytes((each << 4 | len(value) - 1,)) + value for each, value in values)
    body += bytes(-len(body) % 4)
    return struct.pack("!HH", 0x1000 if long else 0xBEDE, len(body) // 4) + body


@pytest.mark.parametrize("long", [False, True], ids=["one-byte form", "two-byte form"])
def test_transport_wide_numbers_are_noted_with_their_time(server: Server, long: bool) -> None:
    alice = Client(server)
    alice.publish(IncomingSpec("a", "audio", {111: OPUS}, NUMBERED, (), (30,)))
    for number in range(4):
        extension = block(long, (4, LEVEL), (5, (65534 + number & 0xFFFF).to_bytes(2, "big")))
        ssrc = 30 if number < 3 else 77  # nobody's: it came nevertheless
        alice.send(rtp(ssrc, number, b"sound", pt=111, extension=extension))
        server.now += 0.25
    alice.send(rtp(30, 9, b"sound", pt=111, extension=block(long, (5, b"odd"))))
    assert alice.media.arrivals.take() == [
        (65534, 100_000_000), (65535, 100_250_000), (0, 100_500_000), (1, 100_750_000),
    ]  # fmt: skip
    assert alice.media.arrivals.take() == []


def test_only_the_latest_arrivals_are_remembered(server: Server) -> None:
    arrivals = Client(server).media.arrivals
    for number in range(ROOM + 10):
        arrivals.note(number, 1.0)
    assert [number for number, _ in arrivals.take()] == list(range(10, ROOM + 10))


@pytest.mark.parametrize("long", [False, True], ids=["one-byte form", "two-byte form"])
def test_dependency_descriptors_come_with_their_packets(
    server: Server, long: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = Client(server)
    alice.publish(IncomingSpec("v", "video", {45: AV1}, NUMBERED, (), (30,)))
    alice.send(rtp(30, 1, b"first", pt=45))
    route = alice.media.ssrcs.routes[30]
    told: list[bytes] = []

    def note(*fields: Any, descriptor: bytes = b"") -> None:
        told.append(descriptor)

    monkeypatch.setattr(route.stream, "receive", note)
    sent = [bytes(range(1, 4)), bytes(range(1, 4 + 40 * long)), bytes(3)]
    for number, descriptor in enumerate(sent):
        extension = block(long, (1, b"v"), (6, descriptor))
        alice.send(rtp(30, 2 + number, b"picture", pt=45, extension=extension))
    alice.send(rtp(30, 5, b"picture", pt=45))
    assert told == [*sent, b""]


def test_extensions_agreed_on_later_are_read_from_then_on(server: Server) -> None:
    alice = Client(server)
    sound = IncomingSpec("a", "audio", {111: OPUS}, Extensions(mid=1), (), (30,))
    alice.media.describe_incoming([sound])
    for number in range(3):
        alice.send(rtp(30, number, b"sound", pt=111))
    sound = IncomingSpec("a", "audio", {111: OPUS}, NUMBERED, (), (30,))
    alice.media.describe_incoming([sound])
    for number in range(3, 6):
        extension = block(False, (5, bytes((0, number))))
        alice.send(rtp(30, number, b"sound", pt=111, extension=extension))
    assert [number for number, _ in alice.media.arrivals.take()] == [3, 4, 5]
