"""The latest packets of one incoming stream, from which all its subscribers' NACKs are met."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rooms.rtp.packet import Packet

if TYPE_CHECKING:
    from rooms.rtp.received import Lane


class PacketCache:
    """A ring of packets by number; `size` is rounded up to a power of two.

    What its stream's `lane` took, that one keeps.
    """

    __slots__ = ("_mask", "_ring", "lane", "size")

    def __init__(self, size: int) -> None:
        self.size = size = 1 << max(0, size - 1).bit_length()
        self.lane: Lane | None = None
        self._ring: list[Packet | None] = [None] * size
        self._mask = size - 1

    def put(self, packet: Packet) -> None:
        """Keep a packet, in the place of the one that is `size` numbers older."""
        self._ring[packet[0] & self._mask] = packet

    def get(self, number: int) -> Packet | None:
        """The packet of that number, None when it never came or is too old."""
        packet = self._ring[number & self._mask]
        if packet is not None and packet[0] == number:
            return packet
        return None if self.lane is None else self.lane.find(number)
