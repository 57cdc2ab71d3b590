"""DTLS records once the handshake is over, against OpenSSL at the other end."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiortc import RTCCertificate
from OpenSSL import SSL

from rooms.errors import MalformedPacket
from rooms.limits import Counters, Limits
from rooms.transport.dtls import DtlsConnection, new_certificate
from rooms.transport.dtls_records import (
    DATA,
    HANDSHAKE,
    SUITES,
    Secrets,
    ServerRecords,
    next_number,
)

# ruff: noqa: SLF001 (what OpenSSL agreed on, and whether it was let go)

GCM, CHACHA = SUITES
CBC = "ECDHE-ECDSA-AES128-SHA"
PATIENCE = 30.0


class Server:
    """A real connection of ours whose network is a list."""

    def __init__(self, client: Client) -> None:
        self.sent: list[bytes] = []
        self.heard: list[bytes] = []
        self.ended: list[str] = []
        self.connected = asyncio.Event()
        self.dtls = DtlsConnection(
            new_certificate(), self.sent.append, Limits(), Counters(),
            on_keys=lambda *_: self.connected.set(), on_closed=self.ended.append,
        )  # fmt: skip
        self.dtls.start((("sha-256", client.fingerprint),))

    def listen(self) -> None:
        """Take data as SCTP would."""
        self.dtls._dtls._data_receiver = self

    async def _handle_data(self, data: bytes) -> None:
        self.heard.append(data)

    def _handle_disconnect(self) -> None:
        """SCTP would end here."""

    async def say(self, data: bytes) -> None:
        await self.dtls._dtls._send_data(data)


class Client:
    """OpenSSL's side, which offers one cipher suite."""

    def __init__(self, suite: str) -> None:
        certificate = RTCCertificate.generateCertificate()
        self.fingerprint = certificate.getFingerprints()[0].value
        context = SSL.Context(SSL.DTLS_METHOD)
        context.use_certificate(certificate._cert)
        context.use_privatekey(certificate._key)
        context.set_cipher_list(suite.encode())
        context.set_tlsext_use_srtp(b"SRTP_AEAD_AES_128_GCM")
        self.ssl = SSL.Connection(context, None)
        self.ssl.set_connect_state()
        self.server = Server(self)

    async def connect(self, deliver: Callable[[bytes], bool] = lambda _: True) -> None:
        """Shake hands; what `deliver` refuses of the server's datagrams is lost."""
        async with asyncio.timeout(PATIENCE):
            while not await self._step():
                self._take(deliver)
        self.server.listen()

    async def _step(self) -> bool:
        try:
            self.ssl.do_handshake()
        except SSL.WantReadError:
            done = False
        else:
            done = True
        if not done and (self.ssl.DTLSv1_get_timeout() or 0) <= 0:
            self.ssl.DTLSv1_handle_timeout()
        await self.flush()
        return done

    def _take(self, deliver: Callable[[bytes], bool]) -> None:
        sent, self.server.sent[:] = list(self.server.sent), []
        for datagram in sent:
            if deliver(datagram):
                self.ssl.bio_write(datagram)

    def records(self) -> bytes:
        """What OpenSSL wants sent."""
        try:
            return self.ssl.bio_read(65536)
        except SSL.WantReadError:
            return b""

    async def flush(self) -> None:
        """Send it, and let the server take it."""
        found = self.records()
        if found:
            self.server.dtls.receive(found)
        for _ in range(6):
            await asyncio.sleep(0)

    async def say(self, data: bytes) -> None:
        self.ssl.send(data)
        await self.flush()

    def hear(self) -> bytes:
        """The next that the server said."""
        self._take(lambda _: True)
        return self.ssl.recv(4096)


@pytest.fixture
async def meet() -> AsyncIterator[Callable[[str], Client]]:
    clients: list[Client] = []

    def begin(suite: str) -> Client:
        clients.append(Client(suite))
        return clients[-1]

    yield begin
    for each in clients:
        await each.server.dtls.close()


class Ends:
    """Both sides' records with keys of one's own: the client's are ours, turned round."""

    def __init__(self, suite: str) -> None:
        rng = random.Random(5)
        secrets = Secrets(SUITES[suite], rng.randbytes(48), rng.randbytes(32), rng.randbytes(32))
        self.server, self.client = ServerRecords(secrets, 1), ServerRecords(secrets, 0)
        mine = self.client._sending, self.client._receiving
        self.client._receiving, self.client._sending = mine


@pytest.mark.parametrize("suite", [GCM, CHACHA])
async def test_openssl_and_we_understand_one_another(meet: Any, suite: str) -> None:
    client = meet(suite)
    await client.connect()
    assert client.ssl.get_cipher_name() == suite
    for size in (1, 15, 16, 17, 1200):
        await client.say(b"h" * size)
        await client.server.say(b"s" * size)
        assert client.server.heard.pop() == b"h" * size
        assert client.hear() == b"s" * size


