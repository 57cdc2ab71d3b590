"""A push service of the tests' own: Firefox's WebSocket on one side, RFC 8030 on the other.

It is as strict as the strictest of the known ones, and passes on what it cannot read. Firefox is
told of it by `dom.push.serverURL`; application servers come by TLS, with the tests' authority.
"""

from __future__ import annotations

import asyncio
import base64
import json
import re
import secrets
import ssl
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jwt
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec

from server.push.vapid import from_text
from tests.certificates import authority_and_server
from tests.ports import free_port

A_DAY = 24 * 3600
LONGEST_TTL = 28 * A_DAY
"""Seconds: Google's limit, the lowest."""
LARGEST_BODY = 4096
WAIT_LIMIT = 60.0


@dataclass(eq=False)
class Refusal(Exception):
    """A message that is not taken: the status and why."""

    status: int
    reason: str


@dataclass
class Message:
    """A message that was taken, and `code`, what the browser made of it: 100 when it was shown."""

    endpoint: str
    headers: dict[str, str]
    body: bytes
    claims: dict[str, Any]
    key: str
    version: str
    expires: float
    code: int | None = None


@dataclass
class Channel:
    """One subscription of one browser; `key` is the only application server that may send to it."""

    id: str
    browser: str | None
    key: str | None
    gone: bool = False
    waiting: list[Message] = field(default_factory=list)


