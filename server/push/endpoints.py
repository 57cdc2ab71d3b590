"""Which addresses a browser may have us send to: push services out there, never a machine nearby.

A name is checked twice: as it is given, and each address it leads to at the very moment of sending.
The server's keeper may name push services of their own network; only those may be nearby.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

LONGEST = 1000
_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")


@dataclass(frozen=True)
class OwnServices:
    """Push services of the keeper's network: origins, and the file of the authorities they have."""

    origins: frozenset[str] = frozenset()
    authorities: Path | None = None

    def tls(self) -> ssl.SSLContext:
        """What to trust there; raises OSError (ssl.SSLError) for a file that holds no authority."""
        return ssl.create_default_context(cafile=self.authorities)


def origin_of(url: str) -> str:
    """Scheme, host and port as an origin is written (RFC 6454, section 6.2); raises ValueError."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    named = f"[{host}]" if ":" in host else host
    usual = {"https": 443, "http": 80}.get(parts.scheme)
    return f"{parts.scheme}://{named}" + (
        f":{parts.port}" if parts.port not in (None, usual) else ""
    )


def is_endpoint(text: str, own: Collection[str] = ()) -> bool:
    """Whether `text` may be a push service's address; `own` are origins that may be nearby."""
    try:
        parts = urlsplit(text)
        host, port, origin = parts.hostname or "", parts.port, origin_of(text)
    except ValueError:
        return False
    if not text.isascii() or not text.isprintable() or len(text) > LONGEST or " " in text:
        return False
    if origin in own and "@" not in parts.netloc:
        return True
    if parts.scheme != "https" or port not in (None, 443) or "@" in parts.netloc:
        return False
    try:
        return is_far(host)
    except ValueError:  # a name, not an address: one of the public internet has a dot
        return "." in host.strip(".") and not host.rstrip(".").replace(".", "").isdecimal()


def is_far(address: str) -> bool:
    """Whether an IP address is of the public internet; raises ValueError when it is none."""
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if ip in _TRANSLATED:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return is_far(str(inner))
    return ip.is_global and not ip.is_multicast


class FarResolver(AbstractResolver):
    """Finds a name's addresses and keeps those of the public internet; OSError without any."""

    def __init__(self) -> None:
        self._resolver = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The addresses that may be connected to."""
        found = await self._resolver.resolve(host, port, family)
        far = [each for each in found if is_far(each["host"].partition("%")[0])]
        if not far:
            raise OSError(None, "leads to no public address")
        return far

    async def close(self) -> None:
        """Nothing is held."""
        await self._resolver.close()
