"""A push service of the test's own, and a browser's end of it that can read what it is sent."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import jwt
from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from server.push.vapid import from_text, to_text


def decrypt(body: bytes, key: ec.EllipticCurvePrivateKey, secret: bytes) -> bytes:
    """What a browser reads in a message of one record (RFC 8291, section 4)."""
    salt, length = body[:16], body[20]
    their_point, sealed = body[21 : 21 + length], body[21 + length :]
    theirs = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), their_point)
    info = b"WebPush: info\0" + point_of(key) + their_point
    material = HKDF(SHA256(), 32, secret, info).derive(key.exchange(ec.ECDH(), theirs))
    own = HKDF(SHA256(), 16, salt, b"Content-Encoding: aes128gcm\0").derive(material)
    nonce = HKDF(SHA256(), 12, salt, b"Content-Encoding: nonce\0").derive(material)
    plain = AESGCM(own).decrypt(nonce, sealed, None).rstrip(b"\0")
    assert plain[-1:] == b"\x02"
    return plain[:-1]


def point_of(key: ec.EllipticCurvePrivateKey) -> bytes:
    """The 65 bytes of a key's public half."""
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


@dataclass
class Device:
    """A browser that asked for notices at `endpoint`."""

    endpoint: str
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    secret: bytes = b"a secret of 16 b"

    @property
    def point(self) -> bytes:
        return point_of(self.key)

    @property
    def subscription(self) -> dict[str, Any]:
        """What the browser's PushSubscription says of itself."""
        keys = {"p256dh": to_text(self.point), "auth": to_text(self.secret)}
        return {"endpoint": self.endpoint, "expirationTime": None, "keys": keys}


class PushService:
    """Takes messages at /d/…, answers with `statuses` in order, then 201."""

    def __init__(self) -> None:
        self.received: list[tuple[str, dict[str, str], bytes]] = []
        self.statuses: list[int] = []
        self.origin = ""

    def device(self, name: str = "a") -> Device:
        return Device(f"{self.origin}/d/{name}")

    def read(self, device: Device) -> list[dict[str, Any]]:
        """What that device was told."""
        path = device.endpoint.removeprefix(self.origin)
        return [
            json.loads(decrypt(body, device.key, device.secret))
            for where, _headers, body in self.received
            if where == path
        ]

    def signed_by(self, public_key: str) -> dict[str, Any]:
        """The claims of the last message's token, checked with the key it names."""
        _path, headers, _body = self.received[-1]
        scheme, _, rest = headers["Authorization"].partition(" ")
        named = dict(part.strip().split("=", 1) for part in rest.split(","))
        assert (scheme, named["k"]) == ("vapid", public_key)
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), from_text(named["k"]))
        checked: dict[str, Any] = jwt.decode(
            named["t"], key, algorithms=["ES256"], audience=self.origin
        )
        return checked

    async def take(self, request: web.Request) -> web.Response:
        """POST /d/…"""
        self.received.append((request.path, dict(request.headers), await request.read()))
        status = self.statuses.pop(0) if self.statuses else 201
        headers = {"Location": f"{self.origin}/d/elsewhere"} if 300 <= status < 400 else {}
        return web.Response(status=status, headers=headers)


@asynccontextmanager
async def push_service() -> AsyncIterator[PushService]:
    """A push service that runs on this machine."""
    service = PushService()
    app = web.Application()
    app.router.add_post("/d/{name}", service.take)
    server = TestServer(app, host="127.0.0.1")
    await server.start_server()
    service.origin = str(server.make_url("/")).rstrip("/")
    yield service
    await server.close()
