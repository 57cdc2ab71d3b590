"""Publishers are told when each of their packets came, over a real socket and in fake time."""

from __future__ import annotations

import struct

from rooms.rtp import rtcp
from rooms.rtp.codecs import Extensions, IncomingSpec
from rooms.rtp.transport_feedback import TransportFeedback
from rooms.transport.media import ARRIVALS_INTERVAL, QUIET_INTERVAL
from tests.rooms.transport.test_media import OPUS, PLAIN, VP8, Client, Server, picture, rtp
from tests.rooms.transport.test_media import server as server

IDS = Extensions(mid=1, transport_wide=5)
CAMERA = IncomingSpec("v", "video", {96: VP8}, IDS, (), (10,), ((10, 11),))
MICROPHONE = IncomingSpec("a", "audio", {111: OPUS}, IDS, (), (30,))
TICK = 0.02


def numbered(number: int) -> bytes:
    """A header extension that holds a transport-wide number alone."""
    return struct.pack("!HHBHB", 0xBEDE, 1, 0x51, number & 0xFFFF, 0)


def reports(client: Client) -> list[TransportFeedback]:
    return [each for each in client.received()[1] if isinstance(each, TransportFeedback)]


def test_every_packet_is_told_of_whatever_it_carries(server: Server) -> None:
    alice = Client(server)
    alice.media.describe_incoming([CAMERA, MICROPHONE])
    sent = [
        rtp(10, 1, picture(1, key=True), extension=numbered(0xFFFE)),
        rtp(30, 1, b"sound", pt=111, extension=numbered(0xFFFF)),
        rtp(10, 3, b"", padding=100, extension=numbered(1)),
        rtp(11, 1, b"\x00\x02" + picture(2), pt=97, extension=numbered(2)),
    ]
    began = server.now
    for packet in sent:
        alice.send(packet)
        server.now += 0.01
    server.mux.tick(server.now)
    [report] = reports(alice)
    assert report.ssrc in (10, 30)
    assert (report.base, report.count) == (0xFFFE, 5)
    times = dict(report.arrivals)
    assert set(times) == {0xFFFE, 0xFFFF, 1, 2}
    first = times[0xFFFE]
    assert [each - first for each in times.values()] == [0, 40, 80, 120]
    assert first == int(began * 4000) & 0xFFFFFFFF


def test_reports_come_ten_times_a_second_and_only_about_something(server: Server) -> None:
    alice = Client(server)
    alice.publish(CAMERA)
    counts: list[int] = []
    for number in range(100):
        alice.send(rtp(10, number, picture(number, key=number == 0), extension=numbered(number)))
        server.now += TICK
        server.mux.tick(server.now)
        counts += [each.count for each in reports(alice)]
    assert sum(counts) >= 95
    assert 2.0 / 0.1 <= len(counts) <= 2.0 / 0.05
    for _ in range(50):
        server.now += TICK
        server.mux.tick(server.now)
    assert sum(counts) + sum(each.count for each in reports(alice)) == 100
    alice.send(rtp(10, 100, picture(100), extension=numbered(100)))
    for _ in range(int(QUIET_INTERVAL / TICK) + 1):
        server.now += TICK
        server.mux.tick(server.now)
    assert len(reports(alice)) == 1
    assert ARRIVALS_INTERVAL <= 0.1


def test_an_estimate_is_told_to_those_alone_who_do_not_number(server: Server) -> None:
    alice, bob = Client(server), Client(server)
    alice.publish(CAMERA)
    bob.publish(PLAIN)
    alice.send(rtp(10, 1, picture(1, key=True), extension=numbered(1)))
    bob.send(rtp(10, 1, picture(1, key=True)))
    heard: list[list[rtcp.Rtcp]] = [[], []]
    for _ in range(60):
        server.now += TICK
        server.mux.tick(server.now)
        heard[0] += alice.received()[1]
        heard[1] += bob.received()[1]
    kinds = [{type(each) for each in items} for items in heard]
    assert TransportFeedback in kinds[0]
    assert rtcp.Remb not in kinds[0]
    assert rtcp.Remb in kinds[1]
    assert TransportFeedback not in kinds[1]


def test_numbers_agreed_on_in_mid_call_are_told_of(server: Server) -> None:
    alice = Client(server)
    alice.publish(IncomingSpec("a", "audio", {111: OPUS}, Extensions(mid=1), (), (30,)))
    alice.send(rtp(30, 1, b"sound", pt=111))
    server.mux.tick(server.now)
    alice.media.describe_incoming([MICROPHONE, CAMERA])
    alice.send(rtp(10, 1, picture(1, key=True), extension=numbered(7)))
    server.now += TICK
    server.mux.tick(server.now)
    [report] = reports(alice)
    assert [number for number, _ in report.arrivals] == [7]
