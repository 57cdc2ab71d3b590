"""Which outgoing tracks one connection carries, and the mid and SSRCs that each was given."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rooms.limits import Limits
from rooms.rtp.codecs import Codec, Extensions, Kind
from rooms.transport.codec_rules import acceptable
from rooms.transport.description import Msid, Section

if TYPE_CHECKING:
    from rooms.rtp.incoming import IncomingTrack


@dataclass(frozen=True)
class OutgoingTrack:
    """A track that a subscriber is to receive; `stream_id` as in `PA_x|main`.

    `codec` red also stands for opus, where the subscriber knows no RED.
    """

    track_id: str
    stream_id: str
    kind: Kind
    codec: str
    source: IncomingTrack


@dataclass(frozen=True)
class Slot:
    """An outgoing track with the section it was given."""

    track: OutgoingTrack
    mid: str
    ssrc: int
    rtx_ssrc: int | None
    codec: Codec
    extensions: Extensions = field(default_factory=Extensions)

    @property
    def cname(self) -> str:
        """The same for all that one participant sends, so that lips and voice stay together."""
        return self.track.stream_id.partition("|")[0]


class OutgoingSlots:
    """Outgoing tracks of one connection: wanted, then in a slot, then releasing their mid."""

    def __init__(self, limits: Limits, rng: random.Random) -> None:
        self._limits = limits
        self._rng = rng
        self._wanted: dict[str, OutgoingTrack] = {}
        self._releasing: set[str] = set()
        self._remote_ssrcs: set[int] = set()
        self.slots: dict[str, Slot] = {}

    def add(self, track: OutgoingTrack) -> None:
        """Want a track sent; it gets a mid at the next answer or offer."""
        self._wanted[track.track_id] = track

    def remove(self, track_id: str) -> None:
        """Want a track sent no more; its mid is free once it was answered inactive."""
        self._wanted.pop(track_id, None)
        for mid, slot in self.slots.items():
            if slot.track.track_id == track_id:
                self._releasing.add(mid)

    def slot_of(self, track_id: str) -> Slot | None:
        """The slot of a track that is being sent."""
        for mid, slot in self.slots.items():
            if slot.track.track_id == track_id and mid not in self._releasing:
                return slot
        return None

    @property
    def pending(self) -> bool:
        """Whether something waits for the next description."""
        return bool(self._wanted or self._releasing)

    def mid_to_track_id(self) -> dict[str, str]:
        """The track that each mid in use carries to the client."""
        return {
            mid: slot.track.track_id
            for mid, slot in self.slots.items()
            if mid not in self._releasing
        }

    def _fill(self, mid: str, codecs: tuple[Codec, ...], extensions: Extensions) -> Slot | None:
        by_name = {(each.kind, each.name.lower()): each for each in reversed(codecs)}
        for track in self._wanted.values():
            for name in acceptable(track.codec):
                codec = by_name.get((track.kind, name))
                if codec is not None:
                    del self._wanted[track.track_id]
                    repair = self._new_ssrc() if codec.rtx_payload_type is not None else None
                    slot = Slot(track, mid, self._new_ssrc(), repair, codec, extensions)
                    self.slots[mid] = slot
                    return slot
        return None

    def _new_ssrc(self) -> int:
        used = {each.ssrc for each in self.slots.values()} | self._remote_ssrcs
        used |= {each.rtx_ssrc for each in self.slots.values() if each.rtx_ssrc is not None}
        while (ssrc := self._rng.randrange(1, 2**32 - 1)) in used:
            pass
        return ssrc

    def _free_slot(self, mid: str, *, wanted_again: bool) -> None:
        slot = self.slots.pop(mid, None)
        released = mid in self._releasing
        self._releasing.discard(mid)
        if slot is not None and wanted_again and not released:
            self._wanted.setdefault(slot.track.track_id, slot.track)


def describe_slot(section: Section, slot: Slot) -> None:
    """Write an outgoing track into its section: msid, SSRCs and their pairing (RFC 5576)."""
    section.msid = Msid(slot.track.stream_id, slot.track.track_id)
    section.ssrcs[slot.ssrc] = {"cname": slot.cname}
    if slot.rtx_ssrc is not None:
        section.ssrc_groups = (("FID", (slot.ssrc, slot.rtx_ssrc)),)
        section.ssrcs[slot.rtx_ssrc] = {"cname": slot.cname}
