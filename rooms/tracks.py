"""A track that somebody publishes, and the same track as one participant receives it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from livekit.protocol.models import BackupCodecPolicy, TrackInfo, TrackType, VideoLayer

from rooms.dynacast import HIGH, OFF, WantedQuality
from rooms.rendition import Rendition
from rooms.rtp.codec_choice import CodecChoice
from rooms.rtp.layers import spatial_for_size

if TYPE_CHECKING:
    from rooms.participant import Participant
    from rooms.rtp.incoming import IncomingTrack
    from rooms.rtp.outgoing import OutgoingStream

BACKUP_PATIENCE = 15.0
"""Seconds in which a backup that somebody needs must come: what LiveKit gives a subscription."""


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
    """One track that a participant publishes: what clients know of it, and its media once here.

    `renditions` are the codecs in which it may come, the best first; the others come on demand.
    """

    def __init__(self, publisher: Participant, cid: str, info: TrackInfo) -> None:
        self.publisher = publisher
        self.info = info
        self.subscribers: dict[str, SubscribedTrack] = {}
        """By the sid of the participant who receives it."""
        self.announced_at = publisher.room.clock()
        self.was_subscribed = False
        self.mute_unanswered = False
        """A moderator muted it, and its client has not said that it did so."""
        first = Rendition(
            _codec(info.mime_type), cid, info.layers, self.announced_at, WantedQuality()
        )
        backups = (
            Rendition(_codec(each.mime_type), "", (), self.announced_at, WantedQuality(told=OFF))
            for each in info.codecs[1:]
        )
        self.renditions = [first, *backups]
        self.choice = CodecChoice([each.codec for each in self.renditions])
        self._lacking = WantedQuality(told=OFF)

    @property
    def first(self) -> Rendition:
        """The codec without which there is no track."""
        return self.renditions[0]

    @property
    def cid(self) -> str:
        """The client's own name for the media."""
        return self.first.cid

    @property
    def mid(self) -> str:
        """The section that carries it."""
        return self.first.mid

    @property
    def incoming(self) -> IncomingTrack | None:
        """Its media, once here."""
        return self.first.incoming

    def began(self, rendition: Rendition, mid: str, incoming: IncomingTrack) -> None:
        """Section `mid` carries `rendition` from now on."""
        info = self.info
        if rendition is self.first:
            # The publisher may know only another codec than it announced.
            rendition.codec, info.mid = incoming.codec.name, mid
            info.mime_type = f"{incoming.kind}/{rendition.codec}"
            for at in range(len(self.renditions) - 1, 0, -1):
                if self.renditions[at].codec == rendition.codec:
                    del self.renditions[at], info.codecs[at]
            self.choice.order = tuple(each.codec for each in self.renditions)
        rendition.mid, rendition.incoming = mid, incoming
        self._write(rendition)
        self.choice.came(rendition.codec, incoming)

    def expect(self, backup: Rendition, cid: str, layers: list[VideoLayer]) -> None:
        """The publisher begins to send `backup`, in a section that names `cid`."""
        backup.cid, backup.layers = cid, layers
        self._write(backup)

    def ended(self, rendition: Rendition) -> None:
        """A backup is not sent any more: it must be asked for anew."""
        rendition.mid = rendition.cid = ""
        rendition.incoming = None
        rendition.wanted = WantedQuality(told=OFF)
        self._write(rendition)
        self.choice.went(rendition.codec)

    def _write(self, rendition: Rendition) -> None:
        """Write what is known of `rendition` into what everybody is told."""
        at = self.renditions.index(rendition)
        for info in self.info.codecs[at : at + 1]:
            info.mid = rendition.mid
            if at:
                info.cid = rendition.cid
                del info.layers[:]
                info.layers.extend(rendition.layers)
            else:
                info.mime_type = self.info.mime_type

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
    def backups(self) -> tuple[str, ...]:
        """The codecs in which it can be had instead."""
        return tuple(each.codec for each in self.renditions[1:])

    @property
    def muted(self) -> bool:
        """Whether its publisher, or a moderator, silenced it."""
        return self.info.muted

    def quality_for(
        self, settings: TrackSettings, declared: Sequence[VideoLayer] | None = None
    ) -> int:
        """The lowest quality that satisfies `settings` (OFF when nothing is to be seen).

        `declared` are the layers to choose from, if not those of the first codec.
        """
        if settings.disabled:
            return OFF
        highest = min(max(settings.quality, 0), HIGH)
        layers = sorted(declared or self.info.layers, key=lambda layer: layer.quality)
        if not layers or not settings.width or not settings.height:
            return highest
        sizes = [(layer.width, layer.height) for layer in layers]
        return min(
            layers[spatial_for_size(settings.width, settings.height, sizes)].quality, highest
        )

    def look(self, now: float) -> bool:
        """Take in what subscribers want; whether the publisher is to be told of a change."""
        self._turn(now)
        changed = [
            each.wanted.update(self._highest_wanted(each), now) is not None
            for each in self.renditions
        ]
        return any(changed)

    def waiting_in_vain(self, now: float) -> tuple[SubscribedTrack, ...]:
        """Those for whom no codec that they decode came in time, each once while that lasts."""
        if len(self.renditions) < 2:
            return ()
        return tuple(one for one in self.subscribers.values() if one.despairs(now))

    def wishes(self) -> tuple[tuple[str, int], ...]:
        """Each codec in lower case, and the highest quality of it that is to be sent."""
        return tuple((each.codec.lower(), each.wanted.told) for each in self.renditions)

    def _highest_wanted(self, rendition: Rendition) -> int:
        """The highest quality of it that some subscriber looks at (OFF: nobody)."""
        wishes = (
            self.quality_for(one.settings, rendition.layers)
            for one in self.subscribers.values()
            if one.uses(rendition)
        )
        return max(wishes, default=OFF)

    def _turn(self, now: float) -> None:
        """Have all go to the backup while somebody lacks the first codec, unless both may be sent.

        Begun for who looks; who looks away keeps it, so that nobody else sees a change for that.
        """
        if len(self.renditions) < 2 or self.info.backup_codec_policy == BackupCodecPolicy.SIMULCAST:
            return
        lacking = [one for one in self.subscribers.values() if one.lacks(self.first)]
        if not self.choice.turned:
            lacking = [one for one in lacking if self.quality_for(one.settings) != OFF]
        self._lacking.update(HIGH if lacking else OFF, now)
        self.choice.turn(self._lacking.told != OFF)


