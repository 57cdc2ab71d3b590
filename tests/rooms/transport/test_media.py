"""Media over a real socket with real SRTP: two peers of one server, in fake time."""

from __future__ import annotations

import random
import socket
import struct
from collections.abc import Iterator
from typing import Any

import pytest
from pylibsrtp import Policy, Session

from rooms.compiled import library
from rooms.limits import Counters, Limits
from rooms.rtp import rtcp
from rooms.rtp.codecs import Codec, Extensions, IncomingSpec
from rooms.rtp.incoming import IncomingTrack
from rooms.rtp.outgoing import OutgoingStream
from rooms.transport.carrier import Carrier
from rooms.transport.media import MediaMux, MediaTransport
from rooms.transport.srtp import SendingSession
from rooms.transport.udp import UdpSocket

VP8 = Codec("VP8", 90000, 1, 96, 97)
OPUS = Codec("opus", 48000, 2, 111)
GCM = Policy.SRTP_PROFILE_AEAD_AES_128_GCM
IDS = Extensions(mid=1, rid=2, rrid=3, audio_level=4)


def srtp(key: bytes, direction: int) -> Session:
    policy = Policy(key=key, ssrc_type=direction, srtp_profile=GCM)
    policy.allow_repeat_tx = True
    policy.window_size = 1024
    return Session(policy)


class Server:
    """One socket and its clock; `drain` takes what has arrived."""

    def __init__(self, compiled: bool) -> None:
        self.now = 100.0
        self.counters = Counters()
        self.limits = Limits(ssrcs_unknown_per_second=20)
        self.mux = MediaMux()
        self.rng = random.Random(1)
        self.others: list[tuple[str, bytes]] = []
        self.socket = UdpSocket(
            "127.0.0.1", 0, self._stun, self._dtls, self.limits, self.counters, lambda: self.now,
            compiled=compiled,
        )  # fmt: skip

    def _stun(self, data: bytes, address: Any, carrier: Carrier, now: float) -> None:
        self.others.append(("stun", data))

    def _dtls(self, data: bytes, address: Any, carrier: Carrier) -> None:
        self.others.append(("dtls", data))


class Client:
    """A browser's side of one peer connection."""

    def __init__(self, server: Server, *, keys: bool = True) -> None:
        self.server = server
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.setblocking(False)
        up, down = server.rng.randbytes(28), server.rng.randbytes(28)
        self.sending = srtp(up, Policy.SSRC_ANY_OUTBOUND)
        self.receiving = srtp(down, Policy.SSRC_ANY_INBOUND)
        self.media = MediaTransport(server.mux, server.limits, server.counters, rng=server.rng)
        if keys:
            self.media.keys(srtp(up, Policy.SSRC_ANY_INBOUND), SendingSession(GCM, down))
        self.media.address(server.socket, self.socket.getsockname())

    def send_raw(self, data: bytes) -> None:
        """Send a datagram and let the server take it."""
        self.socket.sendto(data, ("127.0.0.1", self.server.socket.port))
        self.server.socket.drain()

    def send(self, data: bytes) -> None:
        """Send an RTP packet."""
        self.send_raw(self.sending.protect(data))

    def send_rtcp(self, data: bytes) -> None:
        """Send a compound RTCP packet."""
        self.send_raw(self.sending.protect_rtcp(data))

    def received(self) -> tuple[list[bytes], list[rtcp.Rtcp]]:
        """The RTP packets and RTCP items that have come."""
        packets: list[bytes] = []
        items: list[rtcp.Rtcp] = []
        while True:
            try:
                data = self.socket.recv(2048)
            except BlockingIOError:
                return packets, items
            if 192 <= data[1] <= 223:
                items += rtcp.parse(self.receiving.unprotect_rtcp(data))
            else:
                packets.append(self.receiving.unprotect(data))

    def publish(self, spec: IncomingSpec) -> IncomingTrack:
        """Have a section described."""
        self.media.describe_incoming([spec])
        track = self.media.incoming(spec.mid)
        assert track is not None
        return track

    def subscribe(self, track: IncomingTrack, codec: Codec, ssrc: int = 700) -> OutgoingStream:
        """Receive a track."""
        out = OutgoingStream(codec, ssrc, ssrc + 1, rng=self.server.rng, abs_send_time=3)
        self.media.add_outgoing(out)
        track.add_outgoing(out, self.server.now)
        return out


