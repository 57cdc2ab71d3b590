"""What a participant's client is told (`Event`), and who carries it there (`Listener`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Protocol

from livekit.protocol.models import (
    ConnectionQuality,
    DisconnectReason,
    ParticipantInfo,
    SpeakerInfo,
    SubscriptionError,
    TrackInfo,
)
from livekit.protocol.models import Room as RoomInfo


class Next(IntEnum):
    """What a client should do after it was told to leave (LeaveRequest.Action)."""

    DISCONNECT = 0
    RESUME = 1
    RECONNECT = 2


@dataclass(frozen=True, slots=True)
class ParticipantsChanged:
    """These participants are now so; a state of DISCONNECTED means that they left."""

    participants: tuple[ParticipantInfo, ...]


@dataclass(frozen=True, slots=True)
class RoomChanged:
    """The room's metadata or numbers changed."""

    room: RoomInfo


@dataclass(frozen=True, slots=True)
class TrackPublished:
    """The answer to a request to publish: the track's identifier is known from now on."""

    cid: str
    track: TrackInfo


@dataclass(frozen=True, slots=True)
class TrackUnpublished:
    """The client's own track was taken down by the server."""

    track_sid: str


@dataclass(frozen=True, slots=True)
class TrackSubscribed:
    """Somebody receives the client's own track, for the first time."""

    track_sid: str


@dataclass(frozen=True, slots=True)
class TrackMuted:
    """A moderator muted the client's own track."""

    track_sid: str
    muted: bool


@dataclass(frozen=True, slots=True)
class SpeakersChanged:
    """Those who began, continued otherwise, or stopped speaking; the others are as before."""

    speakers: tuple[SpeakerInfo, ...]


@dataclass(frozen=True, slots=True)
class Described:
    """A session description of ours: the answer to the client's offer, or an offer of our own."""

    type: str
    sdp: str
    id: int
    mid_to_track_id: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SectionsRequired:
    """The client must make a fresh offer, with so many more sections that we may send on."""

    audios: int
    videos: int


@dataclass(frozen=True, slots=True)
class QualitiesWanted:
    """For each codec of the client's own video, the best first, the highest quality of it that is
    needed (-1: none, do not send it)."""

    track_sid: str
    codecs: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class StreamPaused:
    """A video that waits until the client's link carries it, or comes again."""

    participant_sid: str
    track_sid: str
    paused: bool


@dataclass(frozen=True, slots=True)
class StreamsPaused:
    """These videos pause for want of bandwidth, or go on."""

    streams: tuple[StreamPaused, ...]


@dataclass(frozen=True, slots=True)
class LinkScore:
    """How good a participant's connection is; `score` goes from 0 to 100."""

    participant_sid: str
    level: ConnectionQuality
    score: float


@dataclass(frozen=True, slots=True)
class LinksChanged:
    """These participants' connections became better or worse."""

    links: tuple[LinkScore, ...]


@dataclass(frozen=True, slots=True)
class SubscriptionFailed:
    """A track that the client asked for cannot be had."""

    track_sid: str
    error: SubscriptionError


@dataclass(frozen=True, slots=True)
class SubscriptionAllowed:
    """A publisher allowed, or forbade, this client one of its tracks."""

    participant_sid: str
    track_sid: str
    allowed: bool


@dataclass(frozen=True, slots=True)
class Left:
    """The participant is out of the room; the conversation ends after this."""

    reason: DisconnectReason
    next: Next = Next.DISCONNECT


@dataclass(frozen=True, slots=True)
class PermissionsChanged:
    """The participant's rights or name changed: its next connection needs a token that says so."""


@dataclass(frozen=True, slots=True)
class DataTrackHandle:
    """Whose data track a handle of ours stands for."""

    publisher_identity: str
    publisher_sid: str
    track_sid: str


@dataclass(frozen=True, slots=True)
class DataTrackHandles:
    """All data tracks that the client receives, by the handle that their packets carry."""

    tracks: Mapping[int, DataTrackHandle]


@dataclass(frozen=True, slots=True)
class Superseded:
    """Another signal connection of the same client took over from this one."""


Event = (
    ParticipantsChanged
    | RoomChanged
    | TrackPublished
    | TrackUnpublished
    | TrackSubscribed
    | TrackMuted
    | SpeakersChanged
    | Described
    | SectionsRequired
    | QualitiesWanted
    | LinksChanged
    | StreamsPaused
    | SubscriptionFailed
    | SubscriptionAllowed
    | Left
    | PermissionsChanged
    | DataTrackHandles
    | Superseded
)


class Listener(Protocol):
    """Carries events to one client; it must neither block nor raise."""

    def tell(self, event: Event) -> None:
        """Pass `event` on, in order."""
