"""What one participant publishes: tracks it announced, and the media sections that carry them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from livekit.protocol.models import SimulcastCodecInfo, TrackInfo, TrackSource, TrackType
from livekit.protocol.rtc import AddTrackRequest, SubscriptionPermission

from rooms.errors import LimitExceeded, NotAllowed, NotFound
from rooms.ids import new_id
from rooms.rendition import Rendition
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
_CODECS = 2

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
        source = _source(request)
        if not self._publisher.permissions.may_publish(source):
            what = _SOURCE_NAMES.get(source, "this source")
            raise NotAllowed(f"your token does not allow publishing ({what})")
        if request.type not in (TrackType.AUDIO, TrackType.VIDEO):
            raise NotAllowed("only audio and video tracks can be published")
        self._forget_abandoned()
        if request.sid:
            return self._announce_backup(request)
        for pending in self._pending:
            if pending.cid == _bare(request.cid):
                return pending
        if len(self._live) + len(self._pending) >= self._limits.tracks_per_participant:
            raise LimitExceeded(f"at most {self._limits.tracks_per_participant} tracks each")
        track = PublishedTrack(self._publisher, _bare(request.cid), _info(request))
        self._pending.append(track)
        return track

    def _announce_backup(self, request: AddTrackRequest) -> PublishedTrack:
        """A live track is to come in another of its codecs too."""
        track = self._live.get(request.sid)
        for asked in list(request.simulcast_codecs)[:1]:
            for backup in track.renditions[1:] if track is not None else ():
                if backup.codec.lower() == _name(asked.codec) and track is not None:
                    if backup.incoming is None:
                        layers = list(asked.layers or request.layers)[:_LAYERS]
                        track.expect(backup, _bare(request.cid[:_TEXT_BYTES]), layers)
                    return track
        raise NotAllowed("no such track of yours was announced in this codec")

    def codec_of(self, kind: str, msid: str) -> str:
        """The codec of the announced or live track that a section of that msid would carry."""
        msid = _bare(msid)
        for pending in self._pending:  # also where the same media is live: it comes anew
            if pending.kind == kind and pending.cid == msid:
                return pending.first.codec
        for live in self:
            for each in live.renditions:
                if each.cid == msid != "":
                    return each.codec
        found = self._find(kind, msid)
        return found[1].codec if found is not None else ""

    def claimable(self) -> tuple[PublishedTrack, ...]:
        """The announced tracks that a section already carries, now live."""
        return tuple(
            track
            for section in tuple(self._unclaimed.values())
            if (track := self._claim(section)) is not None
        )

    def section_began(self, mid: str, msid: str, incoming: IncomingTrack) -> PublishedTrack | None:
        """Section `mid` carries media: the track that is live by it, None if none was announced."""
        section = _Section(mid, _bare(msid), incoming)
        track = self._claim(section)
        if track is None:
            self._unclaimed[mid] = section
        return track

    def section_ended(self, mid: str) -> PublishedTrack | None:
        """Section `mid` carries nothing any more: the track that ended, None if none did.

        A track goes on without its backup, and ends with its first codec.
        """
        self._unclaimed.pop(mid, None)
        for track in self:
            for rendition in track.renditions:
                if rendition.mid != mid:
                    continue
                if rendition is track.first:
                    del self._live[track.sid]
                    return track
                track.ended(rendition)
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

    def _find(self, kind: str, msid: str) -> tuple[PublishedTrack, Rendition] | None:
        """What was announced, is not here yet, and a section of that msid would carry."""
        same_kind = [t for t in self._pending if t.kind == kind]
        for track in same_kind:
            if track.cid == msid:
                return track, track.first
        for track in self:
            for backup in track.renditions[1:]:
                if backup.incoming is None and backup.cid == msid != "" and track.kind == kind:
                    return track, backup
        # Another section may carry the exact cid: leave that track to it.
        named = {other.msid for other in self._unclaimed.values()}
        unnamed = next((t for t in same_kind if t.cid not in named), None)
        return (unnamed, unnamed.first) if unnamed is not None else None

    def _claim(self, section: _Section) -> PublishedTrack | None:
        """Let what was announced begin with `section`, if anything fits it."""
        self._forget_abandoned()
        incoming = section.incoming
        found = self._find(incoming.kind, section.msid)
        if found is None:
            return None
        track, rendition = found
        if rendition is track.first:
            self._pending.remove(track)
            self._live[track.sid] = track
        elif rendition.codec != incoming.codec.name:
            return None
        self._unclaimed.pop(section.mid, None)
        track.began(rendition, section.mid, incoming)
        return track


def _bare(cid: str) -> str:
    """`cid` without the braces that Firefox puts around identifiers in its SDP."""
    return cid.removeprefix("{").removesuffix("}")


def _source(request: AddTrackRequest) -> TrackSource:
    """What a track comes from, as rights and mutes go by it: sound is never a camera."""
    pictures = request.source in (TrackSource.CAMERA, TrackSource.SCREEN_SHARE)
    sound = request.source in (TrackSource.MICROPHONE, TrackSource.SCREEN_SHARE_AUDIO)
    if request.type == TrackType.AUDIO and pictures:
        return TrackSource.MICROPHONE
    if request.type == TrackType.VIDEO and sound:
        return TrackSource.CAMERA
    return request.source


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
        source=_source(request),
        layers=list(request.layers)[:_LAYERS],
        mime_type=_mime_type(kind, request),
        stereo=request.stereo,
        disable_red=request.disable_red,
        encryption=request.encryption,
        stream=request.stream[:_TEXT_BYTES],
        audio_features=list(request.audio_features)[:_LAYERS],
        backup_codec_policy=request.backup_codec_policy,
    )
    for at, asked in enumerate(list(request.simulcast_codecs)[:_CODECS]):
        if at == 0:
            first = SimulcastCodecInfo(mime_type=info.mime_type, cid=asked.cid[:_TEXT_BYTES])
            first.layers.extend(info.layers)
            info.codecs.append(first)
            continue
        mime_type = f"{kind}/{_known(kind, asked.codec)}"
        if kind == "video" and mime_type not in (info.mime_type, "video/"):
            info.codecs.append(SimulcastCodecInfo(mime_type=mime_type))
    return info


def _mime_type(kind: str, request: AddTrackRequest) -> str:
    """The codec to publish with: the one asked for first, if we forward it."""
    for asked in list(request.simulcast_codecs)[:1]:
        if name := _known(kind, asked.codec):
            return f"{kind}/{name}"
    if kind == "audio":
        return "audio/opus" if request.disable_red or request.encryption else "audio/red"
    return "video/VP8"


def _known(kind: str, codec: str) -> str:
    """A codec's name as `codec_rules` writes it; '' if it is not forwarded."""
    names = (rule.name for rule in CODECS if rule.kind == kind)
    return next((name for name in names if name.lower() == _name(codec)), "")


def _name(codec: str) -> str:
    """`vp8` of `video/VP8`, or of itself."""
    return codec.rpartition("/")[2].lower()
