"""How a pushed message is encrypted (RFC 8291 over RFC 8188): only the browser reads it."""

from __future__ import annotations

import os

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

LARGEST_MESSAGE = 3000
"""Bytes of a message; push services take 4096 bytes encrypted (RFC 8030, section 7.2)."""
SECRET_BYTES = 16
_RECORD_BYTES = 4096
_LAST_RECORD = b"\x02"


def browser_key(point: bytes) -> ec.EllipticCurvePublicKey:
    """A browser's public key from its 65 bytes; raises ValueError when it is no point of P-256."""
    return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)


def encrypt(
    message: bytes,
    browser_point: bytes,
    secret: bytes,
    *,
    padded_to: int = 0,
    own_key: ec.EllipticCurvePrivateKey | None = None,
    salt: bytes | None = None,
) -> bytes:
    """The body to send (`Content-Encoding: aes128gcm`), for who holds that key and that secret.

    The length tells at least `padded_to` bytes whatever is said. Own key and salt are fresh each
    time: to be given by tests alone. Raises ValueError for a bad key or a message too long.
    """
    if len(message) > LARGEST_MESSAGE:
        raise ValueError("message too long")
    salt = os.urandom(16) if salt is None else salt
    own_key = own_key or ec.generate_private_key(ec.SECP256R1())
    own_point = own_key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    shared = own_key.exchange(ec.ECDH(), browser_key(browser_point))
    info = b"WebPush: info\0" + browser_point + own_point
    material = _derive(shared, secret, info, 32)
    key = _derive(material, salt, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _derive(material, salt, b"Content-Encoding: nonce\0", 12)
    plain = (message + _LAST_RECORD).ljust(padded_to + 1, b"\0")
    head = salt + _RECORD_BYTES.to_bytes(4) + bytes([len(own_point)]) + own_point
    return head + AESGCM(key).encrypt(nonce, plain, None)


def _derive(material: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(SHA256(), length, salt, info).derive(material)