class SubscribedTrack:
    """One published track on its way to one participant."""

    def __init__(self, track: PublishedTrack, subscriber: Participant) -> None:
        self.track = track
        self.subscriber = subscriber
        self.settings = TrackSettings()
        self.out: OutgoingStream | None = None
        self._in_vain_since: float | None = None
        self._despaired = False

    def bind(self, out: OutgoingStream) -> None:
        """The stream is negotiated: packets flow as the settings say."""
        self.out = out
        self.apply()

    @property
    def quality(self) -> int:
        """The quality that is looked at now: OFF when hidden, or silenced by its publisher."""
        track = self.track
        return OFF if track.muted else track.quality_for(self.settings, self._rendition.layers)

    @property
    def _rendition(self) -> Rendition:
        """What it is fed by, or will be first."""
        if self.out is not None:
            for each in self.track.renditions:
                if each.incoming is not None and each.incoming is self.out.track:
                    return each
        return self.track.first

    def uses(self, rendition: Rendition) -> bool:
        """Whether `rendition` has to be sent for this subscriber, as far as is known."""
        if len(self.track.renditions) == 1:
            return True
        if self.out is None:
            return rendition is self.track.first
        return rendition.codec in self.track.choice.used(self.out)

    def lacks(self, rendition: Rendition) -> bool:
        """Whether the subscriber cannot decode the codec of `rendition`."""
        return self.out is not None and not self.out.carries(rendition.codec)

    def despairs(self, now: float) -> bool:
        """Whether it is time to say that no backup comes; True once, until one came after all."""
        if not self._waits():
            self._in_vain_since, self._despaired = None, False
            return False
        if self._in_vain_since is None:
            self._in_vain_since = now
        if self._despaired or now - self._in_vain_since < BACKUP_PATIENCE:
            return False
        self._despaired = True
        return True

    def _waits(self) -> bool:
        """Whether it looks at a track of which nothing ever came in a codec that it decodes."""
        if not self.lacks(self.track.first) or self.quality == OFF:
            return False
        assert self.out is not None
        feeding = self.out.track
        return self.subscriber.lost_at is None and (feeding is None or not feeding.layers)

    def apply(self) -> None:
        """Make the stream follow the settings and the publisher's mute."""
        if self.out is None:
            return
        quality = self.quality
        self.out.want(None if quality == OFF else quality)


def _codec(mime_type: str) -> str:
    return mime_type.rpartition("/")[2]
