"""SRTP and the streams of one peer connection, once ICE has an address and DTLS has keys."""

from __future__ import annotations

import random
from typing import Any

from rooms.compiled.sending import forward
from rooms.limits import Counters, Limits
from rooms.rtp import rtcp
from rooms.rtp.arrivals import Arrivals
from rooms.rtp.codecs import IncomingSpec
from rooms.rtp.estimate import ReceiverEstimate
from rooms.rtp.feedback import Feedback
from rooms.rtp.incoming import IncomingTrack
from rooms.rtp.outgoing import OutgoingStream
from rooms.rtp.packet import HEADER, extensions
from rooms.rtp.padding import Padding
from rooms.rtp.send_path import SendPath
from rooms.rtp.ssrcs import Route, Ssrcs
from rooms.transport.carrier import Carrier
from rooms.transport.met_ssrcs import MetSsrcs
from rooms.transport.srtp import (
    REPLAYED,
    PacketBuffer,
    Session,
    forget_ssrc,
    protect_rtcp,
    session_pointer,
    share_buffers,
    tag_size,
    unprotect,
    unprotect_rtcp,
)

ARRIVALS_INTERVAL = 0.07
"""Seconds between two reports of when packets came: senders expect 50 to 100 ms."""
QUIET_INTERVAL = 0.2
"""Seconds between two looks where nothing comes."""
_LEAST_RTCP = 8
_NO_ARRIVALS = Arrivals()  # never written to: of everybody whose packets have no numbers
_out = PacketBuffer()


class MediaMux:
    """Every open MediaTransport of the server, for its ticker."""

    def __init__(self) -> None:
        self._transports: set[MediaTransport] = set()

    def add(self, transport: MediaTransport) -> None:
        """Tick this one from now on."""
        self._transports.add(transport)

    def discard(self, transport: MediaTransport) -> None:
        """Tick it no more."""
        self._transports.discard(transport)

    def tick(self, now: float) -> None:
        """Call every 20 ms: lets each transport that has something due do it."""
        for transport in list(self._transports):
            if transport.due <= now:
                transport.tick(now)


