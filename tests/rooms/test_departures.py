"""Packets that wait leave in few sends, and one by one where the kernel will not have that."""

from __future__ import annotations

import errno
import random
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from rooms import fanout
from rooms.departures import departures
from rooms.rtp.packet import OPAQUE, Legs, Packet
from tests.rooms.test_fanout import Subscriber


class Watched(socket.socket):
    """A UDP socket that notes how many packets a send holds; runs of several raise `refusal`."""

    def __init__(self) -> None:
        super().__init__(socket.AF_INET, socket.SOCK_DGRAM)
        self.bind(("127.0.0.1", 0))
        self.setblocking(False)
        self.sends: list[int] = []
        self.refusal: OSError | None = None

    def sendto(self, *args: Any) -> int:
        self.sends.append(1)
        return super().sendto(*args)

    def sendmsg(self, buffers: Any, *args: Any) -> int:
        if self.refusal is not None:
            raise self.refusal
        self.sends.append(len(buffers))
        return super().sendmsg(buffers, *args)


@pytest.fixture
def watched() -> Iterator[Watched]:
    with Watched() as opened:
        if not departures.segmented:
            pytest.skip("the kernel cuts nothing up")
        yield opened
    departures.segmented = True


def send(subscribers: list[Subscriber], sizes: list[int], first: int = 0) -> int:
    """Send a packet of each size to all, as if they had been received together."""
    legs = Legs(each.leg() for each in subscribers)
    departures.held = True
    for number, size in enumerate(sizes, first):
        packet: Packet = (number, 960, 0, OPAQUE, b"", 0, 0, 0, bytes((number,)) * size)
        assert fanout.fan_out(packet, 0x806F, b"", 16, legs) == 0
    return departures.release()


def bodies(subscriber: Subscriber) -> list[bytes]:
    return [each[12:] for each in subscriber.received()]


def test_runs_of_equal_size_leave_as_one_send(watched: Watched) -> None:
    subscribers = [Subscriber(watched, random.Random(seed)) for seed in range(3)]
    sizes = [100, 100, 100, 60, 100, 100, 200]
    assert send(subscribers, sizes) == 0
    assert watched.sends == [4, 2, 1] * 3
    expected = [bytes((number,)) * size for number, size in enumerate(sizes)]
    assert [bodies(each) for each in subscribers] == [expected] * 3


def test_a_send_is_never_too_long_for_the_kernel(watched: Watched) -> None:
    subscriber = Subscriber(watched, random.Random(1))
    assert send([subscriber], [1200] * 60) == 0
    assert watched.sends == [52, 8]
    assert len(bodies(subscriber)) == 60
    assert send([subscriber], [20] * 130, 60) == 0
    assert watched.sends[2:] == [64, 64, 2]
    assert len(bodies(subscriber)) == 130


def test_an_interface_that_cannot_cut_gets_them_one_by_one(watched: Watched) -> None:
    subscriber = Subscriber(watched, random.Random(1))
    watched.refusal = OSError(errno.EIO, "no checksum")
    assert send([subscriber], [100] * 5) == 0
    assert watched.sends == [1] * 5
    assert len(bodies(subscriber)) == 5
    watched.refusal = None
    assert send([subscriber], [100] * 5, 5) == 0
    assert watched.sends == [1] * 10


@pytest.mark.parametrize(
    "refusal", [BlockingIOError(errno.EAGAIN, "full"), OSError(errno.ENOBUFS, "full")]
)
def test_what_a_full_buffer_refuses_is_counted(watched: Watched, refusal: OSError) -> None:
    subscriber = Subscriber(watched, random.Random(1))
    watched.refusal = refusal
    assert send([subscriber], [100] * 5) == 5
    watched.refusal = None
    assert send([subscriber], []) == 0
