"""The latest packets of one incoming stream, from which all its subscribers' NACKs are met."""

from __future__ import annotations

from rooms.rtp.packet import Packet


class PacketCache:
    """A ring of packets by number; `size` is rounded up to a power of two."""

    __slots__ = ("_mask", "_ring")

    def __init__(self, size: int) -> None:
        size = 1 << max(0, size - 1).bit_length()
        self._ring: list[Packet | None] = [None] * size
        self._mask = size - 1

    def put(self, packet: Packet) -> None:
        """Keep a packet, in the place of the one that is `size` numbers older."""
        self._ring[packet[0] & self._mask] = packet

    def get(self, number: int) -> Packet | None:
        """The packet of that number, None when it never came or is too old."""
        packet = self._ring[number & self._mask]
        return packet if packet is not None and packet[0] == number else None
