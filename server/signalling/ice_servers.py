"""Which STUN and TURN servers clients are told of."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from livekit.protocol.rtc import ICEServer

IceServers = Callable[[str], Iterable[ICEServer]]
"""Gives the servers for the participant of that identity (credentials may carry its name)."""


def no_ice_servers(identity: str) -> Iterable[ICEServer]:
    """None: clients reach the media port directly, or not at all."""
    return ()
