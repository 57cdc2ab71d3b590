"""The bad network is bad in the way asked, and the same way each time."""

from __future__ import annotations

import asyncio
import random
from itertools import pairwise

from tests.conftest import RelayFactory
from tests.relay import Impairer, Impairment


def run(impairment: Impairment, packets: int = 2000, *, seed: int = 1) -> list[tuple[float, ...]]:
    """Send a packet of 1000 bytes every 10 ms and list when each copy leaves."""
    impairer = Impairer(impairment, random.Random(seed))
    return [impairer.departures(1000, number * 0.01) for number in range(packets)]


def test_a_good_network_changes_nothing() -> None:
    assert run(Impairment(), 3) == [(0.0,), (0.01,), (0.02,)]


def test_loss_is_about_what_was_asked_and_repeats_by_its_seed() -> None:
    first = run(Impairment(loss=0.05))
    lost = sum(not copies for copies in first)
    assert 60 < lost < 140
    assert first == run(Impairment(loss=0.05))
    assert first != run(Impairment(loss=0.05), seed=2)


def test_delay_is_added_and_jitter_keeps_the_order() -> None:
    times = [copies[0] for copies in run(Impairment(delay=0.1, jitter=0.05))]
    assert all(0.1 <= when - n * 0.01 <= 0.15 + 1e-9 for n, when in enumerate(times))
    assert times == sorted(times)


def test_reordered_packets_are_overtaken() -> None:
    times = [copies[0] for copies in run(Impairment(delay=0.03, reorder=0.1))]
    overtaken = sum(later < earlier for earlier, later in pairwise(times))
    assert 100 < overtaken < 300


def test_duplicates_leave_twice() -> None:
    copies = [len(copies) for copies in run(Impairment(duplicate=0.1))]
    assert set(copies) == {1, 2}
    assert 140 < copies.count(2) < 260


def test_a_slow_line_spaces_packets_out_then_drops_them() -> None:
    sent = run(Impairment(rate=400_000, queue=0.1))  # half of the 800 kb/s offered
    times = [copies[0] for copies in sent if copies]
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert min(gaps) >= 0.02 - 1e-9
    assert 0.45 < sum(not copies for copies in sent) / len(sent) < 0.55


class Echo(asyncio.DatagramProtocol):
    """Answers every datagram with itself."""

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.transport.sendto(data, addr)


class Client(asyncio.DatagramProtocol):
    """Collects what comes back until `wanted` datagrams are there."""

    def __init__(self, wanted: int) -> None:
        self.received: list[bytes] = []
        self.complete = asyncio.Event()
        self._wanted = wanted

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.received.append(data)
        if len(self.received) == self._wanted:
            self.complete.set()


async def test_clients_reach_the_server_and_each_gets_its_own_answers(relay: RelayFactory) -> None:
    loop = asyncio.get_running_loop()
    server, _ = await loop.create_datagram_endpoint(Echo, local_addr=("127.0.0.1", 0))
    between = await relay(
        server.get_extra_info("sockname")[1], up=Impairment(delay=0.01), down=Impairment()
    )
    clients = []
    for number in range(2):
        transport, client = await loop.create_datagram_endpoint(
            lambda: Client(20), remote_addr=("127.0.0.1", between.port)
        )
        for packet in range(20):
            transport.sendto(b"%d:%d" % (number, packet))
        clients.append((transport, client))
    for number, (transport, client) in enumerate(clients):
        await asyncio.wait_for(client.complete.wait(), 30)
        assert client.received == [b"%d:%d" % (number, packet) for packet in range(20)]
        transport.close()
    server.close()


async def test_a_relay_that_loses_everything_stays_silent(relay: RelayFactory) -> None:
    loop = asyncio.get_running_loop()
    server, _ = await loop.create_datagram_endpoint(Echo, local_addr=("127.0.0.1", 0))
    port = server.get_extra_info("sockname")[1]
    between = await relay(port, up=Impairment(loss=1.0))
    transport, client = await loop.create_datagram_endpoint(
        lambda: Client(1), remote_addr=("127.0.0.1", between.port)
    )
    transport.sendto(b"lost")
    while not between.lost:
        await asyncio.sleep(0.01)
    between.change(loss=0.0)
    transport.sendto(b"heard")
    await asyncio.wait_for(client.complete.wait(), 30)
    assert client.received == [b"heard"]
    transport.close()
    server.close()
