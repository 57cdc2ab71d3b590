"""RTCP both ways, in fake time: what is due when, and what a peer's reports bring about."""

from __future__ import annotations

import random
import struct

import pytest

from rooms.rtp import rtcp
from rooms.rtp.codecs import Extensions, IncomingSpec
from rooms.rtp.feedback import Feedback
from rooms.rtp.outgoing import OutgoingStream
from rooms.rtp.ssrcs import Ssrcs
from rooms.rtp.transport_feedback import ArrivalReports, TransportFeedback
from tests.rooms.rtp.wire import VP8, Camera, Wire, path


class Peer:
    """A peer connection that publishes a camera and gets one stream of it back."""

    def __init__(self) -> None:
        self.wire = Wire()
        self.ssrcs = Ssrcs(self.wire, lambda: None, most=50, cache_packets=512)
        self.feedback = Feedback(self.ssrcs, 0xABC, nacked=100, keyframes=3)
        self.ssrcs.describe([IncomingSpec("0", "video", {96: VP8}, Extensions(), (), (1,))])
        header = bytearray(struct.pack("!BBHII", 0x80, 96, 1, 2, 1))
        assert self.ssrcs.learn(header, 12, 1, 96)
        self.camera = Camera(self.ssrcs.routes[1].stream)
        self.out = OutgoingStream(VP8, 9000, 9001, rng=random.Random(1))
        self.out.set_path(path())
        self.ssrcs.tracks["0"].add_outgoing(self.out, 0.0)
        self.feedback.outgoing[9000] = self.out

    def due(self, now: float) -> list[rtcp.Rtcp]:
        """Everything sent by a tick."""
        return [item for data in self.feedback.due(now) for item in rtcp.parse(data)]


@pytest.fixture
def peer() -> Peer:
    return Peer()


def of_kind(items: list[rtcp.Rtcp], kind: type) -> list[rtcp.Rtcp]:
    return [item for item in items if isinstance(item, kind)]


def test_compounds_begin_with_a_report(peer: Peer) -> None:
    peer.camera.film(3, key=True)
    peer.camera.frame()
    peer.camera.film(1)
    for now in (peer.camera.now + 0.05, peer.camera.now + 0.6):
        for data in peer.feedback.due(now):
            assert data[1] in (rtcp.SR, rtcp.RR)


def test_a_loss_is_asked_for_soon_and_again(peer: Peer) -> None:
    peer.camera.film(3, key=True)
    peer.due(peer.camera.now)
    lost = peer.camera.frame()
    peer.camera.film(1)
    start = peer.camera.now
    asked = []
    for tick in range(50):
        now = start + 0.02 * tick
        if now >= peer.feedback.next_due(now):
            nacks = of_kind(peer.due(now), rtcp.Nack)
            asked += [(tick, nack.sequences) for nack in nacks if isinstance(nack, rtcp.Nack)]
    assert asked[0] == (0, tuple(packet[0] for packet in lost))
    assert 3 <= len(asked) <= 6
    peer.camera.repair(lost)
    assert not of_kind(peer.due(start + 9), rtcp.Nack)


def test_a_keyframe_is_asked_for_until_it_comes(peer: Peer) -> None:
    peer.camera.film(1)
    start = peer.camera.now
    times = [
        tick for tick in range(100) if of_kind(peer.due(start + 0.02 * tick), rtcp.KeyframeRequest)
    ]
    assert times == [0, 25, 50, 75]
    peer.camera.now = start + 2
    peer.camera.film(1, key=True)
    assert not of_kind(peer.due(start + 5), rtcp.KeyframeRequest)


def test_reports_and_estimates_have_their_rhythm(peer: Peer) -> None:
    peer.camera.film(3, key=True)
    start = peer.camera.now
    items: list[rtcp.Rtcp] = []
    for tick in range(200):  # 4 s
        now = start + 0.02 * tick
        if peer.feedback.next_due(now) <= now:
            items += peer.due(now)
    assert len(of_kind(items, rtcp.Remb)) == 8
    blocks = [i for i in items if isinstance(i, rtcp.ReceiverReport) and i.blocks]
    assert len(blocks) == 4


def test_the_first_sender_report_follows_the_publishers_at_once(peer: Peer) -> None:
    woken: list[bool] = []
    peer.out.wake = lambda: woken.append(True)
    peer.camera.film(3, key=True)
    now = peer.camera.now
    assert not of_kind(peer.due(now), rtcp.SenderReport)
    peer.feedback.received([rtcp.SenderReport(1, 3_900_000_000 << 32, 50_000, 9, 99)], now + 0.01)
    assert woken
    [report] = of_kind(peer.due(now + 0.02), rtcp.SenderReport)
    assert isinstance(report, rtcp.SenderReport)
    assert report.ssrc == 9000
    assert not of_kind(peer.due(now + 0.04), rtcp.SenderReport)
    assert of_kind(peer.due(now + 1.1), rtcp.SenderReport)


