"""A publisher of three simulcast layers, and viewers behind narrow links, in virtual time.

The viewers answer as libwebrtc's receivers do: REMB that falls to 85% of what arrives when the
queue before them grows, climbs 8% a second to one and a half times what arrives; NACKs for losses.
"""

from __future__ import annotations

import random
from collections import deque

from rooms.rtp.codecs import IncomingSpec
from rooms.rtp.downlink import Downlink, View
from rooms.rtp.estimate import ReceiverEstimate
from rooms.rtp.incoming import IncomingTrack
from rooms.rtp.incoming_stream import IncomingStream
from rooms.rtp.outgoing import OutgoingStream
from rooms.rtp.packet import Leg, Packet
from rooms.rtp.padding import Padding
from rooms.rtp.send_path import SendPath
from tests.rooms.rtp.wire import VP8

RIDS = ("q", "h", "f")
KEYFRAME = 3.0  # times the size of another picture
PATTERN = (0, 2, 1, 2)
SHARES = {0: 1.6, 1: 0.8, 2: 0.8}
FRAMES = 30


class Studio:
    """Cameras of three layers and a clock; `run` lets time pass in steps of a 30th of a second."""

    def __init__(self, cameras: int = 1) -> None:
        self.now = 100.0
        self.frame = 0
        self.viewers: dict[int, Viewer] = {}
        self.bitrates = {"q": 150_000, "h": 450_000, "f": 1_600_000}
        self.tracks = [self._track() for _ in range(cameras)]
        self._sequences: dict[int, int] = {}

    def _track(self) -> IncomingTrack:
        spec = IncomingSpec("0", "video", {96: VP8}, rids=RIDS)
        track = IncomingTrack(spec, self._forward, lambda: None)
        for rid in RIDS:
            track.learn(rid, 10 + RIDS.index(rid), VP8)
        return track

    def _forward(
        self, packet: Packet, word: int, prefix: bytes, tag: int, legs: list[Leg], /
    ) -> int:
        for leg in legs:
            size = 64 + len(packet[4]) + len(packet[8])
            viewer = self.viewers[leg[2] // 100 * 100]
            viewer.arrive(leg[2], (packet[0] + leg[0]) & 0xFFFF, size, packet, self.now)
        return 0

    def run(self, seconds: float) -> None:
        """Let so much time pass."""
        for _ in range(round(seconds * FRAMES)):
            for track in self.tracks:
                for stream in track.layers.values():
                    key = stream.keyframes.due(self.now)
                    self._picture(stream, key or self.frame == 0)
                if self.frame % 15 == 0:
                    track.check(self.now)
            for viewer in self.viewers.values():
                viewer.look(self.now)
            self.frame += 1
            self.now += 1 / FRAMES

    def _picture(self, stream: IncomingStream, key: bool) -> None:
        layer = 0 if key else PATTERN[self.frame % 4]
        size = self.bitrates[stream.rid] / 8 / FRAMES * SHARES[layer] * (KEYFRAME if key else 1)
        packets = max(1, round(size / 1000))
        picture = self.frame & 0x7FFF
        for place in range(packets):
            head = (0x90 if place == 0 else 0x80, 0xE0, 0x80 | picture >> 8, picture & 0xFF)
            more = (self.frame // 4 & 0xFF, layer << 6 | 0x20, 0 if key else 1)
            payload = bytes((*head, *more)) + bytes(max(0, int(size / packets) - 64))
            sequence = self._sequences.get(id(stream), 500)
            self._sequences[id(stream)] = sequence + 1
            marker = 0x80 if place == packets - 1 else 0
            stream.receive(sequence & 0xFFFF, 3000 * self.frame, marker, payload, self.now)


class Viewer:
    """One subscriber behind a link of `rate` bits per second with 300 ms of queue.

    `misjudged` is what its receiver says from its first moment that it can take: a browser short
    of breath at its start says far too little, and from there no narrow link makes it say less.
    """

    def __init__(
        self,
        studio: Studio,
        rate: float = 5e6,
        *,
        loss: float = 0.0,
        misjudged: float | None = None,
    ) -> None:
        self.rate, self.loss = rate, loss
        self.studio = studio
        self.rng = random.Random(42)
        self.base = 1000 * (len(studio.viewers) + 1)
        studio.viewers[self.base] = self
        self.estimate = ReceiverEstimate()
        self.downlink = Downlink(self.estimate)
        self.outs = []
        for number, track in enumerate(studio.tracks):
            out = OutgoingStream(VP8, self.base + 2 * number, self.base + 2 * number + 1,
                                 rng=random.Random(number))  # fmt: skip
            out.set_path(SendPath(None, 16, lambda data, to: 0, ("192.0.2.1", 9), None))
            track.add_outgoing(out, studio.now)
            self.outs.append(out)
        self.priorities = [0] * len(self.outs)
        self.padding: Padding | None = None
        self.padded = 0
        self.changes: list[tuple[float, list[tuple[int, int] | None]]] = []
        self._free_at = 0.0
        self._arrived: deque[tuple[float, int]] = deque()
        self._nacks: deque[tuple[float, OutgoingStream, int]] = deque()
        self._remb = misjudged
        self._remb_at = studio.now
        if misjudged is not None:
            self.estimate.reported(misjudged, studio.now)
        self._queues: deque[float] = deque(maxlen=6)

    def stall(self, seconds: float) -> None:
        """Nothing passes for so long, and then all of it at once."""
        self._free_at = self.studio.now + seconds

    def arrive(self, ssrc: int, sequence: int, size: int, packet: Packet, now: float) -> None:
        """A packet reaches the link."""
        start = max(self._free_at, now)
        if start - now > 0.3 or self.rng.random() < self.loss:
            if ssrc % 2 == 0:
                out = self.outs[(ssrc - self.base) // 2]
                self._nacks.append((start + 0.1, out, sequence))
            return
        self._free_at = start + size * 8 / self.rate
        self._arrived.append((self._free_at, size))

    def look(self, now: float) -> None:
        """What the receiver and then the server do 30 times a second."""
        while self._nacks and self._nacks[0][0] <= now:
            _, out, sequence = self._nacks.popleft()
            out.repeat((sequence,), now)
            self.estimate.lost()
        self._report(now)
        if self.downlink.due(now):
            views = [View(o, p) for o, p in zip(self.outs, self.priorities, strict=True)]
            self.downlink.tick(views, (), now)
            wanted = self.downlink.padding
            if wanted is None:
                self.padding = None
            elif self.padding is None or self.padding.until != wanted[1]:
                self.padding = Padding(*wanted, now)
        if self.padding is not None and now < self.padding.until:
            self.padded += self.padding.send(self.outs, now)
        layers = self.layers
        if not self.changes or self.changes[-1][1] != layers:
            self.changes.append((now, layers))

    def _report(self, now: float) -> None:
        while self._arrived and self._arrived[0][0] < now - 1:
            self._arrived.popleft()
        throughput = sum(size for at, size in self._arrived if at <= now) * 8.0
        self._queues.append(max(0.0, self._free_at - now))
        if now < 103:
            return
        if self._remb is None:
            self._remb = throughput
        overused = len(self._queues) == 6 and self._queues[-1] > self._queues[0] + 0.06
        if (
            throughput
            and overused
            and now >= self._remb_at + 0.2
            and throughput * 0.85 < self._remb
        ):
            self._remb, self._remb_at = throughput * 0.85, now
            self.estimate.reported(int(self._remb), now)
        elif now >= self._remb_at + 1:
            grown = min(self._remb * 1.08, 1.5 * throughput + 10_000)
            self._remb, self._remb_at = max(self._remb, grown), now
            self.estimate.reported(int(self._remb), now)

    @property
    def layers(self) -> list[tuple[int, int] | None]:
        """What each video gets: (spatial, temporal ceiling), None for nothing."""
        return [
            (out.source.base.spatial, getattr(out.source, "ceiling", 3)) if out.source else None
            for out in self.outs
        ]

    def rate_sent(self, seconds: float) -> float:
        """Let time pass; bits per second sent meanwhile, padding included."""
        before = sum(out.sent_bytes for out in self.outs)
        self.studio.run(seconds)
        return (sum(out.sent_bytes for out in self.outs) - before) * 8 / seconds
