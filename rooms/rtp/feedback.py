"""The RTCP talk of one peer connection: takes what the peer reports, says what is due."""

from __future__ import annotations

from typing import Protocol

from rooms.rtp import rtcp
from rooms.rtp.arrivals import Arrivals
from rooms.rtp.bandwidth import PublisherBudget
from rooms.rtp.estimate import ReceiverEstimate
from rooms.rtp.outgoing import OutgoingStream
from rooms.rtp.ssrcs import Ssrcs
from rooms.rtp.transport_feedback import ArrivalReports, TransportFeedback

REPORT_INTERVAL = 1.0
CHECK_INTERVAL = 0.5
_COMPOUND = 1150  # bytes, so that SRTCP's trailer fits an unfragmented datagram
_BLOCKS = 31
_NACKED = 250  # numbers in one packet, which may need a word each
_NOTABLE_LOSS = 12  # of 256


class Witness(Protocol):
    """Hears what a peer reports of what it receives; estimators of its link listen through this."""

    def reported(self, bitrate: float, now: float) -> None:
        """It says by REMB that it can receive so many bits per second."""

    def arrived(self, report: TransportFeedback, now: float) -> None:
        """It says which packets came, and when by its own clock."""

    def lost(self) -> None:
        """Something of what was sent did not arrive."""


