"""Empties a UDP socket a compiled batch at a time: known media goes straight to its stream."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from rooms.compiled.lanes import Lane, lane_for
from rooms.compiled.receiving import (
    MALFORMED,
    MEDIA,
    NO_LEVEL,
    OTHER,
    UNAUTHENTICATED,
    Batch,
    Ids,
    Record,
)
from rooms.limits import Counters, Limits
from rooms.rtp.ssrcs import Route
from rooms.transport.moderation import Wake
from rooms.transport.srtp import BUFFER_SIZE, REPLAYED, PacketBuffer

if TYPE_CHECKING:
    from rooms.transport.media import MediaTransport

_log = logging.getLogger(__name__)
_MOST = 8192  # addresses known at a time: the compiled code's room

Known = tuple["MediaTransport", Any, Ids, Any, Any]
"""What the compiled code was told: (transport, session's pointer, ids of the header extensions it
reads, its address, what keeps the pointer alive)."""


class MediaTable(dict[Any, "MediaTransport"]):
    """Whose media comes from an address; `version` changes whenever that does."""

    version = 0

    def __setitem__(self, address: Any, transport: MediaTransport) -> None:
        # Every connectivity check says again what is known.
        if self.get(address) is not transport:
            self.version += 1
        super().__setitem__(address, transport)

    def __delitem__(self, address: Any) -> None:
        self.version += 1
        super().__delitem__(address)


class BatchReader:
    """Reads `owner`. Datagrams that are no media of a transport with keys go to `single`.

    The addresses and sessions that the compiled code may decrypt with are learnt from `media`, and
    forgotten all together when it changes, which is rare.
    """

    def __init__(
        self, owner: socket.socket, media: MediaTable, limits: Limits, counters: Counters,
        single: Callable[[PacketBuffer, int, Any, float], None],
    ) -> None:  # fmt: skip
        self._batch = Batch(owner, limits.rtp_bytes)
        self.latest: Wake = self._batch.latest
        """What came of the latest `drain`."""
        self._media, self._counters, self._single = media, counters, single
        self._version = media.version
        self._buffer = PacketBuffer()
        self._known: list[Known] = []
        self._addresses: set[Any] = set()
        self._lanes: list[Lane] = []
        self._met: dict[int, tuple[Known, Route]] = {}  # by SSRC: streams that may go on in lanes

    def drain(self, now: float) -> None:
        """Take up to 64 datagrams that wait."""
        if self._media.version != self._version:
            self.forget()
        try:
            records = self._batch.receive(now)
        except BlockingIOError:
            return
        except OSError:
            self._counters.add("udp_receive_failed")
            return
        if records is None:
            if self._batch.failed:
                self._counters.add("rtp_send_failed", self._batch.failed)
            return
        try:
            self._take(records, now)
            if self._met:
                self._start_lanes()
        finally:
            failed = self._batch.release()
            if failed:
                self._counters.add("rtp_send_failed", failed)

    def _take(self, records: Iterator[Record], now: float) -> None:
        known = self._known
        for record in records:
            try:
                if record[0] != MEDIA or not self._take_media(record, known[record[2]], now):
                    self._take_rarer(record, known, now)
            except Exception:
                # A mistake of ours met by one packet must not cost the others of its batch.
                _log.exception("a datagram was not dealt with")
                self._counters.add("udp_receive_failed")
        if known is not self._known:  # forgotten meanwhile
            self._met.clear()

    def _take_media(self, record: Record, known: Known, now: float) -> bool:
        """Give a packet to its stream; False when that is not as simple."""
        (_, second, _, sequence, level, timestamp, ssrc, start, end, descriptor, size,
         _, _, place) = record  # fmt: skip
        transport, session, ids, _, _ = known
        route = transport.ssrcs.routes.get(ssrc)
        if route is None or transport.receiving is not session:
            return False
        stream, track, payload_type, level_id, descriptor_id = route
        if second & 0x7F != payload_type or (level_id and level_id != ids[0]):
            return False
        if stream.lane is not None:
            stream.lane.stop()
        if level_id and level != NO_LEVEL:
            track.observe_level(level, now)
        data, base = self._batch.data, place * BUFFER_SIZE
        payload = bytes(data[base + start : base + end])
        told = b""
        if descriptor_id and size:
            told = bytes(data[base + descriptor : base + descriptor + size])
        stream.receive(sequence, timestamp, second & 0x80, payload, now, descriptor=told)
        self._met[ssrc] = known, route
        return True

    def _start_lanes(self) -> None:
        """Let the streams that were met, and are as they should be, go on in lanes."""
        met, self._met = self._met, {}
        for ssrc, (known, route) in met.items():
            transport, session, _, address, _ = known
            if transport.ssrcs.routes.get(ssrc) is not route or transport.receiving is not session:
                continue
            lane = lane_for(route.stream, route.track, route.payload_type)
            if lane is None:
                continue
            if lane.owner is not self:
                if lane.owner is not None:
                    lane.owner.forget()
                if not self._batch.join(address, lane, levels=bool(route.level)):
                    continue
                lane.owner = self
                self._lanes.append(lane)
            lane.start()

    def _take_rarer(self, record: Record, known: list[Known], now: float) -> None:
        kind, second, who, _, _, _, ssrc, *_, length, _, place = record
        base = place * BUFFER_SIZE
        if kind == UNAUTHENTICATED:
            self._counters.add("srtp_replayed" if second in REPLAYED else "srtp_unauthenticated")
        buffer = self._buffer
        if kind == OTHER:
            address = self._batch.address(place)
            buffer.view[:length] = self._batch.data[base : base + length]
            self._single(buffer, length, address, now)
            if address not in self._addresses:
                self._learn(address)
            return
        transport, session, _, _, _ = known[who]
        if transport.receiving is not session:  # closed, or with other keys by now
            self.forget()
        elif kind == MALFORMED:
            transport.receive_malformed(ssrc)
        elif kind == MEDIA:
            buffer.view[:length] = self._batch.data[base : base + length]
            transport.receive_opened(buffer, length, now, noted=True)

    def _learn(self, address: Any) -> None:
        """Have media from there decrypted in the next batches, if it is a transport's with keys."""
        transport = self._media.get(address)
        if transport is None or transport.receiving is None or len(self._known) >= _MOST:
            return
        session, ids = transport.receiving, transport.ssrcs.ids
        if self._batch.know(address, session, ids, transport.arrivals, len(self._known)):
            keep = (transport.keep, transport.arrivals)
            self._known.append((transport, session, ids, address, keep))
            self._addresses.add(address)

    def forget(self) -> None:
        """Learn anew whose media comes from where."""
        self._batch.forget()
        for lane in self._lanes:
            lane.stop()
            lane.owner = None
        # Those of a batch under way are still looked up in the old list.
        self._known, self._addresses, self._lanes = [], set(), []
        self._version = self._media.version
