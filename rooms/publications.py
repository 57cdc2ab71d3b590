"""What one participant publishes: tracks it announced, and the media sections that carry them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from livekit.protocol.models import SimulcastCodecInfo, TrackInfo, TrackSource, TrackType
from livekit.protocol.rtc import AddTrackRequest, SubscriptionPermission

from rooms.errors import LimitExceeded, NotAllowed, NotFound
from rooms.ids import new_id
from rooms.tracks import PublishedTrack
from rooms.transport.codec_rules import CODECS

if TYPE_CHECKING:
    from rooms.limits import Limits
    from rooms.participant import Participant
    from rooms.rtp.incoming import IncomingTrack

_SOURCE_NAMES = {
    TrackSource.CAMERA: "camera",
    TrackSource.MICROPHONE: "microphone",
    TrackSource.SCREEN_SHARE: "screen share",
    TrackSource.SCREEN_SHARE_AUDIO: "screen share audio",
}
_TEXT_BYTES = 1024
_LAYERS = 8

ABANDONED = 60.0
"""Seconds between a track's announcement and its offer, at most."""


@dataclass(slots=True)
class _Section:
    """A media section that carries something nobody announced yet."""

    mid: str
    msid: str
    incoming: IncomingTrack


class Publications:
    """The tracks of one participant: announced (pending), then live once their section is agreed.

    The announcement and the offer may come in either order, and a client may publish the same
    media again under another msid, so both sides wait for each other here.
    """

    def __init__(self, publisher: Participant, limits: Limits) -> None:
        self._publisher = publisher
        self._limits = limits
        self._pending: list[PublishedTrack] = []
        self._live: dict[str, PublishedTrack] = {}
        self._unclaimed: dict[str, _Section] = {}
        self._permission: SubscriptionPermission | None = None

    def __iter__(self) -> Iterator[PublishedTrack]:
        return iter(tuple(self._live.values()))

    def __len__(self) -> int:
        return len(self._live)

    def get(self, sid: str) -> PublishedTrack:
        """The announced or live track `sid`; raises NotFound."""
        track = self._live.get(sid)
        for pending in self._pending:
            if pending.sid == sid:
                track = pending
        if track is None:
            raise NotFound(f"no track {sid}")
        return track

    def announce(self, request: AddTrackRequest) -> PublishedTrack:
        """Give the track of `request` its sid; raises NotAllowed or LimitExceeded."""
        if not self._publisher.permissions.may_publish(request.source):
            what = _SOURCE_NAMES.get(request.source, "this source")
            raise NotAllowed(f"your token does not allow publishing ({what})")
        if request.type not in (TrackType.AUDIO, TrackType.VIDEO):
            raise NotAllowed("only audio and video tracks can be published")
        self._forget_abandoned()
        for pending in self._pending:
            if pending.cid == _bare(request.cid):
                return pending
        if len(self._live) + len(self._pending) >= self._limits.tracks_per_participant:
            raise LimitExceeded(f"at most {self._limits.tracks_per_participant} tracks each")
        track = PublishedTrack(self._publisher, _bare(request.cid), _info(request))
        self._pending.append(track)
        return track

    def codec_of(self, kind: str, msid: str) -> str:
        """The codec of the announced or live track that a section of that msid would carry."""
        track = self._find(kind, _bare(msid))
        for live in self:
            if live.cid == _bare(msid):
                track = live
        return track.info.mime_type.rpartition("/")[2] if track is not None else ""

    def claimable(self) -> tuple[PublishedTrack, ...]:
        """The announced tracks that a section already carries, now live."""
        found = []
        for section in tuple(self._unclaimed.values()):
            track = self._match(section)
            if track is not None:
                found.append(self._begin(track, section))
        return tuple(found)

    def section_began(self, mid: str, msid: str, incoming: IncomingTrack) -> PublishedTrack | None:
        """Section `mid` carries media: the track that is live by it, None if none was announced."""
        section = _Section(mid, _bare(msid), incoming)
        track = self._match(section)
        if track is None:
            self._unclaimed[mid] = section
            return None
        return self._begin(track, section)

    def section_ended(self, mid: str) -> PublishedTrack | None:
        """Section `mid` carries nothing any more: the track that ended, None if none was live."""
        self._unclaimed.pop(mid, None)
        for track in self:
            if track.mid == mid:
                del self._live[track.sid]
                return track
        return None

    def remove(self, sid: str) -> PublishedTrack:
        """Take `sid` down, whatever its section still carries; raises NotFound."""
        track = self.get(sid)
        if track in self._pending:
            self._pending.remove(track)
        self._live.pop(sid, None)
        return track

    def forbidden(self) -> tuple[PublishedTrack, ...]:
        """The tracks that the publisher's permissions do not cover (any more)."""
        allowed = self._publisher.permissions.may_publish
        return tuple(t for t in (*self._pending, *self) if not allowed(t.info.source))

    def restrict(self, permission: SubscriptionPermission) -> None:
        """From now on only these participants may subscribe."""
        self._permission = None if permission.all_participants else permission

    def allows(self, subscriber: Participant, track: PublishedTrack) -> bool:
        """Whether the publisher lets `subscriber` receive `track`."""
        if self._permission is None:
            return True
        for one in self._permission.track_permissions:
            if subscriber.sid == one.participant_sid or (
                one.participant_identity and subscriber.identity == one.participant_identity
            ):
                return one.all_tracks or track.sid in one.track_sids
        return False

    def _forget_abandoned(self) -> None:
        """Announced long ago and never offered: the client gave up, or failed, in between."""
        oldest = self._publisher.room.clock() - ABANDONED
        self._pending = [track for track in self._pending if track.announced_at >= oldest]

    def _match(self, section: _Section) -> PublishedTrack | None:
        self._forget_abandoned()
        return self._find(section.incoming.kind, section.msid)

    def _find(self, kind: str, msid: str) -> PublishedTrack | None:
        same_kind = [t for t in self._pending if t.kind == kind]
        for track in same_kind:
            if track.cid == msid:
                return track
        # Another section may carry the exact cid: leave that track to it.
        named = {other.msid for other in self._unclaimed.values()}
        return next((t for t in same_kind if t.cid not in named), None)

    def _begin(self, track: PublishedTrack, section: _Section) -> PublishedTrack:
        self._unclaimed.pop(section.mid, None)
        self._pending.remove(track)
        track.incoming = section.incoming
        track.mid = section.mid
        track.info.mid = section.mid
        codec = section.incoming.codec
        track.info.mime_type = f"{section.incoming.kind}/{codec.name}"
        for simulcast_codec in track.info.codecs[:1]:
            simulcast_codec.mime_type = track.info.mime_type
            simulcast_codec.mid = section.mid
        self._live[track.sid] = track
        return track


