"""Token buckets: bursts, then a trickle, and never too many of them."""

from __future__ import annotations

from server.web.rate_limits import MOST_BUCKETS, Rate, RateLimits


class Clock:
    """Time that passes when told to."""

    def __init__(self) -> None:
        self.time = 0.0

    def __call__(self) -> float:
        return self.time


def test_a_burst_then_one_at_a_time() -> None:
    clock = Clock()
    limits, rate = RateLimits(clock), Rate(burst=3, seconds=10)
    assert [limits.allow(rate, "a") for _ in range(4)] == [True, True, True, False]
    clock.time = 9.0
    assert not limits.allow(rate, "a")
    clock.time = 10.0
    assert limits.allow(rate, "a")
    assert not limits.allow(rate, "a")


def test_addresses_and_actions_do_not_share() -> None:
    limits = RateLimits(Clock())
    once, other = Rate(1, 10), Rate(1, 20)
    assert limits.allow(once, "a")
    assert limits.allow(once, "b")
    assert limits.allow(other, "a")
    assert not limits.allow(once, "a")


def test_a_flood_of_addresses_takes_no_more_room() -> None:
    limits, rate = RateLimits(Clock()), Rate(1, 10)
    for number in range(MOST_BUCKETS + 100):
        limits.allow(rate, str(number))
    assert limits.allow(rate, "0")  # the oldest were forgotten
    assert not limits.allow(rate, str(MOST_BUCKETS + 99))
