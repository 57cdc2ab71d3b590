"""Whose a network address is, for what one home may hold at most."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address, ip_network


def home_of(address: str) -> str:
    """The address itself, or its /64 for IPv6, which is what one home or phone has."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return "unknown"
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ip_network((int(parsed), 64), strict=False).network_address)
