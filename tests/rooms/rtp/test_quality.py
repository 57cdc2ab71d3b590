"""Scores of arriving streams: what loss, delay and missing layers take off, and how they move."""

from __future__ import annotations

import math

import pytest

from rooms.rtp.quality import BEST, GOOD, LEAST, PAUSED, Arrival, Score, score_of


@pytest.mark.parametrize(
    ("arrival", "score"),
    [
        (Arrival("audio", 250, 0), 100),
        (Arrival("audio", 250, 5), 84),
        (Arrival("video", 1000, 20), 80),
        (Arrival("video", 1000, 100), 0),
        (Arrival("audio", 100, 0, rtt=0.16), 98),
        (Arrival("audio", 100, 0, rtt=0.4, jitter=0.01), 90),
        (Arrival("video", 100, 0, missing_layers=1), 65),
        (Arrival("video", 100, 0, missing_layers=9), 30),
        (Arrival("video", 0, 0, paused=True), PAUSED),
        (Arrival("audio", 0, 0), None),
        (Arrival("video", 100, 0, wanted_bits=1e6, bits=2e6), 100),
        (Arrival("video", 100, 0, wanted_bits=1e6, bits=1e6), 100),
        (Arrival("video", 100, 0, wanted_bits=math.e * 1e6, bits=1e6), 80),
        (Arrival("video", 100, 0, wanted_bits=math.e**3 * 1e5, bits=1e5), 40),
        (Arrival("video", 100, 0, wanted_bits=math.e**4 * 1e5, bits=1e5), 20),
        (Arrival("video", 100, 0, wanted_bits=1e6, bits=1), 0),
        (Arrival("video", 0, 0, wanted_bits=1e6, bits=0), PAUSED),
        (Arrival("video", 100, 0, wanted_bits=0, bits=0), 100),
        (Arrival("video", 1000, 20, wanted_bits=math.e * 1e6, bits=1e6), 80),
        (Arrival("video", 1000, 30, wanted_bits=math.e * 1e6, bits=1e6), 70),
        (Arrival("video", 1000, 0, missing_layers=1, wanted_bits=math.e * 1e6, bits=1e6), 65),
    ],
)
def test_a_stretch_of_time_is_scored(arrival: Arrival, score: float | None) -> None:
    assert score_of(arrival) == (None if score is None else pytest.approx(score))


def test_scores_fall_quickly_and_rise_slowly() -> None:
    score = Score()
    assert score.update(Arrival("audio", 100, 10)) == pytest.approx(36)
    assert score.update(Arrival("audio", 0, 0)) == pytest.approx(36)
    risen = [score.update(Arrival("audio", 100, 0)) for _ in range(6)]
    assert risen[0] == pytest.approx(61.6)
    assert 95 < risen[-1] < BEST


def test_a_score_is_good_again_as_soon_as_all_is_well() -> None:
    score = Score()
    for _ in range(9):
        score.update(Arrival("audio", 100, 90))
    assert score.value == LEAST
    assert score.update(Arrival("audio", 100, 0)) > GOOD
