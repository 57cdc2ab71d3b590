"""How one participant's link is shared by what it looks at, told to its client where it hurts."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from livekit.protocol.models import TrackSource

from rooms.dynacast import OFF
from rooms.events import StreamPaused, StreamsPaused
from rooms.rtp.downlink import Downlink, View
from rooms.rtp.outgoing import OutgoingStream
from rooms.rtp.thinning import ALL
from rooms.tracks import SubscribedTrack

if TYPE_CHECKING:
    from rooms.participant import Participant

_SCREEN, _CHOSEN, _SPEAKING, _REST = 3, 2, 1, 0
_LARGE = 960
"""Pixels of width from which a picture is the one that is looked at."""


class Viewing:
    """The videos that reach one participant, as much of each as its link carries."""

    def __init__(self, viewer: Participant) -> None:
        self._viewer = viewer
        self._media = viewer.connection.subscriber.media
        self._downlink = Downlink(self._media.estimate)
        self._paused: dict[str, str] = {}
        """Publisher's sid, by the sid of the track that waits for a better link."""

    def adapt(self, speaking: Collection[str], now: float) -> None:
        """Look at the link if it is time; `speaking` are the sids of those who spoke of late."""
        if not self._downlink.due(now):
            return
        views: list[View] = []
        sounds: list[OutgoingStream] = []
        shown: dict[OutgoingStream, SubscribedTrack] = {}
        for subscribed in self._viewer.subscriptions:
            out = subscribed.out
            if out is None:
                continue
            if subscribed.track.kind == "audio":
                sounds.append(out)
            elif subscribed.quality != OFF:
                views.append(_view(subscribed, out, speaking))
                shown[out] = subscribed
        self._downlink.tick(views, sounds, now)
        self._media.pad(self._downlink.padding, now)
        paused = [shown[out].track for out in self._downlink.paused if out in shown]
        self._tell({track.sid: track.publisher.sid for track in paused})

    def tell(self) -> None:
        """Tell the client anew what waits, when it may have missed that."""
        before, self._paused = self._paused, {}
        self._tell(before)

    def _tell(self, paused: dict[str, str]) -> None:
        before, self._paused = self._paused, paused
        changes = [
            StreamPaused(publisher, sid, sid in paused)
            for sid, publisher in {**before, **paused}.items()
            if (sid in paused) != (sid in before)
        ]
        if changes:
            self._viewer.tell(StreamsPaused(tuple(changes)))


def _view(subscribed: SubscribedTrack, out: OutgoingStream, speaking: Collection[str]) -> View:
    track, settings = subscribed.track, subscribed.settings
    priority = _REST
    if track.info.source == TrackSource.SCREEN_SHARE:
        priority = _SCREEN
    elif settings.priority or settings.width >= _LARGE:
        priority = _CHOSEN
    elif track.publisher.sid in speaking:
        priority = _SPEAKING
    quality = subscribed.quality
    temporal = ALL if out.track is None else out.track.temporal_for(settings.fps, quality)
    return View(out, priority, quality, temporal)
