"""Which codec of a video feeds each of its subscribers, where it comes in more than one."""

from __future__ import annotations

from collections.abc import Sequence

from rooms.rtp.incoming import IncomingTrack
from rooms.rtp.outgoing import OutgoingStream


class CodecChoice:
    """The tracks that carry one video or sound, by codec, and who is fed by them.

    Each subscriber gets the first of `order` that its stream can carry, or the last once `turned`;
    until that comes, whatever else it can be given.
    """

    def __init__(self, order: Sequence[str]) -> None:
        self.order = tuple(order)
        self.turned = False
        self._live: dict[str, IncomingTrack] = {}
        self._outgoing: list[OutgoingStream] = []

    def came(self, codec: str, track: IncomingTrack) -> None:
        """The publisher sends in `codec` from now on."""
        self._live[codec] = track
        track.on_layers = self._look
        self._look()

    def went(self, codec: str) -> None:
        """The publisher sends in `codec` no more."""
        track = self._live.pop(codec, None)
        if track is not None:
            track.on_layers = None
        self._look()

    def turn(self, turned: bool) -> None:
        """Have everybody go to the last codec, or back to the first."""
        if turned != self.turned:
            self.turned = turned
            self._look()

    def add_outgoing(self, out: OutgoingStream, now: float) -> None:
        """Feed `out` from now on."""
        if out not in self._outgoing:
            self._outgoing.append(out)
            self._feed(out, now)

    def remove_outgoing(self, out: OutgoingStream) -> None:
        """Feed `out` no more."""
        if out in self._outgoing:
            self._outgoing.remove(out)
        if out.track is not None:
            out.track.remove_outgoing(out)

    def target(self, out: OutgoingStream) -> str | None:
        """The codec that `out` is to have; None when it can carry none of them."""
        able = self._able(out)
        return able[-1 if self.turned else 0] if able else None

    def used(self, out: OutgoingStream) -> set[str]:
        """The codecs that have to be sent for `out`: the one it is to have, and what feeds it."""
        source = out.source.base.codec.name if out.source is not None else None
        track = next((codec for codec, each in self._live.items() if each is out.track), None)
        return {each for each in (self.target(out), source, track) if each is not None}

    def _able(self, out: OutgoingStream) -> tuple[str, ...]:
        if len(self.order) == 1:  # sound may be sent on in another form than it comes in
            return self.order
        return tuple(codec for codec in self.order if out.carries(codec))

    def _look(self) -> None:
        for out in self._outgoing:
            self._feed(out, None)

    def _feed(self, out: OutgoingStream, now: float | None) -> None:
        track = self._track_for(out)
        if track is None or track is out.track:
            return
        if out.track is not None:
            out.track.hand_over(out)
        track.add_outgoing(out, now)

    def _track_for(self, out: OutgoingStream) -> IncomingTrack | None:
        """The one to be fed by: the target once it flows, else what is had, else what flows."""
        target = self._live.get(self.target(out) or "")
        if target is not None and target.flows:
            return target
        able = [self._live[codec] for codec in self._able(out) if codec in self._live]
        if out.track in able:
            return out.track
        return next((each for each in able if each.flows), target or next(iter(able), None))
