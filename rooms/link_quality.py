"""How good one participant's connection is, both ways: the worst of what it sends and receives."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from livekit.protocol.models import ConnectionQuality, TrackSource

from rooms.dynacast import OFF
from rooms.rtp import quality
from rooms.rtp.quality import Arrival, Score

if TYPE_CHECKING:
    from rooms.participant import Participant
    from rooms.rendition import Rendition
    from rooms.rtp.incoming_stream import IncomingStream
    from rooms.tracks import PublishedTrack, SubscribedTrack

INTERVAL = 5.0
"""Seconds over which arrivals are counted."""
SILENT = 12.0
"""Seconds without a connectivity check, and with no media, after which a client is told that its
link is lost. livekit-client connects anew once it has heard that for ten seconds: it is said of
nothing that comes, however badly."""


class LinkQuality:
    """The scores of one participant's tracks; `score` is 0 to 100, `level` what clients show."""

    def __init__(self, participant: Participant) -> None:
        self._participant = participant
        self._scores: dict[str, Score] = {}
        self._counts: dict[str, tuple[int, int]] = {}
        self._bits: dict[str, tuple[float, float]] = {}
        self._due = self._looked_at = 0.0
        self.score = quality.BEST
        self.level: ConnectionQuality = ConnectionQuality.EXCELLENT

    def look(self, now: float) -> bool:
        """Count anew if it is time; True when the level changed."""
        if now < self._due:
            return False
        self._due = now + INTERVAL
        one = self._participant
        arrivals: dict[str, Arrival] = {}
        heard = one.connection.heard(now, SILENT)
        before, self._counts = self._counts, {}
        bits, self._bits = self._bits, {}
        elapsed, self._looked_at = now - self._looked_at, now
        rtt = 0.0
        resting: set[str] = set()
        for subscribed in one.subscriptions:
            if subscribed.out is not None and subscribed.out.report_block is not None:
                rtt = max(rtt, subscribed.out.rtt)
                sid = subscribed.track.sid
                arrivals[sid] = self._received(subscribed, before.get(sid))
                if subscribed.quality == OFF:
                    resting.add(sid)
        for track in one.publications:
            if track.incoming is not None and not track.muted:
                arrival = self._sent(track, before.get(track.sid), rtt)
                wanted, came = self._gained_bits(track, bits.get(track.sid), elapsed)
                arrivals[track.sid] = replace(arrival, wanted_bits=wanted, bits=came)
                heard = heard or arrival.expected > 0
            elif track.muted:
                resting.add(track.sid)
        self.score = self._rate(arrivals, resting, elapsed)
        told, self.level = self.level, _level(self.score) if heard else ConnectionQuality.LOST
        return self.level != told

    def _rate(self, arrivals: dict[str, Arrival], resting: set[str], elapsed: float) -> float:
        """The worst score; who is muted or hidden keeps its usual rate of packets in mind."""
        sids = arrivals.keys() | resting
        self._scores = {sid: self._scores.get(sid) or Score() for sid in sids}
        for sid, arrival in arrivals.items():
            self._scores[sid].update(replace(arrival, seconds=elapsed))
        for sid in resting:
            self._scores[sid].rest()
        return min((each.value for each in self._scores.values()), default=quality.BEST)

    def _gained(
        self, sid: str, now: tuple[int, int], before: tuple[int, int] | None
    ) -> tuple[int, int]:
        self._counts[sid] = now
        return (0, 0) if before is None else (now[0] - before[0], now[1] - before[1])

    def _received(self, subscribed: SubscribedTrack, before: tuple[int, int] | None) -> Arrival:
        out, track = subscribed.out, subscribed.track
        assert out is not None
        assert out.report_block is not None
        counts = (out.reported_expected, out.reported_lost)
        expected, lost = self._gained(track.sid, counts, before)
        missing = 0
        if track.kind == "video" and out.source is not None and out.track is not None:
            best = out.track.best(subscribed.quality)
            missing = max(0, best - out.source.base.spatial)
        return Arrival(
            codec=out.codec.name,
            expected=expected,
            lost=lost,
            rtt=out.rtt,
            jitter=out.report_block.jitter / out.codec.clock_rate,
            missing_layers=missing,
            paused=out.allowed is None and subscribed.quality != OFF,
        )

    def _sent(self, track: PublishedTrack, before: tuple[int, int] | None, rtt: float) -> Arrival:
        expected = received = missing = 0
        jitter = 0.0
        for rendition in track.renditions:
            for stream in _layers(rendition):
                numbers, reception = stream.numbers, stream.reception
                if numbers.highest >= 0:
                    expected += numbers.highest - numbers.first + 1
                    received += reception.received
                    jitter = max(jitter, reception.jitter / reception.clock_rate)
            if track.kind == "video":
                missing = max(missing, _missing_layers(rendition))
        expected, lost = self._gained(track.sid, (expected, expected - received), before)
        assert track.incoming is not None
        codec = track.incoming.codec.name
        return Arrival(codec, expected, lost, rtt, jitter, missing)

    def _gained_bits(
        self, track: PublishedTrack, before: tuple[float, float] | None, elapsed: float
    ) -> tuple[float, float]:
        """The bits that were to come since the last look, and those that came."""
        wanted = octets = 0.0
        for rendition in track.renditions:
            wanted += _wanted_bitrate(track, rendition)
            octets += sum(stream.octets for stream in _layers(rendition))
        self._bits[track.sid] = (wanted, octets)
        if before is None or octets < before[1]:
            return 0.0, 0.0
        # Where more, or less, was asked for meanwhile, nobody is blamed for the difference.
        return min(wanted, before[0]) * elapsed, (octets - before[1]) * 8


def _layers(rendition: Rendition) -> Iterable[IncomingStream]:
    return () if rendition.incoming is None else rendition.incoming.layers.values()


def _missing_layers(rendition: Rendition) -> int:
    """How many of the layers that are asked for do not come."""
    incoming, told = rendition.incoming, rendition.wanted.told
    if incoming is None or len(incoming.rids) < 2 or told == OFF:
        return 0
    return min(max(0, told - incoming.best(told)), len(incoming.rids) - 1)


def _wanted_bitrate(track: PublishedTrack, rendition: Rendition) -> float:
    """What the layers that are asked for would take at the rates their publisher declared.

    0 where that says nothing: a shared screen takes little while nothing moves on it, and of layers
    in a single stream the declared rates are not those of each.
    """
    incoming, layers = rendition.incoming, rendition.layers
    if incoming is None or track.kind != "video" or track.info.source == TrackSource.SCREEN_SHARE:
        return 0.0
    if len(incoming.rids) < 2 and len(layers) > 1:
        return 0.0
    told = rendition.wanted.told
    return float(sum(layer.bitrate for layer in layers if layer.quality <= told))


def _level(score: float) -> ConnectionQuality:
    if score > quality.EXCELLENT:
        return ConnectionQuality.EXCELLENT
    if score > quality.GOOD:
        return ConnectionQuality.GOOD
    return ConnectionQuality.POOR
