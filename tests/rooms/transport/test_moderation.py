"""A socket that serves very many rests between reads; others never do, and nobody waits long."""

from __future__ import annotations

import random
import select
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from rooms import fanout
from rooms.compiled import library
from rooms.transport.alarm import Alarm
from rooms.transport.moderation import BUSY, REST, WIDE, WINDOW, Moderation, Wake
from rooms.transport.udp import DATAGRAMS_A_WAKE
from tests.rooms.transport.test_batches import post
from tests.rooms.transport.test_media import PLAIN, VP8, Client, Server, picture, rtp

WORK = 150e-6
"""Seconds that a wake takes in virtual time: one send to each."""
PATIENCE = 30_000
"""Milliseconds in which an alarm rings on the slowest machine."""


class Reads:
    """A socket in virtual time, read as its moderation says, and what came of it."""

    def __init__(self, arrivals: list[float], widest: int) -> None:
        moderation = Moderation()
        self.reads = self.most = 0
        self.longest = now = due = 0.0
        while arrivals:
            now = max(now, due or arrivals[0])
            waiting = sum(each <= now for each in arrivals)
            batch = min(waiting, DATAGRAMS_A_WAKE)
            if batch:
                self.longest = max(self.longest, now - arrivals[0])
            del arrivals[:batch]
            self.reads += batch > 0
            self.most = max(self.most, waiting)
            emptied = batch < DATAGRAMS_A_WAKE
            wake = Wake(batch, widest if batch else 0)
            rest = moderation.rest(now, wake, emptied=emptied)
            due = now + rest if rest else 0.0
            now += WORK


def at_random(rate: float, count: int) -> list[float]:
    """Times of arrival at that rate per second, seeded."""
    rng, now, found = random.Random(5), 1.0, []
    for _ in range(count):
        now += rng.expovariate(rate)
        found.append(now)
    return found


def test_packets_to_very_many_are_read_together_and_wait_for_no_more_than_a_rest() -> None:
    rested, plain = (Reads(at_random(2000, 3000), widest) for widest in (WIDE, WIDE - 1))
    assert rested.reads < plain.reads / 2
    assert rested.longest <= REST + WORK
    assert plain.longest <= WORK


def test_what_comes_too_seldom_to_be_read_together_is_read_at_once() -> None:
    seldom = [1 + number * 1.01 / BUSY for number in range(1, 200)]
    read = Reads(seldom, 50)
    assert read.reads == 199
    assert read.longest == 0


def test_after_a_pause_packets_are_read_at_once_until_many_came() -> None:
    moderation = Moderation()
    for began in (1.0, 2.0, 3.0):
        rests = [
            moderation.rest(began + number * 0.5 / BUSY, Wake(1, 50), emptied=True)
            for number in range(100)
        ]
        at_once = rests.index(REST)
        assert 0.5 * WINDOW * BUSY < at_once <= 2 * WINDOW * BUSY
        assert rests == [0] * at_once + [REST] * (100 - at_once)


def test_wakes_for_fewer_never_rest() -> None:
    moderation = Moderation()
    for number in range(100):
        began = 1 + number * 0.5 / BUSY
        assert moderation.rest(began, Wake(1, WIDE - 1), emptied=True) == 0


def test_no_rest_while_more_waits() -> None:
    """A flood is read as fast as can be: the kernel keeps little more than one rest brings."""
    assert Reads([1.0] * 3000, 50).longest < 3000 / DATAGRAMS_A_WAKE * WORK
    rate = 40_000.0
    assert Reads(at_random(rate, 4000), 50).most < 1.5 * rate * (REST + WORK)


@pytest.fixture(params=[False, True], ids=["python", "compiled"])
def server(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    if request.param and library.library is None:
        pytest.skip(library.reason)
    if not request.param:
        monkeypatch.setattr("rooms.transport.media.forward", fanout.fan_out)
    server = Server(request.param)
    yield server
    server.socket.close()


class Watching:
    """As much of an event loop as a socket asks for."""

    def __init__(self) -> None:
        self.readers: dict[int, Callable[[], None]] = {}

    def add_reader(self, number: int, call: Callable[[], None]) -> None:
        self.readers[number] = call

    def remove_reader(self, number: int) -> bool:
        return self.readers.pop(number, None) is not None

    def turn(self) -> None:
        """Wait until something may be read, and read it."""
        poll = select.poll()
        for number in self.readers:
            poll.register(number, select.POLLIN)
        ready = poll.poll(PATIENCE)
        assert ready, "nothing to wake for"
        for number, _ in ready:
            if number in self.readers:
                self.readers[number]()


class Office:
    """One films, and so many watch; the server reads when the loop turns."""

    def __init__(self, server: Server, watchers: int) -> None:
        self.server, self.loop = server, Watching()
        self.alice, self.others = Client(server), [Client(server) for _ in range(watchers)]
        track = self.alice.publish(PLAIN)
        for each in self.others:
            each.subscribe(track, VP8)
        loop: Any = self.loop
        server.socket.start(loop)
        self.number = 0

    def film(self, count: int = 1) -> None:
        """Send packets that the server does not take yet."""
        for _ in range(count):
            post(self.alice, rtp(10, 100 + self.number, picture(self.number, key=not self.number)))
            self.number += 1

    def step(self) -> None:
        """A packet comes and is taken a little later."""
        self.film()
        self.server.now += 0.5 / BUSY
        self.loop.turn()

    def step_until_rest(self) -> int:
        """Packets come until the socket rests; how many that took."""
        for taken in range(1, 200):
            self.step()
            if self.rests:
                return taken
        raise AssertionError("it never rested")

    def seen(self) -> set[int]:
        """How many packets each got."""
        return {len(each.received()[0]) for each in self.others}

    @property
    def rests(self) -> bool:
        return len(self.loop.readers) == 1  # the alarm alone


def test_a_socket_rests_once_packets_to_very_many_come_close_together(server: Server) -> None:
    office = Office(server, WIDE)
    taken = office.step_until_rest()
    assert office.seen() == {taken}
    office.film(3)
    assert office.seen() == {0}
    office.loop.turn()
    assert office.seen() == {3}
    assert office.rests


def test_a_socket_at_which_nothing_comes_any_more_is_watched_again(server: Server) -> None:
    office = Office(server, WIDE)
    taken = office.step_until_rest()
    office.loop.turn()
    assert not office.rests
    server.now += 1
    office.step()
    assert office.seen() == {taken + 1}
    assert not office.rests


def test_a_socket_that_serves_fewer_never_rests(server: Server) -> None:
    office = Office(server, WIDE - 1)
    for _ in range(60):
        office.step()
        assert not office.rests
    assert office.seen() == {60}


def test_a_mistake_during_a_rest_leaves_the_socket_watched(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = Office(server, WIDE)
    taken = office.step_until_rest()

    def fail(now: float) -> None:
        raise RuntimeError(now)

    with monkeypatch.context() as during:
        during.setattr(server.socket, "_drain", fail)
        with pytest.raises(RuntimeError):
            office.loop.turn()
    office.step()
    assert office.seen() == {taken + 1}


def test_a_socket_closed_during_a_rest_is_watched_no_more(server: Server) -> None:
    office = Office(server, WIDE)
    office.step_until_rest()
    server.socket.stop()
    assert office.loop.readers == {}


def test_where_there_is_no_alarm_nothing_rests(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none() -> Alarm:
        raise OSError

    monkeypatch.setattr("rooms.transport.udp.Alarm", none)
    office = Office(server, WIDE)
    for _ in range(60):
        office.step()
    assert len(office.loop.readers) == 1  # the socket
    assert office.seen() == {60}
