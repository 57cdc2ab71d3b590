"""Guards around DTLS and SCTP: what a stranger sends can hurt nobody but itself."""

from __future__ import annotations

import asyncio
import random
import struct
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiortc import rtcsctptransport as aiortc_sctp
from aiortc.rtcdtlstransport import SRTP_PROFILES
from google_crc32c import value as crc32c
from OpenSSL import SSL

from rooms.errors import MalformedPacket
from rooms.limits import Counters, Limits
from rooms.transport.dtls import (
    DtlsConnection,
    fingerprint,
    new_certificate,
    records,
    still_good,
)
from rooms.transport.peer import Peer
from rooms.transport.sctp import GuardedSctp, check_sctp
from rooms.transport.server import RtcServer
from rooms.transport.srtp import SendingSession
from tests.rooms.transport.clients import Client, Listener, join

# ruff: noqa: SLF001 (only aiortc's insides can be made to misbehave)


def record(kind: int, body: bytes) -> bytes:
    return bytes([kind, 0xFE, 0xFD]) + bytes(8) + struct.pack("!H", len(body)) + body


def test_records_of_one_datagram_are_told_apart() -> None:
    first, second = record(22, b"hello"), record(20, b"!")
    assert list(records(first + second)) == [first, second]


@pytest.mark.parametrize(
    "datagram",
    [
        record(22, b""),  # a fragment of no length
        record(22, b"hello")[:-1],
        record(22, b"hello") + b"\x16",
        record(99, b"hello"),
        b"\x16",
    ],
)
def test_malformed_records_are_refused(datagram: bytes) -> None:
    with pytest.raises(MalformedPacket):
        list(records(datagram))


def test_a_certificate_is_replaced_before_it_expires() -> None:
    certificate = new_certificate()
    assert still_good(certificate)
    assert not still_good(certificate, days=31)
    algorithm, digest = fingerprint(certificate)
    assert algorithm == "sha-256"
    assert len(digest.split(":")) == 32


def packet(*chunks: bytes, tag: int = 0) -> bytes:
    body = b"".join(each + bytes(-len(each) % 4) for each in chunks)
    header = struct.pack("!HHL", 5000, 5000, tag)
    return header + struct.pack("<L", crc32c(header + bytes(4) + body)) + body


def chunk(kind: int, body: bytes, length: int | None = None) -> bytes:
    return struct.pack("!BBH", kind, 0, 4 + len(body) if length is None else length) + body


ENDLESS_INIT = packet(chunk(1, bytes(16) + b"\xc0\x00\x00\x00"))
ENDLESS_HEARTBEAT = packet(chunk(4, b"\x00\x01\x00\x00"))
ABSURD_SACK = packet(chunk(3, struct.pack("!LLHH", 1, 1, 2, 0) + b"\x00\x01\xff\xff" * 2))
BACKWARD_SACK = packet(chunk(3, struct.pack("!LLHH", 1, 1, 1, 0) + b"\x00\x09\x00\x01"))
SHORT_SACK = packet(chunk(3, struct.pack("!LLHH", 1, 1, 9, 0)))
SHORT_CHUNK = packet(chunk(0, b"", length=3))
LONG_CHUNK = packet(chunk(0, b"", length=90))
MALFORMED = [
    ENDLESS_INIT,
    ENDLESS_HEARTBEAT,
    ABSURD_SACK,
    BACKWARD_SACK,
    SHORT_SACK,
    SHORT_CHUNK,
    LONG_CHUNK,
]


@pytest.mark.parametrize("data", MALFORMED)
def test_sctp_on_which_aiortc_would_stall_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedPacket):
        check_sctp(data, 100)


def test_proper_sctp_passes() -> None:
    check_sctp(packet(chunk(1, bytes(16) + b"\xc0\x00\x00\x04")), 0)
    check_sctp(packet(chunk(3, struct.pack("!LLHH", 1, 1, 1, 0) + b"\x00\x02\x00\x03")), 2)
    check_sctp(packet(chunk(0, bytes(13)), chunk(11, b"")), 0)


