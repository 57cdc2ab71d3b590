"""A publisher and subscribers without a network: what the stream tests send and look at."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable
from dataclasses import dataclass, field

from rooms.rtp import vp8
from rooms.rtp.codecs import Codec, IncomingSpec
from rooms.rtp.incoming import IncomingTrack
from rooms.rtp.incoming_stream import IncomingStream
from rooms.rtp.outgoing import OutgoingStream
from rooms.rtp.packet import Leg, Packet
from rooms.rtp.send_path import SendPath

VP8 = Codec("VP8", 90000, 1, 96, 97)
VP8_WITHOUT_RTX = Codec("VP8", 90000, 1, 96, None)
OPUS = Codec("opus", 48000, 2, 111)


@dataclass
class Sent:
    """One packet as a subscriber gets it."""

    ssrc: int
    sequence: int
    timestamp: int
    marker: bool
    payload_type: int
    payload: bytes
    extension: bytes = b""

    @property
    def picture(self) -> int:
        description = vp8.describe(self.payload)
        assert description is not None
        return description[2]

    @property
    def tl0(self) -> int:
        description = vp8.describe(self.payload)
        assert description is not None
        return description[3]

    @property
    def body(self) -> bytes:
        """The payload after a full descriptor: what the publisher wrote."""
        return self.payload[6:]


@dataclass
class Wire:
    """Stands for the fan-out and the network: notes what every leg is sent."""

    sent: list[Sent] = field(default_factory=list)

    def __call__(
        self, packet: Packet, word: int, prefix: bytes, tag: int, legs: list[Leg], /
    ) -> int:
        for leg in legs:
            self.sent.append(
                Sent(
                    ssrc=leg[2],
                    sequence=(packet[0] + leg[0]) & 0xFFFF,
                    timestamp=(packet[1] + leg[1]) & 0xFFFFFFFF,
                    marker=bool(packet[2]),
                    payload_type=word & 0x7F,
                    payload=vp8.renumber(packet, leg[3], leg[4], leg[5]),
                    extension=prefix if word & 0x1000 else b"",
                )
            )
        return 0

    def to(self, out: OutgoingStream) -> list[Sent]:
        """What was sent on this stream's own SSRC, in the order sent."""
        return [each for each in self.sent if each.ssrc == out.ssrc]

    def repeated(self, out: OutgoingStream) -> list[Sent]:
        """What was sent on its RTX SSRC."""
        return [each for each in self.sent if each.ssrc == out.rtx_ssrc]


def path() -> SendPath:
    """A way that leads nowhere."""
    return SendPath(None, 16, lambda data, address: 0, ("192.0.2.1", 9), None)


def track_of(wire: Wire, codec: Codec = VP8, rids: tuple[str, ...] = ()) -> IncomingTrack:
    """A published track whose subscribers send on `wire`."""
    spec = IncomingSpec("0", codec.kind, {codec.payload_type: codec}, rids=rids)
    return IncomingTrack(spec, wire, lambda: None)


def subscriber(
    track: IncomingTrack, ssrc: int = 9000, codec: Codec | None = None, seed: int = 1,
    descriptor: int = 0,
) -> OutgoingStream:  # fmt: skip
    """A subscriber of `track` whose path is up."""
    codec = codec or track.codec
    out = OutgoingStream(codec, ssrc, ssrc + 1, rng=random.Random(seed), descriptor=descriptor)
    out.set_path(path())
    track.add_outgoing(out, 0.0)
    return out


def picture_payload(
    picture: int,
    *,
    key: bool = False,
    start: bool = True,
    tl0: int | None = None,
    body: bytes = b"",
) -> bytes:
    """A VP8 payload with a full descriptor; the first byte of the body tells a keyframe."""
    tl0 = picture & 0xFF if tl0 is None else tl0
    first = 0x80 | (0x10 if start else 0)
    descriptor = bytes((first, 0xE0, 0x80 | picture >> 8 & 0x7F, picture & 0xFF, tl0, 0x20))
    return descriptor + bytes((0 if key else 1,)) + body


@dataclass
class Camera:
    """Publishes frames of `size` packets on one layer, 30 a second; `now` is the next's time."""

    stream: IncomingStream
    sequence: int = 100
    timestamp: int = 50_000
    picture: int = 10
    size: int = 3
    now: float = 1.0
    count: int = 0

    def frame(self, *, key: bool = False) -> list[tuple[int, int, int, bytes]]:
        """The packets of the next frame: (sequence, timestamp, marker, payload)."""
        packets = []
        for place in range(self.size):
            body = self.count.to_bytes(4, "big")
            payload = picture_payload(self.picture, key=key, start=place == 0, body=body)
            marker = 0x80 if place == self.size - 1 else 0
            packets.append((self.sequence, self.timestamp, marker, payload))
            self.sequence = (self.sequence + 1) & 0xFFFF
            self.count += 1
        self.timestamp = (self.timestamp + 3000) & 0xFFFFFFFF
        self.picture = (self.picture + 1) & 0x7FFF
        return packets

    def padding(self) -> tuple[int, int, int, bytes]:
        """A padding-only packet: nothing is left once padding is off."""
        packet = (self.sequence, self.timestamp - 3000, 0, b"")
        self.sequence = (self.sequence + 1) & 0xFFFF
        return packet

    def deliver(self, packets: Iterable[tuple[int, int, int, bytes]]) -> None:
        """Let them arrive now, in this order."""
        for sequence, timestamp, marker, payload in packets:
            self.stream.receive(sequence, timestamp, marker, payload, self.now)

    def repair(self, packets: Iterable[tuple[int, int, int, bytes]]) -> None:
        """Let them arrive as retransmissions."""
        for sequence, timestamp, marker, payload in packets:
            self.stream.receive(sequence, timestamp, marker, payload, self.now, repaired=True)

    def film(self, frames: int, *, key: bool = False) -> None:
        """Publish frames, the first of them a keyframe if `key`."""
        for number in range(frames):
            self.deliver(self.frame(key=key and number == 0))
            self.now += 1 / 30


def continuous(sent: list[Sent]) -> bool:
    """True when sequence numbers follow each other without gap, repeat or step back."""
    return all(
        (after.sequence - before.sequence) & 0xFFFF == 1
        for before, after in itertools.pairwise(sent)
    )


def complete(sent: list[Sent]) -> bool:
    """True when, once put in order, numbers are continuous and none is double."""
    first = sent[0].sequence
    numbers = sorted((each.sequence - first + 0x8000) & 0xFFFF for each in sent)
    return numbers == list(range(numbers[0], numbers[0] + len(sent)))
