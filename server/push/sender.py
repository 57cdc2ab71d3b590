"""Sending one message to one device's push service, in a bounded time, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from enum import Enum

import aiohttp

from server.push.encryption import encrypt
from server.push.endpoints import FarResolver, is_endpoint
from server.push.vapid import Vapid
from server.storage.queries.push_notices import DueNotice

LONGEST_SECONDS = 10.0
PADDED_TO = 1024
"""Shorter messages all look alike to the push service."""


class Outcome(Enum):
    """What a push service made of a message."""

    TAKEN = "taken"
    LATER = "later"
    REFUSED = "refused"
    GONE = "gone"  # the device wants none any more


class PushSender:
    """Sends to push services. `nearby`: to this machine as well, which only tests may."""

    def __init__(self, vapid: Vapid, now: Callable[[], datetime]) -> None:
        self._vapid = vapid
        self._now = now
        self._client: aiohttp.ClientSession | None = None
        self.nearby = False

    @property
    def public_key(self) -> str:
        """What a browser needs to let this server alone send to it."""
        return self._vapid.public_key

    def accepts(self, endpoint: str) -> bool:
        """Whether that may be a push service's address."""
        return is_endpoint(endpoint, nearby=self.nearby)

    async def send(self, notice: DueNotice) -> Outcome:
        """Try once; never raises for what the other side does."""
        if not self.accepts(notice.endpoint):
            return Outcome.GONE
        now = self._now()
        try:
            body = encrypt(
                notice.payload.encode(), notice.public_key, notice.secret, padded_to=PADDED_TO
            )
            headers = {
                "Authorization": self._vapid.authorization(notice.endpoint, now),
                "Content-Encoding": "aes128gcm",
                "Content-Type": "application/octet-stream",
                "TTL": str(max(0, int((notice.expires_at - now).total_seconds()))),
                "Urgency": "high",
            }
            async with self._open().post(
                notice.endpoint, data=body, headers=headers, allow_redirects=False
            ) as answer:
                return outcome_of(answer.status)
        except ValueError:  # a key that is none, or an address that aiohttp cannot read
            return Outcome.GONE
        except (aiohttp.ClientError, OSError, TimeoutError):
            return Outcome.LATER

    async def close(self) -> None:
        """Let go of the connections."""
        if self._client is not None:
            await self._client.close()
            self._client = None

    def _open(self) -> aiohttp.ClientSession:
        if self._client is None:
            self._client = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(resolver=FarResolver(), limit=20),
                timeout=aiohttp.ClientTimeout(total=LONGEST_SECONDS),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._client


def outcome_of(status: int) -> Outcome:
    """What a push service's status means (RFC 8030, sections 5 and 7.3)."""
    if 200 <= status < 300:
        return Outcome.TAKEN
    if status in (404, 410):
        return Outcome.GONE
    return Outcome.LATER if status == 429 or status >= 500 else Outcome.REFUSED
