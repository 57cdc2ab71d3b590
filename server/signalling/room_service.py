"""LiveKit's RoomService over Twirp: how the house, and other programs, moderate the rooms."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any

from aiohttp import web
from google.protobuf import json_format
from google.protobuf.message import DecodeError, Message
from livekit.protocol import room as messages
from livekit.protocol.models import DataPacket, DisconnectReason, ParticipantInfo
from livekit.protocol.models import Room as RoomInfo

from rooms.data_packets import LOSSY, RELIABLE, from_server
from rooms.errors import LimitExceeded, NotFound
from rooms.live_rooms import LiveRooms
from rooms.permissions import from_message
from rooms.room import Room
from server.keys import LIVE_ROOMS
from server.signalling.routes import claims_of
from server.signalling.tokens import Claims, InvalidToken

log = logging.getLogger(__name__)

PATH = "/twirp/livekit.RoomService/{method}"
_STATUS = {
    "malformed": 400,
    "invalid_argument": 400,
    "unauthenticated": 401,
    "permission_denied": 403,
    "not_found": 404,
    "bad_route": 404,
    "failed_precondition": 412,
    "resource_exhausted": 429,
    "internal": 500,
}


class Refused(Exception):
    """A call that is not carried out: a Twirp error code, and a sentence."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


def _room(rooms: LiveRooms, claims: Claims, name: str) -> Room:
    """The room `name`, for its moderator alone."""
    if not claims.may_administer(name):
        raise Refused("permission_denied", f"the token is not a moderator's of {name!r}")
    return rooms.get(name)


def _create_room(rooms: LiveRooms, claims: Claims, request: messages.CreateRoomRequest) -> RoomInfo:
    if not claims.room_create:
        raise Refused("permission_denied", "the token does not allow creating rooms (roomCreate)")
    room = rooms.open(request.name)
    if request.metadata:
        room.describe(request.metadata)
    room.empty_timeout = request.empty_timeout or room.empty_timeout
    room.departure_timeout = request.departure_timeout or room.departure_timeout
    if request.max_participants:
        room.max_participants = min(request.max_participants, rooms.limits.participants_per_room)
    return room.info()


def _list_rooms(
    rooms: LiveRooms, claims: Claims, request: messages.ListRoomsRequest
) -> messages.ListRoomsResponse:
    if not claims.room_list:
        raise Refused("permission_denied", "the token does not allow listing rooms (roomList)")
    wanted = set(request.names)
    found = [room.info() for room in rooms if not wanted or room.name in wanted]
    return messages.ListRoomsResponse(rooms=found)


def _delete_room(
    rooms: LiveRooms, claims: Claims, request: messages.DeleteRoomRequest
) -> messages.DeleteRoomResponse:
    if not claims.room_create:
        raise Refused("permission_denied", "the token does not allow deleting rooms (roomCreate)")
    rooms.delete(request.room)
    return messages.DeleteRoomResponse()


def _list_participants(
    rooms: LiveRooms, claims: Claims, request: messages.ListParticipantsRequest
) -> messages.ListParticipantsResponse:
    room = _room(rooms, claims, request.room)
    return messages.ListParticipantsResponse(participants=[one.info() for one in room])


def _get_participant(
    rooms: LiveRooms, claims: Claims, request: messages.RoomParticipantIdentity
) -> ParticipantInfo:
    return _room(rooms, claims, request.room).participant(request.identity).info()


def _remove_participant(
    rooms: LiveRooms, claims: Claims, request: messages.RoomParticipantIdentity
) -> messages.RemoveParticipantResponse:
    participant = _room(rooms, claims, request.room).participant(request.identity)
    participant.leave(DisconnectReason.PARTICIPANT_REMOVED)
    return messages.RemoveParticipantResponse()


def _mute_track(
    rooms: LiveRooms, claims: Claims, request: messages.MuteRoomTrackRequest
) -> messages.MuteRoomTrackResponse:
    participant = _room(rooms, claims, request.room).participant(request.identity)
    track = participant.publications.get(request.track_sid)
    if track.muted and not request.muted:
        raise Refused("failed_precondition", "only its publisher may unmute a track")
    info = participant.mute(request.track_sid, request.muted, by_moderator=True)
    return messages.MuteRoomTrackResponse(track=info)


def _update_participant(
    rooms: LiveRooms, claims: Claims, request: messages.UpdateParticipantRequest
) -> ParticipantInfo:
    participant = _room(rooms, claims, request.room).participant(request.identity)
    if request.name or request.metadata or request.attributes:
        participant.rename(request.name or None, request.metadata or None, dict(request.attributes))
    if request.HasField("permission"):
        participant.permit(from_message(request.permission, participant.permissions))
    return participant.info()


