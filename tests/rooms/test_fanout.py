"""The innermost loop: what leaves is what the offsets say, encrypted for each subscriber.

Everything here holds for the loops in Python and for their compiled twin.
"""

from __future__ import annotations

import random
import socket
import struct
from collections.abc import Iterator
from typing import Any

import pytest
from pylibsrtp import Policy, Session

from rooms import fanout
from rooms.compiled import library, sending
from rooms.departures import departures
from rooms.rtp import vp8
from rooms.rtp.packet import (
    HEADER,
    OPAQUE,
    UNUSUAL,
    Forward,
    Leg,
    Legs,
    Packet,
    extension_block,
)
from rooms.transport.srtp import SendingSession, session_pointer, tag_size

PROFILES = {
    "AES-128-GCM": (Policy.SRTP_PROFILE_AEAD_AES_128_GCM, 28, 16),
    "AES-256-GCM": (Policy.SRTP_PROFILE_AEAD_AES_256_GCM, 44, 16),
    "AES-CM-SHA1-80": (Policy.SRTP_PROFILE_AES128_CM_SHA1_80, 30, 10),
}


def in_a_batch(packet: Packet, word: int, prefix: bytes, tag: int, legs: list[Leg]) -> int:
    """The loop in Python when the packet is one of several received together."""
    departures.held = True
    failed = fanout.fan_out(packet, word, prefix, tag, Legs(legs))
    return failed + departures.release()


LOOPS = [
    pytest.param(fanout.fan_out, id="python"),
    pytest.param(in_a_batch, id="python in a batch"),
    pytest.param(
        sending.fan_out,
        id="compiled",
        marks=pytest.mark.skipif(library.library is None, reason=library.reason),
    ),
]


@pytest.fixture(params=LOOPS)
def fan_out(request: pytest.FixtureRequest) -> Forward:
    """Each of the loops."""
    loop: Forward = request.param
    return loop


def datagrams(family: int = socket.AF_INET) -> socket.socket:
    """A UDP socket on a free port of the loopback."""
    opened = socket.socket(family, socket.SOCK_DGRAM)
    opened.bind(("::1" if family == socket.AF_INET6 else "127.0.0.1", 0))
    opened.setblocking(False)
    return opened


@pytest.fixture
def sender() -> Iterator[socket.socket]:
    """What everything is sent from."""
    with datagrams() as opened:
        yield opened


class Subscriber:
    """One leg and the session that opens what it sends."""

    def __init__(
        self, sender: socket.socket, rng: random.Random, profile: str = "AES-128-GCM"
    ) -> None:
        self._sender = sender
        self.socket = datagrams(sender.family)
        number, size, _ = PROFILES[profile]
        key = rng.randbytes(size)

        self.sending = SendingSession(number, key)
        self._opening = Session(
            Policy(key=key, ssrc_type=Policy.SSRC_ANY_INBOUND, srtp_profile=number)
        )
        self.offsets = (
            rng.randrange(1 << 16), rng.getrandbits(32), rng.getrandbits(32),
            rng.getrandbits(15), rng.getrandbits(8), rng.getrandbits(5),
        )  # fmt: skip

    def leg(self) -> Leg:
        return (
            *self.offsets, session_pointer(self.sending), self._sender.sendto,
            self.socket.getsockname(), self.sending,
        )  # fmt: skip

    def received(self) -> list[bytes]:
        """What came since the last time, decrypted."""
        packets = []
        while True:
            try:
                packets.append(self._opening.unprotect(self.socket.recv(2048)))
            except BlockingIOError:
                return packets

    def expected(self, packet: Packet, word: int, prefix: bytes) -> bytes:
        """The packet written the slow and obvious way."""
        sequence, stamp, ssrc, picture, tl0, key = self.offsets
        header = struct.pack(
            "!HHII", word | packet[2], (packet[0] + sequence) & 0xFFFF,
            (packet[1] + stamp) & 0xFFFFFFFF, ssrc,
        )  # fmt: skip
        return header + prefix + vp8.renumber(packet, picture, tl0, key)


DESCRIPTORS = [
    bytes((0x90, 0xF0, 0xFF, 0xFE, 0xFF, 0x7F)),
    bytes((0x90, 0xE0, 0x81, 0x02, 0x03, 0x20)),
    bytes((0x80, 0x80, 0xFF, 0xFF)),
    bytes((0x90, 0x80, 0x7F)),
    bytes((0x90, 0xC0, 0x81, 0x02, 0x03)),
    bytes((0x10,)),
]


def video(number: int, timestamp: int, payload: bytes) -> Packet:
    """The packet that a stream makes of a VP8 payload."""
    description = vp8.describe(payload)
    assert description is not None
    shape, size, picture, tl0, tk, _ = description
    head = payload[:size] if shape == UNUSUAL else payload[:2]
    return number, timestamp, 0x80, shape, head, picture, tl0, tk, payload[size:]


@pytest.mark.parametrize("stamped", [True, False])
@pytest.mark.parametrize("descriptor", DESCRIPTORS, ids=bytes.hex)
def test_pictures_are_renumbered_for_each_subscriber(
    fan_out: Forward, sender: socket.socket, descriptor: bytes, stamped: bool
) -> None:
    rng = random.Random(1)
    subscribers = [Subscriber(sender, rng) for _ in range(5)]
    legs = Legs(each.leg() for each in subscribers)
    prefix = extension_block(3, 12.5) if stamped else b""
    word = 0x9060 if stamped else 0x8060
    for number in range(65_530, 65_545):
        payload = descriptor + b"\x01" + rng.randbytes(rng.randrange(1, 1100))
        packet = video(number, 2**32 - 65_545 + number, payload)
        assert fan_out(packet, word, prefix, 16, legs) == 0
        for each in subscribers:
            assert each.received() == [each.expected(packet, word, prefix)]