async def test_no_sctp_bytes_escape_the_guard() -> None:
    rng = random.Random(42)
    kinds = [*aiortc_sctp.CHUNK_TYPES, 77]
    certificate = new_certificate()
    for _ in range(40):
        counters = Counters()
        dtls = DtlsConnection(
            certificate,
            lambda _: None,
            Limits(),
            counters,
            on_keys=lambda *_: None,
            on_closed=lambda _: None,
        )
        sctp = dtls.new_sctp()
        await sctp.begin(5000, None)
        for _ in range(60):
            body = rng.randbytes(rng.randrange(60))
            if rng.random() < 0.5:
                body = bytes(each if rng.random() < 0.3 else 0 for each in body)
            chunks = [chunk(rng.choice(kinds), body) for _ in range(rng.randrange(1, 4))]
            tag = rng.choice([0, sctp._local_verification_tag])
            await sctp._handle_data(packet(*chunks, tag=tag))
        await sctp.stop()
        await dtls.close()


@pytest.fixture
async def rtc() -> AsyncIterator[RtcServer]:
    server = RtcServer(["127.0.0.1"], 0, Limits(), rng=random.Random(3))
    await server.start()
    yield server
    await server.close()


async def heard(listener: Listener) -> tuple[str, bytes]:
    return await asyncio.wait_for(listener.data.get(), 30)


class Pair:
    """A client that will misbehave, and a neighbour who must not notice."""

    def __init__(self, rtc: RtcServer) -> None:
        self.rtc = rtc
        self.client: Client
        self.peer: Peer
        self.listener: Listener
        self.neighbour: tuple[Client, Peer, Listener]

    async def join(self) -> None:
        self.client, self.peer, self.listener = await join(self.rtc)
        self.neighbour = await join(self.rtc)
        await self.works(self.client, self.listener)
        await self.works(self.neighbour[0], self.neighbour[2])

    async def works(self, client: Client, listener: Listener) -> None:
        await client.send("_reliable", b"fine")
        assert await heard(listener) == ("_reliable", b"fine")

    @property
    def sctp(self) -> Any:
        return self.client.pc.sctp

    async def say(self, stream: int, protocol: int, data: bytes) -> None:
        await self.sctp._send(stream, protocol, data)

    async def counted(self, name: str, times: int = 1) -> None:
        async with asyncio.timeout(30):
            while self.rtc.counters[name] < times:
                await asyncio.sleep(0.01)

    async def close(self) -> None:
        await self.works(self.neighbour[0], self.neighbour[2])
        assert self.neighbour[1].connected
        await self.client.close()
        await self.neighbour[0].close()


@pytest.fixture
async def pair(rtc: RtcServer) -> AsyncIterator[Pair]:
    both = Pair(rtc)
    await both.join()
    yield both
    await both.close()


@pytest.mark.parametrize("data", MALFORMED)
async def test_malformed_sctp_is_counted_and_nothing_else_happens(pair: Pair, data: bytes) -> None:
    await pair.sctp.transport._send_data(data)
    await pair.counted("sctp_malformed")
    await pair.works(pair.client, pair.listener)


DCEP_OPEN = struct.pack("!BBHLHH", 3, 0, 0, 0, 9, 0) + b"_reliable"


@pytest.mark.parametrize(
    ("stream", "data"),
    [
        (0, DCEP_OPEN),  # for a channel that is open already
        (40, b"\x02"),  # an acknowledgement of nothing
        (40, DCEP_OPEN[:12] + b"\xff\xfe_\xff"),  # a label that is not UTF-8
    ],
)
async def test_malformed_channel_openings_are_counted(pair: Pair, stream: int, data: bytes) -> None:
    await pair.say(stream, 50, data)
    await pair.counted("sctp_malformed")
    await pair.works(pair.client, pair.listener)


