"""The way by which streams leave to one subscriber."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


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