class PushService:
    """Addresses, messages and browsers, as autopush keeps them; `answers` are played first."""

    def __init__(self, origin: str, websocket: str, authorities: Path) -> None:
        self.origin, self.websocket, self.authorities = origin, websocket, authorities
        self.browsers: dict[str, web.WebSocketResponse | None] = {}
        self.channels: dict[str, Channel] = {}
        self.taken: list[Message] = []
        self.refused: list[Refusal] = []
        self.answers: list[tuple[int, Mapping[str, str]]] = []
        self.requests = 0
        self._changed = asyncio.Event()

    async def until(self, so: Callable[[], bool]) -> None:
        """Wait for something to be so here; TimeoutError after a minute."""
        async with asyncio.timeout(WAIT_LIMIT):
            while not so():
                self._changed.clear()
                await self._changed.wait()

    def register(self, channel: str, browser: str | None, key: str | None) -> str:
        """Another subscription's address; messages for `browser` None stay here."""
        endpoint = f"{self.origin}/wpush/v2/{secrets.token_urlsafe(24)}"
        plain = None if key is None else key.rstrip("=")
        self.channels[endpoint] = Channel(channel, browser, plain)
        return endpoint

    async def forget_browsers(self) -> None:
        """Lose every browser and its addresses: each is somebody new when it comes back."""
        for channel in self.channels.values():
            channel.gone = True
        lost, self.browsers = self.browsers, {}
        for websocket in lost.values():
            if websocket is not None:
                await websocket.close()

    async def take(self, request: web.Request) -> web.Response:
        """POST /wpush/v2/…: an application server's message (RFC 8030, section 5)."""
        self.requests += 1
        try:
            if self.answers:
                status, headers = self.answers.pop(0)
                return web.Response(status=status, headers=headers)
            message = self._checked(request, await request.read())
        except Refusal as refusal:
            self.refused.append(refusal)
            return web.json_response({"reason": refusal.reason}, status=refusal.status)
        finally:
            self._changed.set()
        channel = self.channels[message.endpoint]
        self.taken.append(message)
        if topic := message.headers.get("Topic"):
            channel.waiting = [m for m in channel.waiting if m.headers.get("Topic") != topic]
        channel.waiting.append(message)
        await self._pass_on(channel)
        headers = {"Location": f"{self.origin}/m/{message.version}", "TTL": request.headers["TTL"]}
        return web.Response(status=201, headers=headers)

    def _checked(self, request: web.Request, body: bytes) -> Message:
        endpoint, headers = self.origin + request.path, request.headers
        channel = self.channels.get(endpoint)
        if channel is None:
            raise Refusal(404, "no such subscription")
        if channel.gone:
            raise Refusal(410, "the browser wants none any more")
        claims, key = self._vapid(headers.get("Authorization", ""), channel.key)
        ttl = headers.get("TTL", "")
        if not ttl.isdecimal() or int(ttl) > LONGEST_TTL:
            raise Refusal(400, "TTL")
        if headers.get("Urgency", "normal") not in ("very-low", "low", "normal", "high"):
            raise Refusal(400, "Urgency")
        if not re.fullmatch(r"[\w-]{1,32}", headers.get("Topic", "_"), re.ASCII):
            raise Refusal(400, "Topic")
        if headers.get("Content-Encoding") != "aes128gcm":
            raise Refusal(400, "Content-Encoding")
        if len(body) > LARGEST_BODY:
            raise Refusal(413, "too large")
        version, expires = secrets.token_urlsafe(24), time.time() + int(ttl)
        return Message(endpoint, dict(headers), body, claims, key, version, expires)

    def _vapid(self, authorization: str, only: str | None) -> tuple[dict[str, Any], str]:
        """Who sends (RFC 8292): what the token claims, and the key that signed it."""
        found = re.fullmatch(r"vapid t=([\w.-]+), ?k=([\w-]+)", authorization, re.ASCII)
        if not found:
            raise Refusal(401, "no vapid")
        token, key = found.groups()
        if only is not None and key != only:
            raise Refusal(403, "another key than the subscription's")
        try:
            point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), from_text(key))
            claims = jwt.decode(
                token,
                point,
                algorithms=["ES256"],
                audience=self.origin,
                options={"require": ["aud", "exp", "sub"]},
            )
        except (ValueError, jwt.InvalidTokenError) as error:
            raise Refusal(403, f"BadJwtToken: {error}") from None
        if claims["exp"] > time.time() + A_DAY:
            raise Refusal(403, "exp")
        if not re.fullmatch(r"(mailto:[^\s<>@]+@|https://)[^\s<>]+", claims["sub"]):
            raise Refusal(403, "sub")
        return claims, key

    async def listen(self, request: web.Request) -> web.WebSocketResponse:
        """GET /: a browser, from its hello to its end."""
        websocket = web.WebSocketResponse(protocols=("push-notification",))
        await websocket.prepare(request)
        browser = ""
        async for frame in websocket:
            said = json.loads(frame.data)
            if said.get("messageType") == "hello":
                known = said.get("uaid", "")
                browser = known if known in self.browsers else secrets.token_hex(16)
                self.browsers[browser] = websocket
            with suppress(ConnectionError):
                if answer := self._answer(said, browser):
                    await websocket.send_json(answer)
                if said.get("messageType") == "hello":
                    for channel in self.channels.values():
                        await self._pass_on(channel)
            self._changed.set()
        if self.browsers.get(browser) is websocket:
            self.browsers[browser] = None
        return websocket

    def _answer(self, said: dict[str, Any], browser: str) -> dict[str, Any] | None:
        kind, channel = said.get("messageType"), said.get("channelID", "")
        answer = {"messageType": kind, "status": 200}
        if kind == "hello":
            return answer | {"uaid": browser, "use_webpush": True, "broadcasts": {}}
        if kind == "register":
            endpoint = self.register(channel, browser, said.get("key"))
            return answer | {"channelID": channel, "pushEndpoint": endpoint}
        mine = [each for each in self.channels.values() if each.browser == browser]
        if kind == "unregister":
            for each in mine:
                each.gone = each.gone or each.id == channel
            return answer | {"channelID": channel}
        if kind == "ack":
            codes = {each["version"]: each["code"] for each in said["updates"]}
            for each in mine:
                for message in each.waiting:
                    message.code = codes.get(message.version)
                each.waiting = [message for message in each.waiting if message.code is None]
            return None
        return {} if said == {} else None  # a ping; what else there is wants no answer

    async def _pass_on(self, channel: Channel) -> None:
        websocket = self.browsers.get(channel.browser or "")
        if websocket is None or channel.gone:
            return
        for message in [each for each in channel.waiting if each.expires > time.time()]:
            data = base64.urlsafe_b64encode(message.body).decode().rstrip("=")
            told = {"messageType": "notification", "channelID": channel.id, "data": data}
            headers = {"encoding": message.headers["Content-Encoding"]}
            with suppress(ConnectionError):
                await websocket.send_json(told | {"version": message.version, "headers": headers})


@asynccontextmanager
async def push_service(folder: Path) -> AsyncIterator[PushService]:
    """A push service that runs on this machine; its certificate's authority is in that folder."""
    authorities, tls = authority_and_server(folder)
    ports = free_port(), free_port()
    service = PushService(
        f"https://127.0.0.1:{ports[0]}", f"ws://127.0.0.1:{ports[1]}/", authorities
    )
    app = web.Application()
    app.add_routes([web.get("/", service.listen), web.post("/wpush/v2/{token}", service.take)])
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    contexts: tuple[ssl.SSLContext | None, ...] = (tls, None)
    for port, context in zip(ports, contexts, strict=True):
        await web.TCPSite(runner, "127.0.0.1", port, ssl_context=context).start()
    yield service
    await service.forget_browsers()
    await runner.cleanup()
