"""Credentials for the relay (coturn) that end by themselves, so that nobody needs an account."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Iterable

from livekit.protocol.rtc import ICEServer

LIFE_SECONDS = 24 * 3600
"""How long a credential lets one allocate: longer than a working day in one office."""


def relay_servers(
    urls: list[str], secret: str, now: Callable[[], float]
) -> Callable[[str], Iterable[ICEServer]]:
    """What to tell a participant of the relay at `urls`, whose static-auth-secret is `secret`.

    The user name is "end:identity" and the password its HMAC-SHA1, as coturn's use-auth-secret
    (draft-uberti-behave-turn-rest) checks them; `now` gives Unix seconds.
    """

    def servers(identity: str) -> Iterable[ICEServer]:
        username = f"{int(now()) + LIFE_SECONDS}:{identity}"
        digest = hmac.new(secret.encode(), username.encode(), hashlib.sha1).digest()
        credential = base64.b64encode(digest).decode("ascii")
        return [ICEServer(urls=urls, username=username, credential=credential)]

    return servers