def _bare(cid: str) -> str:
    """`cid` without the braces that Firefox puts around identifiers in its SDP."""
    return cid.removeprefix("{").removesuffix("}")


def _info(request: AddTrackRequest) -> TrackInfo:
    """What everybody is told of the track that `request` announces."""
    kind = "audio" if request.type == TrackType.AUDIO else "video"
    info = TrackInfo(
        sid=new_id("TR_"),
        type=request.type,
        name=request.name[:_TEXT_BYTES],
        muted=request.muted,
        width=request.width,
        height=request.height,
        simulcast=len(request.layers) > 1,
        disable_dtx=request.disable_dtx,
        source=request.source,
        layers=list(request.layers)[:_LAYERS],
        mime_type=_mime_type(kind, request),
        stereo=request.stereo,
        disable_red=request.disable_red,
        encryption=request.encryption,
        stream=request.stream[:_TEXT_BYTES],
        audio_features=list(request.audio_features)[:_LAYERS],
    )
    for codec in list(request.simulcast_codecs)[:1]:
        info.codecs.append(
            SimulcastCodecInfo(
                mime_type=info.mime_type, cid=codec.cid[:_TEXT_BYTES], layers=info.layers
            )
        )
    return info


def _mime_type(kind: str, request: AddTrackRequest) -> str:
    """The codec to publish with: the one asked for first, if we forward it."""
    for asked in list(request.simulcast_codecs)[:1]:
        for rule in CODECS:
            if rule.kind == kind and rule.name.lower() == asked.codec.rpartition("/")[2].lower():
                return f"{kind}/{rule.name}"
    if kind == "audio":
        return "audio/opus" if request.disable_red or request.encryption else "audio/red"
    return "video/VP8"
