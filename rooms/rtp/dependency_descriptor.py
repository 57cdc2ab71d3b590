"""AV1's dependency descriptor: what a frame needs and who needs it, told in a header extension.

By the AV1 RTP specification, Appendix A (its section numbers are those below). It is written in
clear beside the payload, which may be encrypted end to end and is not read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

NOT_PRESENT, DISCARDABLE, SWITCH, REQUIRED = range(4)
"""Decode target indications (table A.1)."""
_TEMPLATES = 64  # as many as the six bits of frame_dependency_template_id can name
_SPATIAL, _TEMPORAL = 4, 8  # layers that AV1 knows
_FRAME_DIFFS = 32  # AV1 keeps 8 frames; more is nonsense
_MANDATORY = 3  # bytes
_MASK_FLAG, _AFTER_FLAGS = 25, 29  # the bit of active_decode_targets_present_flag; the last's end


class MalformedDescriptor(ValueError):
    """A descriptor that ends too early or contradicts itself."""


class _Bits:
    """Unsigned numbers of so many bits each, from the most significant on (A.8.1)."""

    __slots__ = ("_size", "_value", "position")

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data)
        self._size = 8 * len(data)
        self.position = 0

    def take(self, count: int) -> int:
        """f(n)."""
        self.position += count
        if self.position > self._size:
            raise MalformedDescriptor("cut short")
        return self._value >> (self._size - self.position) & ((1 << count) - 1)

    def take_below(self, limit: int) -> int:
        """ns(n): a number below `limit`."""
        width = limit.bit_length()
        shorter = (1 << width) - limit
        value = self.take(width - 1)
        return value if value < shorter else (value << 1) - shorter + self.take(1)


class Template(NamedTuple):
    """What frames of one kind have in common: layers, indications, what they refer to, chains."""

    spatial: int
    temporal: int
    indications: tuple[int, ...]
    """By decode target."""
    differences: tuple[int, ...]
    """How many frames back each frame lies that this one refers to."""
    chains: tuple[int, ...]
    """By chain, how many frames back its frame before this one lies; 0: it needs none before."""


@dataclass(frozen=True)
class Structure:
    """The frame dependency structure of a coded video sequence (A.8.2).

    `targets` are the spatial and temporal layer of each decode target, `protected_by` the chain
    of each (empty without chains), `sizes` the width and height of each spatial layer, if told.
    """

    first_id: int
    templates: tuple[Template, ...]
    targets: tuple[tuple[int, int], ...]
    protected_by: tuple[int, ...]
    sizes: tuple[tuple[int, int], ...]

    @property
    def everything(self) -> int:
        """The bitmask of all decode targets."""
        return (1 << len(self.targets)) - 1

    @property
    def spatial_layers(self) -> int:
        """How many there are."""
        return max(spatial for spatial, _ in self.targets) + 1

    def target(self, spatial: int, temporal: int, active: int) -> int | None:
        """The best decode target up to these layers of those in the bitmask `active`."""
        fits = [
            (layers, index)
            for index, layers in enumerate(self.targets)
            if active >> index & 1 and layers[0] <= spatial and layers[1] <= temporal
        ]
        return max(fits)[1] if fits else None

    def decodable_with(self, target: int) -> int:
        """The bitmask of the decode targets that have all their frames among those of `target`."""
        mask = 0
        for index in range(len(self.targets)):
            mask |= (
                all(
                    each.indications[target] or not each.indications[index]
                    for each in self.templates
                )
                << index
            )
        return mask


class Descriptor(NamedTuple):
    """The descriptor of one packet. `structure` and `active` are those that it tells, if any.

    `frame` is what is known of its frame, None when that takes a structure that is not known.
    """

    starts: bool
    ends: bool
    number: int
    """The frame's, of 16 bits."""
    frame: Template | None
    structure: Structure | None
    active: int | None


def parse(data: bytes, structure: Structure | None) -> Descriptor:
    """Read a descriptor; `structure` is the newest one told before it.

    Raises MalformedDescriptor.
    """
    if len(data) < _MANDATORY:
        raise MalformedDescriptor("cut short")
    first = data[0]
    number = data[1] << 8 | data[2]
    if len(data) == _MANDATORY:
        frame = _template(structure, first & 0x3F)
        return Descriptor(first > 0x7F, first & 0x40 != 0, number, frame, None, None)
    bits = _Bits(data)
    bits.position = 8 * _MANDATORY
    has_structure, has_active = bits.take(1), bits.take(1)
    own = bits.take(1), bits.take(1), bits.take(1)
    told = _structure(bits) if has_structure else None
    structure = told or structure
    frame = None
    active = None
    if structure is not None:
        active = bits.take(len(structure.targets)) if has_active else None
        frame = _template(structure, first & 0x3F)
        if frame is not None:
            frame = _own(bits, frame, own)
    if told is not None and active is None:
        active = told.everything
    return Descriptor(first > 0x7F, first & 0x40 != 0, number, frame, told, active)


