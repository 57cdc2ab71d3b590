"""How often one address may do what costs: token buckets in memory, bounded in number."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

MOST_BUCKETS = 20_000


@dataclass(frozen=True)
class Rate:
    """`burst` at once, then one every `seconds`."""

    burst: int
    seconds: float


# A whole coworking space may stand behind one address, and come in at nine o'clock sharp.
NAMES = Rate(burst=100, seconds=1)  # giving a name, using an invitation
ENTRIES = Rate(burst=200, seconds=0.5)  # asking for a token to enter; reconnections come in bursts
OPENS = Rate(burst=100, seconds=1)  # first looks at invitations, past which none is counted
LOGIN_LINKS = Rate(burst=30, seconds=10)  # asking for a mailed link
OWN_DATA = Rate(burst=10, seconds=60)  # gathering or erasing all that is kept of someone
OWNER_LINKS = Rate(burst=20, seconds=15)
CHANGES = Rate(burst=60, seconds=1)  # an owner's changes
PROPOSALS = Rate(burst=60, seconds=60)  # each one writes to the organisers of another house
FEEDS = Rate(burst=600, seconds=0.2)  # reading a calendar; a provider reads for all its customers


class RateLimits:
    """The buckets, by what is done and by whom; the one unused for longest goes first."""

    def __init__(self, now: Callable[[], float] = monotonic) -> None:
        self._now = now
        self._buckets: OrderedDict[tuple[Rate, str], tuple[float, float]] = OrderedDict()

    def allow(self, rate: Rate, address: str) -> bool:
        """Whether `address` may do this once more now; counts it when it may."""
        now = self._now()
        key = (rate, address)
        tokens, since = self._buckets.pop(key, (float(rate.burst), now))
        tokens = min(rate.burst, tokens + (now - since) / rate.seconds)
        allowed = tokens >= 1
        self._buckets[key] = (tokens - 1 if allowed else tokens, now)
        while len(self._buckets) > MOST_BUCKETS:
            self._buckets.popitem(last=False)
        return allowed
