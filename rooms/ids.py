"""Mints the identifiers that clients see: a prefix that says the kind, then what nobody guesses."""

from __future__ import annotations

import secrets

_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def new_id(prefix: str) -> str:
    """A fresh identifier such as `PA_k3…` (12 characters of 57, 70 bits)."""
    return prefix + "".join(secrets.choice(_ALPHABET) for _ in range(12))
