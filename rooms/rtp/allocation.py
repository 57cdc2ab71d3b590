"""Who gets how much of a subscriber's link: the least for all first, then more by importance."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from itertools import groupby

PAUSED = -1


@dataclass(frozen=True, slots=True)
class Step:
    """A way to send a track: up to this spatial and temporal layer, at that many bits a second."""

    spatial: int
    temporal: int
    bitrate: float


@dataclass(frozen=True, slots=True)
class Demand:
    """A track that is looked at; `steps` go from the least to all that is wanted of it.

    A greater `priority` is served first: screens, then the pinned and the speaking, then the rest.
    """

    key: Hashable
    priority: int
    steps: tuple[Step, ...]


def allocate(budget: float, demands: Sequence[Demand]) -> dict[Hashable, int]:
    """The step of each demand, by its key, that together fit `budget` bits per second.

    PAUSED for those whose first step does not fit any more. First the least of everybody, then the
    whole smallest layer for everybody, then all that is wanted of the most important, and so on.
    """
    ordered = sorted(demands, key=lambda demand: -demand.priority)
    chosen: dict[Hashable, int] = {}
    for demand in ordered:
        chosen[demand.key] = PAUSED
        if demand.steps and demand.steps[0].bitrate <= budget:
            chosen[demand.key] = 0
            budget -= demand.steps[0].bitrate
    budget = _raise(budget, ordered, chosen, lowest_layer=True)
    for _, group in groupby(ordered, key=lambda demand: demand.priority):
        budget = _raise(budget, list(group), chosen, lowest_layer=False)
    return chosen


def _raise(
    budget: float, demands: Sequence[Demand], chosen: dict[Hashable, int], *, lowest_layer: bool
) -> float:
    """Raise these in turn, a step at a time, while anything fits; what is left of the budget."""
    rising = [demand for demand in demands if chosen[demand.key] != PAUSED]
    while rising:
        for demand in tuple(rising):
            at = chosen[demand.key]
            step = demand.steps[at]
            following = demand.steps[at + 1] if at + 1 < len(demand.steps) else None
            too_high = following is None or (lowest_layer and following.spatial > step.spatial)
            if too_high or following.bitrate - step.bitrate > budget:  # type: ignore[union-attr]
                rising.remove(demand)
                continue
            chosen[demand.key] = at + 1
            budget -= following.bitrate - step.bitrate  # type: ignore[union-attr]
    return budget


def cost(demands: Sequence[Demand], chosen: dict[Hashable, int]) -> float:
    """Bits per second of what was chosen."""
    return sum(
        demand.steps[chosen[demand.key]].bitrate
        for demand in demands
        if demand.steps and chosen.get(demand.key, PAUSED) != PAUSED
    )


def costs_above(
    demands: Sequence[Demand], chosen: dict[Hashable, int]
) -> tuple[float, float] | None:
    """What the cheapest improvement and all of them would cost more; None at the best."""
    costs = []
    whole = 0.0
    for demand in demands:
        at = chosen.get(demand.key, PAUSED)
        if at + 1 < len(demand.steps):
            before = demand.steps[at].bitrate if at != PAUSED else 0.0
            costs.append(demand.steps[at + 1].bitrate - before)
            whole += demand.steps[-1].bitrate - before
    return (max(0.0, min(costs)), max(0.0, whole)) if costs else None
