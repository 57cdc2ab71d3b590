"""What the compiled path encrypts by itself is, to the byte, what libsrtp would have made of it."""

from __future__ import annotations

import random
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from pylibsrtp import Policy, Session

from rooms.compiled import library, sending
from rooms.rtp.packet import OPAQUE, Leg, Packet, extension_block
from rooms.transport.srtp import PacketBuffer, SendingSession, protect, session_pointer

pytestmark = pytest.mark.skipif(library.library is None, reason=library.reason)

GCM = Policy.SRTP_PROFILE_AEAD_AES_128_GCM
TOO_OLD = 10  # srtp_err_status_replay_old


class Sealed:
    """A session with a seal, and one of the same key that libsrtp serves."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        key = self.rng.randbytes(28)
        self.session, self.reference = SendingSession(GCM, key), SendingSession(GCM, key)
        self.seal = library.seal_of(self.session)
        self.opening = Session(Policy(key=key, ssrc_type=Policy.SSRC_ANY_INBOUND, srtp_profile=GCM))
        self._buffers = PacketBuffer(), PacketBuffer()

    def both(self, packet: bytes) -> tuple[Any, Any]:
        """What the seal and libsrtp make of it: bytes, or minus libsrtp's code."""
        ours, theirs = self._buffers
        ours.view[: len(packet)] = theirs.view[: len(packet)] = packet
        one = ours.apply(library.library.moulin_seal, self.seal, len(packet))
        other = theirs.apply(protect, session_pointer(self.reference), len(packet))
        return (
            bytes(ours.view[:one]) if one > 0 else one,
            bytes(theirs.view[:other]) if other > 0 else other,
        )


def rtp(ssrc: int, number: int, payload: bytes, *, extended: bool = False) -> bytes:
    """A packet as it is before it is encrypted."""
    head = bytes((0x90 if extended else 0x80, 96)) + (number & 0xFFFF).to_bytes(2, "big")
    block = extension_block(3, number / 100) if extended else b""
    return head + bytes(4) + ssrc.to_bytes(4, "big") + block + payload


@pytest.fixture
def sealed() -> Sealed:
    made = Sealed(7)
    assert made.seal is not None, "pylibsrtp hides OpenSSL's functions"
    return made


def test_any_packet_is_encrypted_as_libsrtp_does(sealed: Sealed) -> None:
    rng = sealed.rng
    for number in range(30_000, 30_300):
        payload = rng.randbytes(rng.choice((0, 1, 15, 16, 17, 100, 900, 1300)))
        ours, theirs = sealed.both(rtp(5, number, payload, extended=rng.random() < 0.5))
        assert ours == theirs


def test_roll_overs_are_counted_for_each_stream_with_gaps_and_repeats(sealed: Sealed) -> None:
    rng = sealed.rng
    numbers = {}
    for step in range(6000):
        if step % 100 == 0:
            numbers[rng.getrandbits(32)] = rng.randrange(1000, 32768)
        ssrc = rng.choice(list(numbers))
        numbers[ssrc] += rng.choice((1, 1, 1, 2, 300, 9000))
        back = rng.choice((0, 0, 1, 900))
        ours, theirs = sealed.both(rtp(ssrc, numbers[ssrc] - back, b"sound"))
        assert ours == theirs
        again, _ = sealed.both(rtp(ssrc, numbers[ssrc] - back, b"sound"))
        assert again == ours, "the same packet again is the same bytes again"
    assert max(numbers.values()) > 3 * 65536


def test_what_is_older_than_receivers_remember_is_refused(sealed: Sealed) -> None:
    sealed.both(rtp(5, 20_000, b"new"))
    assert sealed.both(rtp(5, 20_000 - 1024, b"old")) == (-TOO_OLD, -TOO_OLD)
    ours, theirs = sealed.both(rtp(5, 20_000 - 1023, b"old"))
    assert ours == theirs
    assert isinstance(ours, bytes)


def test_a_header_longer_than_its_packet_is_refused(sealed: Sealed) -> None:
    packet = bytearray(rtp(5, 1, b"", extended=True))
    packet[14:16] = b"\xff\xff"
    ours, _ = sealed.both(bytes(packet))
    assert isinstance(ours, int)


def test_other_profiles_and_sessions_of_others_stay_with_libsrtp() -> None:
    assert library.seal_of(SendingSession(Policy.SRTP_PROFILE_AES128_CM_SHA1_80, bytes(30))) is None
    assert library.seal_of(SendingSession(Policy.SRTP_PROFILE_AEAD_AES_256_GCM, bytes(44))) is None
    assert library.seal_of(None) is None


@pytest.fixture
def sockets() -> Iterator[tuple[socket.socket, socket.socket]]:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver,
    ):
        receiver.bind(("127.0.0.1", 0))
        receiver.setblocking(False)
        yield sender, receiver


def test_who_comes_over_from_tcp_goes_on_where_the_numbers_were(
    sealed: Sealed, sockets: tuple[socket.socket, socket.socket]
) -> None:
    sender, receiver = sockets
    framed: list[bytes] = []

    def leg(sendto: Any) -> Leg:
        session, address = session_pointer(sealed.session), receiver.getsockname()
        return (0, 0, 5, 0, 0, 0, session, sendto, address, sealed.session)

    by_tcp, by_udp = leg(lambda data, _: framed.append(bytes(data))), leg(sender.sendto)
    numbers = [(20_000, by_udp), *((each, by_tcp) for each in range(40_000, 100_000, 20_000))]
    for number, way in [*numbers, (90_000, by_udp), (90_001, by_tcp)]:
        packet: Packet = (number, 0, 0, OPAQUE, b"", 0, 0, 0, b"opus")
        assert sending.fan_out(packet, 0x806F, b"", 16, [way]) == 0
        arrived = receiver.recv(2048) if way is by_udp else framed.pop()
        assert sealed.opening.unprotect(arrived)[-4:] == b"opus"
