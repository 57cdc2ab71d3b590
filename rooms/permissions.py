"""What a participant may do in its room (`Permissions`), as its token or a moderator said."""

from __future__ import annotations

from dataclasses import dataclass

from livekit.protocol.models import ParticipantPermission, TrackSource

SOURCES: dict[str, TrackSource] = {
    "camera": TrackSource.CAMERA,
    "microphone": TrackSource.MICROPHONE,
    "screen_share": TrackSource.SCREEN_SHARE,
    "screen_share_audio": TrackSource.SCREEN_SHARE_AUDIO,
}


@dataclass(frozen=True)
class Permissions:
    """The rights of one participant in one room; sources are named as in LiveKit's tokens."""

    can_publish: bool = True
    can_publish_sources: frozenset[str] = frozenset()
    """Empty means every source; otherwise only these, whatever `can_publish` says."""
    can_subscribe: bool = True
    can_publish_data: bool = True
    can_update_metadata: bool = False
    hidden: bool = False
    room_admin: bool = False

    def may_publish(self, source: TrackSource | None = None) -> bool:
        """Whether a track of `source` (anything at all when None) may be published."""
        if not self.can_publish_sources:
            return self.can_publish
        if source is None:
            return True
        return source in {SOURCES[name] for name in self.can_publish_sources if name in SOURCES}

    def to_message(self) -> ParticipantPermission:
        """As clients read it."""
        return ParticipantPermission(
            can_publish=self.can_publish,
            can_publish_sources=sorted(SOURCES[name] for name in self.can_publish_sources),
            can_subscribe=self.can_subscribe,
            can_publish_data=self.can_publish_data,
            can_update_metadata=self.can_update_metadata,
            hidden=self.hidden,
        )


def from_message(message: ParticipantPermission, before: Permissions) -> Permissions:
    """The permissions that a moderator set; what the message cannot say stays as it was."""
    names = {number: name for name, number in SOURCES.items()}
    sources = frozenset(names[s] for s in message.can_publish_sources if s in names)
    return Permissions(
        can_publish=message.can_publish,
        can_publish_sources=sources,
        can_subscribe=message.can_subscribe,
        can_publish_data=message.can_publish_data,
        can_update_metadata=message.can_update_metadata,
        hidden=message.hidden,
        room_admin=before.room_admin,
    )
