"""A browser's end of web push, played: it asks a push service for an address and reads messages."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from server.push.vapid import to_text
from tests.push_service import PushService


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

    def told(self, service: PushService) -> list[dict[str, Any]]:
        """What this device was told, in order."""
        return [
            json.loads(decrypt(each.body, self.key, self.secret))
            for each in service.taken
            if each.endpoint == self.endpoint
        ]


def subscribe(service: PushService, key: str | None = None) -> Device:
    """A device with an address at that service; with `key`, for that application server alone."""
    return Device(service.register("a-device", None, key))
