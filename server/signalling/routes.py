"""The addresses of LiveKit's protocol: opening a conversation, and asking why one would fail."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web
from livekit.protocol.models import ParticipantInfo

from rooms.errors import LimitExceeded
from rooms.participant import Joining, Participant
from server.keys import LIVE_ROOMS, SETTINGS
from server.signalling import tokens
from server.signalling.admission import Admission, TooMany
from server.signalling.ice_servers import IceServers, no_ice_servers
from server.signalling.joining import BadJoin, JoinParameters, from_join_request, from_query
from server.signalling.tokens import Claims, InvalidToken
from server.signalling.vouched import own_attributes, own_metadata
from server.signalling.watch import Watch
from server.signalling.websocket import ClientSocket
from server.web.client_address import client_address

FRESH_TOKEN_TTL = 600.0
_CORS = {"Access-Control-Allow-Origin": "*"}
_KINDS = {
    "standard": ParticipantInfo.Kind.STANDARD,
    "ingress": ParticipantInfo.Kind.INGRESS,
    "egress": ParticipantInfo.Kind.EGRESS,
    "sip": ParticipantInfo.Kind.SIP,
    "agent": ParticipantInfo.Kind.AGENT,
}

ADMISSION: web.AppKey[Admission] = web.AppKey("admission", Admission)
ICE_SERVERS: web.AppKey[IceServers] = web.AppKey("ice_servers")
WATCH: web.AppKey[Watch] = web.AppKey("watch", Watch)

Parse = Callable[[web.Request], JoinParameters]


def api_secrets(app: web.Application) -> Mapping[str, str]:
    """The secrets by API key."""
    settings = app[SETTINGS]
    return {settings.api_key: settings.api_secret}


def claims_of(request: web.Request) -> Claims:
    """The verified claims of the request's token; raises InvalidToken."""
    scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
    token = bearer.strip() if scheme.lower() == "bearer" else ""
    token = token or request.query.get("access_token", "")
    return tokens.verify(token, api_secrets(request.app), time.time())


def refusal(status: int, text: str) -> web.Response:
    """An answer that says why, to scripts of any origin too."""
    return web.Response(status=status, text=text, headers=_CORS)


def _v0(request: web.Request) -> JoinParameters:
    return from_query(request.query)


def _v1(request: web.Request) -> JoinParameters:
    largest = request.app[LIVE_ROOMS].limits.join_request_bytes
    return from_join_request(request.query.get("join_request", ""), largest)


def _admit(request: web.Request, parse: Parse) -> tuple[Joining, JoinParameters]:
    """Who wants to join and how; raises InvalidToken, BadJoin, TooMany or LimitExceeded."""
    claims = claims_of(request)
    if not claims.room_join:
        raise InvalidToken("the access token does not allow joining a room (roomJoin)")
    if not claims.room or not claims.identity:
        raise InvalidToken("the access token names no room or no identity")
    parameters = parse(request)
    return _joining(claims, parameters), parameters


def _joining(claims: Claims, parameters: JoinParameters) -> Joining:
    metadata, attributes = claims.metadata, dict(claims.attributes)
    if claims.permissions.can_update_metadata:
        metadata = own_metadata(claims.identity, parameters.metadata) or metadata
        attributes.update(own_attributes(claims.identity, parameters.attributes))
    return Joining(
        room=claims.room,
        identity=claims.identity,
        name=claims.name,
        metadata=metadata,
        attributes=attributes,
        permissions=claims.permissions,
        kind=_KINDS.get(claims.kind, ParticipantInfo.Kind.STANDARD),
        client=parameters.client,
        auto_subscribe=parameters.auto_subscribe,
        single_connection=parameters.single_connection,
    )


def _open(parse: Parse) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def open_conversation(request: web.Request) -> web.StreamResponse:
        try:
            joining, parameters = _admit(request, parse)
            request.app[LIVE_ROOMS].check(joining)
            request.app[ADMISSION].join(joining.room, joining.identity, time.monotonic())
            if request.headers.get("Upgrade", "").lower() != "websocket":
                return refusal(400, "this address is for WebSockets")
            address = client_address(request, request.app[SETTINGS].trusted_proxies)
            with request.app[ADMISSION].connection(address):
                return await _converse(request, joining, parameters)
        except (InvalidToken, BadJoin, LimitExceeded, TooMany) as error:
            return _refused(error)

    return open_conversation


def _validate(parse: Parse) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def validate(request: web.Request) -> web.StreamResponse:
        try:
            joining, _ = _admit(request, parse)
            request.app[LIVE_ROOMS].check(joining)
        except (InvalidToken, BadJoin, LimitExceeded, TooMany) as error:
            return _refused(error)
        return refusal(200, "success")

    return validate


def _refused(error: Exception) -> web.Response:
    status = {InvalidToken: 401, BadJoin: 400, TooMany: 429}.get(type(error), 400)
    return refusal(status, str(error))


async def _converse(
    request: web.Request, joining: Joining, parameters: JoinParameters
) -> web.WebSocketResponse:
    live_rooms = request.app[LIVE_ROOMS]
    socket = web.WebSocketResponse(
        max_msg_size=live_rooms.limits.signal_message_bytes, compress=False, timeout=2.0
    )
    await socket.prepare(request)
    ice_servers = request.app.get(ICE_SERVERS, no_ice_servers)
    secrets = api_secrets(request.app)

    def fresh_token(participant: Participant) -> str:
        key = next(iter(secrets))
        return token_for(participant, key, secrets[key])

    client = ClientSocket(
        socket, live_rooms, ice_servers, fresh_token, request.app[WATCH], request.transport
    )
    await client.talk(joining, parameters)
    return socket


def token_for(participant: Participant, key: str, secret: str) -> str:
    """A short-lived token with which `participant` may come back as it is now."""
    permissions = participant.permissions
    return tokens.sign(
        key,
        secret,
        now=time.time(),
        ttl=FRESH_TOKEN_TTL,
        identity=participant.identity,
        name=participant.name,
        metadata=participant.metadata,
        attributes=participant.attributes,
        room=participant.room.name,
        room_admin=permissions.room_admin,
        can_publish=permissions.can_publish,
        can_publish_sources=permissions.can_publish_sources,
        can_subscribe=permissions.can_subscribe,
        can_publish_data=permissions.can_publish_data,
        can_update_own_metadata=permissions.can_update_metadata,
        hidden=permissions.hidden,
    )


def add_rtc_routes(app: web.Application) -> None:
    """Serve `/rtc` (two peer connections) and `/rtc/v1` (one), each with its validation."""
    app[ADMISSION] = Admission(app[SETTINGS].limits)
    app[WATCH] = Watch()
    app.router.add_get("/rtc", _open(_v0))
    app.router.add_get("/rtc/v1", _open(_v1))
    app.router.add_get("/rtc/validate", _validate(_v0))
    app.router.add_get("/rtc/v1/validate", _validate(_v1))
