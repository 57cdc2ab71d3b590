"""How many browsers looked at a link, without following anybody: what was seen is kept for a day.

A browser is told from another by a keyed hash of its address and name. The key is random, lives in
this process alone and changes every day, with all that was seen: nothing of it is ever written,
and no two days can be compared. Only the count is kept, in the database.
"""

from __future__ import annotations

import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Callable
from time import monotonic

MOST_SEEN = 50_000
A_DAY = 24 * 3600.0


class Openings:
    """Which browsers have looked at which links today; the oldest sight goes first when full."""

    def __init__(self, now: Callable[[], float] = monotonic) -> None:
        self._now = now
        self._key = secrets.token_bytes(32)
        self._since = now()
        self._seen: OrderedDict[bytes, None] = OrderedDict()

    def is_first(self, invitation_id: str, address: str, agent: str) -> bool:
        """Whether this browser had not looked at this link today; remembers that it has now."""
        if self._now() - self._since >= A_DAY:
            self._key, self._since = secrets.token_bytes(32), self._now()
            self._seen.clear()
        text = "\n".join((invitation_id, address, agent)).encode("utf-8", "replace")
        sight = hashlib.blake2b(text, key=self._key, digest_size=16).digest()
        if sight in self._seen:
            return False
        self._seen[sight] = None
        while len(self._seen) > MOST_SEEN:
            self._seen.popitem(last=False)
        return True
