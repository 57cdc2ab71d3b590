"""Whom one source of packets feeds, in groups that share what their packets have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rooms.rtp.described import prepared
from rooms.rtp.packet import DESCRIBED, Forward, Legs, Packet, extension_block

if TYPE_CHECKING:
    from rooms.rtp.outgoing import OutgoingStream

Group = tuple[int, int, int, Legs]
"""Legs that share (header word, `OutgoingStream.extension`, SRTP tag size)."""


class Audience:
    """The outgoing streams that one source feeds now; `failed` counts unsent packets."""

    def __init__(self, forward: Forward) -> None:
        self.forward = forward
        self.outgoing: list[OutgoingStream] = []
        self.failed = 0
        self._groups: list[Group] = []
        self._grouped = True

    def attach(self, out: OutgoingStream) -> None:
        """Forward to `out` from now on."""
        self.outgoing.append(out)
        self.regroup()

    def detach(self, out: OutgoingStream) -> None:
        """Forward to `out` no more."""
        if out in self.outgoing:
            self.outgoing.remove(out)
        self.regroup()

    def regroup(self) -> None:
        """A subscriber's path changed: look at it again before the next packet."""
        self._grouped = False

    @property
    def groups(self) -> list[Group]:
        """The groups, another list whenever they changed."""
        return self._groups if self._grouped else self._regroup()

    def _regroup(self) -> list[Group]:
        groups: dict[tuple[int, int, int], Legs] = {}
        for out in self.outgoing:
            path = out.path
            if path is not None:
                key = (out.word, out.extension, path.tag)
                groups.setdefault(key, Legs()).append(out.leg())
        self._groups = [(*key, legs) for key, legs in groups.items()]
        self._grouped = True
        return self._groups

    def send_to(self, out: OutgoingStream, packet: Packet, now: float) -> None:
        """Forward one packet to one subscriber, out of turn."""
        path = out.path
        if path is not None:
            packet, word, prefix = prepared(packet, out.word, out.extension, now)
            self.failed += self.forward(packet, word, prefix, path.tag, [out.leg()])

    def send(self, packet: Packet, now: float) -> None:
        """Forward one packet to everybody."""
        if packet[3] == DESCRIBED:  # not sent as it is kept
            for word, extension, tag, legs in self.groups:
                plain, header, prefix = prepared(packet, word, extension, now)
                self.failed += self.forward(plain, header, prefix, tag, legs)
            return
        for word, extension, tag, legs in self._groups if self._grouped else self._regroup():
            prefix = extension_block(extension, now) if extension else b""
            self.failed += self.forward(packet, word, prefix, tag, legs)

    def send_late(self, packet: Packet, now: float) -> None:
        """Forward a packet that fills a hole, to those who were fed around it."""
        for out in self.outgoing:
            if out.accepts(packet[0]):
                self.send_to(out, packet, now)