def test_sound_passes_untouched(fan_out: Forward, sender: socket.socket) -> None:
    subscriber = Subscriber(sender, random.Random(2))
    packet: Packet = (7, 960, 0, OPAQUE, b"", 0, 0, 0, b"opus")
    fan_out(packet, 0x806F, b"", 16, [subscriber.leg()])
    assert subscriber.received() == [subscriber.expected(packet, 0x806F, b"")]


def test_an_empty_packet_is_a_bare_header(fan_out: Forward, sender: socket.socket) -> None:
    subscriber = Subscriber(sender, random.Random(2))
    packet: Packet = (7, 960, 0, OPAQUE, b"", 0, 0, 0, b"")
    fan_out(packet, 0x8060, b"", 16, [subscriber.leg()])
    assert [len(each) for each in subscriber.received()] == [12]


@pytest.mark.parametrize("profile", PROFILES)
def test_every_profile_appends_what_it_says(
    fan_out: Forward, sender: socket.socket, profile: str
) -> None:
    subscriber = Subscriber(sender, random.Random(3), profile)
    tag = tag_size(subscriber.sending)
    assert tag == PROFILES[profile][2]
    packet = video(1000, 5, DESCRIPTORS[0] + b"\x00picture")
    assert fan_out(packet, 0x8060, b"", tag, [subscriber.leg()]) == 0
    assert subscriber.received() == [subscriber.expected(packet, 0x8060, b"")]


def test_the_send_time_is_written_in_24_bits_of_seconds() -> None:
    block = extension_block(3, 64.0 + 1.5)
    assert block == bytes((0xBE, 0xDE, 0, 1, 0x32, 1 << 2 | 2, 0, 0))


def test_one_that_cannot_be_sent_is_counted_and_the_others_are_served(
    fan_out: Forward, sender: socket.socket
) -> None:
    rng = random.Random(4)
    good, bad, lost = (Subscriber(sender, rng) for _ in range(3))

    def full(data: Any, address: Any) -> int:
        raise BlockingIOError

    leg, nowhere = bad.leg(), lost.leg()
    packet = video(1000, 5, DESCRIPTORS[0] + b"\x00picture")
    legs = [
        (*leg[:7], full, *leg[8:]),
        (*nowhere[:8], ("127.0.0.1", 0), nowhere[9]),  # no such port: the kernel refuses
        good.leg(),
    ]
    assert fan_out(packet, 0x8060, b"", 16, legs) == 2
    assert len(good.received()) == 1


@pytest.mark.parametrize("profile", PROFILES)
def test_a_packet_that_cannot_be_encrypted_is_counted(
    fan_out: Forward, sender: socket.socket, profile: str
) -> None:
    subscriber = Subscriber(sender, random.Random(4), profile)
    packet = video(5000, 5, DESCRIPTORS[0] + b"\x00picture")
    leg = subscriber.leg()
    assert fan_out(packet, 0x8060, b"", PROFILES[profile][2], [leg]) == 0
    packet = (5000 - 2000, *packet[1:])
    assert fan_out(packet, 0x8060, b"", PROFILES[profile][2], [leg]) == 1, "far too old"
    assert len(subscriber.received()) == 1


def test_a_subscriber_without_a_udp_socket_is_served_by_its_own_function(
    fan_out: Forward, sender: socket.socket
) -> None:
    rng = random.Random(4)
    framed, plain = Subscriber(sender, rng), Subscriber(sender, rng)
    sent: list[bytes] = []
    leg = framed.leg()
    legs = Legs([(*leg[:7], lambda data, _: sent.append(bytes(data)), *leg[8:]), plain.leg()])
    packet = video(1000, 5, DESCRIPTORS[0] + b"\x00picture")
    assert fan_out(packet, 0x8060, b"", 16, legs) == 0
    assert (len(sent), len(plain.received()), framed.received()) == (1, 1, [])


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_a_crowd_larger_than_any_batch_is_served(fan_out: Forward, family: int) -> None:
    rng = random.Random(6)
    with datagrams(family) as sender:
        subscribers = [Subscriber(sender, rng) for _ in range(40)]
        streams = range(30)
        legs = Legs(
            (*leg[:2], ssrc, *leg[3:])
            for ssrc in streams
            for each in subscribers
            for leg in [each.leg()]
        )
        packet = video(1000, 5, DESCRIPTORS[0] + b"\x00" + bytes(1000))
        assert fan_out(packet, 0x8060, b"", 16, legs) == 0
        for each in subscribers:
            plain = each.expected(packet, 0x8060, b"")
            assert each.received() == [
                plain[:8] + ssrc.to_bytes(4, "big") + plain[12:] for ssrc in streams
            ]
            each.socket.close()


def test_what_does_not_fit_is_refused(fan_out: Forward, sender: socket.socket) -> None:
    subscriber = Subscriber(sender, random.Random(5))
    packet: Packet = (7, 960, 0, OPAQUE, b"", 0, 0, 0, bytes(2000))
    with pytest.raises(ValueError, match="does not fit"):
        fan_out(packet, 0x806F, b"", 16, [subscriber.leg()])


def test_a_header_is_what_receivers_expect(fan_out: Forward, sender: socket.socket) -> None:
    subscriber = Subscriber(sender, random.Random(5))
    packet = video(1000, 5, DESCRIPTORS[0] + b"\x00picture")
    fan_out(packet, 0x9060, extension_block(3, 1.0), 16, [subscriber.leg()])
    first, second, *_ = HEADER.unpack_from(subscriber.received()[0])
    assert (first, second) == (0x90, 0x80 | 0x60)