def _update_subscriptions(
    rooms: LiveRooms, claims: Claims, request: messages.UpdateSubscriptionsRequest
) -> messages.UpdateSubscriptionsResponse:
    participant = _room(rooms, claims, request.room).participant(request.identity)
    sids = [*request.track_sids]
    for one in request.participant_tracks:
        sids.extend(one.track_sids)
    participant.subscriptions.update(sids, request.subscribe)
    return messages.UpdateSubscriptionsResponse()


def _send_data(
    rooms: LiveRooms, claims: Claims, request: messages.SendDataRequest
) -> messages.SendDataResponse:
    room = _room(rooms, claims, request.room)
    lossy = request.kind == DataPacket.LOSSY
    routed = from_server(
        request.data,
        request.topic if request.HasField("topic") else None,
        lossy=lossy,
        identities=frozenset(request.destination_identities),
        sids=frozenset(request.destination_sids),
    )
    room.deliver(routed, LOSSY if lossy else RELIABLE, sender=None)
    return messages.SendDataResponse()


def _update_room_metadata(
    rooms: LiveRooms, claims: Claims, request: messages.UpdateRoomMetadataRequest
) -> RoomInfo:
    room = _room(rooms, claims, request.room)
    room.describe(request.metadata)
    return room.info()


Call = Callable[[LiveRooms, Claims, Any], Message]

METHODS: dict[str, tuple[type[Message], Call]] = {
    "CreateRoom": (messages.CreateRoomRequest, _create_room),
    "ListRooms": (messages.ListRoomsRequest, _list_rooms),
    "DeleteRoom": (messages.DeleteRoomRequest, _delete_room),
    "ListParticipants": (messages.ListParticipantsRequest, _list_participants),
    "GetParticipant": (messages.RoomParticipantIdentity, _get_participant),
    "RemoveParticipant": (messages.RoomParticipantIdentity, _remove_participant),
    "MutePublishedTrack": (messages.MuteRoomTrackRequest, _mute_track),
    "UpdateParticipant": (messages.UpdateParticipantRequest, _update_participant),
    "UpdateSubscriptions": (messages.UpdateSubscriptionsRequest, _update_subscriptions),
    "SendData": (messages.SendDataRequest, _send_data),
    "UpdateRoomMetadata": (messages.UpdateRoomMetadataRequest, _update_room_metadata),
}


def perform(
    rooms: LiveRooms, claims: Claims, method: str, body: bytes, *, as_json: bool
) -> Message:
    """Carry out one call; raises Refused."""
    if method not in METHODS:
        raise Refused("bad_route", f"there is no method {method}")
    kind, call = METHODS[method]
    try:
        return call(rooms, claims, _parsed(kind, body, as_json=as_json))
    except NotFound as error:
        raise Refused("not_found", str(error)) from None
    except LimitExceeded as error:
        raise Refused("resource_exhausted", str(error)) from None


def _parsed(kind: type[Message], body: bytes, *, as_json: bool) -> Message:
    request = kind()
    try:
        if as_json:
            json_format.Parse(body or b"{}", request, ignore_unknown_fields=True)
        else:
            request.ParseFromString(body)
    except (DecodeError, json_format.ParseError, ValueError, RecursionError):
        raise Refused("malformed", "the request cannot be read") from None
    return request


async def _handle(request: web.Request) -> web.Response:
    as_json = request.content_type == "application/json"
    if not as_json and request.content_type != "application/protobuf":
        return _error("bad_route", "send application/protobuf or application/json")
    try:
        claims = claims_of(request)
        limit = request.app[LIVE_ROOMS].limits.signal_message_bytes
        if (request.content_length or 0) > limit:
            raise Refused("resource_exhausted", f"a request has at most {limit} bytes")
        body = await request.read()
        rooms = request.app[LIVE_ROOMS]
        answer = perform(rooms, claims, request.match_info["method"], body, as_json=as_json)
    except InvalidToken as error:
        return _error("unauthenticated", str(error))
    except Refused as error:
        return _error(error.code, str(error))
    if as_json:
        text = json_format.MessageToJson(answer, preserving_proto_field_name=True)
        return web.Response(text=text, content_type="application/json")
    return web.Response(body=answer.SerializeToString(), content_type="application/protobuf")


def _error(code: str, text: str) -> web.Response:
    return web.Response(
        status=_STATUS[code],
        text=json.dumps({"code": code, "msg": text}),
        content_type="application/json",
    )


def add_room_service_routes(app: web.Application) -> None:
    """Serve the RoomService."""
    app.router.add_post(PATH, _handle)