async def test_openssl_is_let_go_where_we_know_the_cipher_and_stays_where_not(meet: Any) -> None:
    known, other = meet(GCM), meet(CBC)
    for client in (known, other):
        await client.connect()
        await client.say(b"here")
        await client.server.say(b"there")
        assert client.server.heard == [b"here"]
        assert client.hear() == b"there"
        assert client.server.dtls.srtp_profile == "SRTP_AEAD_AES_128_GCM"
        assert client.server.connected.is_set()
        assert client.server.ended == []
    assert known.server.dtls._dtls._ssl is None
    assert other.server.dtls._dtls._ssl is not None


async def test_a_last_flight_that_was_lost_is_sent_again(meet: Any) -> None:
    client = meet(GCM)
    lost: list[bytes] = []

    def lose_the_first(datagram: bytes) -> bool:
        if datagram[0] != 20 or lost:
            return True
        lost.append(datagram)
        return False

    await client.connect(lose_the_first)
    assert lost
    await client.say(b"late, but here")
    await client.server.say(b"so am I")
    assert client.server.heard == [b"late, but here"]
    assert client.hear() == b"so am I"


async def test_a_goodbye_is_understood_and_said(meet: Any) -> None:
    leaving, staying = meet(GCM), meet(CHACHA)
    await leaving.connect()
    await staying.connect()
    leaving.ssl.shutdown()
    await leaving.flush()
    assert leaving.server.ended == ["closed by the remote side"]
    await staying.server.dtls.close()
    with pytest.raises(SSL.ZeroReturnError):
        staying.hear()
    assert staying.server.ended == []


async def test_what_is_forged_or_replayed_reaches_nobody(meet: Any) -> None:
    client = meet(GCM)
    await client.connect()
    client.ssl.send(b"once")
    record = client.records()
    goodbye = bytes((21, *record[1:]))  # the same numbers: another type does not open
    for each in (goodbye, record[:-1] + b"?", record, record):
        client.server.dtls.receive(each)
        await client.flush()
    assert client.server.heard == [b"once"]
    assert client.server.ended == []


@pytest.mark.parametrize("suite", [GCM, CHACHA])
def test_a_record_opens_once_and_late_ones_within_the_window(suite: str) -> None:
    ends = Ends(suite)
    made = [ends.client.seal(DATA, bytes((number,))) for number in range(200)]
    order = [3, 2, 1, 70, 8, 7, 150, 199]
    found = [ends.server.open(made[number]) for number in order]
    assert found == [(DATA, bytes((number,))) for number in order]
    assert {ends.server.open(made[number]) for number in (*order, 6, 0, 135)} == {None}
    assert ends.server.open(made[136]) == (DATA, bytes((136,)))


@pytest.mark.parametrize("suite", [GCM, CHACHA])
def test_no_bit_of_a_record_can_be_changed(suite: str) -> None:
    ends = Ends(suite)
    record = ends.client.seal(HANDSHAKE, b"as it was")
    for position in range(len(record) * 8):
        spoilt = bytearray(record)
        spoilt[position // 8] ^= 1 << position % 8
        try:
            assert ends.server.open(bytes(spoilt)) is None
        except MalformedPacket:
            continue
    assert ends.server.open(record) == (HANDSHAKE, b"as it was")


def test_bytes_of_any_kind_raise_nothing_but_malformed_packet() -> None:
    ends, rng = Ends(GCM), random.Random(42)
    for _ in range(2000):
        body = rng.randbytes(rng.randrange(60))
        header = b"\x17\xfe\xfd\x00\x01" + rng.randbytes(6) + len(body).to_bytes(2)
        for record in (header + body, body, header[: rng.randrange(14)]):
            try:
                assert ends.server.open(record) is None
            except MalformedPacket:
                continue


def test_no_number_of_ours_is_used_twice() -> None:
    ends = Ends(GCM)
    made = [ends.server.seal(DATA, b"same") for _ in range(3)]
    assert [record[3:11].hex() for record in made] == [f"00010000{n:08x}" for n in (1, 2, 3)]
    assert next_number(made) == 4
    assert next_number([b"\x14\xfe\xfd" + bytes(7) + b"\x09\x00\x01\x01"]) == 0


async def test_keys_that_sealed_enough_end_the_connection(meet: Any) -> None:
    client = meet(GCM)
    await client.connect()
    client.server.dtls._dtls._records._next = (1 << 28) - 1
    await client.server.say(b"the last")
    assert client.hear() == b"the last"
    with pytest.raises(ConnectionError):
        await client.server.say(b"one too many")
    for _ in range(6):
        await asyncio.sleep(0)
    assert client.server.ended == ["closed by the remote side"]


async def test_too_many_forged_records_end_the_connection(meet: Any) -> None:
    client = meet(CHACHA)
    await client.connect()
    client.server.dtls._dtls._records._forged = (1 << 36) - 2
    for ended in ([], ["closed by the remote side"]):
        client.ssl.send(b"something")
        client.server.dtls.receive(client.records()[:-1] + b"?")
        await client.flush()
        assert client.server.ended == ended
