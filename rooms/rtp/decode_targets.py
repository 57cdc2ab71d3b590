"""AV1 with several layers in one stream: a source for each spatial layer, of its decode target.

Which frames those are is told by the dependency descriptor (AV1 RTP specification, Appendix A);
nothing of the payload is read where there is one.
"""

from __future__ import annotations

from typing import Any

from rooms.rtp.dependency_descriptor import (
    SWITCH,
    Descriptor,
    MalformedDescriptor,
    Structure,
    Template,
    parse,
    restricted,
)
from rooms.rtp.incoming_stream import IncomingStream
from rooms.rtp.layers import HIGHEST
from rooms.rtp.packet import DESCRIBED, OPAQUE, Packet
from rooms.rtp.spatial import LowerStream, SpatialStream

_MARKER = 0x80
_FRAMES = 0xFFFFFFFF  # as many frames back as are remembered to be forwarded, a bit each
_HALF = 0x8000
_ANY_TEMPORAL = 7
_TEMPORAL_LAYERS = 3  # the highest that `Volume` and `Thinning` tell apart


class Aim:
    """The decode target that one source carries: the best active one up to its spatial layer.

    It is changed only where that does no harm: at a frame that switches to it, or when all its
    frames were forwarded anyway.
    """

    def __init__(self, spatial: int) -> None:
        self.spatial = spatial
        self.structure: Structure | None = None
        self._active = 0
        self._target = self._best = 0
        self._newest = 0  # frame number
        self._forwarded = 0  # a bit for each frame from the newest one back
        self._masks: dict[int, int] = {}
        self._rising = 0  # pictures that begin until one is known to end below the new layer

    def begin(self, structure: Structure, active: int) -> None:
        """A coded video sequence begins: every target can be switched to."""
        self.structure, self._active = structure, active
        self._masks = {}
        self._rising = 0
        best = structure.target(self.spatial, _ANY_TEMPORAL, active)
        self._target = self._best = 0 if best is None else best

    def activate(self, active: int) -> bool:
        """Only these targets are produced from now on; True if that takes a keyframe."""
        structure = self.structure
        if structure is None or active == self._active:
            return False
        self._active = active
        self._masks = {}
        best = structure.target(self.spatial, _ANY_TEMPORAL, active)
        self._best = self._target if best is None else best
        above = structure.targets[self._best][0] > structure.targets[self._target][0]
        self._rising = 2 if above else 0
        if structure.decodable_with(self._target) >> self._best & 1:
            self._target = self._best
        return not active >> self._target & 1 and best is not None

    def meet(self, number: int, frame: Template) -> None:
        """The next frame begins."""
        self._rising -= frame.spatial == 0 and self._rising > 0
        forwarded = self._forwarded << min(number - self._newest & 0xFFFF, 32) & _FRAMES
        self._newest = number
        switches = self._best != self._target and frame.indications[self._best] == SWITCH
        if switches and all(forwarded >> each & 1 for each in frame.differences):
            self._target = self._best
            self._masks = {}
            self._rising = 0
        self._forwarded = forwarded | self.takes(frame)

    def takes(self, frame: Template) -> bool:
        """Whether this frame is for the target."""
        return frame.indications[self._target] != 0

    def ends(self, frame: Template) -> bool:
        """Whether it is the last one of its picture, as far as is known."""
        structure = self.structure
        if structure is None or self._rising:
            return False
        return frame.spatial == structure.targets[self._target][0]

    def switches(self, frame: Template, ceiling: int) -> bool:
        """Whether who gets this frame can get the target up to a temporal `ceiling` from it on."""
        target = self._thinner(ceiling)
        return target is not None and frame.indications[target] == SWITCH

    def narrowed(self, descriptor: bytes, ceiling: int) -> bytes:
        """The descriptor, telling what is still active when that target is all that is sent."""
        structure = self.structure
        if structure is None:
            return descriptor
        mask = self._masks.get(ceiling)
        if mask is None:
            target = self._thinner(ceiling)
            mask = structure.decodable_with(self._target if target is None else target)
            mask = self._masks[ceiling] = mask & self._active or mask
        return restricted(descriptor, len(structure.targets), mask)

    def _thinner(self, ceiling: int) -> int | None:
        structure = self.structure
        if structure is None:
            return None
        if ceiling >= _TEMPORAL_LAYERS:
            return self._target
        return structure.target(structure.targets[self._target][0], ceiling, self._active)


