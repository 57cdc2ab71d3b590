"""Which SSRC of a peer connection is which layer of which track: declared or learnt (RFC 8852)."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from rooms.rtp.codecs import Codec, IncomingSpec, Kind
from rooms.rtp.incoming import IncomingTrack
from rooms.rtp.incoming_stream import IncomingStream
from rooms.rtp.packet import Forward, extensions


class Route(NamedTuple):
    """Where a media SSRC's packets go.

    `level` and `descriptor` are the extension ids of what the stream is told: the audio level, the
    dependency descriptor; or 0.
    """

    stream: IncomingStream
    track: IncomingTrack
    payload_type: int
    level: int
    descriptor: int = 0


class Ssrcs:
    """The incoming tracks of one peer connection and their SSRCs.

    `routes` holds the media SSRCs, `repairs` the RTX ones as (track, rid). `most` caps each kind's.
    """

    def __init__(
        self, forward: Forward, wake: Callable[[], None], *, most: int, cache_packets: int
    ) -> None:
        self.tracks: dict[str, IncomingTrack] = {}
        self.routes: dict[int, Route] = {}
        self.repairs: dict[int, tuple[IncomingTrack, str]] = {}
        self._specs: dict[str, IncomingSpec] = {}
        self._forward, self._wake = forward, wake
        self._most, self._cache_packets = most, cache_packets

    def known(self, ssrc: int) -> bool:
        """Whether an SSRC is that of a track or of its repairs."""
        return ssrc in self.routes or ssrc in self.repairs

    @property
    def ids(self) -> tuple[int, int, int]:
        """Extension ids of the audio level, transport-wide number and dependency descriptor.

        0 without one. Sections of one connection agree on them.
        """
        every = [spec.extensions for spec in self._specs.values()]
        return (
            max((each.audio_level for each in every), default=0),
            max((each.transport_wide for each in every), default=0),
            max((each.descriptor for each in every), default=0),
        )

    @property
    def numbered(self) -> bool:
        """Whether all video carries transport-wide numbers: its sender estimates by itself."""
        every = [
            spec.extensions.transport_wide for spec in self._specs.values() if spec.kind == "video"
        ]
        return bool(every) and all(every)

    def describe(self, specs: list[IncomingSpec]) -> None:
        """Hold exactly these sections: known ones keep their streams, missing ones are closed."""
        wanted = {spec.mid: spec for spec in specs if spec.codecs_by_pt}
        for mid, track in list(self.tracks.items()):
            spec = wanted.get(mid)
            if spec is None or spec.kind != track.kind:
                self._drop(track)
        for mid, spec in wanted.items():
            self._specs[mid] = spec
            if mid in self.tracks:
                self.tracks[mid].rids = spec.rids
            else:
                self.tracks[mid] = IncomingTrack(
                    spec, self._forward, self._wake, cache_packets=self._cache_packets
                )

    def _drop(self, track: IncomingTrack) -> None:
        track.close()
        for stream in track.layers.values():
            stream.retire()
        del self.tracks[track.mid], self._specs[track.mid]
        self.routes = {s: route for s, route in self.routes.items() if route.track is not track}
        self.repairs = {s: where for s, where in self.repairs.items() if where[0] is not track}

    def learn(self, data: bytearray, length: int, ssrc: int, payload_type: int) -> bool:
        """Find out whose an unknown SSRC is, from one authenticated packet. False if nobody's."""
        elements = dict(extensions(data, length))
        for mid, spec in self._specs.items():
            codec, repair = _codec(spec, payload_type)
            if codec is None or not self._names(spec, elements, ssrc, payload_type, repair):
                continue
            track = self.tracks[mid]
            if self._full(spec.kind):
                return False
            ids = spec.extensions
            rid = _text(elements, ids.rrid if repair else ids.rid)
            if repair and not rid and spec.rids:
                rid = _text(elements, ids.rid)
            if spec.rids and rid not in spec.rids:
                return False
            self._add(spec, track, codec, rid if spec.rids else "", ssrc, repair)
            return True
        return False

    def _names(
        self, spec: IncomingSpec, elements: dict[int, bytes], ssrc: int, payload_type: int,
        repair: bool,
    ) -> bool:  # fmt: skip
        """True when the packet is of this section: by its mid, its declared SSRC, or no other."""
        mid = _text(elements, spec.extensions.mid)
        if mid:
            return mid == spec.mid
        if spec.rids:  # a declared SSRC does not say which layer it is
            return False
        if repair:
            return ssrc in (pair[1] for pair in spec.rtx_pairs)
        if ssrc in spec.ssrcs:
            return True
        alike = [s for s in self._specs.values() if _codec(s, payload_type)[0] is not None]
        return len(alike) == 1 and not self.tracks[spec.mid].layers and not spec.ssrcs

    def _full(self, kind: Kind) -> bool:
        known = sum(route.track.kind == kind for route in self.routes.values())
        known += sum(track.kind == kind for track, _ in self.repairs.values())
        return known >= self._most

    def _add(
        self, spec: IncomingSpec, track: IncomingTrack, codec: Codec, rid: str, ssrc: int,
        repair: bool,
    ) -> None:  # fmt: skip
        if repair:
            self.repairs[ssrc] = (track, rid)
            return
        # Of RED and what it wraps, either may come first: it is one stream.
        codec = next((each for each in spec.codecs_by_pt.values() if each.wraps), codec)
        before = track.layers.get(rid)
        stream = track.learn(rid, ssrc, codec)
        if before is not None and before is not stream:
            self.routes.pop(before.ssrc, None)
            before.retire()
        level = spec.extensions.audio_level if spec.kind == "audio" else 0
        descriptor = spec.extensions.descriptor if codec.name == "AV1" else 0
        self.routes[ssrc] = Route(stream, track, codec.payload_type, level, descriptor)

    def close(self) -> None:
        """End every track."""
        for track in list(self.tracks.values()):
            self._drop(track)


def _codec(spec: IncomingSpec, payload_type: int) -> tuple[Codec | None, bool]:
    """The section's codec that a payload type means, and whether it is that codec's RTX."""
    codec = spec.codecs_by_pt.get(payload_type)
    if codec is not None:
        return codec, False
    for codec in spec.codecs_by_pt.values():
        if codec.rtx_payload_type == payload_type:
            return codec, True
    return None, False


def _text(elements: dict[int, bytes], identifier: int) -> str:
    """An extension's text; '' when it is absent or not text."""
    return elements.get(identifier, b"").decode("ascii", "replace") if identifier else ""