@pytest.fixture(
    params=[
        pytest.param(False, id="python"),
        pytest.param(
            True,
            id="compiled",
            marks=pytest.mark.skipif(library.library is None, reason=library.reason),
        ),
    ]
)
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    server = Server(request.param)
    yield server
    server.socket.close()


def elements(**values: bytes) -> bytes:
    """A header extension block in the one-byte form."""
    ids = {"mid": 1, "rid": 2, "rrid": 3, "level": 4}
    block = b"".join(bytes((ids[n] << 4 | len(v) - 1,)) + v for n, v in values.items())
    block += bytes(-len(block) % 4)
    return struct.pack("!HH", 0xBEDE, len(block) // 4) + block


def rtp(
    ssrc: int, sequence: int, payload: bytes, *, pt: int = 96, padding: int = 0,
    extension: bytes = b"",
) -> bytes:  # fmt: skip
    first = 0x80 | (0x10 if extension else 0) | (0x20 if padding else 0)
    data = struct.pack("!BBHII", first, pt, sequence, 3000 * sequence, ssrc) + extension + payload
    return data + (bytes(padding - 1) + bytes((padding,)) if padding else b"")


def picture(number: int, *, key: bool = False, size: int = 50) -> bytes:
    head = bytes((0x90, 0xE0, 0x80 | number >> 8, number & 0xFF, number & 0xFF, 0x20))
    return head + bytes((0 if key else 1,)) + bytes(size)


CAMERA = IncomingSpec("v", "video", {96: VP8}, IDS, ("q", "f"))
PLAIN = IncomingSpec("v", "video", {96: VP8}, IDS, (), (10,), ((10, 11),))


def test_pictures_go_from_one_peer_to_another(server: Server) -> None:
    alice, bob = Client(server), Client(server)
    bob.subscribe(alice.publish(PLAIN), VP8)
    for number in range(5):
        alice.send(rtp(10, 100 + number, picture(number, key=number == 0)))
    packets, _ = bob.received()
    assert len(packets) == 5
    fields = [struct.unpack_from("!BBHII", data) for data in packets]
    assert {each[4] for each in fields} == {700}
    assert [each[2] - fields[0][2] for each in fields] == [0, 1, 2, 3, 4]
    assert packets[3][26:] == picture(3)[6:]
    assert packets[0][12:17] == bytes((0xBE, 0xDE, 0, 1, 0x32))


def test_simulcast_layers_are_learnt_and_repaired(server: Server) -> None:
    alice, bob = Client(server), Client(server)
    bob.subscribe(alice.publish(CAMERA), VP8)
    named = elements(mid=b"v", rid=b"f")
    alice.send(rtp(20, 1, picture(1, key=True), extension=named))
    alice.send(rtp(21, 1, b"\x00\x00", pt=97, extension=elements(mid=b"v", rrid=b"f")))
    lost = picture(2)
    alice.send(rtp(20, 3, picture(3)))
    assert len(bob.received()[0]) == 2
    server.now += 0.05
    server.mux.tick(server.now)
    _, items = alice.received()
    assert rtcp.Nack(20, (2,)) in items
    alice.send(rtp(21, 2, (2).to_bytes(2, "big") + lost, pt=97))
    [packet] = bob.received()[0]
    assert packet[26:] == lost[6:]


def test_a_receivers_losses_are_repeated(server: Server) -> None:
    alice, bob = Client(server), Client(server)
    bob.subscribe(alice.publish(PLAIN), VP8)
    for number in range(3):
        alice.send(rtp(10, 100 + number, picture(number, key=number == 0)))
    packets, _ = bob.received()
    sequence = struct.unpack_from("!H", packets[1], 2)[0]
    bob.send_rtcp(rtcp.receiver_report(1) + rtcp.nack(1, 700, [sequence]))
    [repeat] = bob.received()[0]
    assert repeat[1] & 0x7F == 97
    assert struct.unpack_from("!I", repeat, 8)[0] == 701
    assert repeat[20:22] == sequence.to_bytes(2, "big")
    assert repeat[22:] == packets[1][20:]


def test_a_subscriber_that_cannot_decode_brings_a_keyframe_request(server: Server) -> None:
    alice, bob = Client(server), Client(server)
    bob.subscribe(alice.publish(PLAIN), VP8)
    alice.send(rtp(10, 1, picture(1, key=True)))
    server.mux.tick(server.now)
    alice.received()
    server.now += 1
    bob.send_rtcp(rtcp.picture_loss(1, 700))
    server.mux.tick(server.now)
    assert rtcp.KeyframeRequest((10,)) in alice.received()[1]


def test_publishers_hear_reports_and_estimates_subscribers_hear_clocks(server: Server) -> None:
    alice, bob = Client(server), Client(server)
    bob.subscribe(alice.publish(PLAIN), VP8)
    alice.send(rtp(10, 1, picture(1, key=True)))
    report = rtcp.SenderReport(10, 0x123456789ABCDEF0, 3000, 1, 57)
    alice.send_rtcp(rtcp.sender_report(report))
    server.mux.tick(server.now)
    items = alice.received()[1]
    assert any(isinstance(each, rtcp.Remb) for each in items)
    assert any(isinstance(each, rtcp.ReceiverReport) and each.blocks for each in items)
    [clock] = [each for each in bob.received()[1] if isinstance(each, rtcp.SenderReport)]
    assert clock.ssrc == 700
    assert abs(clock.ntp - report.ntp) < 2**32 // 10**6  # one microsecond
    bob.send_rtcp(rtcp.remb(1, 400_000, [700]))
    assert bob.media.estimate.remb == pytest.approx(400_000, rel=0.01)


def test_padding_is_taken_out(server: Server) -> None:
    alice, bob = Client(server), Client(server)
    bob.subscribe(alice.publish(PLAIN), VP8)
    alice.send(rtp(10, 1, picture(1, key=True), padding=7))
    alice.send(rtp(10, 2, b"", padding=200))
    alice.send(rtp(10, 3, picture(2)))
    first, second = bob.received()[0]
    assert len(first) == len(second)
    numbers = [struct.unpack_from("!H", each, 2)[0] for each in (first, second)]
    assert numbers[1] - numbers[0] == 1


def test_loudness_is_read_from_microphones(server: Server) -> None:
    alice = Client(server)
    track = alice.publish(IncomingSpec("a", "audio", {111: OPUS}, IDS, (), (30,)))
    for number in range(60):
        level = elements(level=bytes((0x80 | 10,)))
        alice.send(rtp(30, number, b"sound", pt=111, extension=level))
        server.now += 0.02
    assert track.audio_level(server.now) > 0.2


def test_an_address_that_changes_is_followed(server: Server) -> None:
    alice, bob = Client(server), Client(server)
    bob.subscribe(alice.publish(PLAIN), VP8)
    alice.send(rtp(10, 1, picture(1, key=True)))
    old = bob.socket
    assert len(bob.received()[0]) == 1
    bob.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    bob.socket.bind(("127.0.0.1", 0))
    bob.socket.setblocking(False)
    bob.media.address(server.socket, bob.socket.getsockname())
    alice.send(rtp(10, 2, picture(2)))
    assert len(bob.received()[0]) == 1
    assert server.socket.media[old.getsockname()] is bob.media  # something may be under way
    old.close()


def test_a_closed_subscriber_is_sent_nothing_more(server: Server) -> None:
    alice, bob, carol = Client(server), Client(server), Client(server)
    track = alice.publish(PLAIN)
    bob.subscribe(track, VP8)
    carol.subscribe(track, VP8)
    alice.send(rtp(10, 1, picture(1, key=True)))
    bob.media.close()
    alice.send(rtp(10, 2, picture(2)))
    assert len(bob.received()[0]) == 1
    assert len(carol.received()[0]) == 2
    alice.media.close()
    server.mux.tick(server.now + 5)
    assert carol.received()[0] == []


def test_nothing_happens_before_keys(server: Server) -> None:
    alice = Client(server, keys=False)
    alice.publish(PLAIN)
    alice.send(rtp(10, 1, picture(1, key=True)))
    server.mux.tick(server.now)
    assert server.counters["media_before_keys"] == 1


def test_a_stranger_is_not_heard(server: Server) -> None:
    alice, mallory = Client(server), Client(server)
    track = alice.publish(PLAIN)
    mallory.media.close()
    mallory.send(rtp(10, 1, picture(1, key=True)))
    assert server.counters["media_unknown_address"] == 1
    alice.sending = srtp(bytes(28), Policy.SSRC_ANY_OUTBOUND)
    alice.send(rtp(10, 1, picture(1, key=True)))
    alice.send_rtcp(rtcp.receiver_report(1))
    assert server.counters["srtp_unauthenticated"] == 1
    assert server.counters["srtcp_unauthenticated"] == 1
    assert not track.layers


def test_a_replayed_packet_is_dropped(server: Server) -> None:
    alice, bob = Client(server), Client(server)
    bob.subscribe(alice.publish(PLAIN), VP8)
    data = alice.sending.protect(rtp(10, 1, picture(1, key=True)))
    alice.send_raw(data)
    alice.send_raw(data)
    assert server.counters["srtp_replayed"] == 1
    assert len(bob.received()[0]) == 1


def test_unknown_streams_are_counted_and_cost_little(server: Server) -> None:
    alice = Client(server)
    alice.publish(CAMERA)
    for number in range(40):
        alice.send(rtp(1000 + number, 1, picture(1)))
    assert server.counters["rtp_unknown_ssrc"] == 40


@pytest.mark.parametrize(
    "data",
    [
        rtp(10, 1, b"")[:12],
        struct.pack("!BBHII", 0xA0, 96, 1, 2, 10) + b"\xff",  # more padding than packet
        rtp(10, 1, picture(1), pt=50),
        rtp(10, 1, b"\x90"),
    ],
)
def test_absurd_packets_disturb_nobody(server: Server, data: bytes) -> None:
    alice, bob = Client(server), Client(server)
    bob.subscribe(alice.publish(PLAIN), VP8)
    alice.send(data)
    alice.send(rtp(10, 2, picture(2, key=True)))
    assert len(bob.received()[0]) == 1


def test_malformed_feedback_is_counted(server: Server) -> None:
    alice = Client(server)
    alice.send_rtcp(rtcp.receiver_report(1) + b"\x81\xcd\x00\x09" + bytes(4))
    assert server.counters["rtcp_malformed"] == 1


def test_datagrams_are_told_apart_by_their_first_byte(server: Server) -> None:
    alice = Client(server)
    for first in (0, 3, 20, 63, 64, 127, 200):
        alice.send_raw(bytes((first,)) + bytes(20))
    assert [kind for kind, _ in server.others] == ["stun", "stun", "dtls", "dtls"]
    assert server.counters["udp_malformed"] == 3
    alice.send_raw(b"")
    assert server.counters["udp_empty"] == 1
    alice.send_raw(b"\x80" * 1600)
    assert server.counters["udp_malformed"] == 4


def test_kernel_buffers_are_raised(server: Server) -> None:
    assert server.socket.receive_buffer >= 200_000
    assert server.socket.send_buffer >= 200_000


def test_ipv6_carries_media_too() -> None:
    try:
        probe = UdpSocket(
            "::1", 0, lambda *_: None, lambda *_: None, Limits(), Counters(), lambda: 0.0
        )
    except OSError:
        pytest.skip("no IPv6 here")
    assert probe.send(b"\x00" * 20, ("::1", probe.port))
    probe.close()


def test_who_neither_sends_nor_receives_is_left_alone_until_then(server: Server) -> None:
    alice, bob = Client(server), Client(server)
    for each in (alice, bob):
        server.mux.tick(server.now)
        assert each.media.due == float("inf")
    track = alice.publish(PLAIN)
    server.mux.tick(server.now)
    assert alice.media.due == float("inf")
    alice.send(rtp(10, 1, picture(1, key=True)))
    assert alice.media.due <= server.now
    bob.subscribe(track, VP8)
    assert bob.media.due <= server.now
    for _ in range(2):
        server.mux.tick(server.now)
        assert max(alice.media.due, bob.media.due) <= server.now + 1
        server.now += 1