class Feedback:
    """Feedback both ways; `ssrc` is ours as a mere receiver, `estimate` what the peer can take.

    The two budgets say how many NACKed numbers and keyframe requests are heeded per second.
    """

    def __init__(self, ssrcs: Ssrcs, ssrc: int, *, nacked: int, keyframes: int) -> None:
        self.ssrc = ssrc
        self.estimate = ReceiverEstimate()
        self._witness: Witness = self.estimate
        self.repeated = 0
        self.outgoing: dict[int, OutgoingStream] = {}
        self._ssrcs = ssrcs
        self._budgets = {"nacked": nacked, "keyframes": keyframes}
        self._left = dict(self._budgets)
        self._publisher = PublisherBudget()
        self._next_check = 0.0
        self._next_report = 0.0
        self._arrival_reports = ArrivalReports()

    # What the peer says.

    def received(self, items: list[rtcp.Rtcp], now: float) -> None:
        """Take the packets of one compound."""
        for item in items:
            if isinstance(item, rtcp.SenderReport):
                self._sender_report(item, now)
                self._blocks(item.blocks, now)
            elif isinstance(item, rtcp.ReceiverReport):
                self._blocks(item.blocks, now)
            elif isinstance(item, rtcp.Nack):
                self._nack(item, now)
            elif isinstance(item, rtcp.KeyframeRequest):
                self._keyframe(item)
            elif isinstance(item, rtcp.Remb):
                self._witness.reported(item.bitrate, now)
            elif isinstance(item, TransportFeedback):
                self._witness.arrived(item, now)

    def _sender_report(self, report: rtcp.SenderReport, now: float) -> None:
        route = self._ssrcs.routes.get(report.ssrc)
        if route is None:
            return
        stream = route.stream
        stream.reception.sender_report(report.ntp, now)
        if stream.clock.update(report.ntp, report.timestamp, now):
            for out in stream.audience:
                out.wake()

    def _blocks(self, blocks: tuple[rtcp.ReportBlock, ...], now: float) -> None:
        for block in blocks:
            out = self.outgoing.get(block.ssrc)
            if out is not None:
                out.reported_on(block, now)
                if block.fraction_lost > _NOTABLE_LOSS:
                    self._witness.lost()

    def _nack(self, nack: rtcp.Nack, now: float) -> None:
        out = self.outgoing.get(nack.ssrc)
        if out is not None:
            heeded = nack.sequences[: max(0, self._left["nacked"])]
            self._left["nacked"] -= len(nack.sequences)
            self.repeated += out.repeat(heeded, now)
            self._witness.lost()

    def _keyframe(self, request: rtcp.KeyframeRequest) -> None:
        for ssrc in request.ssrcs:
            out = self.outgoing.get(ssrc)
            if out is not None and self._left["keyframes"] > 0:
                self._left["keyframes"] -= 1
                out.keyframe_asked()

    # What we say.

    def due(self, now: float) -> list[bytes]:
        """The compound packets to send now."""
        everything = now >= self._next_report
        packets: list[bytes] = []
        if everything:
            self._next_report = now + REPORT_INTERVAL
            self._left = dict(self._budgets)
            packets += self._receiver_reports(now)
        packets += self._sender_reports(now, everything)
        if now >= self._next_check:
            self._next_check = now + CHECK_INTERVAL
            for track in self._ssrcs.tracks.values():
                track.check(now)
            packets += self._estimate()
        packets += self._requests(now)
        return _compounds(packets, rtcp.receiver_report(self.ssrc))

    def on_arrivals(self, arrivals: Arrivals) -> list[bytes]:
        """The compounds that say when packets came since the last time; none if none did."""
        arrived = arrivals.take()
        if not arrived or not self._ssrcs.routes:
            return []
        # A sender heeds what names one of its streams.
        about = next(iter(self._ssrcs.routes))
        reports = self._arrival_reports.make(self.ssrc, about, arrived)
        return _compounds(reports, rtcp.receiver_report(self.ssrc))

    def next_due(self, now: float) -> float:
        """When `due` has something to do again; never while nothing is sent either way."""
        if not self._ssrcs.routes and not self.outgoing:
            return float("inf")
        soonest = min(self._next_check, self._next_report)
        for route in self._ssrcs.routes.values():
            soonest = min(soonest, route.stream.next_due())
        return soonest

    def _requests(self, now: float) -> list[bytes]:
        packets = []
        for route in self._ssrcs.routes.values():
            stream = route.stream
            if len(stream.loss):
                lost = stream.due_losses(now)
                for at in range(0, len(lost), _NACKED):
                    packets.append(rtcp.nack(self.ssrc, stream.ssrc, lost[at : at + _NACKED]))
            keyframes = stream.keyframes
            if keyframes.wanted and keyframes.due(now):
                packets.append(rtcp.picture_loss(self.ssrc, stream.ssrc))
        return packets

    def _estimate(self) -> list[bytes]:
        if self._ssrcs.numbered:
            return []  # it learns when its packets come, and knows better
        video = [s for s, route in self._ssrcs.routes.items() if route.stream.is_video]
        return [rtcp.remb(self.ssrc, self._publisher.bitrate, video)] if video else []

    def _receiver_reports(self, now: float) -> list[bytes]:
        blocks = []
        missing = expected = 0
        for ssrc, route in self._ssrcs.routes.items():
            reception = route.stream.reception
            blocks.append(reception.block(ssrc, route.stream.numbers, now))
            missing += reception.missing
            expected += reception.expected
        if expected > 0:
            self._publisher.reported(missing / expected)
        return [
            rtcp.receiver_report(self.ssrc, tuple(blocks[at : at + _BLOCKS]))
            for at in range(0, len(blocks), _BLOCKS)
        ]

    def _sender_reports(self, now: float, everything: bool) -> list[bytes]:
        """Everybody's, or only the first ones of streams that have not reported yet."""
        packets = []
        for out in self.outgoing.values():
            if everything or not out.reported:
                report = out.sender_report(now)
                if report is not None:
                    packets.append(
                        rtcp.sender_report(report) + rtcp.source_description(out.ssrc, out.cname)
                    )
        return packets


def _compounds(packets: list[bytes], start: bytes) -> list[bytes]:
    """Pack into as few datagrams as fit; each begins with a report (RFC 3550 section 6.1)."""
    compounds: list[bytes] = []
    current = b""
    for packet in packets:
        if current and len(current) + len(packet) > _COMPOUND:
            compounds.append(current)
            current = b""
        if not current and packet[1] not in (rtcp.SR, rtcp.RR):
            current = start
        current += packet
    if current:
        compounds.append(current)
    return compounds
