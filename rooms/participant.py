"""One participant of a room: who it is, what state it is in, and the parts it is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from livekit.protocol.models import (
    ClientInfo,
    DisconnectReason,
    ParticipantInfo,
    TrackInfo,
)
from livekit.protocol.rtc import AddTrackRequest, SubscriptionPermission

from rooms.connection import Connection
from rooms.data_packets import CHANNELS, DATA_TRACK, RELIABLE, Routed, route
from rooms.data_tracks import DataTracks
from rooms.errors import LimitExceeded, MalformedPacket, NotAllowed
from rooms.events import (
    Event,
    Left,
    Listener,
    Next,
    PermissionsChanged,
    Superseded,
    TrackMuted,
    TrackPublished,
    TrackUnpublished,
)
from rooms.ids import new_id
from rooms.link_quality import LinkQuality
from rooms.permissions import Permissions
from rooms.publications import Publications
from rooms.subscriptions import Subscriptions
from rooms.tracks import PublishedTrack
from rooms.viewing import Viewing

if TYPE_CHECKING:
    from rooms.limits import Limits
    from rooms.room import Room
    from rooms.rtp.incoming import IncomingTrack


@dataclass(frozen=True)
class Joining:
    """Who joins, with which rights, and how its client wants to be served."""

    room: str
    identity: str
    name: str = ""
    metadata: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    permissions: Permissions = field(default_factory=Permissions)
    kind: ParticipantInfo.Kind = ParticipantInfo.Kind.STANDARD
    client: ClientInfo = field(default_factory=ClientInfo)
    auto_subscribe: bool = True
    single_connection: bool = True


class Participant:
    """Somebody in a room, from joining to leaving, over as many signal connections as it takes.

    `now` values are seconds of a monotonic clock. Implements `connection.Owner`.
    """

    def __init__(
        self,
        room: Room,
        joining: Joining,
        connect: Callable[[Participant], Connection],
        limits: Limits,
        *,
        joined_at: float,
    ) -> None:
        self.room = room
        self.sid = new_id("PA_")
        self.identity = joining.identity
        self.name = joining.name
        self.metadata = joining.metadata
        self.attributes = dict(joining.attributes)
        self.permissions = joining.permissions
        self.client = joining.client
        self.kind = joining.kind
        self.joined_at = joined_at
        self.state: ParticipantInfo.State = ParticipantInfo.State.JOINING
        self.left: Left | None = None
        self.entered_at = 0.0
        """When the room let it in, on the monotonic clock."""
        self.lost_at: float | None = None
        """When the signal connection was lost, while it is."""
        self.unplugged_at: float | None = None
        """When a peer connection ended; there is no way back from that."""
        self.last_sequence = 0
        self._limits = limits
        self._version = 1
        self._listener: Listener | None = None
        self.publications = Publications(self, limits)
        self.subscriptions = Subscriptions(self, automatic=joining.auto_subscribe)
        self.data_tracks = DataTracks(self, limits)
        self.connection = connect(self)
        self.viewing = Viewing(self)
        self.link = LinkQuality(self)

    @property
    def gone(self) -> bool:
        """Whether the participant has left."""
        return self.left is not None

    @property
    def active(self) -> bool:
        """Whether media can flow: the connection is up and nobody left."""
        return self.state == ParticipantInfo.State.ACTIVE

    @property
    def visible(self) -> bool:
        """Whether others know of this participant."""
        return self.active and not self.permissions.hidden

    def info(self) -> ParticipantInfo:
        """What clients are told of this participant, as of now."""
        info = ParticipantInfo(
            sid=self.sid,
            identity=self.identity,
            state=self.state,
            name=self.name,
            metadata=self.metadata,
            attributes=self.attributes,
            joined_at=int(self.joined_at),
            joined_at_ms=int(self.joined_at * 1000),
            version=self._version,
            permission=self.permissions.to_message(),
            is_publisher=len(self.publications) > 0,
            kind=self.kind,
            client_protocol=self.client.client_protocol,
            capabilities=self.client.capabilities,
            tracks=[track.info for track in self.publications],
            data_tracks=[track.info for track in self.data_tracks],
        )
        if self.left is not None:
            info.disconnect_reason = self.left.reason
        return info

    # What happens to the participant itself.

    def listen(self, listener: Listener | None, now: float) -> None:
        """From now on `listener` carries events to the client; None: the signal is lost."""
        before, self._listener = self._listener, listener
        self.lost_at = now if listener is None else None
        if listener is None and self.unplugged_at is not None:
            self.leave(DisconnectReason.SIGNAL_CLOSE)
        if before is not None and listener is not None and before is not listener:
            before.tell(Superseded())

    def hears(self, listener: Listener) -> bool:
        """Whether `listener` is the one that carries events now."""
        return self._listener is listener

    def tell(self, event: Event) -> None:
        """Tell the client, if it has a signal connection; state is told anew when it resumes."""
        if self._listener is not None:
            self._listener.tell(event)

    def changed(self) -> None:
        """Something that others see changed: tell everybody."""
        self._version += 1
        self.room.announce(self)

    def rename(
        self, name: str | None, metadata: str | None, attributes: Mapping[str, str] | None
    ) -> None:
        """Change what is said of the participant; None leaves it, an empty value removes.

        Raises LimitExceeded; then nothing is changed.
        """
        limits = self._limits
        merged = dict(self.attributes)
        for key, value in (attributes or {}).items():
            if value:
                merged[key] = value
            else:
                merged.pop(key, None)
        if name is not None and len(name) > limits.name_characters:
            raise LimitExceeded(f"a name has at most {limits.name_characters} characters")
        if metadata is not None and len(metadata.encode()) > limits.metadata_bytes:
            raise LimitExceeded(f"metadata has at most {limits.metadata_bytes} bytes")
        if sum(len(k.encode()) + len(v.encode()) for k, v in merged.items()) > (
            limits.attributes_bytes
        ):
            raise LimitExceeded(f"attributes have at most {limits.attributes_bytes} bytes")
        self.name = self.name if name is None else name
        self.metadata = self.metadata if metadata is None else metadata
        self.attributes = merged
        self.changed()
        self.tell(PermissionsChanged())

    def permit(self, permissions: Permissions) -> None:
        """Change what the participant may do, at once: what it may no more is ended."""
        before, self.permissions = self.permissions, permissions
        for track in self.publications.forbidden():
            self.take_down(track)
        if before.can_subscribe and not permissions.can_subscribe:
            self.subscriptions.revoke()
            self.data_tracks.revoke()
        elif permissions.can_subscribe and not before.can_subscribe:
            self.subscriptions.restore()
        self.room.visibility_changed(self, was_hidden=before.hidden)
        self.changed()
        self.tell(PermissionsChanged())

    def leave(
        self, reason: DisconnectReason, then: Next = Next.DISCONNECT, *, say: bool = True
    ) -> None:
        """Out of the room, for `reason`; `say`: the client is told (it did not ask to leave)."""
        if self.left is not None:
            return
        self.left = Left(reason, then)
        was_visible = self.visible
        self.state = ParticipantInfo.State.DISCONNECTED
        self._version += 1
        self.data_tracks.close()
        self.room.remove(self, was_visible=was_visible)
        self.connection.close()
        if say:
            self.tell(self.left)
        self._listener = None

    # What the participant publishes.

    def publish(self, request: AddTrackRequest) -> None:
        """Announce a track; raises NotAllowed or LimitExceeded."""
        track = self.publications.announce(request)
        self.tell(TrackPublished(request.cid, track.info))
        for live in self.publications.claimable():
            self.room.track_began(live)

    def mute(self, sid: str, muted: bool, *, by_moderator: bool = False) -> TrackInfo:
        """Silence a track of one's own, or give it voice again; raises NotFound."""
        track = self.publications.get(sid)
        if not by_moderator:
            track.mute_unanswered = False
        if track.info.muted == muted:
            return track.info
        track.info.muted = muted
        for subscribed in track.subscribers.values():
            subscribed.apply()
        if by_moderator:
            track.mute_unanswered = muted
            self.tell(TrackMuted(sid, muted))
        self.changed()
        return track.info

    def take_down(self, track: PublishedTrack) -> None:
        """End a track although its publisher did not ask for that."""
        self.publications.remove(track.sid)
        self.tell(TrackUnpublished(track.sid))
        if track.incoming is not None:
            self.room.track_ended(track)

    def restrict_subscribers(self, permission: SubscriptionPermission) -> None:
        """Only these participants may receive these tracks from now on."""
        self.publications.restrict(permission)
        self.room.restriction_changed(self)

    # connection.Owner

    def negotiated(self) -> None:
        """See `connection.Owner`."""
        self.subscriptions.bind()

    def connected(self) -> None:
        """See `connection.Owner`."""
        if not self.gone and not self.active:
            self.state = ParticipantInfo.State.ACTIVE
            self.room.activated(self)

    def disconnected(self, reason: str) -> None:
        """See `connection.Owner`. Who leaves hangs up first: wait a moment for its word."""
        if self.lost_at is not None:
            self.leave(DisconnectReason.SIGNAL_CLOSE)
        elif self.unplugged_at is None:
            self.unplugged_at = self.room.unplugged(self, reason)

    def codec_of(self, kind: str, msid: str) -> str:
        """See `connection.Owner`."""
        return self.publications.codec_of(kind, msid)

    def media_began(self, mid: str, msid: str, track: IncomingTrack) -> None:
        """See `connection.Owner`."""
        live = self.publications.section_began(mid, msid, track)
        if live is not None:
            self.room.track_began(live)

    def media_ended(self, mid: str) -> None:
        """See `connection.Owner`."""
        track = self.publications.section_ended(mid)
        if track is not None:
            self.room.track_ended(track)

    def received(self, label: str, data: bytes) -> None:
        """See `connection.Owner`."""
        try:
            routed = self._route(label, data)
        except (MalformedPacket, NotAllowed) as error:
            self.room.counters.add(f"data_{type(error).__name__.lower()}")
            return
        if routed is not None:
            self.room.deliver(routed, label, sender=self)

    def _route(self, label: str, data: bytes) -> Routed | None:
        if not self.permissions.can_publish_data or not self.active:
            raise NotAllowed("no right to send data")
        if label == DATA_TRACK:
            self.data_tracks.forward(data)
            return None
        if label not in CHANNELS:
            raise MalformedPacket(f"nothing is passed on from {label}")
        # Who is hidden stays so: others read the message and not who sent it.
        hidden = self.permissions.hidden
        routed = route(data, label, "" if hidden else self.identity, "" if hidden else self.sid)
        if label == RELIABLE and routed.sequence:
            # After a resume the client sends again what we may have had.
            if routed.sequence <= self.last_sequence:
                return None
            self.last_sequence = routed.sequence
        return routed
