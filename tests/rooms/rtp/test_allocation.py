"""Who gets what of a budget: the least for all, then more by importance."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rooms.rtp.allocation import PAUSED, Demand, Step, allocate, cost, costs_above
from rooms.rtp.layers import layer_steps

CAMERA = tuple(
    Step(spatial, temporal, bitrate)
    for spatial, temporal, bitrate in (
        (0, 0, 60e3), (0, 1, 90e3), (0, 2, 150e3), (1, 1, 270e3), (1, 2, 450e3),
        (2, 1, 1e6), (2, 2, 1.7e6),
    )
)  # fmt: skip
SCREEN = (Step(0, 0, 1.2e6),)


def cameras(*priorities: int) -> list[Demand]:
    return [Demand(key, priority, CAMERA) for key, priority in enumerate(priorities)]


@pytest.mark.parametrize(
    ("budget", "priorities", "steps"),
    [
        (50e3, (0,), [PAUSED]),
        (60e3, (0,), [0]),
        (9e9, (0, 0), [6, 6]),
        (130e3, (0, 0), [0, 0]),
        (130e3, (0, 0, 1), [0, PAUSED, 0]),
        (300e3, (0, 0), [2, 2]),
        (420e3, (0, 1), [2, 3]),
        (1.2e6, (0, 2, 1, 0), [2, 4, 4, 2]),
        (1.45e6, (0, 2, 0), [3, 5, 2]),
    ],
)
def test_the_least_for_all_before_more_for_anyone(
    budget: float, priorities: tuple[int, ...], steps: list[int]
) -> None:
    chosen = allocate(budget, cameras(*priorities))
    assert [chosen[key] for key in range(len(priorities))] == steps


def test_a_screen_comes_first_and_what_does_not_fit_leaves_room_for_the_rest() -> None:
    demands = [*cameras(0, 0), Demand("screen", 9, SCREEN)]
    assert allocate(1.4e6, demands) == {"screen": 0, 0: 1, 1: 1}
    assert allocate(400e3, demands) == {"screen": PAUSED, 0: 2, 1: 2}


@given(st.floats(0, 2e7), st.lists(st.integers(0, 3), max_size=12), st.integers())
def test_nothing_is_ever_overspent(budget: float, priorities: list[int], seed: int) -> None:
    random.Random(seed).shuffle(priorities)
    demands = cameras(*priorities)
    chosen = allocate(budget, demands)
    assert cost(demands, chosen) <= budget + 1e-6
    above = costs_above(demands, chosen)
    assert (above is None) == all(chosen[demand.key] == 6 for demand in demands)
    if PAUSED in chosen.values():
        assert cost(demands, chosen) + CAMERA[0].bitrate > budget


def test_steps_keep_half_the_pictures_of_all_but_the_smallest_layer() -> None:
    rates = (60e3, 90e3, 150e3, 150e3)
    steps = layer_steps([(0, rates, 2), (2, rates, 2)], 3)
    assert [(step.spatial, step.temporal) for step in steps] == [
        (0, 0), (0, 1), (0, 2), (2, 1), (2, 2),
    ]  # fmt: skip
    assert [step.temporal for step in layer_steps([(0, rates, 2)], 1)] == [0, 1]
    assert [step.bitrate for step in layer_steps([(1, (), 0)], 3)] == [450e3]
