"""From which address a request really comes, when proxies that we trust stand between."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address, ip_network

from aiohttp import web

from rooms.homes import home_of


def client_address(request: web.Request, trusted_proxies: Iterable[str]) -> str:
    """The address of the person's side: the last one of X-Forwarded-For that no proxy of ours is.

    An IPv6 address is cut to its /64, which is what one home or phone has.
    """
    networks = [ip_network(network) for network in trusted_proxies]

    def is_trusted(address: str) -> bool:
        try:
            return any(ip_address(address) in network for network in networks)
        except ValueError:
            return False

    address = request.remote or ""
    forwarded = ",".join(request.headers.getall("X-Forwarded-For", ())).split(",")[-20:]
    hops = [hop.strip() for hop in forwarded if hop.strip()]
    while is_trusted(address) and hops:
        address = hops.pop()
    return home_of(address)
