"""Which simulcast layer suits a subscriber: by the size and quality asked, and by what exists."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from rooms.rtp.allocation import Step

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


_USUAL = (160_000.0, 450_000.0, 1_700_000.0)
"""Bits per second to expect of a layer that has not been measured yet."""


def layer_steps(
    layers: Sequence[tuple[int, tuple[float, ...], int]], ceiling: int
) -> tuple[Step, ...]:
    """The steps through `layers`: (spatial, bits per second up to each temporal layer, highest).

    The smallest one begins with its fewest pictures; of the others half the pictures are the least,
    for fewer look worse than a smaller picture.
    """
    steps: list[Step] = []
    for spatial, bitrates, top in layers:
        top = min(top, ceiling)
        for temporal in range(top + 1):
            if steps and temporal < min(1, top) and spatial > steps[0].spatial:
                continue
            whole = temporal == top
            bitrate = bitrates[temporal] if bitrates else _USUAL[min(spatial, HIGHEST)]
            if whole or bitrates:
                steps.append(Step(spatial, temporal, bitrate))
    return tuple(steps)
