"""ICE over TCP: one peer's checks and DTLS on its own connection, and what strangers cannot do."""

from __future__ import annotations

import asyncio
import random
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from unittest.mock import Mock

import pytest
from aioice import stun

from rooms.errors import AddressInUse, MalformedPacket
from rooms.limits import Counters, Limits
from rooms.transport.framing import Frames, framed
from rooms.transport.ice_lite import IceAgent, Path, new_credentials
from rooms.transport.server import RtcServer
from rooms.transport.tcp import TcpListener
from tests.rooms.transport.clients import Listener, RawClient, check
from tests.rooms.transport.samples import offer_text

# However long this machine takes, a client's check comes in time.
LIMITS = Limits(tcp_unvalidated_seconds=60.0, tcp_unvalidated=3, tcp_media_buffered_bytes=4096)
IMPATIENT = replace(LIMITS, tcp_unvalidated_seconds=0.2)


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.01)


@asynccontextmanager
async def serving(
    limits: Limits, now: Callable[[], float] = time.monotonic
) -> AsyncIterator[RtcServer]:
    server = RtcServer(["127.0.0.1"], 0, limits, tcp_port=0, now=now, rng=random.Random(3))
    await server.start()
    yield server
    await server.close()


@pytest.fixture
async def rtc() -> AsyncIterator[RtcServer]:
    async with serving(LIMITS) as server:
        yield server


