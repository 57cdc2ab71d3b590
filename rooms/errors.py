"""The errors of the live rooms: one tree, each saying whose fault it is."""

from __future__ import annotations


class RoomsError(Exception):
    """Root of everything that `rooms` raises on purpose."""


class RemoteError(RoomsError):
    """The other side broke a rule: refuse it, count it, and let nobody else notice."""


class SdpError(RemoteError):
    """A session description that cannot be read, or that is larger than allowed (RFC 8866)."""


class NegotiationError(RemoteError):
    """A readable description that contradicts what was agreed before (RFC 8829)."""


class MalformedPacket(RemoteError):
    """Bytes from the network that are not what their place says they are."""


class LimitExceeded(RemoteError):
    """A cap of `rooms.limits.Limits` was reached."""


class NotAllowed(RemoteError):
    """The participant's permissions do not cover what it asked for."""


class NotFound(RemoteError):
    """A room, participant, track or mid that is not there."""


class LocalError(RoomsError):
    """Our own code or configuration asked for something impossible."""


class AddressInUse(LocalError):
    """A UDP or TCP address of the settings cannot be bound."""


class PeerClosed(LocalError):
    """The peer connection was closed before the call."""
