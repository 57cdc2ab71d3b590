"""The way by which streams leave to one subscriber."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

_GCM_TAG = 16


@dataclass(frozen=True, slots=True)
class SendPath:
    """The way to a subscriber: an SRTP session's pointer, how many bytes it appends, where to send.

    `keep` is what owns the session: the pointer is valid as long as it lives.
    """

    session: Any
    tag: int
    sendto: Callable[[Any, Any], int]
    address: Any
    keep: Any

    @property
    def once(self) -> bool:
        """Whether no number may carry other bytes, headers included, a second time.

        So it is with AES-GCM, whose every packet bears 16 bytes of tag: two packets of one number
        betray the key that authenticates all others (RFC 7714 section 8).
        """
        return self.tag == _GCM_TAG