def restricted(data: bytes, targets: int, mask: int) -> bytes:
    """The same descriptor, telling that of so many `targets` only those in `mask` are active (A.4).

    `data` must be what `parse` has read.
    """
    value, size, at = int.from_bytes(data), 8 * len(data), _AFTER_FLAGS
    if size == 8 * _MANDATORY:
        value, size = value << 5, at  # none of the flags
    elif data[_MANDATORY] & 0x80:
        bits = _Bits(data)
        bits.position = at
        _structure(bits)
        at = bits.position
    has_mask = value >> (size - 1 - _MASK_FLAG) & 1
    rest = size - at - targets * has_mask
    before = value >> (size - at) | 1 << (at - 1 - _MASK_FLAG)
    value = (before << targets | mask) << rest | value & ((1 << rest) - 1)
    size = at + targets + rest
    spare = -size % 8
    return (value << spare).to_bytes((size + spare) // 8)


def _template(structure: Structure | None, identifier: int) -> Template | None:
    if structure is None:
        return None
    index = (identifier - structure.first_id) % 64
    return structure.templates[index] if index < len(structure.templates) else None


def _own(bits: _Bits, template: Template, own: tuple[int, int, int]) -> Template:
    """The template with what the frame says otherwise (frame_dependency_definition, A.8.2)."""
    if not any(own):
        return template
    spatial, temporal, indications, differences, chains = template
    if own[0]:
        indications = tuple(bits.take(2) for _ in indications)
    if own[1]:
        found = []
        while size := bits.take(2):
            found.append(bits.take(4 * size) + 1)
            if len(found) > _FRAME_DIFFS:
                raise MalformedDescriptor("too many references")
        differences = tuple(found)
    if own[2]:
        chains = tuple(bits.take(8) for _ in chains)
    return Template(spatial, temporal, indications, differences, chains)


def _structure(bits: _Bits) -> Structure:
    first_id = bits.take(6)
    count = bits.take(5) + 1
    layers = _layers(bits)
    indications = [tuple(bits.take(2) for _ in range(count)) for _ in layers]
    differences = [_differences(bits) for _ in layers]
    chain_count = bits.take_below(count + 1)
    protected_by: tuple[int, ...] = ()
    chains: list[tuple[int, ...]] = [()] * len(layers)
    if chain_count:
        protected_by = tuple(bits.take_below(chain_count) for _ in range(count))
        chains = [tuple(bits.take(4) for _ in range(chain_count)) for _ in layers]
    templates = tuple(
        Template(*layers[at], indications[at], differences[at], chains[at])
        for at in range(len(layers))
    )
    targets = tuple(_target_layers(templates, index) for index in range(count))
    sizes: tuple[tuple[int, int], ...] = ()
    if bits.take(1):
        sizes = tuple((bits.take(16) + 1, bits.take(16) + 1) for _ in range(layers[-1][0] + 1))
    return Structure(first_id, templates, targets, protected_by, sizes)


def _layers(bits: _Bits) -> list[tuple[int, int]]:
    """The spatial and temporal layer of each template (template_layers)."""
    spatial = temporal = 0
    layers = [(0, 0)]
    while (step := bits.take(2)) != 3:
        if step == 1:
            temporal += 1
        elif step == 2:
            spatial, temporal = spatial + 1, 0
        layers.append((spatial, temporal))
        if len(layers) > _TEMPLATES or spatial >= _SPATIAL or temporal >= _TEMPORAL:
            raise MalformedDescriptor("too many layers")
    return layers


def _differences(bits: _Bits) -> tuple[int, ...]:
    found = []
    while bits.take(1):
        found.append(bits.take(4) + 1)
        if len(found) > _FRAME_DIFFS:
            raise MalformedDescriptor("too many references")
    return tuple(found)


def _target_layers(templates: tuple[Template, ...], index: int) -> tuple[int, int]:
    """The layers that a decode target reaches (decode_target_layers)."""
    present = [each for each in templates if each.indications[index]]
    return (
        max((each.spatial for each in present), default=0),
        max((each.temporal for each in present), default=0),
    )
