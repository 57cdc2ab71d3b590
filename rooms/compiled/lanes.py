"""A compiled lane of one received stream (see lane.c), and when it may run."""

from __future__ import annotations

from struct import Struct
from typing import Any

from rooms.compiled import sending
from rooms.compiled.library import ffi, library
from rooms.rtp.incoming import IncomingTrack
from rooms.rtp.incoming_stream import IncomingStream
from rooms.rtp.packet import FULL, OPAQUE, PICTURE, Packet
from rooms.rtp.received import Progress

_CODECS = {"opus": 0, "red": 0, "VP8": 1, "H264": 2, "VP9": 3}
_STATE = Struct("=Q4Q4QqIIqqqdddIIHBBBB2x")
_SINCE = 88  # bytes of it that are counted from zero each time they are read
_NOTHING = bytes(_SINCE)
_NOW = Struct("=qqqdddIIHBBBB2x")
_RUNS = _STATE.size - 3
_TAIL = {OPAQUE: 0, PICTURE: 4, FULL: 6}
_NEVER = float("inf")
_USUAL_BYTES = {True: 1200, False: 256}  # of a payload of video, of sound


class Lane:
    """Forwards the packets of `stream` while they need no decision; `rooms.rtp.received.Lane`.

    `owner` is what reads the socket that they come from, and takes this along at its next packet.
    """

    def __init__(self, stream: IncomingStream, track: IncomingTrack, payload_type: int) -> None:
        self._stream, self._track = stream, track
        packets = stream.cache.size
        made = library.moulin_lane(
            stream.ssrc, payload_type, _CODECS[stream.codec.name], stream.codec.clock_rate,
            packets, packets * _USUAL_BYTES[stream.is_video],
        )  # fmt: skip
        if made == ffi.NULL:
            raise MemoryError
        self.pointer = ffi.gc(made, library.moulin_lane_free)
        self._memory = memoryview(ffi.buffer(library.moulin_lane_state(made), _STATE.size))
        self._counts = self._memory[:8].cast("Q")
        self._groups: Any = None
        self._compiled_groups: Any = None
        self._fields = ffi.new("uint32_t[6]")
        self._payload = ffi.new("const unsigned char **")
        self.owner: Any = None

    def start(self) -> None:
        """Run from the stream's next packet on, if that needs no decision."""
        stream = self._stream
        if not stream.steady or not self._set_groups():
            return
        numbers, reception, newest = stream.numbers, stream.reception, stream.newest
        assert newest is not None
        _NOW.pack_into(
            self._memory, _SINCE, numbers.highest, numbers.removed,
            -1 if reception.transit is None else reception.transit, reception.jitter,
            stream.newest_at, self._track.level.window_end,
            newest[1], newest[5] << 16 | newest[6] << 8 | newest[7], numbers.last,
            newest[2], newest[3], 127, True,
        )  # fmt: skip

    def _set_groups(self) -> bool:
        """Tell the compiled code whom the stream feeds; False when only Python can."""
        groups = self._stream.groups
        if groups is self._groups:
            return self._compiled_groups is not None
        self._groups, self._compiled_groups = groups, None
        legs = [sending.compiled(each[3]) for each in groups]
        if any(others for _, _, others, _ in legs):
            return False
        made = ffi.new("struct group[]", len(groups))
        for place, (word, extension, _, _), (array, count, _, _) in zip(
            made, groups, legs, strict=True
        ):
            place.legs, place.count, place.word = array, count, word
            place.extension = extension & 0xFF  # lanes carry nothing that has a descriptor
        self._compiled_groups = made, legs
        library.moulin_lane_groups(self.pointer, made, len(groups))
        return True

    def settle(self) -> None:
        """See `rooms.rtp.received.Lane`."""
        if not self._counts[0]:
            return
        fields = _STATE.unpack_from(self._memory)
        self._memory[:_SINCE] = _NOTHING
        (cycles, loud, failed, highest, removed, transit, jitter, at, _, timestamp, ids, sequence,
         marker, shape, loudest, _) = fields[9:]  # fmt: skip
        if loud:
            self._track.level.heard(loud, loudest)
            self._memory[_RUNS - 1] = 127
        newest: Packet = (
            highest - removed, timestamp, marker, shape, b"", ids >> 16, ids >> 8 & 0xFF,
            ids & 0xFF, b"",
        )  # fmt: skip
        self._stream.catch_up(
            Progress(
                fields[0], fields[1:5], fields[5:9], cycles, failed, highest, sequence, transit,
                jitter, at, newest,
            )
        )  # fmt: skip

    def stop(self) -> None:
        """See `rooms.rtp.received.Lane`."""
        self.settle()
        self._memory[_RUNS] = 0

    @property
    def running(self) -> bool:
        """Whether the stream's next packet is looked at here first."""
        return bool(self._memory[_RUNS])

    def retire(self) -> None:
        """See `rooms.rtp.received.Lane`."""
        library.moulin_lane_retire(self.pointer)

    def find(self, number: int) -> Packet | None:
        """See `rooms.rtp.received.Lane`."""
        fields, payload = self._fields, self._payload
        if not library.moulin_lane_find(self.pointer, number, payload, fields):
            return None
        timestamp, ids, size, marker, shape, head = fields
        data = bytes(ffi.buffer(payload[0], size))
        return (
            number, timestamp, marker, shape, data[:head], ids >> 16, ids >> 8 & 0xFF, ids & 0xFF,
            data[_TAIL[shape] :],
        )  # fmt: skip


def lane_for(stream: IncomingStream, track: IncomingTrack, payload_type: int) -> Lane | None:
    """The stream's lane, made if it has none; None when there is none for such streams."""
    if isinstance(stream.lane, Lane):
        return stream.lane
    if stream.codec.name not in _CODECS or stream.forward is not sending.fan_out:
        return None
    lane = Lane(stream, track, payload_type)
    stream.take_lane(lane)
    return lane
