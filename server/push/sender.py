"""Sending one message to one device's push service, in a bounded time, and what came of it."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import Enum

import aiohttp

from server.push.encryption import encrypt
from server.push.endpoints import FarResolver, OwnServices, is_endpoint, origin_of
from server.push.vapid import Vapid, to_text
from server.storage.queries.push_notices import DueNotice

LONGEST_SECONDS = 10.0
LONGEST_TTL = timedelta(days=28)
"""How long a push service keeps a message for a device that is away: Google refuses more."""
PADDED_TO = 1024
"""Shorter messages all look alike to the push service."""


class Outcome(Enum):
    """What a push service made of a message."""

    TAKEN = "taken"
    LATER = "later"
    REFUSED = "refused"
    GONE = "gone"  # the device wants none any more


@dataclass(frozen=True)
class Answer:
    """What came of a message; `wait` is how long the push service wants to be left alone."""

    outcome: Outcome
    status: int | None = None
    wait: timedelta | None = None


class PushSender:
    """Sends to push services: those of the public internet, and the keeper's `own`."""

    def __init__(
        self, vapid: Vapid, now: Callable[[], datetime], own: OwnServices | None = None
    ) -> None:
        self._vapid = vapid
        self._now = now
        self._own = own or OwnServices()
        self._clients: dict[bool, aiohttp.ClientSession] = {}

    @property
    def public_key(self) -> str:
        """What a browser needs to let this server alone send to it."""
        return self._vapid.public_key

    def accepts(self, endpoint: str) -> bool:
        """Whether that may be a push service's address."""
        return is_endpoint(endpoint, self._own.origins)

    async def send(self, notice: DueNotice) -> Answer:
        """Try once; never raises for what the other side does."""
        if not self.accepts(notice.endpoint):
            return Answer(Outcome.GONE)
        now = self._now()
        try:
            body = encrypt(
                notice.payload.encode(), notice.public_key, notice.secret, padded_to=PADDED_TO
            )
            client = self._client(origin_of(notice.endpoint) in self._own.origins)
            async with client.post(
                notice.endpoint,
                data=body,
                headers=self._headers(notice, now),
                allow_redirects=False,
            ) as response:
                wait = wait_of(response.headers.get("Retry-After", ""), now)
                return Answer(outcome_of(response.status), response.status, wait)
        except aiohttp.InvalidURL:
            return Answer(Outcome.GONE)
        except (aiohttp.ClientError, OSError, TimeoutError):  # some are ValueError too
            return Answer(Outcome.LATER)
        except ValueError:  # a key that is none
            return Answer(Outcome.GONE)

    async def close(self) -> None:
        """Let go of the connections."""
        while self._clients:
            _, client = self._clients.popitem()
            await client.close()

    def _headers(self, notice: DueNotice, now: datetime) -> dict[str, str]:
        """RFC 8030, section 5."""
        left = min(notice.expires_at - now, LONGEST_TTL)
        return {
            "Authorization": self._vapid.authorization(notice.endpoint, now),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(max(0, int(left.total_seconds()))),
            "Topic": topic_of(notice),
            "Urgency": "high",
        }

    def _client(self, own: bool) -> aiohttp.ClientSession:
        if own not in self._clients:
            # The keeper's own services may be anywhere; by any other name only what is far.
            connector = (
                aiohttp.TCPConnector(ssl=self._own.tls(), limit=20)
                if own
                else aiohttp.TCPConnector(resolver=FarResolver(), limit=20)
            )
            self._clients[own] = aiohttp.ClientSession(
                connector=connector,
                timeout=aiohttp.ClientTimeout(total=LONGEST_SECONDS),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._clients[own]


def outcome_of(status: int) -> Outcome:
    """What a push service's status means (RFC 8030, sections 5 and 7.3)."""
    if 200 <= status < 300:
        return Outcome.TAKEN
    if status in (404, 410):
        return Outcome.GONE
    return Outcome.LATER if status in (408, 429) or status >= 500 else Outcome.REFUSED


def wait_of(retry_after: str, now: datetime) -> timedelta | None:
    """How long that header asks to wait: seconds or a date (RFC 9110, section 10.2.3)."""
    if retry_after.isascii() and retry_after.isdecimal() and len(retry_after) < 9:
        return timedelta(seconds=int(retry_after))
    try:
        return max(parsedate_to_datetime(retry_after) - now, timedelta())
    except (TypeError, ValueError):  # no date, or one without a zone
        return None


def topic_of(notice: DueNotice) -> str:
    """What has a message replace one about the same that the device has not fetched yet.

    32 characters of base64url (RFC 8030, section 5.4), keyed with the device's secret, so that a
    push service cannot tell who else is told of the same thing.
    """
    return to_text(hmac.digest(notice.secret, notice.about.encode(), "sha256")[:24])
