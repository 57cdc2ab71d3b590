"""One m-section received: its layers, who subscribes to it, and which layer feeds whom."""

from __future__ import annotations

from collections.abc import Callable

from rooms.rtp.allocation import Step
from rooms.rtp.codecs import Codec, IncomingSpec, Kind
from rooms.rtp.decode_targets import DescribedStream
from rooms.rtp.incoming_stream import STALLED_AFTER, IncomingStream
from rooms.rtp.layers import choose, layer_steps, spatial_index
from rooms.rtp.outgoing import OutgoingStream
from rooms.rtp.packet import Forward
from rooms.rtp.redundancy import OpusStream, RedStream, SoundStream
from rooms.rtp.spatial import SpatialStream
from rooms.rtp.speakers import AudioLevel
from rooms.rtp.thinning import ALL

_STREAMS: dict[str, type[SpatialStream] | type[SoundStream]] = {
    "VP9": SpatialStream,
    "AV1": DescribedStream,
    "opus": OpusStream,
    "red": RedStream,
}
_NEARLY = 0.9  # of the pictures per second that are asked for


class IncomingTrack:
    """A published track. `layers` maps rid ('' without simulcast) to the stream, once it is learnt.

    `on_layers`, when set, is told that a layer appeared, stalled or came back.
    """

    def __init__(
        self, spec: IncomingSpec, forward: Forward, wake: Callable[[], None], *,
        cache_packets: int = 512,
    ) -> None:  # fmt: skip
        self.mid = spec.mid
        self.kind: Kind = spec.kind
        self.codec: Codec = next(iter(spec.codecs_by_pt.values()))
        self.rids = spec.rids
        self.layers: dict[str, IncomingStream] = {}
        self.outgoing: list[OutgoingStream] = []
        self.on_layers: Callable[[], None] | None = None
        self.closed = False
        self._forward = forward
        self._wake = wake
        self._cache_packets = cache_packets if spec.kind == "video" else min(cache_packets, 128)
        self._stalled: set[str] = set()
        self.level = AudioLevel()

    def learn(self, rid: str, ssrc: int, codec: Codec) -> IncomingStream:
        """The layer `rid` is this SSRC, from now on: a known one is kept, another is replaced."""
        known = self.layers.get(rid)
        if known is not None and known.ssrc == ssrc:
            return known
        stream = self._stream(ssrc, rid, codec)
        # One stream of several layers is replaced with all of them.
        replaced = [s for s in self.layers.values() if known is not None and s.ssrc == known.ssrc]
        for old in replaced:
            del self.layers[old.rid]
        self.codec = codec
        self.layers[rid] = stream
        self._stalled.discard(rid)
        for old in replaced:
            for out in [*old.audience, *old.waiting]:
                out.leave_source()
                if out.track is self:
                    out.stop_waiting()
        self._changed()
        return stream

    def _stream(self, ssrc: int, rid: str, codec: Codec) -> IncomingStream:
        spatial, kept = spatial_index(rid, self.rids), self._cache_packets
        made = _STREAMS.get(codec.name)
        if made is None:
            return IncomingStream(
                ssrc, rid, codec, self._forward, self._wake, spatial=spatial, cache_packets=kept
            )
        whole = made(
            ssrc, rid, codec, self._forward, self._wake, spatial=spatial, cache_packets=kept,
            on_split=lambda: self._split(whole),
        )  # fmt: skip
        return whole

    def _split(self, whole: SpatialStream | SoundStream) -> None:
        """One stream turned out to carry several layers, or began anew."""
        self.layers.update((each.rid, each) for each in (*whole.lower, whole))
        self._changed()

    def add_outgoing(self, out: OutgoingStream, now: float | None) -> None:
        """Feed `out` from this track, from the next packet (audio) or keyframe (video) on."""
        if out not in self.outgoing and not self.closed:
            self.outgoing.append(out)
            out.track = self
            self.select(out, now)

    def remove_outgoing(self, out: OutgoingStream) -> None:
        """Feed `out` no more."""
        if out in self.outgoing:
            self.outgoing.remove(out)
            out.stop_waiting()
            out.leave_source()
            out.track = None

    def hand_over(self, out: OutgoingStream) -> None:
        """Let another track feed `out`: what feeds it now goes on until that one begins."""
        self.outgoing.remove(out)
        out.stop_waiting()
        out.track = None

    def select(self, out: OutgoingStream, now: float | None = None) -> None:
        """Let `out` have the layer that suits its wish and what exists."""
        if out.target is None or out.allowed is None or out.path is None:
            out.stop_waiting()
            out.leave_source()
            return
        stream = self._suitable(min(out.target, out.allowed))
        if stream is not None:
            stream = stream.form(out)
        if stream is None or (out.source is not None and stream is out.source.base):
            out.stop_waiting()
        else:
            out.wait_for(stream, now)

    def _suitable(self, wanted: int) -> IncomingStream | None:
        streams = {stream.spatial: stream for stream in self.layers.values()}
        live = [s.spatial for s in streams.values() if s.rid not in self._stalled]
        index = choose(wanted, live or streams)
        return None if index is None else streams[index]

    def check(self, now: float) -> None:
        """Notice layers that stalled or came back; call it about twice a second."""
        stalled = set()
        for rid, stream in self.layers.items():
            if now > stream.newest_at + STALLED_AFTER:
                stalled.add(rid)
                stream.volume.forget()
            else:
                stream.measure(now)
        if stalled != self._stalled:
            self._stalled = stalled
            self._changed()

    def _changed(self) -> None:
        if self.kind == "video" or len(self.layers) == 1:
            for out in self.outgoing:
                self.select(out)
        if self.on_layers is not None:
            self.on_layers()

    def steps(self, spatial: int, temporal: int) -> tuple[Step, ...]:
        """The ways to send this track, from the least up to these layers, as measured."""
        live = sorted(
            (s for s in self.layers.values() if s.rid not in self._stalled),
            key=lambda stream: stream.spatial,
        )
        wanted = [s for s in live if s.spatial <= spatial] or live[:1]
        return layer_steps([(s.spatial, s.volume.bitrates, s.volume.top) for s in wanted], temporal)

    def best(self, spatial: int) -> int:
        """The layer that is sent to who wants up to this one and has all the bandwidth."""
        stream = self._suitable(spatial)
        return 0 if stream is None else stream.spatial

    def temporal_for(self, fps: int, spatial: int) -> int:
        """The least temporal ceiling that gives so many pictures a second; ALL for 0."""
        stream = self._suitable(spatial)
        if fps <= 0 or stream is None:
            return ALL
        for temporal, rate in enumerate(stream.volume.rates):
            if rate >= fps * _NEARLY:
                return temporal if temporal < stream.volume.top else ALL
        return ALL

    @property
    def flows(self) -> bool:
        """Whether any layer came at the last `check`, or appeared since."""
        return any(rid not in self._stalled for rid in self.layers)

    def stalled(self, rid: str) -> bool:
        """True when that layer was silent at the last `check`."""
        return rid in self._stalled

    def observe_level(self, level: int, now: float) -> None:
        """Take the audio level of one packet (RFC 6464: 0 the loudest, 127 silence)."""
        self.level.observe(level, now)

    def audio_level(self, now: float) -> float:
        """How loud the speaker is, 0 (silent) to 1."""
        return self.level.level(now)

    def close(self) -> None:
        """The section ended: feed nobody any more."""
        self.closed = True
        for out in list(self.outgoing):
            self.remove_outgoing(out)
        for stream in self.layers.values():
            for out in stream.audience:  # handed over, and not yet fed by another track
                out.leave_source()
