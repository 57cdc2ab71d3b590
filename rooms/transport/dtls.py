"""DTLS of one peer connection: the only file that knows aiortc's private names."""

# ruff: noqa: SLF001

from __future__ import annotations

import asyncio
import contextlib
import datetime
import logging
import struct
from collections.abc import Callable, Iterator
from typing import Any, cast

from aiortc import RTCCertificate, RTCDtlsTransport
from aiortc.rtcdtlstransport import (
    SRTP_AEAD_AES_128_GCM,
    SRTP_PROFILES,
    RTCDtlsFingerprint,
    RTCDtlsParameters,
    RtpRouter,
)
from aiortc.rtp import HeaderExtensionsMap
from OpenSSL import SSL

from rooms.errors import MalformedPacket
from rooms.limits import Counters, Limits
from rooms.transport.dtls_records import (
    ALERT,
    CHANGE_CIPHER_SPEC,
    CLOSE_NOTIFY,
    DATA,
    FATAL,
    FINISHED,
    HANDSHAKE,
    SUITES,
    Secrets,
    ServerRecords,
    next_number,
)
from rooms.transport.sctp import GuardedSctp
from rooms.transport.srtp import SendingSession

_log = logging.getLogger(__name__)

_RECORD_HEADER = 13
_CONTENT_TYPES = range(20, 27)
_DTLS13_TYPES = range(32, 64)

_RELEASE_BUFFERS = 0x10  # SSL_MODE_RELEASE_BUFFERS, which pyOpenSSL does not name

_REPEATS = 8  # times that a client may ask for our last flight again
_NO_ROUTER, _NO_EXTENSIONS = RtpRouter(), HeaderExtensionsMap()  # media never comes this way

# Cheapest cipher first: OpenSSL's server takes its own first that the client offers too.
_PROFILES = sorted(SRTP_PROFILES, key=lambda each: each is not SRTP_AEAD_AES_128_GCM)


class _Certificate(RTCCertificate):
    """One whose connections share a context and give their buffers back: 40 KiB less for each."""

    _context: SSL.Context | None = None

    def _create_ssl_context(self, srtp_profiles: Any) -> SSL.Context:
        if self._context is None:
            context = super()._create_ssl_context(srtp_profiles)
            # Nobody resumes a session here: each one proves its certificate.
            context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
            context.set_mode(_RELEASE_BUFFERS)
            self._context = context
        return self._context


def new_certificate() -> RTCCertificate:
    """A certificate of this process, good for thirty days."""
    return _Certificate.generateCertificate()


def still_good(certificate: RTCCertificate, days: int = 7) -> bool:
    """Whether a certificate has more than `days` to live."""
    left = certificate.expires - datetime.datetime.now(tz=datetime.UTC)
    return left > datetime.timedelta(days=days)


def fingerprint(certificate: RTCCertificate) -> tuple[str, str]:
    """The certificate's digest as `a=fingerprint` gives it (RFC 8122)."""
    for each in certificate.getFingerprints():
        if each.algorithm == "sha-256":
            return each.algorithm, each.value
    raise AssertionError("aiortc gives a sha-256 fingerprint")


def records(datagram: bytes) -> Iterator[bytes]:
    """The DTLS records of a datagram (RFC 6347 section 4.1); raises MalformedPacket.

    aiortc reads one record a datagram, and would leave the others waiting.
    """
    position = 0
    while position < len(datagram):
        kind = datagram[position]
        if kind in _DTLS13_TYPES:
            yield datagram[position:]
            return
        end = position + _RECORD_HEADER
        if kind not in _CONTENT_TYPES or end > len(datagram):
            raise MalformedPacket("not a DTLS record")
        length = struct.unpack_from("!H", datagram, position + 11)[0]
        if length == 0 or end + length > len(datagram):
            raise MalformedPacket("DTLS record of a wrong length")
        yield datagram[position : end + length]
        position = end + length