class MediaTransport:
    """The media of one peer connection. `due` is when `tick` has something to do."""

    def __init__(
        self, mux: MediaMux, limits: Limits, counters: Counters, *, rng: random.Random
    ) -> None:
        self._mux, self._limits, self._counters = mux, limits, counters
        self.due = self._feedback_due = 0.0
        self._arrivals_due = float("inf")
        self.ssrcs = Ssrcs(
            forward, self._wake, most=limits.ssrcs_per_kind,
            cache_packets=limits.incoming_cache_packets,
        )  # fmt: skip
        self._ids = self.ssrcs.ids
        self.arrivals = _NO_ARRIVALS
        self._lone_number = b""
        self._feedback = Feedback(
            self.ssrcs, rng.randrange(1, 1 << 32), nacked=limits.nacked_numbers_per_second,
            keyframes=limits.keyframe_requests_per_second,
        )  # fmt: skip
        self._sessions: tuple[Session, Session] | None = None
        self._met: MetSsrcs | None = None
        self.receiving: Any = None  # libsrtp's pointers
        self._sending: Any = None
        self._tag = 0
        self._socket: Carrier | None = None
        self._address: Any = None
        self._path: SendPath | None = None
        self._padding: Padding | None = None
        self._unknown_left = limits.ssrcs_unknown_per_second
        self._unknown_since = 0.0
        mux.add(self)

    # What is negotiated.

    def describe_incoming(self, specs: list[IncomingSpec]) -> None:
        """Receive exactly these sections: new ones appear, missing ones end, others go on."""
        self.ssrcs.describe(specs)
        if self._ids != self.ssrcs.ids:
            self._ids = self.ssrcs.ids
            self._arrivals_due = 0.0 if self._ids[1] else float("inf")
            number = self._ids[1]
            self._lone_number = (
                bytes((0xBE, 0xDE, 0, 1, number << 4 | 1)) if 0 < number < 15 else b""
            )
            if self._ids[1] and self.arrivals is _NO_ARRIVALS:
                self.arrivals = Arrivals()  # which takes room that mere listeners do without
            self._announce()
            self._wake()

    def incoming(self, mid: str) -> IncomingTrack | None:
        """The track received in that section."""
        return self.ssrcs.tracks.get(mid)

    def add_outgoing(self, out: OutgoingStream) -> None:
        """Send `out` this way, and heed what its receiver reports."""
        self._feedback.outgoing[out.ssrc] = out
        out.wake = self._wake
        out.set_path(self._path)
        self._wake()

    def remove_outgoing(self, out: OutgoingStream) -> None:
        """Send `out` no more."""
        if self._feedback.outgoing.pop(out.ssrc, None) is not None:
            out.set_path(None)
            if self._sessions is not None:  # else libsrtp keeps, and walks, each there ever was
                for ssrc in (out.ssrc, out.rtx_ssrc or 0):
                    forget_ssrc(self._sessions[1], ssrc)

    @property
    def keep(self) -> Any:
        """What owns the session that `receiving` points at."""
        return self._sessions

    @property
    def estimate(self) -> ReceiverEstimate:
        """How much the peer can receive in all, by what it reports."""
        return self._feedback.estimate

    def pad(self, wanted: tuple[float, float] | None, now: float) -> None:
        """Send so many bits per second more, until then: repeats that only try the link."""
        if wanted is None:
            self._padding = None
        elif now < wanted[1] and (self._padding is None or self._padding.until != wanted[1]):
            self._padding = Padding(*wanted, now)
            self.due = now

    # Where and how.

    def keys(self, receiving: Session, sending: Session) -> None:
        """Take the two SRTP sessions that DTLS made; packets before this are dropped."""
        self._sessions = (receiving, sending)
        self._met = MetSsrcs(receiving, 4 * self._limits.ssrcs_per_kind)
        self.receiving = session_pointer(receiving)
        self._sending = session_pointer(sending)
        self._tag = tag_size(sending)
        share_buffers(receiving, sending)
        self._announce()
        self._update_path()

    def address(self, socket: Carrier, address: Any) -> None:
        """Send to this address from now on: ICE has nominated it.

        What is under way from the one before is taken until ICE forgets that (`RtcServer`).
        """
        if socket is self._socket and address == self._address:
            return
        self._socket, self._address = socket, address
        socket.media[address] = self
        self._update_path()

    def _announce(self) -> None:
        """Have what was told of this to the compiled code told anew."""
        if self._socket is not None and self._socket.media.get(self._address) is self:
            del self._socket.media[self._address]
            self._socket.media[self._address] = self

    def _forget_address(self) -> None:
        # Another peer may have come to the same address since.
        if self._socket is not None and self._socket.media.get(self._address) is self:
            del self._socket.media[self._address]

    def _update_path(self) -> None:
        socket = self._socket
        if socket is None or self._sessions is None:
            return
        self._path = SendPath(
            self._sending, self._tag, socket.sendto, self._address, self._sessions[1]
        )
        for out in self._feedback.outgoing.values():
            out.set_path(self._path)
        self._wake()

    def close(self) -> None:
        """End every stream, both ways, and forget the keys."""
        self._mux.discard(self)
        self._forget_address()
        self.ssrcs.close()
        self._path = self.receiving = self._sending = self._sessions = self._met = None
        for out in self._feedback.outgoing.values():
            out.set_path(None)
            if out.track is not None:
                out.track.remove_outgoing(out)
        self._feedback.outgoing.clear()
        self.due = float("inf")

    def _wake(self) -> None:
        self.due = self._feedback_due = 0.0

    # What comes in.

    def receive(self, buffer: PacketBuffer, length: int, now: float) -> None:
        """Take one datagram of 12 bytes or more that looks like RTP or RTCP; decrypts in place."""
        session = self.receiving
        if session is None:
            self._counters.add("media_before_keys")
            return
        data = buffer.data
        if 192 <= data[1] <= 223:
            self._receive_rtcp(buffer, length, now)
            return
        buffer.length[0] = length
        code = unprotect(session, buffer.pointer, buffer.length)
        if code:
            self._counters.add("srtp_replayed" if code in REPLAYED else "srtp_unauthenticated")
            return
        self.receive_opened(buffer, buffer.length[0], now)

    def receive_opened(
        self, buffer: PacketBuffer, length: int, now: float, *, noted: bool = False
    ) -> None:
        """Take one RTP packet that is decrypted and authenticated already.

        `noted`: its transport-wide number is among the arrivals.
        """
        data = buffer.data
        first, second, sequence, timestamp, ssrc = HEADER.unpack_from(data)
        start = 12 + 4 * (first & 0x0F)
        if first & 0x10:
            start += 4 + 4 * (data[start + 2] << 8 | data[start + 3])
        end = length - data[length - 1] if first & 0x20 else length
        if start > end:
            self.receive_malformed(ssrc)
            return
        level = descriptor = b""
        if first & 0x10 and self._ids != (0, 0, 0):
            level, descriptor = self._read_extensions(data, length, now, noted)
        route = self.ssrcs.routes.get(ssrc) or self._learn(buffer, length, ssrc, second & 0x7F, now)
        if route is None:
            if ssrc in self.ssrcs.repairs:
                view = buffer.view[start:end]
                self._repaired(ssrc, view, timestamp, second, now, descriptor)
            return
        stream, track, payload_type, level_id, descriptor_id = route
        payload = bytes(buffer.view[start:end])
        if second & 0x7F != payload_type:
            payload = stream.wrapped(second & 0x7F, payload)
            if not payload:
                self._counters.add("rtp_wrong_payload_type")
                return
        if level_id and level:
            track.observe_level(level[0] & 0x7F, now)
        if descriptor_id and descriptor:
            marker = second & 0x80
            stream.receive(sequence, timestamp, marker, payload, now, descriptor=descriptor)
        else:
            stream.receive(sequence, timestamp, second & 0x80, payload, now)

    def receive_malformed(self, ssrc: int) -> None:
        """Count an RTP packet that was authentic, and is not well-formed."""
        self._counters.add("rtp_malformed")
        self._note_met(ssrc)

    def _note_met(self, ssrc: int) -> None:
        if self._met is not None:
            self._met.add(ssrc, self.ssrcs.known)

    def _read_extensions(
        self, data: bytearray, length: int, now: float, noted: bool
    ) -> tuple[bytes, bytes]:
        """The audio level and the dependency descriptor; transport-wide numbers are noted."""
        level_id, transport_id, descriptor_id = self._ids
        level = descriptor = b""
        at = 12 + 4 * (data[0] & 0x0F)
        if data[at : at + 5] == self._lone_number and at + 8 <= length:
            # All there is of it in most packets of browsers: read without a generator.
            if not noted:
                self.arrivals.note(data[at + 5] << 8 | data[at + 6], now)
            return level, descriptor
        for identifier, value in extensions(data, length):
            if identifier == level_id:
                level = value
            elif identifier == transport_id and len(value) == 2 and not noted:
                self.arrivals.note(value[0] << 8 | value[1], now)
            elif identifier == descriptor_id:
                descriptor = value
        return level, descriptor

    def _learn(
        self, buffer: PacketBuffer, length: int, ssrc: int, payload_type: int, now: float
    ) -> Route | None:
        """The route of an SSRC that has none yet; None when it is a repair's or nobody's."""
        if ssrc in self.ssrcs.repairs:
            return None
        self._note_met(ssrc)
        if now >= self._unknown_since + 1:
            self._unknown_since = now
            self._unknown_left = self._limits.ssrcs_unknown_per_second
        self._unknown_left -= 1
        if self._unknown_left < 0 or not self.ssrcs.learn(buffer.data, length, ssrc, payload_type):
            self._counters.add("rtp_unknown_ssrc")
            return None
        self._wake()
        return self.ssrcs.routes.get(ssrc)

    def _repaired(
        self, ssrc: int, payload: memoryview, timestamp: int, second: int, now: float,
        descriptor: bytes,
    ) -> None:  # fmt: skip
        """An RTX packet: the original number, then the original payload (RFC 4588 section 4)."""
        track, rid = self.ssrcs.repairs[ssrc]
        stream = track.layers.get(rid)
        if stream is None or len(payload) < 2:
            return  # a probe, or the repeat of a stream not begun
        sequence = payload[0] << 8 | payload[1]
        stream.receive(
            sequence, timestamp, second & 0x80, bytes(payload[2:]), now, repaired=True,
            descriptor=descriptor,
        )  # fmt: skip

    def _receive_rtcp(self, buffer: PacketBuffer, length: int, now: float) -> None:
        size = buffer.apply(unprotect_rtcp, self.receiving, length)
        if size < _LEAST_RTCP:
            self._counters.add("srtcp_unauthenticated")
            return
        self._note_met(int.from_bytes(buffer.data[4:8]))
        try:
            items = rtcp.parse(
                bytes(buffer.view[:size]), most=self._limits.rtcp_packets_per_compound
            )
        except rtcp.RtcpError:
            self._counters.add("rtcp_malformed")
            return
        self._feedback.received(items, now)

    # What goes out by itself.

    def tick(self, now: float) -> None:
        """Send what is due: NACKs, keyframe requests, reports; and say when that is next."""
        path = self._path
        if path is None:
            self.due = float("inf")  # keys and address wake us
            return
        if now >= self._arrivals_due:
            self._report_arrivals(path, now)
        if now >= self._feedback_due:
            for compound in self._feedback.due(now):
                self._send_rtcp(path, compound)
            self._count()
            self._feedback_due = self._feedback.next_due(now)
        self.due = min(self._feedback_due, self._arrivals_due)
        if self._padding is not None:
            self._padding.send(self._feedback.outgoing.values(), now)
            if self._padding.until <= now:
                self._padding = None
            else:
                self.due = now

    def _report_arrivals(self, path: SendPath, now: float) -> None:
        compounds = self._feedback.on_arrivals(self.arrivals)
        for compound in compounds:
            self._send_rtcp(path, compound)
        self._arrivals_due = now + (ARRIVALS_INTERVAL if compounds else QUIET_INTERVAL)

    def _send_rtcp(self, path: SendPath, compound: bytes) -> None:
        _out.data[: len(compound)] = compound
        size = _out.apply(protect_rtcp, path.session, len(compound))
        try:
            if size > 0:
                path.sendto(_out.view[:size], path.address)
        except OSError:
            self._counters.add("rtcp_send_failed")

    def _count(self) -> None:
        """Gather what the streams counted by themselves."""
        for route in self.ssrcs.routes.values():
            stream = route.stream
            if stream.failed or stream.malformed or stream.duplicates:
                self._counters.add("rtp_send_failed", stream.failed)
                self._counters.add("rtp_malformed", stream.malformed)
                self._counters.add("rtp_duplicate", stream.duplicates)
                stream.failed = stream.malformed = stream.duplicates = 0
        if self._feedback.repeated:
            self._counters.add("rtp_repeated", self._feedback.repeated)
            self._feedback.repeated = 0
