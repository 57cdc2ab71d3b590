"""Which simulcast layer suits a subscriber: by the size and quality asked, and by what exists."""

from __future__ import annotations

from collections.abc import Collection, Sequence

SPATIAL = {"q": 0, "h": 1, "f": 2}
HIGHEST = 2


def spatial_index(rid: str, rids: Sequence[str]) -> int:
    """The place of `rid` among a section's layers, 0 the smallest; q, h, f in whatever order."""
    if rid in SPATIAL:
        return SPATIAL[rid]
    return min(rids.index(rid), HIGHEST) if rid in rids else 0


def spatial_for_size(width: int, height: int, layers: Sequence[tuple[int, int]]) -> int:
    """The smallest layer that covers a picture of `width` by `height` pixels.

    `layers` are the layers' sizes from the smallest. A size of 0 by 0 asks for the best.
    """
    if not layers:
        return HIGHEST
    if width <= 0 or height <= 0:
        return len(layers) - 1
    asked = max(width, height)
    for index, size in enumerate(layers):
        # Within 10%: nobody sees the difference, and the next layer costs four times as much.
        if max(size) * 1.1 >= asked:
            return index
    return len(layers) - 1


def choose(wanted: int, existing: Collection[int]) -> int | None:
    """The best existing layer not above `wanted`, else the least above it; None without any."""
    if not existing:
        return None
    below = [index for index in existing if index <= wanted]
    return max(below) if below else min(existing)
