"""Scores of arriving streams: what loss, delay and missing layers take off, and how they move."""

from __future__ import annotations

import math

import pytest

from rooms.rtp.quality import BEST, DRY, GOOD, LEAST, Arrival, Score, score_of


@pytest.mark.parametrize(
    ("arrival", "score"),
    [
        (Arrival("opus", 250, 0), 100),
        (Arrival("opus", 300, 9), 84),
        (Arrival("red", 300, 9), 92),
        (Arrival("VP8", 1000, 20), 80),
        (Arrival("H264", 1000, 100), 0),
        (Arrival("opus", 100, 0, rtt=0.16), 98),
        (Arrival("opus", 100, 0, rtt=0.4, jitter=0.01), 90),
        (Arrival("VP8", 100, 0, missing_layers=1), 65),
        (Arrival("VP8", 100, 0, missing_layers=9), 0),
        (Arrival("opus", 0, 0), None),
        (Arrival("VP8", 100, 0, wanted_bits=1e6, bits=2e6), 100),
        (Arrival("VP8", 100, 0, wanted_bits=1e6, bits=1e6), 100),
        (Arrival("VP8", 100, 0, wanted_bits=math.e * 1e6, bits=1e6), 80),
        (Arrival("VP8", 100, 0, wanted_bits=math.e**3 * 1e5, bits=1e5), 40),
        (Arrival("VP8", 100, 0, wanted_bits=math.e**4 * 1e5, bits=1e5), 20),
        (Arrival("VP8", 100, 0, wanted_bits=1e6, bits=1), 0),
        (Arrival("VP8", 100, 0, wanted_bits=0, bits=0), 100),
        (Arrival("VP8", 1000, 20, wanted_bits=math.e * 1e6, bits=1e6), 80),
        (Arrival("VP8", 1000, 30, wanted_bits=math.e * 1e6, bits=1e6), 70),
        (Arrival("VP8", 1000, 0, missing_layers=1, wanted_bits=math.e * 1e6, bits=1e6), 65),
    ],
)
def test_a_stretch_of_time_is_scored(arrival: Arrival, score: float | None) -> None:
    assert score_of(arrival) == (None if score is None else pytest.approx(score))


def test_scores_fall_quickly_and_rise_slowly() -> None:
    score = Score()
    assert score.update(Arrival("VP8", 1000, 80)) == pytest.approx(36)
    assert score.update(Arrival("VP8", 0, 0)) == pytest.approx(36)
    risen = [score.update(Arrival("VP8", 1000, 0)) for _ in range(6)]
    assert risen[0] == pytest.approx(61.6)
    assert 95 < risen[-1] < BEST


def test_a_score_is_good_again_as_soon_as_all_is_well() -> None:
    score = Score()
    for _ in range(9):
        score.update(Arrival("opus", 100, 90))
    assert score.value == LEAST
    assert score.update(Arrival("opus", 100, 0)) > GOOD


@pytest.mark.parametrize(
    ("arrival", "told"),
    [
        (Arrival("VP8", 0, 0, paused=True), LEAST),
        (Arrival("VP8", 0, 0, wanted_bits=1e6, bits=0), DRY),
    ],
)
def test_what_does_not_come_is_poor_at_once(arrival: Arrival, told: float) -> None:
    assert Score().update(arrival) == told <= GOOD


def after(rates: list[float], codec: str = "opus") -> Score:
    """The score of a stream that came whole, at these rates."""
    score = Score()
    for rate in rates:
        score.update(Arrival(codec, round(rate * 5), 0))
    return score


@pytest.mark.parametrize(
    ("usual", "rate", "share"),
    [
        (50.0, 50.0, 1.0),
        (50.0, 2.4, math.sqrt(2.4 / 50)),  # silence
        (50.0, 12.4, math.sqrt(12.4 / 50)),
        (2.4, 50.0, 1.0),  # one who mostly listens, and speaks
        (800.0, 40.0, 1.0),  # too fast to be told apart
        (0.2, 50.0, 1.0),
    ],
)
def test_loss_weighs_by_the_rate_beside_the_usual_one(
    usual: float, rate: float, share: float
) -> None:
    score = after([usual] * 10 + [(usual + rate) / 2])
    expected = round(rate * 5)
    lost = expected // 4
    full = score_of(Arrival("red", expected, lost))
    assert full is not None
    assert score.update(Arrival("red", expected, lost)) == pytest.approx(
        BEST - 0.8 * share * (BEST - full)
    )


def test_the_usual_rate_is_known_after_eleven_looks_and_looked_at_anew_two_minutes_later() -> None:
    def weighed(readings: list[float]) -> bool:
        return after(readings).update(Arrival("opus", 10, 1)) > BEST - 0.8 * 10 * 8 / 1.5 + 0.001

    assert not weighed([50.0] * 9)  # the tenth look is the one that is weighed
    assert weighed([50.0] * 10)
    moved = [50.0] * 11 + [2.0] * 24
    assert weighed(moved[:-2])
    assert not weighed(moved)


def test_a_rest_is_well_and_keeps_the_usual_rate() -> None:
    score = after([50.0] * 11)
    score.update(Arrival("opus", 250, 100))
    score.rest()
    assert score.value == BEST
    assert score.update(Arrival("opus", 12, 3)) > 65
