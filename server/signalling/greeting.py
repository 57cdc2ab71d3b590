"""The first message of a conversation: all that a client must know to begin, or to go on."""

from __future__ import annotations

from collections.abc import Iterable

from livekit.protocol.models import ClientConfiguration, Codec, ServerInfo
from livekit.protocol.rtc import (
    ICEServer,
    JoinResponse,
    ReconnectResponse,
    SignalResponse,
)

from rooms.participant import Participant

PING_INTERVAL = 5
PING_TIMEOUT = 15
COMPATIBLE_VERSION = "1.9.0"
"""The LiveKit server whose behaviour clients may expect of us; they gate RPC on it."""
PROTOCOL = 16
CODECS = ("audio/opus", "audio/red", "video/VP8", "video/H264", "video/VP9", "video/AV1")


def server_info() -> ServerInfo:
    """What clients are told of this server."""
    return ServerInfo(
        edition=ServerInfo.Standard,
        version=COMPATIBLE_VERSION,
        protocol=PROTOCOL,
        node_id="moulin",
        agent_protocol=1,
    )


def welcome(participant: Participant, ice_servers: Iterable[ICEServer]) -> SignalResponse:
    """The JoinResponse for a participant who has just come in."""
    room = participant.room
    single = participant.connection.single
    others = [one.info() for one in room.visible() if one is not participant]
    return SignalResponse(
        join=JoinResponse(
            room=room.info(),
            participant=participant.info(),
            other_participants=others,
            server_version=COMPATIBLE_VERSION,
            server_info=server_info(),
            ice_servers=ice_servers,
            subscriber_primary=not single,
            client_configuration=ClientConfiguration(),
            ping_interval=PING_INTERVAL,
            ping_timeout=PING_TIMEOUT,
            enabled_publish_codecs=[Codec(mime=mime) for mime in CODECS],
            fast_publish=participant.permissions.may_publish(),
        )
    )


def welcome_back(participant: Participant, ice_servers: Iterable[ICEServer]) -> SignalResponse:
    """The ReconnectResponse for a participant whose client has a new signal connection."""
    return SignalResponse(
        reconnect=ReconnectResponse(
            ice_servers=ice_servers,
            client_configuration=ClientConfiguration(),
            server_info=server_info(),
            last_message_seq=participant.last_sequence,
        )
    )
