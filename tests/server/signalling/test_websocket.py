"""The addresses of the protocol over real HTTP and WebSockets: who gets in, and what ends it."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType, WSServerHandshakeError
from livekit.protocol.models import DisconnectReason
from livekit.protocol.rtc import (
    JoinRequest,
    LeaveRequest,
    SessionDescription,
    SignalRequest,
    SignalResponse,
    UpdateParticipantMetadata,
    WrappedJoinRequest,
)

from rooms.limits import Limits
from server.signalling import watch, websocket
from server.signalling.tokens import verify
from tests.rooms.transport.samples import offer_text
from tests.rooms_server import API_KEY, API_SECRET, RoomsServer


def wrapped(request: JoinRequest) -> str:
    """`request` as it stands in the URL, not compressed."""
    data = WrappedJoinRequest(join_request=request.SerializeToString()).SerializeToString()
    return base64.urlsafe_b64encode(data).decode()


JOIN = wrapped(JoinRequest(metadata="x"))
LIMITS = Limits(
    connections_per_address=3,
    joins_per_identity_per_minute=4,
    signal_message_bytes=50_000,
    signal_queue_messages=100,
    participants_per_room=2,
)


@pytest.fixture
async def house() -> AsyncIterator[RoomsServer]:
    server = RoomsServer(LIMITS)
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def http() -> AsyncIterator[ClientSession]:
    async with ClientSession(trust_env=False) as client:
        yield client


class Door:
    """Opens WebSockets to the house by hand."""

    def __init__(self, house: RoomsServer, http: ClientSession) -> None:
        self.house = house
        self._http = http

    async def open(
        self,
        identity: str,
        path: str = "/rtc",
        *,
        join: JoinRequest | None = None,
        room: str = "atelier",
        **query: str,
    ) -> ClientWebSocketResponse:
        """A WebSocket of `identity`."""
        parameters = {"access_token": self.house.token(identity, room), **query}
        if path == "/rtc/v1":
            parameters["join_request"] = wrapped(join) if join else JOIN
        return await self._http.ws_connect(self.house.http_url + path, params=parameters)


@pytest.fixture
def door(house: RoomsServer, http: ClientSession) -> Door:
    return Door(house, http)


async def hear(socket: ClientWebSocketResponse) -> SignalResponse:
    """The next message."""
    message = await socket.receive(timeout=30)
    assert message.type is WSMsgType.BINARY, message
    return SignalResponse.FromString(message.data)


async def hear_until(socket: ClientWebSocketResponse, name: str) -> Any:
    """The content of the next message of that name."""
    while True:
        response = await hear(socket)
        if response.WhichOneof("message") == name:
            return getattr(response, name)


async def closed(socket: ClientWebSocketResponse) -> bool:
    """Wait for the end, whatever comes before."""
    async with asyncio.timeout(30):
        async for _ in socket:
            pass
    return socket.closed


@pytest.mark.parametrize("path", ["/rtc", "/rtc/v1"])
async def test_a_bad_token_is_refused_with_a_reason(
    house: RoomsServer, http: ClientSession, path: str
) -> None:
    tokens = {
        "": "no access token",
        "x.y.z": "cannot be read",
        house.token("ana", ttl=-3600.0): "expired",
        house.token("ana", room_join=False): "roomJoin",
        house.token(""): "no identity",
        house.token("ana", room=""): "no room",
    }
    for token, reason in tokens.items():
        for where in (path, path + "/validate"):
            parameters = {"access_token": token, "join_request": JOIN}
            async with http.get(house.http_url + where, params=parameters) as answer:
                assert answer.status == 401
                assert reason in await answer.text()
                assert answer.headers["Access-Control-Allow-Origin"] == "*"
                assert token == "" or token not in await answer.text()


@pytest.mark.parametrize("path", ["/rtc", "/rtc/v1"])
async def test_validation_tells_what_joining_would(
    house: RoomsServer, http: ClientSession, path: str
) -> None:
    parameters = {"access_token": house.token("ana"), "join_request": JOIN}
    async with http.get(house.http_url + path + "/validate", params=parameters) as answer:
        assert (answer.status, await answer.text()) == (200, "success")
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
    headers = {"Authorization": f"Bearer {house.token('ana')}"}
    async with http.get(
        house.http_url + path + "/validate", params={"join_request": JOIN}, headers=headers
    ) as answer:
        assert answer.status == 200


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/rtc/v1", {}),
        ("/rtc/v1", {"join_request": "???"}),
        ("/rtc/v1", {"join_request": "_" * 20}),
        ("/rtc", {"protocol": "many"}),
        ("/rtc", {"attributes": "e30x"}),
        ("/rtc", {}),
    ],
)
async def test_a_malformed_request_to_join_gets_400_and_a_sentence(
    house: RoomsServer, http: ClientSession, path: str, query: dict[str, str]
) -> None:
    parameters = {"access_token": house.token("ana"), **query}
    async with http.get(house.http_url + path, params=parameters) as answer:
        assert answer.status == 400
        assert len(await answer.text()) > 10


@pytest.mark.parametrize("path", ["/rtc", "/rtc/v1"])
async def test_the_first_message_says_all_there_is_to_know(door: Door, path: str) -> None:
    async with await door.open("ana", path) as socket:
        join = (await hear(socket)).join
        assert (join.room.name, join.participant.identity) == ("atelier", "ana")
        assert join.participant.sid.startswith("PA_")
        assert (join.ping_interval, join.ping_timeout) == (5, 15)
        assert join.subscriber_primary is (path == "/rtc")
        assert [codec.mime for codec in join.enabled_publish_codecs] == [
            "audio/opus",
            "audio/red",
            "video/VP8",
            "video/H264",
            "video/VP9",
            "video/AV1",
        ]
        assert join.server_info.version
        assert join.fast_publish
        if path == "/rtc":
            assert (await hear(socket)).offer.sdp.startswith("v=0")
        await socket.send_bytes(SignalRequest(ping=1).SerializeToString())
        assert (await hear(socket)).pong > 1_700_000_000_000


async def test_an_offer_in_the_request_to_join_is_answered_at_once(door: Door) -> None:
    offer = SessionDescription(type="offer", sdp=offer_text("native_join"), id=8)
    async with await door.open("ana", "/rtc/v1", join=JoinRequest(publisher_offer=offer)) as socket:
        assert (await hear(socket)).HasField("join")
        answer = (await hear(socket)).answer
        assert (answer.id, answer.type) == (8, "answer")


async def test_a_lost_socket_is_resumed_by_its_participant(door: Door) -> None:
    first = await door.open("ana")
    sid = (await hear(first)).join.participant.sid
    await first.close()
    async with await door.open("ana", reconnect="1", sid=sid) as second:
        assert (await hear(second)).HasField("reconnect")
        assert (await hear_until(second, "update")).participants[0].sid == sid
    async with await door.open("ana", reconnect="1", sid="PA_other") as third:
        leave = (await hear(third)).leave
        assert leave.action == LeaveRequest.RECONNECT
        assert leave.can_reconnect
        assert await closed(third)


async def test_leaving_closes_the_socket(door: Door, house: RoomsServer) -> None:
    async with await door.open("ana") as socket:
        await hear(socket)
        await socket.send_bytes(SignalRequest(leave=LeaveRequest()).SerializeToString())
        assert await closed(socket)
    assert not len(house.rooms.get("atelier"))


async def test_the_same_identity_again_ends_the_older(door: Door) -> None:
    older = await door.open("ana")
    await hear(older)
    async with await door.open("ana") as newer:
        assert (await hear(newer)).HasField("join")
        leave = await hear_until(older, "leave")
        assert (leave.action, leave.reason) == (
            LeaveRequest.DISCONNECT,
            DisconnectReason.DUPLICATE_IDENTITY,
        )
        assert await closed(older)


async def test_a_full_room_says_so_and_closes(door: Door) -> None:
    sockets = [await door.open(name) for name in ("ana", "bob", "eve")]
    leave = (await hear(sockets[2])).leave
    assert leave.reason == DisconnectReason.JOIN_FAILURE
    assert await closed(sockets[2])


async def test_connections_and_joins_are_counted(door: Door) -> None:
    sockets = [await door.open("ana", room=f"room {number}") for number in range(3)]
    with pytest.raises(WSServerHandshakeError) as refused:
        await door.open("bob")
    assert refused.value.status == 429
    for socket in sockets:
        await socket.close()
    for _ in range(4):
        await (await door.open("ana")).close()
    with pytest.raises(WSServerHandshakeError) as refused:
        await door.open("ana")
    assert refused.value.status == 429


@pytest.mark.parametrize(
    "data",
    [b"\xff" * 10, b"\0" * 60_000, b"\xff" * 49_000],
    ids=["not a message", "too large", "large and absurd"],
)
async def test_absurd_messages_end_their_sender_alone(door: Door, data: bytes) -> None:
    async with await door.open("bob") as bystander, await door.open("ana") as socket:
        await hear(socket)
        await socket.send_bytes(data)
        assert await closed(socket)
        await bystander.send_bytes(SignalRequest(ping=1).SerializeToString())
        await hear_until(bystander, "pong")


async def test_who_does_not_read_is_closed_and_may_resume(door: Door, house: RoomsServer) -> None:
    async with await door.open("ana") as socket:
        join = (await hear(socket)).join
        room = house.rooms.get("atelier")
        for _ in range(LIMITS.signal_queue_messages + 1):
            room.describe("x" * 1000)
        assert house.rtc.counters["signal_slow_client"] == 1
        assert await closed(socket)
    async with await door.open("ana", reconnect="1", sid=join.participant.sid) as again:
        assert (await hear(again)).HasField("reconnect")


async def test_who_says_nothing_for_long_is_closed(
    door: Door, house: RoomsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "LOOK_SECONDS", 0.02)
    monkeypatch.setattr(websocket, "PING_TIMEOUT", 0.1)
    async with await door.open("ana") as socket:
        assert await closed(socket)
    assert house.rtc.counters["signal_ping_timeout"] == 1


async def test_a_fresh_token_follows_a_change(door: Door, house: RoomsServer) -> None:
    async with await door.open("ana") as socket:
        await hear(socket)
        participant = house.rooms.get("atelier").participant("ana")
        participant.rename("Ana B.", None, {"status": "busy"})
        token = await hear_until(socket, "refresh_token")
    claims = verify(token, {API_KEY: API_SECRET}, participant.joined_at)
    assert (claims.identity, claims.name, claims.room) == ("ana", "Ana B.", "atelier")
    assert claims.attributes == {"status": "busy"}


async def test_what_a_client_calls_itself_needs_the_grant(
    house: RoomsServer, http: ClientSession
) -> None:
    attributes = base64.urlsafe_b64encode(b'{"a": "1"}').decode()
    for allowed in (False, True):
        token = house.token("ana", can_update_own_metadata=allowed)
        parameters = {"access_token": token, "attributes": attributes}
        async with http.ws_connect(house.http_url + "/rtc", params=parameters) as socket:
            join = (await hear(socket)).join
            assert dict(join.participant.attributes) == ({"a": "1"} if allowed else {})
            request = UpdateParticipantMetadata(name="Ana", request_id=3)
            await socket.send_bytes(SignalRequest(update_metadata=request).SerializeToString())
            response = await hear_until(socket, "request_response")
            assert (response.request_id, response.reason == 0) == (3, allowed)


async def test_nobody_of_the_house_comes_in_under_a_role_of_their_choice(
    house: RoomsServer, http: ClientSession
) -> None:
    attributes = base64.urlsafe_b64encode(b'{"role": "owner", "status": "busy"}').decode()
    token = house.token("g_0123456789abcdef", can_update_own_metadata=True)
    parameters = {"access_token": token, "attributes": attributes}
    async with http.ws_connect(house.http_url + "/rtc", params=parameters) as socket:
        join = (await hear(socket)).join
        assert dict(join.participant.attributes) == {"status": "busy"}


async def call(
    house: RoomsServer, http: ClientSession, method: str, body: Any, **grants: Any
) -> tuple[int, Any]:
    """Call the RoomService in JSON, as any program may."""
    token = house.token("", room_join=False, **grants)
    async with http.post(
        f"{house.http_url}/twirp/livekit.RoomService/{method}",
        json=body,
        headers={"Authorization": f"Bearer {token}"},
    ) as answer:
        return answer.status, await answer.json()


async def test_the_room_service_speaks_json(house: RoomsServer, http: ClientSession) -> None:
    status, room = await call(house, http, "CreateRoom", {"name": "jour"}, room_create=True)
    assert (status, room["name"]) == (200, "jour")
    status, answer = await call(house, http, "ListRooms", {"names": ["jour"]}, room_list=True)
    assert [room["name"] for room in answer["rooms"]] == ["jour"]
    status, answer = await call(
        house, http, "SendData", {"room": "jour", "data": "aGk="}, room="jour", room_admin=True
    )
    assert (status, answer) == (200, {})


@pytest.mark.parametrize(
    ("method", "body", "grants", "status", "code"),
    [
        ("CreateRoom", {"name": "x"}, {}, 403, "permission_denied"),
        ("ListRooms", {}, {}, 403, "permission_denied"),
        ("DeleteRoom", {"room": "x"}, {}, 403, "permission_denied"),
        ("ListParticipants", {"room": "x"}, {"room_admin": True}, 403, "permission_denied"),
        ("ListParticipants", {"room": "x"}, {"room_admin": True, "room": "x"}, 404, "not_found"),
        ("DeleteRoom", {"room": "x"}, {"room_create": True}, 404, "not_found"),
        ("CreateRoom", {"name": ""}, {"room_create": True}, 429, "resource_exhausted"),
        ("CreateRoom", {"name": 5}, {"room_create": True}, 400, "malformed"),
        ("MoveParticipant", {}, {"room_admin": True}, 404, "bad_route"),
    ],
)
async def test_the_room_service_says_why_not(
    house: RoomsServer,
    http: ClientSession,
    method: str,
    body: Any,
    grants: dict[str, Any],
    status: int,
    code: str,
) -> None:
    answered, error = await call(house, http, method, body, **grants)
    assert (answered, error["code"]) == (status, code)
    assert error["msg"]


async def test_only_a_publisher_unmutes(
    house: RoomsServer, door: Door, http: ClientSession
) -> None:
    async with await door.open("ana"):
        answered, error = await call(
            house,
            http,
            "MutePublishedTrack",
            {"room": "atelier", "identity": "ana", "track_sid": "TR_x"},
            room_admin=True,
        )
        assert (answered, error["code"]) == (404, "not_found")
