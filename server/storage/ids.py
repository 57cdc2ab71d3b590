"""Fresh identifiers and secrets for rows."""

from __future__ import annotations

import hashlib
import secrets


def new_id() -> str:
    """16 random hexadecimal digits."""
    return secrets.token_hex(8)


def new_token() -> str:
    """132 random bits in 22 characters that fit in an address."""
    return secrets.token_urlsafe(17)[:22]


def hash_of(token: str) -> str:
    """What is kept of a token that need never be shown again."""
    return hashlib.sha256(token.encode()).hexdigest()
