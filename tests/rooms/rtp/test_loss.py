"""Missing packets: when they are asked for, how often, and when one gives up."""

from __future__ import annotations

import itertools

from rooms.rtp.loss import FIRST_DELAY, MAX_MISSING, MAX_TRIES, LossList


def test_a_gap_is_asked_for_after_the_time_of_a_reordering() -> None:
    losses = LossList()
    losses.add(5, 8, 1.0)
    assert losses.due(1.0) == []
    assert losses.due(1.0 + FIRST_DELAY) == [5, 6, 7]
    assert losses.next_due() > 1.0 + FIRST_DELAY


def test_a_reordered_packet_is_not_asked_for() -> None:
    losses = LossList()
    losses.add(5, 7, 1.0)
    assert losses.found(5, 1.005)
    assert losses.due(1.02) == [6]


def test_retries_wait_longer_each_time_and_stop() -> None:
    losses = LossList()
    losses.rtt = 0.05
    losses.add(1, 2, 0.0)
    times = []
    now = 0.0
    while len(losses):
        if losses.due(now):
            times.append(now)
        now += 0.01
    assert len(times) == MAX_TRIES
    waits = [round(after - before, 2) for before, after in itertools.pairwise(times)]
    assert waits[0] >= 0.05
    assert waits == sorted(waits)
    assert max(waits) <= 0.41
    assert losses.next_due() == float("inf")


def test_a_packet_counts_once() -> None:
    losses = LossList()
    losses.add(1, 2, 0.0)
    assert losses.found(1, 0.1)
    assert not losses.found(1, 0.1)
    assert not losses.found(99, 0.1)


def test_too_many_missing_is_hopeless() -> None:
    losses = LossList()
    assert losses.add(0, MAX_MISSING, 0.0)
    assert not losses.add(MAX_MISSING, MAX_MISSING + 1, 0.0)
    assert len(losses) == 0
    assert losses.overflows == 1


def test_the_round_trip_is_learnt_from_first_answers() -> None:
    losses = LossList()
    for number in range(100):
        now = float(number)
        losses.add(number, number + 1, now)
        losses.due(now + 0.02)
        losses.found(number, now + 0.05)
    assert 0.029 < losses.rtt < 0.032