async def test_who_goes_on_misbehaving_loses_its_channels_and_nothing_more(pair: Pair) -> None:
    for _ in range(20):
        await pair.sctp.transport._send_data(ENDLESS_INIT)
    await pair.counted("sctp_malformed", 16)
    assert not pair.peer.send_data("_reliable", b"too late")
    assert pair.peer.connected
    assert pair.rtc.counters["sctp_malformed"] == 16


async def test_messages_that_never_end_are_not_kept_for_ever(pair: Pair) -> None:
    sctp = pair.sctp
    for number in range(2, 3000):
        data = aiortc_sctp.DataChunk()
        data.flags = 2  # the first fragment of many, and the one before is missing
        data.tsn = (sctp._local_tsn + number) % 2**32
        data.user_data = b"x" * 900
        await sctp._send_chunk(data)
        if number % 50 == 0:
            await asyncio.sleep(0.005)
        if pair.rtc.counters["sctp_malformed"]:
            break
    await pair.counted("sctp_malformed")
    assert not pair.peer.send_data("_reliable", b"too late")


async def test_channels_of_other_names_and_too_many_are_refused(pair: Pair) -> None:
    for number in range(9):
        pair.client.pc.createDataChannel(f"other{number}")
    await pair.counted("data_channel_refused", 9)
    await pair.works(pair.client, pair.listener)


async def test_texts_and_floods_are_not_passed_on(pair: Pair) -> None:
    pair.client.channels["_reliable"].send("a text")
    await pair.counted("data_text_ignored")
    await pair.works(pair.client, pair.listener)


async def test_malformed_dtls_is_counted(pair: Pair) -> None:
    send = pair.sctp.transport.transport._send
    await send(b"\x16\xfe\xfd")
    await send(record(22, b""))
    await pair.counted("dtls_malformed", 2)
    await send(record(22, b"\x01" + bytes(40)))  # a handshake in the midst of the connection
    await send(record(23, bytes(40)))  # data that does not decrypt
    await send(record(21, b"\x02\x28"))  # an alert that nobody signed
    await pair.works(pair.client, pair.listener)


async def test_random_datagrams_hurt_nobody(pair: Pair) -> None:
    rng = random.Random(42)
    send = pair.sctp.transport.transport._send
    for number in range(600):
        first = rng.choice([0, 1, 20, 22, 23, 40, 63, 70, 128, 200, 255])
        await send(bytes([first]) + rng.randbytes(rng.randrange(200)))
        if number % 50 == 0:
            await asyncio.sleep(0.005)
    await pair.works(pair.client, pair.listener)


async def test_a_listener_that_fails_is_not_the_clients_fault(pair: Pair) -> None:
    def fail(peer: Peer, label: str, data: bytes) -> None:
        raise RuntimeError("ours to mend")

    pair.listener.on_data = fail  # type: ignore[method-assign]
    await pair.client.send("_reliable", b"boom")
    await pair.works(pair.neighbour[0], pair.neighbour[2])
    assert pair.rtc.counters["sctp_malformed"] == 0
    assert pair.peer.connected


async def test_what_encrypts_knows_its_key(pair: Pair) -> None:
    keep = pair.peer.media.keep
    assert pair.peer.srtp_profile == "SRTP_AEAD_AES_128_GCM"
    sent = bytes((0x80, 96, 3, 232)) + bytes(8) + b"sound"
    assert isinstance(keep[1], SendingSession)
    assert keep[1].derived is not None
    assert pair.sctp.transport._rx_srtp.unprotect(keep[1].protect(sent)) == sent


def test_guarded_sctp_is_what_connections_use() -> None:
    assert GuardedSctp.__mro__[1] is aiortc_sctp.RTCSctpTransport


def test_connections_share_a_context_in_which_nobody_resumes() -> None:
    certificate = new_certificate()
    context = certificate._create_ssl_context(SRTP_PROFILES)
    assert certificate._create_ssl_context(SRTP_PROFILES) is context
    assert context.get_session_cache_mode() == SSL.SESS_CACHE_OFF
    assert new_certificate()._create_ssl_context(SRTP_PROFILES) is not context
