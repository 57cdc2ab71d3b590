"""Which outgoing tracks one connection carries, and the mid and SSRCs that each was given."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from rooms.limits import Limits
from rooms.rtp.codecs import Codec, Extensions, Kind
from rooms.transport.codec_rules import acceptable
from rooms.transport.description import Msid, Section

if TYPE_CHECKING:
    from rooms.rtp.outgoing import OutgoingStream


class Source(Protocol):
    """What feeds the streams of a track: an `IncomingTrack`, or a choice among several."""

    def add_outgoing(self, out: OutgoingStream, now: float) -> None:
        """Feed `out` from now on."""

    def remove_outgoing(self, out: OutgoingStream) -> None:
        """Feed `out` no more."""


@dataclass(frozen=True)
class OutgoingTrack:
    """A track that a subscriber is to receive; `stream_id` as in `PA_x|main`.

    `codec` red also stands for opus, where the subscriber knows no RED. `backups` are the codecs in
    which the track may come instead, or later.
    """

    track_id: str
    stream_id: str
    kind: Kind
    codec: str
    source: Source
    backups: tuple[str, ...] = ()

    @property
    def codecs(self) -> tuple[str, ...]:
        """All of them, in lower case, the best first."""
        return (*acceptable(self.codec), *(each.lower() for each in self.backups))


@dataclass(frozen=True)
class Slot:
    """An outgoing track with the section it was given, to be sent in `codec` or one of `others`."""

    track: OutgoingTrack
    mid: str
    ssrc: int
    rtx_ssrc: int | None
    codec: Codec
    extensions: Extensions = field(default_factory=Extensions)
    others: tuple[Codec, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The codecs, in lower case, that this section may carry."""
        return (*acceptable(self.codec.name), *(each.name.lower() for each in self.others))

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
        for track in self._wanted.values():
            found = in_order(track.codecs, (each for each in codecs if each.kind == track.kind))
            if found:
                del self._wanted[track.track_id]
                codec, *others = found
                repair = self._new_ssrc() if codec.rtx_payload_type is not None else None
                slot = Slot(track, mid, self._new_ssrc(), repair, codec, extensions, tuple(others))
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


def in_order(names: Iterable[str], codecs: Iterable[Codec]) -> tuple[Codec, ...]:
    """Those of `codecs` that bear these names in lower case, in the order of the names.

    What RED wraps goes with it: only the form that is agreed on is one to choose.
    """
    by_name: dict[str, Codec] = {}
    for codec in codecs:
        by_name.setdefault(codec.name.lower(), codec)
    found = tuple(by_name[name] for name in names if name in by_name)
    return found[:1] if found and found[0].kind == "audio" else found


def describe_slot(section: Section, slot: Slot) -> None:
    """Write an outgoing track into its section: msid, SSRCs and their pairing (RFC 5576)."""
    section.msid = Msid(slot.track.stream_id, slot.track.track_id)
    section.ssrcs[slot.ssrc] = {"cname": slot.cname}
    if slot.rtx_ssrc is not None:
        section.ssrc_groups = (("FID", (slot.ssrc, slot.rtx_ssrc)),)
        section.ssrcs[slot.rtx_ssrc] = {"cname": slot.cname}
