"""The name that passkeys belong to."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from server.settings import Settings


def passkey_host(settings: Settings) -> str:
    """The name that passkeys belong to; "" where there can be none: they need a name, not an IP."""
    host = urlsplit(settings.address).hostname or ""
    try:
        ip_address(host)
    except ValueError:
        return host
    return ""
