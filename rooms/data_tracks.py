"""Data tracks of one participant: frames of bytes that only those who ask for them receive."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import TYPE_CHECKING

from livekit.protocol.models import DataTrackInfo
from livekit.protocol.rtc import PublishDataTrackRequest

from rooms.data_packets import DATA_TRACK
from rooms.errors import LimitExceeded, MalformedPacket, NotAllowed, NotFound, RemoteError
from rooms.events import DataTrackHandle, DataTrackHandles
from rooms.ids import new_id

if TYPE_CHECKING:
    from rooms.limits import Limits
    from rooms.participant import Participant

HEADER = 12
"""Bytes: version and marker, reserved, handle (16 bits), sequence, frame, timestamp."""
_VERSION = 0
_LAST_HANDLE = 0xFFFF


class Fault(Enum):
    """What is wrong with a data track that somebody wants to publish."""

    HANDLE = "its handle must be 1 to 65535"
    HANDLE_TAKEN = "its handle is in use"
    NAME = "it needs a name of 1 to 256 characters"
    NAME_TAKEN = "its name is in use"


class BadDataTrack(RemoteError):
    """A data track that cannot be published, for `fault`."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.value)
        self.fault = fault


class DataTrack:
    """One published data track, and under which handle each receiver knows it."""

    def __init__(self, publisher: Participant, info: DataTrackInfo) -> None:
        self.publisher = publisher
        self.info = info
        self.receivers: dict[DataTracks, int] = {}


class DataTracks:
    """What one participant publishes, by its own handles, and receives, by handles of ours."""

    def __init__(self, owner: Participant, limits: Limits) -> None:
        self._owner = owner
        self._limits = limits
        self._published: dict[int, DataTrack] = {}
        self._received: dict[int, DataTrack] = {}
        self._last_handle = 0

    def __iter__(self) -> Iterator[DataTrack]:
        return iter(tuple(self._published.values()))

    def publish(self, request: PublishDataTrackRequest) -> DataTrackInfo:
        """Begin a track; raises NotAllowed, LimitExceeded or BadDataTrack."""
        if not self._owner.permissions.can_publish_data:
            raise NotAllowed("your token does not allow publishing data")
        if len(self._published) >= self._limits.tracks_per_participant:
            raise LimitExceeded(f"at most {self._limits.tracks_per_participant} data tracks each")
        fault = self._fault(request)
        if fault is not None:
            raise BadDataTrack(fault)
        info = DataTrackInfo(
            pub_handle=request.pub_handle,
            sid=new_id("DTR_"),
            name=request.name,
            encryption=request.encryption,
        )
        self._published[request.pub_handle] = DataTrack(self._owner, info)
        self._owner.changed()
        return info

    def unpublish(self, handle: int) -> DataTrackInfo:
        """End a track of one's own; raises NotFound."""
        track = self._published.pop(handle, None)
        if track is None:
            raise NotFound(f"no data track of handle {handle}")
        for receiver in tuple(track.receivers):
            receiver.drop(track)
        self._owner.changed()
        return track.info

    def receive(self, track: DataTrack) -> None:
        """Ask for a track of somebody else, under a fresh handle."""
        if track.publisher is self._owner or self in track.receivers:
            return
        if not self._owner.permissions.can_subscribe or self._last_handle >= _LAST_HANDLE:
            return
        self._last_handle += 1
        self._received[self._last_handle] = track
        track.receivers[self] = self._last_handle
        self.tell()

    def drop(self, track: DataTrack) -> None:
        """Receive a track no more."""
        handle = track.receivers.pop(self, None)
        if handle is not None:
            self._received.pop(handle, None)
            self.tell()

    def revoke(self) -> None:
        """Receive nothing any more."""
        for track in tuple(self._received.values()):
            self.drop(track)

    def tell(self) -> None:
        """Tell the client which handle is which track."""
        handles = {
            handle: DataTrackHandle(track.publisher.identity, track.publisher.sid, track.info.sid)
            for handle, track in self._received.items()
        }
        self._owner.tell(DataTrackHandles(handles))

    def forward(self, packet: bytes) -> None:
        """Pass a packet of the owner on to those who asked; raises MalformedPacket."""
        if len(packet) < HEADER or packet[0] >> 5 != _VERSION:
            raise MalformedPacket("not a data track's packet")
        track = self._published.get(int.from_bytes(packet[2:4], "big"))
        if track is None:
            raise MalformedPacket("no data track of that handle")
        if not self._owner.visible:
            return
        for receiver, handle in track.receivers.items():
            renamed = packet[:2] + handle.to_bytes(2, "big") + packet[4:]
            receiver._owner.connection.send_data(DATA_TRACK, renamed)  # noqa: SLF001 - one class

    def close(self) -> None:
        """The owner left: its tracks end, and it receives none."""
        for track in self:
            for receiver in tuple(track.receivers):
                receiver.drop(track)
        self._published.clear()
        for track in self._received.values():
            track.receivers.pop(self, None)
        self._received.clear()

    def _fault(self, request: PublishDataTrackRequest) -> Fault | None:
        if not 1 <= request.pub_handle <= _LAST_HANDLE:
            return Fault.HANDLE
        if request.pub_handle in self._published:
            return Fault.HANDLE_TAKEN
        if not 1 <= len(request.name) <= self._limits.name_characters:
            return Fault.NAME
        if any(track.info.name == request.name for track in self):
            return Fault.NAME_TAKEN
        return None
