"""The server's own key towards push services (VAPID, RFC 8292): made, read, and used to sign."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime, timedelta

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from server.push.endpoints import origin_of

TOKEN_LIFE = timedelta(hours=12)
"""Push services refuse tokens of more than a day, by their own clock."""


def fresh_key() -> str:
    """A new private key, as it is kept: 32 bytes in base64url."""
    number = ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value
    return to_text(number.to_bytes(32))


class Vapid:
    """Says to push services who sends; `contact` is a mailto: or https: address to complain to.

    Without one the token names none: Google and Mozilla take that, Apple does not, nor any other
    kind of address (RFC 8292, section 2.1).
    """

    def __init__(self, key: str, contact: str) -> None:
        """Raises ValueError when `key` is none that `fresh_key` makes."""
        number = int.from_bytes(from_text(key))
        self._key = ec.derive_private_key(number, ec.SECP256R1())
        self._contact = contact
        point = self._key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        self.public_key = to_text(point)

    def authorization(self, endpoint: str, now: datetime) -> str:
        """The Authorization header of a message to that endpoint."""
        claims: dict[str, str | int] = {
            "aud": origin_of(endpoint),
            "exp": int((now + TOKEN_LIFE).timestamp()),
        }
        if self._contact:
            claims["sub"] = self._contact
        token = jwt.encode(claims, self._key, algorithm="ES256")
        return f"vapid t={token}, k={self.public_key}"


def to_text(data: bytes) -> str:
    """Bytes as base64url without padding, as push writes them."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def from_text(text: str) -> bytes:
    """The bytes of base64url, padded or not; raises ValueError."""
    try:
        plain = text.rstrip("=").encode("ascii")
        return base64.b64decode(plain + b"=" * (-len(plain) % 4), altchars=b"-_", validate=True)
    except (UnicodeEncodeError, binascii.Error):
        raise ValueError("not base64url") from None
