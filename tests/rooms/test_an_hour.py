"""An hour of media, and an hour of comings and goings, in virtual time: nothing may pile up."""

from __future__ import annotations

import asyncio
import ctypes
import gc
import itertools
import struct
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from livekit.protocol.models import DisconnectReason

from rooms.compiled import library
from rooms.rtp import rtcp
from rooms.rtp.codecs import IncomingSpec
from tests.rooms.seating import Ears, Seating, adding
from tests.rooms.transport.test_media import IDS, OPUS, PLAIN, VP8, Client, Server, picture, rtp

TURN = 2.0
"""Seconds that pass at once."""
WARM, STRETCH = 600, 400
"""Turns after which most of what is bounded has filled up, and between two looks from then on."""
STRETCHES = 3
BLOCKS = 200
"""Python's blocks that may come in a stretch: one each second turn would be a leak."""
BYTES = 64 * 1024
"""What the C library may hold more after a stretch: its own slack."""
PICTURES, SOUND = 10, 90
SUBSCRIBERS = (700, 800)


@dataclass(frozen=True)
class Held:
    """What is alive: Python's blocks, and the C library's bytes (0 where it does not say)."""

    blocks: int
    octets: int

    @classmethod
    def now(cls) -> Held:
        gc.collect()
        return cls(sys.getallocatedblocks(), _c_bytes())


class _Mallinfo(ctypes.Structure):
    _fields_ = [(f"field{number}", ctypes.c_size_t) for number in range(10)]


def _c_bytes() -> int:
    told = getattr(ctypes.CDLL(None), "mallinfo2", None)
    if told is None:
        return 0
    told.restype = _Mallinfo
    info = told()
    return int(info.field4 + info.field7)  # mapped by themselves, and in use


async def watch(turns: Iterator[object]) -> None:
    """Let the hour pass; fails when more is held after each of its stretches.

    A leak shows in all of them. What the rest of the process takes meanwhile (other tests leave
    threads, and objects that are made once) shows in one.
    """
    looks = []
    for count in (WARM, *[STRETCH] * STRETCHES):
        for _ in itertools.islice(turns, count):
            await asyncio.sleep(0)
        looks.append(Held.now())
    grown = list(itertools.pairwise(looks))
    assert min(after.blocks - before.blocks for before, after in grown) < BLOCKS, looks
    assert min(after.octets - before.octets for before, after in grown) < BYTES, looks


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


class Call:
    """One who publishes a camera and a microphone, and two who receive both and complain."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.publisher = Client(server)
        self.others = [Client(server) for _ in SUBSCRIBERS]
        sound = IncomingSpec("a", "audio", {111: OPUS}, IDS, (), (SOUND,), ())
        self.publisher.media.describe_incoming([PLAIN, sound])
        for mid, codec, more in (("v", VP8, 0), ("a", OPUS, 10)):
            track = self.publisher.media.incoming(mid)
            assert track is not None
            for other, ssrc in zip(self.others, SUBSCRIBERS, strict=True):
                other.subscribe(track, codec, ssrc + more)
        self.received = 0

    def turns(self) -> Iterator[None]:
        """Each turn has few packets, but every kind of them."""
        for number in itertools.count(60_000):  # numbers wrap on the way
            self._send(number)
            for _ in range(2):
                self.server.now += TURN / 2
                self.server.mux.tick(self.server.now)
            self.publisher.received()
            for other, ssrc in zip(self.others, SUBSCRIBERS, strict=True):
                self._listen(other, ssrc, number)
            yield

    def _send(self, number: int) -> None:
        sequence = number * 2
        for each in (sequence, sequence + 1):
            if each % 50:  # one in fifty is lost, and asked for
                key = each % 100 == 1
                data = rtp(PICTURES, each & 0xFFFF, picture(each & 0x7FFF, key=key))
                self.publisher.send(data)
        self.publisher.send(rtp(SOUND, number & 0xFFFF, b"opus", pt=111))
        if number % 5 == 0:
            report = rtcp.SenderReport(PICTURES, number << 32, 3000 * number & 0xFFFFFFFF, 1, 57)
            self.publisher.send_rtcp(rtcp.sender_report(report))

    def _listen(self, other: Client, ssrc: int, number: int) -> None:
        packets, _ = other.received()
        self.received += len(packets)
        compound = rtcp.receiver_report(1) + rtcp.remb(1, 900_000, [ssrc])
        if packets and number % 7 == 0:
            lost, found = struct.unpack_from("!H4xI", packets[0], 2)
            compound += rtcp.nack(1, found, [lost])
        if number % 30 == 0:
            compound += rtcp.picture_loss(1, ssrc)
        other.send_rtcp(compound)


async def test_an_hour_of_media_leaves_nothing_behind(server: Server) -> None:
    call = Call(server)
    await watch(call.turns())
    assert call.received > (WARM + STRETCHES * STRETCH) * 4


def visits(seating: Seating, stayer: Ears) -> Iterator[None]:
    """At times somebody comes and publishes, then leaves, is lost, or loses the connection."""
    for number in itertools.count():
        if number % 20 == 0:
            guest, hears = seating.join(f"guest-{number}")
            guest.publish(adding("video", f"camera-{number}"))
            guest.rename(None, None, {"status": str(number)})
            seating.offer(guest)
        elif number % 60 == 6:
            guest.leave(DisconnectReason.CLIENT_INITIATED)
        elif number % 60 == 26:
            seating.rooms.lost(guest, hears)
        elif number % 60 == 46:
            guest.connection.publisher.fail("consent expired")
        for _ in range(2):
            seating.tick(TURN / 2)
            seating.rtc.tick(seating.now)
        stayer.events.clear()
        yield


async def test_an_hour_of_comings_and_goings_leaves_nothing_behind() -> None:
    seating = Seating()
    _, ears = seating.join("stayer")
    await watch(visits(seating, ears))
