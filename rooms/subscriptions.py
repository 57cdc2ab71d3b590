"""What one participant receives: which tracks, in which quality, and what it asked or refused."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar

from livekit.protocol.models import SubscriptionError

from rooms.events import SubscriptionAllowed, SubscriptionFailed, TrackSubscribed
from rooms.tracks import PublishedTrack, SubscribedTrack, TrackSettings

if TYPE_CHECKING:
    from rooms.participant import Participant

REMEMBERED = 1024
"""The latest wishes that are kept, for tracks that are there, not yet, or not any more."""

T = TypeVar("T")


class Subscriptions:
    """The tracks that one participant receives, and its wishes about those that may come."""

    def __init__(self, subscriber: Participant, *, automatic: bool) -> None:
        self._subscriber = subscriber
        self._automatic = automatic
        self._wishes: dict[str, bool] = {}
        self._settings: dict[str, TrackSettings] = {}
        self._tracks: dict[str, SubscribedTrack] = {}

    def __iter__(self) -> Iterator[SubscribedTrack]:
        return iter(tuple(self._tracks.values()))

    def __contains__(self, sid: str) -> bool:
        return sid in self._tracks

    def offered(self, track: PublishedTrack) -> None:
        """`track` may be had: receive it if that is wished and allowed."""
        if self._wishes.get(track.sid, self._automatic):
            self._begin(track)

    def withdrawn(self, track: PublishedTrack) -> None:
        """`track` is not to be had any more."""
        self._end(track.sid)

    def update(self, sids: Iterable[str], subscribe: bool) -> None:
        """The client asks for tracks, or does not want them any more."""
        for sid in sids:
            _remember(self._wishes, sid, subscribe)
            if not subscribe:
                self._end(sid)
                continue
            track = self._subscriber.room.track(sid)
            if track is None:
                failure = SubscriptionFailed(sid, SubscriptionError.SE_TRACK_NOTFOUND)
                self._subscriber.tell(failure)
            else:
                self._begin(track)

    def configure(self, sids: Iterable[str], settings: TrackSettings) -> None:
        """The client says how it shows these tracks."""
        for sid in sids:
            _remember(self._settings, sid, settings)
            subscribed = self._tracks.get(sid)
            if subscribed is not None:
                subscribed.settings = settings
                subscribed.apply()
                self._subscriber.room.wish_changed(subscribed.track)

    def permission_changed(self, track: PublishedTrack) -> None:
        """The publisher of `track` changed who may receive it."""
        allowed = track.publisher.publications.allows(self._subscriber, track)
        if allowed == (track.sid in self._tracks):
            return
        wished = self._wishes.get(track.sid, self._automatic)
        if not allowed:
            self._end(track.sid)
        elif wished:
            self._begin(track)
        change = SubscriptionAllowed(track.publisher.sid, track.sid, allowed)
        self._subscriber.tell(change)

    def revoke(self) -> None:
        """Receive nothing any more; wishes are kept for the day it is allowed again."""
        for sid, subscribed in tuple(self._tracks.items()):
            self._end(sid)
            if not self._subscriber.gone:
                publisher = subscribed.track.publisher.sid
                self._subscriber.tell(SubscriptionAllowed(publisher, sid, allowed=False))

    def restore(self) -> None:
        """Receive again what others publish, and say so: clients keep in mind what was refused."""
        self._subscriber.room.offer_everything(self._subscriber)
        for subscribed in self:
            track = subscribed.track
            self._subscriber.tell(SubscriptionAllowed(track.publisher.sid, track.sid, allowed=True))

    def bind(self) -> None:
        """After each negotiation: take hold of the streams that have a section now.

        A track whose codec the client turns out not to know is not offered to it any more.
        """
        for subscribed in self:
            if subscribed.out is not self._subscriber.connection.outgoing(subscribed.track.sid):
                self._bind(subscribed)
            if subscribed.out is None and not self._subscriber.connection.decodes(subscribed.track):
                self._end(subscribed.track.sid)
                self.undecodable(subscribed.track)

    def undecodable(self, track: PublishedTrack) -> None:
        """`track` comes in no codec that the client decodes."""
        failure = SubscriptionFailed(track.sid, SubscriptionError.SE_CODEC_UNSUPPORTED)
        self._subscriber.tell(failure)

    def _bind(self, subscribed: SubscribedTrack) -> None:
        track = subscribed.track
        out = self._subscriber.connection.outgoing(track.sid)
        if out is None:  # none yet, or its section was taken back
            subscribed.out = None
            return
        subscribed.bind(out)
        self._subscriber.room.wish_changed(track)  # now it is known which codecs are of use
        if not track.was_subscribed:
            track.was_subscribed = True
            track.publisher.tell(TrackSubscribed(track.sid))

    def _begin(self, track: PublishedTrack) -> None:
        subscriber = self._subscriber
        if track.sid in self._tracks or track.publisher is subscriber or track.incoming is None:
            return
        if not subscriber.permissions.can_subscribe or subscriber.gone:
            return
        if not track.publisher.publications.allows(subscriber, track):
            subscriber.tell(SubscriptionAllowed(track.publisher.sid, track.sid, allowed=False))
            return
        subscribed = SubscribedTrack(track, subscriber)
        subscribed.settings = self._settings.get(track.sid, subscribed.settings)
        self._tracks[track.sid] = subscribed
        track.subscribers[subscriber.sid] = subscribed
        subscriber.connection.send(track)
        subscriber.room.wish_changed(track)

    def _end(self, sid: str) -> None:
        subscribed = self._tracks.pop(sid, None)
        if subscribed is None:
            return
        subscribed.out = None
        subscribed.track.subscribers.pop(self._subscriber.sid, None)
        self._subscriber.connection.stop_sending(sid)
        self._subscriber.room.wish_changed(subscribed.track)


def _remember(kept: dict[str, T], sid: str, wish: T) -> None:
    """Keep the latest wish about `sid`; in a day there are many tracks, so the oldest goes."""
    kept.pop(sid, None)
    kept[sid] = wish
    if len(kept) > REMEMBERED:
        del kept[next(iter(kept))]
