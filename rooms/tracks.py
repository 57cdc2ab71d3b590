"""A track that somebody publishes, and the same track as one participant receives it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from livekit.protocol.models import TrackInfo, TrackType

from rooms.dynacast import HIGH, OFF, WantedQuality
from rooms.rtp.layers import spatial_for_size

if TYPE_CHECKING:
    from rooms.participant import Participant
    from rooms.rtp.incoming import IncomingTrack
    from rooms.rtp.outgoing import OutgoingStream


@dataclass(frozen=True, slots=True)
class TrackSettings:
    """How a subscriber wants a track: hidden or not, at most that quality, about that size."""

    disabled: bool = False
    quality: int = HIGH
    width: int = 0
    height: int = 0
    fps: int = 0
    priority: int = 0


class PublishedTrack:
    """One track that a participant publishes: what clients know of it, and its media once here."""

    def __init__(self, publisher: Participant, cid: str, info: TrackInfo) -> None:
        self.publisher = publisher
        self.cid = cid
        self.info = info
        self.incoming: IncomingTrack | None = None
        self.mid = ""
        self.subscribers: dict[str, SubscribedTrack] = {}
        """By the sid of the participant who receives it."""
        self.announced_at = publisher.room.clock()
        self.was_subscribed = False
        self.wanted = WantedQuality()

    @property
    def sid(self) -> str:
        """The track's identifier (`TR_…`)."""
        return self.info.sid

    @property
    def kind(self) -> str:
        """`audio` or `video`."""
        return "audio" if self.info.type == TrackType.AUDIO else "video"

    @property
    def codec(self) -> str:
        """In what it is sent on: `red` where sound may be wrapped in it, even if it comes bare."""
        name = self.incoming.codec.name if self.incoming is not None else ""
        bare = self.info.disable_red or self.info.encryption  # who decrypts expects single frames
        return "red" if name == "opus" and not bare else name

    @property
    def muted(self) -> bool:
        """Whether its publisher, or a moderator, silenced it."""
        return self.info.muted

    def quality_for(self, settings: TrackSettings) -> int:
        """The lowest quality that satisfies `settings` (OFF when nothing is to be seen)."""
        if settings.disabled:
            return OFF
        highest = min(max(settings.quality, 0), HIGH)
        layers = sorted(self.info.layers, key=lambda layer: layer.quality)
        if not layers or not settings.width or not settings.height:
            return highest
        sizes = [(layer.width, layer.height) for layer in layers]
        return min(
            layers[spatial_for_size(settings.width, settings.height, sizes)].quality, highest
        )

    def highest_wanted(self) -> int:
        """The highest quality that some subscriber looks at (OFF: nobody)."""
        wishes = (self.quality_for(one.settings) for one in self.subscribers.values())
        return max(wishes, default=OFF)


class SubscribedTrack:
    """One published track on its way to one participant."""

    def __init__(self, track: PublishedTrack, subscriber: Participant) -> None:
        self.track = track
        self.subscriber = subscriber
        self.settings = TrackSettings()
        self.out: OutgoingStream | None = None

    def bind(self, out: OutgoingStream) -> None:
        """The stream is negotiated: packets flow as the settings say."""
        self.out = out
        self.apply()

    @property
    def quality(self) -> int:
        """The quality that is looked at now: OFF when hidden, or silenced by its publisher."""
        return OFF if self.track.muted else self.track.quality_for(self.settings)

    def apply(self) -> None:
        """Make the stream follow the settings and the publisher's mute."""
        if self.out is None:
            return
        quality = self.quality
        self.out.want(None if quality == OFF else quality)
