"""SCTP of one peer connection: aiortc's association, guarded against what strangers send."""

from __future__ import annotations

import logging
import struct
from typing import Any

from aiortc import RTCDtlsTransport, RTCSctpCapabilities, RTCSctpTransport
from OpenSSL import SSL

from rooms.errors import MalformedPacket
from rooms.limits import Counters, Limits

_log = logging.getLogger(__name__)

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