def test_the_publishers_report_is_quoted_back(peer: Peer) -> None:
    peer.camera.film(3, key=True)
    now = peer.camera.now
    peer.feedback.received([rtcp.SenderReport(1, 0x1111222233334444, 50_000, 9, 99)], now)
    blocks = [
        block
        for item in peer.due(now + 0.5)
        if isinstance(item, rtcp.ReceiverReport)
        for block in item.blocks
    ]
    assert [(b.ssrc, b.last_sr, b.delay) for b in blocks] == [(1, 0x22223333, 32768)]


def test_nacks_are_answered_within_a_budget(peer: Peer) -> None:
    peer.camera.film(100, key=True)
    sent = peer.wire.to(peer.out)
    peer.due(peer.camera.now)
    numbers = tuple(each.sequence for each in sent)
    peer.feedback.received([rtcp.Nack(9000, numbers)], peer.camera.now)
    assert len(peer.wire.repeated(peer.out)) == 100
    peer.feedback.received([rtcp.Nack(9000, numbers)], peer.camera.now)
    assert len(peer.wire.repeated(peer.out)) == 100
    peer.due(peer.camera.now + 1.1)
    peer.feedback.received([rtcp.Nack(9000, numbers[100:150])], peer.camera.now + 1.1)
    assert len(peer.wire.repeated(peer.out)) == 150


def test_keyframe_requests_pass_within_a_budget(peer: Peer) -> None:
    peer.camera.film(2, key=True)
    peer.due(peer.camera.now)
    keyframes = peer.camera.stream.keyframes
    for _ in range(3):
        peer.feedback.received([rtcp.KeyframeRequest((9000,))], peer.camera.now)
        assert keyframes.wanted
        keyframes.came()
    peer.feedback.received([rtcp.KeyframeRequest((9000,))], peer.camera.now)
    assert not keyframes.wanted


def test_the_peers_own_estimate_is_kept(peer: Peer) -> None:
    assert peer.feedback.estimate.remb is None
    peer.feedback.received([rtcp.Remb(300_000)], 1.0)
    assert peer.feedback.estimate.remb == 300_000


def test_loss_lowers_what_the_publisher_may_send(peer: Peer) -> None:
    peer.camera.film(3, key=True)
    now = peer.camera.now
    peer.due(now)
    for _ in range(30):
        peer.camera.frame()
        peer.camera.film(1)
    peer.due(now + 1.1)
    [remb] = of_kind(peer.due(now + 1.7), rtcp.Remb)
    assert isinstance(remb, rtcp.Remb)
    assert remb.bitrate < 4_000_000


def test_reports_on_many_streams_fit_datagrams(peer: Peer) -> None:
    for number in range(80):
        out = OutgoingStream(VP8, 100 + number, None, rng=random.Random(number))
        out.set_path(path())
        peer.ssrcs.tracks["0"].add_outgoing(out, 0.0)
        peer.feedback.outgoing[out.ssrc] = out
    peer.camera.film(3, key=True)
    peer.camera.stream.clock.update(3_900_000_000 << 32, 50_000, peer.camera.now)
    compounds = peer.feedback.due(peer.camera.now)
    assert max(len(each) for each in compounds) <= 1200
    reports = [i for data in compounds for i in rtcp.parse(data, most=200)]
    assert len(of_kind(reports, rtcp.SenderReport)) == 81


def test_losses_far_apart_are_asked_for_in_packets_that_fit_datagrams(peer: Peer) -> None:
    stream = peer.ssrcs.routes[1].stream
    peer.camera.film(1, key=True)
    before = stream.numbers.highest
    for number in range(700):  # as after a stall of ours; each needs a pair of its own
        assert stream.loss.add(before - 20 * number, before - 20 * number + 1, peer.camera.now)
    compounds = peer.feedback.due(peer.camera.now + 0.1)
    assert all(len(each) <= 1200 for each in compounds)
    asked = [each for data in compounds for each in rtcp.parse(data) if isinstance(each, rtcp.Nack)]
    assert sum(len(each.sequences) for each in asked) == 700


def test_feedback_about_unknown_streams_does_nothing(peer: Peer) -> None:
    peer.feedback.received(
        [
            rtcp.Nack(5, (1, 2)),
            rtcp.KeyframeRequest((5,)),
            rtcp.SenderReport(5, 1, 1, 1, 1),
            rtcp.ReceiverReport(5, (rtcp.ReportBlock(5, 0, 0, 0, 0, 0, 0),)),
            rtcp.Bye((5,)),
        ],
        1.0,
    )
    assert peer.wire.sent == []


def test_what_a_receiver_says_of_arrivals_reaches_its_estimator(peer: Peer) -> None:
    told: list[TransportFeedback] = []
    peer.feedback.estimate.arrived = lambda report, now: told.append(report)  # type: ignore[method-assign]
    [packet] = ArrivalReports().make(1, 9000, [(4, 1_000_000), (5, 1_002_000)])
    peer.feedback.received(rtcp.parse(packet), peer.camera.now)
    assert [number for number, _ in told[0].arrivals] == [4, 5]
