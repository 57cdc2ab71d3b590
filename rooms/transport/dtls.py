"""DTLS and SCTP of one peer connection: the only file that knows aiortc's private names."""

# ruff: noqa: SLF001

from __future__ import annotations

import asyncio
import datetime
import logging
import struct
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, cast

from aiortc import RTCCertificate, RTCDtlsTransport, RTCSctpCapabilities, RTCSctpTransport
from aiortc.rtcdtlstransport import (
    SRTP_AEAD_AES_128_GCM,
    SRTP_PROFILES,
    RTCDtlsFingerprint,
    RTCDtlsParameters,
)
from OpenSSL import SSL

from rooms.errors import MalformedPacket
from rooms.limits import Counters, Limits

_log = logging.getLogger(__name__)

_RECORD_HEADER = 13
_CONTENT_TYPES = range(20, 27)
_DTLS13_TYPES = range(32, 64)

_RELEASE_BUFFERS = 0x10  # SSL_MODE_RELEASE_BUFFERS, which pyOpenSSL does not name

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
        self._queue: deque[bytes] = deque()
        self._capacity = capacity
        self._send_now = send
        self._waiting: asyncio.Future[None] | None = None
        self._closed = False

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
        return self._queue.popleft()

    async def _send(self, data: bytes) -> None:
        self._send_now(data)


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
        self._dtls = RTCDtlsTransport(cast(Any, self._pipe), [certificate])
        self._dtls._set_role("server")
        self._dtls._srtp_profiles = _PROFILES
        self._dtls.on("statechange", self._state_changed)
        self._handshake: asyncio.Task[None] | None = None
        self._connected = False

    @property
    def started(self) -> bool:
        """Whether the handshake was begun."""
        return self._handshake is not None

    def start(self, fingerprints: tuple[tuple[str, str], ...]) -> None:
        """Begin to answer the remote side's handshake; its certificate must match."""
        parameters = RTCDtlsParameters(
            [RTCDtlsFingerprint(algorithm, value) for algorithm, value in fingerprints], "client"
        )
        self._handshake = asyncio.create_task(self._shake_hands(parameters))

    @property
    def srtp_profile(self) -> str:
        """The name of the SRTP profile agreed on; '' before that (RFC 5764, RFC 7714)."""
        ssl = self._dtls._ssl
        return ssl.get_selected_srtp_profile().decode() if ssl is not None else ""

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
        if self._dtls.state == "connected":
            self._connected = True
            try:
                self._on_keys(self._dtls._rx_srtp, self._dtls._tx_srtp)
            except Exception:
                _log.exception("keys not taken")
                self._fail("internal error")
        else:
            self._fail("DTLS handshake failed")

    def _state_changed(self) -> None:
        if self._connected and self._dtls.state == "closed":
            self._fail("closed by the remote side")

    def _fail(self, reason: str) -> None:
        if not self._connected:
            self._counters.add("dtls_handshake_failed")
        if self._on_closed is not None:
            on_closed, self._on_closed = self._on_closed, None
            on_closed(reason)


_PARAMETER_OFFSETS = {1: 20, 2: 20, 4: 4, 5: 4, 6: 4, 9: 4, 130: 4}
_SACK = 3
_STRIKES = 16
_INBOUND_STREAMS = 64
_WAITING_CHUNKS = 2048


def check_sctp(packet: bytes, most_gap_numbers: int) -> None:
    """Refuse an SCTP packet on which aiortc would loop or work for ever (RFC 9260 section 3).

    Raises MalformedPacket for a parameter shorter than its own header, and for gap blocks that
    cover more numbers than were ever sent.
    """
    position = 12
    while position + 4 <= len(packet):
        kind, length = packet[position], struct.unpack_from("!H", packet, position + 2)[0]
        if length < 4 or position + length > len(packet):
            raise MalformedPacket("SCTP chunk of a wrong length")
        if kind in _PARAMETER_OFFSETS:
            _check_parameters(packet[position + _PARAMETER_OFFSETS[kind] : position + length])
        elif kind == _SACK:
            _check_gaps(packet[position : position + length], most_gap_numbers)
        position += length + (-length % 4)


def _check_parameters(body: bytes) -> None:
    position = 0
    while position + 4 <= len(body):
        length = struct.unpack_from("!H", body, position + 2)[0]
        if length < 4:
            raise MalformedPacket("SCTP parameter of a wrong length")
        position += length + (-length % 4)


def _check_gaps(chunk: bytes, most_numbers: int) -> None:
    if len(chunk) < 16:
        raise MalformedPacket("SCTP SACK too short")
    count = struct.unpack_from("!H", chunk, 12)[0]
    if 16 + 4 * count > len(chunk):
        raise MalformedPacket("SCTP SACK of a wrong length")
    covered = 0
    for index in range(count):
        first, last = struct.unpack_from("!HH", chunk, 16 + 4 * index)
        covered += last - first + 1
        if last < first or covered > most_numbers:
            raise MalformedPacket("SCTP SACK of absurd gaps")


class GuardedSctp(RTCSctpTransport):
    """aiortc's SCTP association, whose assertions and buffers a stranger cannot turn on others.

    aiortc runs it inside the DTLS pump, where an error of its own would end the transport: errors
    are counted as strikes, and after a few the association ends alone.
    """

    def __init__(self, transport: RTCDtlsTransport, limits: Limits, counters: Counters) -> None:
        super().__init__(transport)
        self._limits = limits
        self._counters = counters
        self._strikes = 0

    async def begin(self, remote_port: int, max_message_size: int | None) -> None:
        """Start the association towards what the remote description said (RFC 8841)."""
        size = max_message_size if max_message_size is not None else 65536
        try:
            await self.start(RTCSctpCapabilities(maxMessageSize=size), remote_port)
        except ConnectionError:
            _log.debug("SCTP not started: DTLS is closed already")

    async def _handle_data(self, data: bytes) -> None:
        if self._strikes >= _STRIKES:
            return
        try:
            check_sctp(data, len(self._sent_queue) + 64)
            await super()._handle_data(data)
        except Exception as error:
            self._strike(error)

    def _strike(self, error: Exception) -> None:
        self._counters.add("sctp_malformed")
        self._strikes += 1
        _log.debug("SCTP strike %d: %r", self._strikes, error)
        if self._strikes == _STRIKES:
            self._set_state(self.State.CLOSED)

    async def _receive_data_chunk(self, chunk: Any) -> None:
        waiting = len(self._sack_misordered)
        stream = self._inbound_streams.get(chunk.stream_id)
        if stream is not None:
            waiting = max(waiting, len(stream.reassembly))
        if waiting > _WAITING_CHUNKS or self._advertised_rwnd < -self._limits.data_message_bytes:
            self._strikes = _STRIKES - 1
            raise MalformedPacket("more SCTP data is held back than we advertise room for")
        await super()._receive_data_chunk(chunk)

    def _get_inbound_stream(self, stream_id: int) -> Any:
        if stream_id not in self._inbound_streams and (
            len(self._inbound_streams) >= _INBOUND_STREAMS
        ):
            raise MalformedPacket("too many SCTP streams")
        return super()._get_inbound_stream(stream_id)

    async def _send_chunk(self, chunk: Any) -> None:
        try:
            await super()._send_chunk(chunk)
        except (ConnectionError, SSL.Error):
            # A retransmission timer outlived DTLS; nobody awaits it.
            _log.debug("SCTP chunk not sent: DTLS is closed")
