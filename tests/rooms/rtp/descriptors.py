"""Dependency descriptors as a publisher writes them, bit by bit, for tests to read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_INDICATIONS = {"-": 0, "D": 1, "S": 2, "R": 3}


def bits(value: int, count: int) -> str:
    """f(n)."""
    return format(value, f"0{count}b") if count else ""


def bits_below(value: int, limit: int) -> str:
    """ns(n)."""
    width = limit.bit_length()
    shorter = (1 << width) - limit
    return bits(value, width - 1) if value < shorter else bits(value + shorter, width)


@dataclass(frozen=True)
class Kind:
    """One frame dependency template: `indications` a letter for each decode target."""

    spatial: int
    temporal: int
    indications: str
    differences: tuple[int, ...] = ()
    chains: tuple[int, ...] = ()


@dataclass(frozen=True)
class Written:
    """A frame dependency structure."""

    kinds: tuple[Kind, ...]
    protected_by: tuple[int, ...]
    sizes: tuple[tuple[int, int], ...] = ()
    first_id: int = 0

    @property
    def targets(self) -> int:
        return len(self.kinds[0].indications)

    def text(self) -> str:
        """Its bits."""
        text = bits(self.first_id, 6) + bits(self.targets - 1, 5)
        for before, after in zip(self.kinds, self.kinds[1:], strict=False):
            if after.spatial != before.spatial:
                text += "10"
            else:
                text += bits(after.temporal - before.temporal, 2)
        text += "11"
        for kind in self.kinds:
            text += "".join(bits(_INDICATIONS[each], 2) for each in kind.indications)
        for kind in self.kinds:
            text += "".join("1" + bits(each - 1, 4) for each in kind.differences) + "0"
        count = max(self.protected_by, default=-1) + 1
        text += bits_below(count, self.targets + 1)
        if count:
            text += "".join(bits_below(each, count) for each in self.protected_by)
            text += "".join(bits(each, 4) for kind in self.kinds for each in kind.chains)
        text += "1" if self.sizes else "0"
        return text + "".join(bits(w - 1, 16) + bits(h - 1, 16) for w, h in self.sizes)


def descriptor(
    number: int,
    kind: int,
    *,
    starts: bool = True,
    ends: bool = True,
    structure: Written | None = None,
    active: tuple[int, int] | None = None,
    indications: str = "",
    differences: Sequence[int] | None = None,
    chains: Sequence[int] | None = None,
) -> bytes:
    """One packet's descriptor; `active` is the bitmask and how many targets there are."""
    text = f"{starts:d}{ends:d}" + bits(kind, 6) + bits(number & 0xFFFF, 16)
    flags = (structure, active, indications or None, differences, chains)
    if any(each is not None for each in flags):
        text += "".join("01"[each is not None] for each in flags)
        text += structure.text() if structure is not None else ""
        text += bits(*active) if active is not None else ""
        text += "".join(bits(_INDICATIONS[each], 2) for each in indications)
        if differences is not None:
            sizes = [(each, 1 + (each > 16) + (each > 256)) for each in differences]
            text += "".join(bits(s, 2) + bits(each - 1, 4 * s) for each, s in sizes) + "00"
        text += "".join(bits(each, 8) for each in chains or ())
    text += "0" * (-len(text) % 8)
    return int(text, 2).to_bytes(len(text) // 8)


L1T3 = Written(
    (
        Kind(0, 0, "SSS", (), (0,)),
        Kind(0, 0, "SSS", (4,), (4,)),
        Kind(0, 1, "-DS", (2,), (2,)),
        Kind(0, 2, "--D", (1,), (1,)),
        Kind(0, 2, "--D", (1,), (3,)),
    ),
    (0, 0, 0),
    ((640, 360),),
)
L2T2_KEY = Written(
    (
        Kind(0, 0, "SSSS", (), (0, 0)),
        Kind(0, 0, "SS--", (4,), (4, 3)),
        Kind(0, 1, "-D--", (2,), (2, 1)),
        Kind(1, 0, "--SS", (1,), (1, 1)),
        Kind(1, 0, "--SS", (4,), (1, 4)),
        Kind(1, 1, "---D", (2,), (3, 2)),
    ),
    (0, 0, 1, 1),
    ((320, 180), (640, 360)),
    first_id=60,
)
"""Decode targets: (0, 0), (0, 1), (1, 0), (1, 1); the upper layer needs the lower at a key only."""