class _Aimed(IncomingStream):
    """A source whose packets are chosen by `aim`; `told` is the descriptor being looked at."""

    aim: Aim
    told: Descriptor | None
    descriptor: bytes

    def _parse(self, number: int, timestamp: int, marker: int, payload: bytes) -> Packet | None:
        told = self.told
        if told is None:
            return super()._parse(number, timestamp, marker, payload)
        if not payload:
            return None
        if told.structure is not None:
            self._keyframe_came(number)
        frame = told.frame
        if frame is None:  # of a structure that is missing yet: it may come late
            return number, timestamp, marker, DESCRIBED, self.descriptor, 0, 0, 0, payload
        if not self.aim.takes(frame):
            return None
        if told.ends and self.aim.ends(frame):
            marker = _MARKER
        layer = min(frame.temporal, _TEMPORAL_LAYERS) << 6
        head = self.aim.narrowed(self.descriptor, _TEMPORAL_LAYERS)
        return number, timestamp, marker, DESCRIBED, head, 0, 0, layer, payload

    def narrowed(self, packet: Packet, ceiling: int) -> Packet:
        """See `IncomingStream`."""
        if packet[3] != DESCRIBED:
            return packet
        return (*packet[:4], self.aim.narrowed(packet[4], ceiling), *packet[5:])

    def rises(self, packet: Packet, below: int, ceiling: int) -> bool:
        """See `IncomingStream`."""
        told = self.told
        if told is None or packet[3] == OPAQUE or told.frame is None or not told.starts:
            return False
        return told.frame.temporal <= below and self.aim.switches(told.frame, ceiling)


class DescribedStream(_Aimed, SpatialStream):
    """A received SSRC of AV1: its best decode target, and in `lower` that of each layer below."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.aim = Aim(HIGHEST)
        self.told, self.descriptor = None, b""
        self._structure: Structure | None = None
        self._began = 0  # number of the frame that told the structure

    def _look(self, sequence: int, payload: bytes, repaired: bool, descriptor: bytes) -> bool:
        self.told, self.descriptor = None, descriptor
        if not descriptor:
            return True
        try:
            told = parse(descriptor, self._structure)
        except MalformedDescriptor:
            self.malformed += 1
            return False
        newer = not repaired and (self.numbers.highest < 0 or self._ahead(sequence) > 0)
        if told.structure is not None and told.active is not None and self._is_news(sequence):
            if newer or (told.number - self._began) & 0xFFFF < _HALF:
                self._adopt(told.structure, told.active, told.number)
            self._leave_waiting()
        elif told.active is not None and newer:
            for stream in (self, *self.described):
                if stream.aim.activate(told.active) and stream.audience:
                    stream.keyframes.ask()
                    stream.wake()
        self.told = told
        for stream in (self, *self.described):
            stream.told, stream.descriptor = told, descriptor
            if newer and told.starts and told.frame is not None:
                stream.aim.meet(told.number, told.frame)
        return True

    @property
    def described(self) -> list[LowerDescribedStream]:
        """The same as `lower`."""
        return self.lower  # type: ignore[return-value]

    def _adopt(self, structure: Structure, active: int, number: int) -> None:
        self._structure, self._began = structure, number
        layers = min(structure.spatial_layers, HIGHEST + 1)
        if len(self.lower) + 1 < layers:
            self._split(layers)
        for stream in (self, *self.described):
            stream.aim.begin(structure, active)

    def _lower(self, spatial: int) -> LowerStream:
        return LowerDescribedStream(self, spatial)


class LowerDescribedStream(_Aimed, LowerStream):
    """The best decode target of `whole` up to the layer `spatial`."""

    def __init__(self, whole: DescribedStream, spatial: int) -> None:
        super().__init__(whole, spatial)
        self.aim = Aim(spatial)
        self.told, self.descriptor = None, b""
