"""Data packets as participants send them, checked and signed with their true sender."""

from __future__ import annotations

from dataclasses import dataclass

from google.protobuf.message import DecodeError
from livekit.protocol.models import DataPacket, UserPacket

from rooms.errors import MalformedPacket

RELIABLE = "_reliable"
LOSSY = "_lossy"
DATA_TRACK = "_data_track"
CHANNELS = frozenset({RELIABLE, LOSSY})
_PASSED = frozenset(
    {
        "user",
        "sip_dtmf",
        "transcription",
        "chat_message",
        "rpc_request",
        "rpc_ack",
        "rpc_response",
        "stream_header",
        "stream_chunk",
        "stream_trailer",
        "encrypted_packet",
    }
)


@dataclass(frozen=True, slots=True)
class Routed:
    """A packet ready to be sent, and to whom: everybody else when nobody is named."""

    data: bytes
    identities: frozenset[str]
    sids: frozenset[str]
    sequence: int

    def is_for(self, identity: str, sid: str) -> bool:
        """Whether the participant `identity`, known as `sid` this time, is to receive it."""
        if not self.identities and not self.sids:
            return True
        return identity in self.identities or sid in self.sids


def route(data: bytes, label: str, identity: str, sid: str) -> Routed:
    """Read a packet that `identity` sent and put its true sender in; raises MalformedPacket."""
    packet = DataPacket()
    try:
        packet.ParseFromString(data)
    except DecodeError:
        raise MalformedPacket("not a DataPacket") from None
    value = packet.WhichOneof("value")
    if value not in _PASSED:
        raise MalformedPacket(f"{value} is not for clients to send")
    identities = set(packet.destination_identities)
    sids: set[str] = set()
    if value == "user":
        # Older clients name sender and destinations inside the user's packet.
        identities.update(packet.user.destination_identities)
        sids.update(packet.user.destination_sids)
        packet.user.participant_identity = identity
        packet.user.participant_sid = sid
    packet.kind = DataPacket.RELIABLE if label == RELIABLE else DataPacket.LOSSY
    packet.participant_identity = identity
    packet.participant_sid = sid
    return Routed(
        packet.SerializeToString(), frozenset(identities), frozenset(sids), packet.sequence
    )


def from_server(
    payload: bytes,
    topic: str | None,
    *,
    lossy: bool,
    identities: frozenset[str],
    sids: frozenset[str],
) -> Routed:
    """A user packet that the RoomService sends in nobody's name."""
    user = UserPacket(payload=payload, destination_identities=sorted(identities))
    if topic is not None:
        user.topic = topic
    packet = DataPacket(kind=DataPacket.LOSSY if lossy else DataPacket.RELIABLE, user=user)
    packet.destination_identities.extend(sorted(identities))
    return Routed(packet.SerializeToString(), identities, sids, 0)