class _Pipe:
    """What aiortc takes for an ICE transport: a bounded queue in, a function out."""

    role = "controlled"

    def __init__(self, send: Callable[[bytes], None], capacity: int) -> None:
        self._queue: list[bytes] = []  # short: an empty deque takes 0.7 KiB
        self._capacity = capacity
        self._send_now = send
        self._waiting: asyncio.Future[None] | None = None
        self._closed = False
        self._noted: list[bytes] | None = []

    def feed(self, data: bytes) -> bool:
        if self._closed or len(self._queue) >= self._capacity:
            return False
        self._queue.append(data)
        self._wake()
        return True

    def close(self) -> None:
        self._closed = True
        self._wake()

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    async def _recv(self) -> bytes:
        while not self._queue:
            if self._closed:
                raise ConnectionError("closed")
            self._waiting = asyncio.get_running_loop().create_future()
            try:
                await self._waiting
            finally:
                self._waiting = None
        return self._queue.pop(0)

    async def _send(self, data: bytes) -> None:
        if self._noted is not None and (self._noted or data[0] == CHANGE_CIPHER_SPEC):
            self._noted.append(data)
        self._send_now(data)

    def last_flight(self) -> list[bytes]:
        """What was sent since the change of cipher; nothing is noted from here on."""
        noted, self._noted = self._noted, None
        return noted or []


class _Transport(RTCDtlsTransport):
    """aiortc's, which OpenSSL may leave after its handshake: 70 KiB less for each connection.

    OpenSSL keeps, for as long as a DTLS connection lasts, the buffers of another handshake and of
    the flight that a client might ask for again. We agree to no other handshake, and the last
    flight is two records.
    """

    def __init__(self, pipe: _Pipe, certificate: RTCCertificate) -> None:
        super().__init__(cast(Any, pipe), [certificate])
        self._set_role("server")
        self._srtp_profiles = _PROFILES
        self._rtp_router = _NO_ROUTER
        self._rtp_header_extensions_map = _NO_EXTENSIONS
        self._records: ServerRecords | None = None
        self._last_flight: list[bytes] = []
        self._repeats_left = _REPEATS

    def remember_key(self) -> None:
        """Have the session that encrypts know its key, as aiortc's does not (RFC 5764 4.2)."""
        ssl = self._ssl
        assert ssl is not None
        name = ssl.get_selected_srtp_profile()
        profile = next(each for each in _PROFILES if each.openssl_profile == name)
        size = 2 * (profile.key_length + profile.salt_length)
        keys = ssl.export_keying_material(b"EXTRACTOR-dtls_srtp", size)
        self._tx_srtp = SendingSession(
            profile.libsrtp_profile, profile.get_key_and_salt(keys, 1)  # the server's
        )  # fmt: skip

    def leave_openssl(self, last_flight: list[bytes]) -> None:
        """Seal and open from here on without OpenSSL, where we know the cipher; else it stays."""
        ssl = self._ssl
        assert ssl is not None
        suite = SUITES.get(ssl.get_cipher_name() or "")
        agreed = (ssl.master_key(), ssl.client_random(), ssl.server_random())
        if suite is None or ssl.get_protocol_version_name() != "DTLSv1.2" or not last_flight:
            return
        master, client, server = (cast(bytes, each) for each in agreed)
        number = next_number([each for sent in last_flight for each in records(sent)])
        self._records = ServerRecords(Secrets(suite, master, client, server), number)
        self._last_flight = last_flight
        self._ssl = None

    async def stop(self) -> None:
        if self._records is not None and self.state == "connected":
            with contextlib.suppress(ConnectionError):
                await self.transport._send(self._records.seal(ALERT, CLOSE_NOTIFY))
        await super().stop()

    async def _send_data(self, data: bytes) -> None:
        if self._records is None:
            await super()._send_data(data)
            return
        if self.state != "connected":
            raise ConnectionError("not connected")
        try:
            record = self._records.seal(DATA, data)
        except ConnectionError:
            if self._task is not None:
                self._task.cancel()  # the client connects anew, with other keys
            raise
        await self.transport._send(record)

    async def _recv_next(self) -> None:
        if self._records is None:
            await super()._recv_next()
            return
        record = await self.transport._recv()
        try:
            opened = self._records.open(record)
        except MalformedPacket:
            return  # in silence (RFC 6347 section 4.1.2.7)
        if opened is None:
            return
        kind, data = opened
        if kind == DATA and data and self._data_receiver is not None:
            await self._data_receiver._handle_data(data)
        elif kind == ALERT and (data == CLOSE_NOTIFY or data[:1] == FATAL):
            raise ConnectionError("closed by the remote side")
        elif kind == HANDSHAKE and data[:1] == FINISHED and self._repeats_left:
            # Ours was lost (RFC 6347 section 4.2.4).
            self._repeats_left -= 1
            for sent in self._last_flight:
                await self.transport._send(sent)