class Line:
    """One TCP connection to the server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def to(cls, rtc: RtcServer) -> Line:
        return cls(*await asyncio.open_connection("127.0.0.1", rtc.tcp_port))

    def say(self, data: bytes) -> None:
        self.writer.write(framed(data))

    async def hear(self) -> bytes:
        async with asyncio.timeout(30):
            size = int.from_bytes(await self.reader.readexactly(2), "big")
            return await self.reader.readexactly(size)

    async def ended(self) -> bool:
        async with asyncio.timeout(30):
            try:
                while await self.reader.read(65536):
                    pass
            except ConnectionError:
                pass
        return True

    def close(self) -> None:
        self.writer.close()


async def test_a_check_is_answered_and_selects_the_connection(
    rtc: RtcServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends = ends_of_waiting(monkeypatch)
    peer = rtc.create_peer(Listener())
    answer = peer.answer(offer_text("chromium_single"))
    assert f"127.0.0.1 {rtc.tcp_port} typ host tcptype passive" in answer.sdp
    line = await Line.to(rtc)
    line.say(check(*peer.agent.credentials))
    message = stun.parse_message(await line.hear())
    assert message.message_class == stun.Class.RESPONSE
    mine = line.writer.get_extra_info("sockname")
    assert message.attributes["XOR-MAPPED-ADDRESS"] == mine
    assert peer.agent.selected is not None
    assert peer.agent.selected.tcp
    # Validated, it stays although nothing more is said.
    assert [each.cancelled() for each in ends] == [True]
    assert _listener(rtc).unvalidated == 0
    line.close()
    await until(lambda: peer.agent.selected is None)


def ends_of_waiting(monkeypatch: pytest.MonkeyPatch) -> list[asyncio.TimerHandle]:
    """The timers, from now on, that show out who was not validated in time."""
    loop, kept = asyncio.get_running_loop(), list[asyncio.TimerHandle]()
    call_later = loop.call_later

    def keep(delay: float, *rest: Any, **more: Any) -> asyncio.TimerHandle:
        handle = call_later(delay, *rest, **more)
        if delay == LIMITS.tcp_unvalidated_seconds:
            kept.append(handle)
        return handle

    monkeypatch.setattr(loop, "call_later", keep)
    return kept


async def test_a_connection_in_pieces_is_the_same(rtc: RtcServer) -> None:
    peer = rtc.create_peer(Listener())
    peer.answer(offer_text("chromium_single"))
    line = await Line.to(rtc)
    for byte in framed(b"") + framed(check(*peer.agent.credentials)):
        line.writer.write(bytes((byte,)))
        await line.writer.drain()
    assert stun.parse_message(await line.hear()).message_class == stun.Class.RESPONSE
    line.close()


async def test_udp_stands_before_tcp_as_long_as_it_speaks() -> None:
    clock = [1000.0]
    async with serving(LIMITS, lambda: clock[0]) as rtc:
        peer = rtc.create_peer(Listener())
        peer.answer(offer_text("chromium_single"))
        raw = await RawClient.towards(rtc)
        raw.send(check(*peer.agent.credentials))
        await asyncio.wait_for(raw.received.get(), 30)
        line = await Line.to(rtc)
        for silence, is_tcp in ((0.5, False), (1.0, True)):
            clock[0] += silence
            line.say(check(*peer.agent.credentials))
            await line.hear()
            assert peer.agent.selected is not None
            assert peer.agent.selected.tcp is is_tcp
        raw.close()
        line.close()


def test_the_best_of_two_nominated_paths_is_used() -> None:
    now = 10.0
    agent = IceAgent(new_credentials(random.Random(1)))
    udp, tcp = Path("udp", ("127.0.0.1", 1)), Path("tcp", ("127.0.0.1", 2), tcp=True)
    agent.paths = {udp: now, tcp: now}
    agent.selected = udp
    assert agent.lose(tcp) is False
    agent.paths[tcp] = now
    assert agent.lose(udp)
    assert agent.selected == tcp
    assert agent.lose(tcp)
    assert agent.selected is None


async def test_who_says_nothing_is_shown_out() -> None:
    async with serving(IMPATIENT) as rtc:
        silent = await Line.to(rtc)
        assert await silent.ended()
        assert rtc.counters["tcp_never_validated"] == 1


async def test_who_says_nonsense_is_shown_out(rtc: RtcServer) -> None:
    for nonsense in (b"GET / HTTP/1.1\r\n\r\n", framed(b"\x45hello"), b"\xff\xff"):
        line = await Line.to(rtc)
        line.writer.write(nonsense)
        assert await line.ended()
    assert rtc.counters["tcp_malformed"] == 3


async def test_strangers_media_and_dtls_reach_nobody(rtc: RtcServer) -> None:
    line = await Line.to(rtc)
    line.say(bytes((0x80, 96)) + bytes(40))
    line.say(b"\x16\xfe\xff" + bytes(60))
    await until(lambda: rtc.counters["dtls_unvalidated_address"] == 1)
    assert rtc.counters["media_unknown_address"] == 1
    line.close()


@pytest.fixture
async def narrow() -> AsyncIterator[RtcServer]:
    """A server where few may come from one address."""
    async with serving(replace(LIMITS, connections_per_address=5)) as server:
        yield server


async def test_who_waits_longest_for_a_check_makes_room_for_who_comes(narrow: RtcServer) -> None:
    """Clients check at once: a few addresses that say nothing must not keep the others out."""
    peer = narrow.create_peer(Listener())
    peer.answer(offer_text("chromium_single"))
    known = await Line.to(narrow)
    known.say(check(*peer.agent.credentials))
    await known.hear()
    silent = [await Line.to(narrow) for _ in range(LIMITS.tcp_unvalidated)]
    await until(lambda: _listener(narrow).unvalidated == LIMITS.tcp_unvalidated)
    last = await Line.to(narrow)
    assert await silent[0].ended()
    assert narrow.counters["tcp_crowded_out"] == 1
    last.say(check(*peer.agent.credentials))
    assert await last.hear()
    known.say(check(*peer.agent.credentials))
    assert await known.hear(), "who was validated stays"
    for line in (known, last, *silent):
        line.close()


async def test_connections_beyond_the_limit_are_refused(narrow: RtcServer) -> None:
    peer = narrow.create_peer(Listener())
    peer.answer(offer_text("chromium_single"))
    lines = []
    for _ in range(5):
        lines.append(await Line.to(narrow))
        lines[-1].say(check(*peer.agent.credentials))
        await lines[-1].hear()
    refused = await Line.to(narrow)
    assert await refused.ended()
    assert narrow.counters["tcp_refused"] == 1
    for line in lines:
        line.close()
    await until(lambda: not _listener(narrow).connections)
    assert _listener(narrow).unvalidated == 0
    assert not _listener(narrow).by_home
    again = await Line.to(narrow)
    again.say(check("nobody", "nothing"))
    await until(lambda: narrow.counters["stun_unknown_ufrag"] == 1)
    again.close()


async def test_media_for_who_does_not_read_is_dropped_and_not_kept(rtc: RtcServer) -> None:
    peer = rtc.create_peer(Listener())
    peer.answer(offer_text("chromium_single"))
    slow = socket.socket()
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    slow.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(slow, ("127.0.0.1", rtc.tcp_port))
    await loop.sock_sendall(slow, framed(check(*peer.agent.credentials)))
    await until(lambda: peer.agent.selected)
    (connection,) = _listener(rtc).connections
    packet, sent = memoryview(bytes(1200)), 0

    def send_for_ever() -> None:
        nonlocal sent
        while sent < 10_000_000:
            sent += connection.sendto(packet, connection.address)

    with pytest.raises(BlockingIOError):
        send_for_ever()
    assert sent < 1_000_000
    assert rtc.counters["tcp_media_dropped"] == 1
    # Handshakes and data have a little more room, and an end too.
    while connection.send(bytes(1200), connection.address):
        sent += 1200
        assert sent < 2_000_000
    peer.close_soon()
    await until(lambda: not _listener(rtc).connections)
    with pytest.raises(BrokenPipeError):
        connection.sendto(b"late", connection.address)
    slow.close()


async def test_without_a_tcp_port_there_is_none() -> None:
    rtc = RtcServer(["127.0.0.1"], 0, Limits(), rng=random.Random(3))
    await rtc.start()
    assert all(" udp " in each for each in rtc.candidates())
    await rtc.close()


async def test_a_taken_port_is_told(rtc: RtcServer) -> None:
    second = RtcServer(["127.0.0.1"], 0, Limits(), tcp_port=rtc.tcp_port)
    with pytest.raises(AddressInUse, match="TCP port"):
        await second.start()


def test_frames_come_out_as_they_went_in_however_they_are_cut() -> None:
    rng = random.Random(5)
    sent = [rng.randbytes(rng.randrange(1, 1500)) for _ in range(200)]
    stream = b"".join(framed(each) + framed(b"") for each in sent)
    frames, heard = Frames(1500), []
    while stream:
        size = rng.choice((1, 2, 3, 100, 5000))
        heard += frames.feed(stream[:size])
        stream = stream[size:]
    assert heard == sent
    with pytest.raises(MalformedPacket):
        frames.feed(framed(bytes(1501)))


def _listener(rtc: RtcServer):  # type: ignore[no-untyped-def]
    (listener,) = rtc._listeners  # noqa: SLF001
    return listener


def test_one_home_does_not_take_every_connection() -> None:
    """Whoever has IPv6 has 2^64 addresses."""
    limits = replace(LIMITS, connections_per_address=2)
    nobody = Mock()
    listener = TcpListener("::1", nobody, nobody, nobody, limits, Counters(), nobody)
    for last in ("1", "2"):
        assert listener.admits(f"2001:db8:1:2::{last}")
        listener.counts(f"2001:db8:1:2::{last}", 1)
    assert not listener.admits("2001:db8:1:2:ffff::3")
    assert listener.admits("2001:db8:1:3::3")
    listener.counts("2001:db8:1:2::1", -1)
    assert listener.admits("2001:db8:1:2:ffff::3")
    listener.counts("2001:db8:1:2::2", -1)
    assert not listener.by_home
