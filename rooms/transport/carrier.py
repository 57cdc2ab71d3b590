"""What carries datagrams to and from clients: a UDP socket for all of them, or one's TCP."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from rooms.transport.media import MediaTransport


class Carrier(Protocol):
    """One of our ends of the paths to clients.

    `media` names whose media comes from which address. `sendto(data, address)` sends a packet or
    raises OSError; the packet path keeps it, and reuses the data's memory afterwards.
    """

    media: dict[Any, MediaTransport]

    @property
    def sendto(self) -> Callable[[Any, Any], int]:
        """Send a packet to an address."""

    def send(self, data: bytes, address: Any) -> bool:
        """Send one datagram that is not media; False, counted, when that is not possible."""


class OnStun(Protocol):
    """Takes a STUN datagram from any address."""

    def __call__(self, data: bytes, address: Any, carrier: Carrier, now: float, /) -> None: ...


class OnDtls(Protocol):
    """Takes a DTLS datagram from any address; it must check that ICE validated it."""

    def __call__(self, data: bytes, address: Any, carrier: Carrier, /) -> None: ...