class DtlsConnection:
    """The DTLS server side towards one peer (RFC 5764): handshake, SRTP keys, data.

    `on_keys(rx, tx)` is called once with pylibsrtp sessions, `on_closed(reason)` at most once and
    never after `close()`.
    """

    def __init__(
        self,
        certificate: RTCCertificate,
        send: Callable[[bytes], None],
        limits: Limits,
        counters: Counters,
        *,
        on_keys: Callable[[Any, Any], None],
        on_closed: Callable[[str], None],
    ) -> None:
        self._limits = limits
        self._counters = counters
        self._on_keys = on_keys
        self._on_closed: Callable[[str], None] | None = on_closed
        self._pipe = _Pipe(send, limits.dtls_queue)
        self._dtls = _Transport(self._pipe, certificate)
        self._dtls.on("statechange", self._state_changed)
        self._handshake: asyncio.Task[None] | None = None
        self._connected = False
        self.started = False
        """Whether the handshake was begun."""
        self.srtp_profile = ""
        """The name of the SRTP profile agreed on; '' before that (RFC 5764, RFC 7714)."""

    def start(self, fingerprints: tuple[tuple[str, str], ...]) -> None:
        """Begin to answer the remote side's handshake; its certificate must match."""
        parameters = RTCDtlsParameters(
            [RTCDtlsFingerprint(algorithm, value) for algorithm, value in fingerprints], "client"
        )
        self.started = True
        self._handshake = asyncio.create_task(self._shake_hands(parameters))

    def receive(self, datagram: bytes) -> None:
        """Take a datagram from a validated address; what is malformed is counted and dropped."""
        if len(datagram) > self._limits.dtls_bytes:
            self._counters.add("dtls_too_large")
            return
        try:
            for record in list(records(datagram)):
                if not self._pipe.feed(record):
                    self._counters.add("dtls_queue_full")
        except MalformedPacket:
            self._counters.add("dtls_malformed")

    def new_sctp(self) -> GuardedSctp:
        """The SCTP association of this connection, not started."""
        return GuardedSctp(self._dtls, self._limits, self._counters)

    async def close(self) -> None:
        """Tell the remote side goodbye and end every task."""
        self._on_closed = None
        if self._handshake is not None and not self._handshake.done():
            self._handshake.cancel()
            await asyncio.gather(self._handshake, return_exceptions=True)
        await self._dtls.stop()
        self._pipe.close()

    async def _shake_hands(self, parameters: RTCDtlsParameters) -> None:
        try:
            async with asyncio.timeout(self._limits.handshake_seconds):
                await self._dtls.start(parameters)
        except TimeoutError:
            self._fail("DTLS handshake took too long")
            return
        except Exception:
            # OpenSSL and aiortc raise many kinds; this peer alone must fail by them.
            _log.debug("DTLS handshake failed", exc_info=True)
            self._fail("DTLS handshake failed")
            return
        finally:
            self._handshake = None
        if self._dtls.state == "connected":
            self._connected = True
            try:
                self._agreed()
                self._on_keys(self._dtls._rx_srtp, self._dtls._tx_srtp)
            except Exception:
                _log.exception("keys not taken")
                self._fail("internal error")
        else:
            self._fail("DTLS handshake failed")

    def _agreed(self) -> None:
        ssl = self._dtls._ssl
        assert ssl is not None
        self.srtp_profile = ssl.get_selected_srtp_profile().decode()
        self._dtls.remember_key()
        self._dtls.leave_openssl(self._pipe.last_flight())

    def _state_changed(self) -> None:
        if self._connected and self._dtls.state == "closed":
            self._fail("closed by the remote side")

    def _fail(self, reason: str) -> None:
        if not self._connected:
            self._counters.add("dtls_handshake_failed")
        if self._on_closed is not None:
            on_closed, self._on_closed = self._on_closed, None
            on_closed(reason)
