"""Offers as real clients made them, and the smallest stand-ins that negotiation needs."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any, cast

from rooms.limits import Limits
from rooms.rtp.codecs import Kind
from rooms.transport import sdp
from rooms.transport.description import Description
from rooms.transport.negotiation import Answerer, Local
from rooms.transport.slots import OutgoingTrack

_OFFERS = Path(__file__).parent / "offers"

LIMITS = Limits()
LOCAL = Local(
    "ourufrag", "ourpassword" * 3, ("sha-256", "AA:BB"), ("1 1 udp 1 192.0.2.9 7 typ host",)
)
NAMES = tuple(sorted(each.stem for each in _OFFERS.glob("*.sdp")))


def offer_text(name: str) -> str:
    """An offer: Chromium 156, Firefox ESR 153 or the native SDK 1.2.1, as `NAMES` lists."""
    return (_OFFERS / f"{name}.sdp").read_bytes().decode()


def offer(name: str) -> Description:
    """The same, read."""
    return sdp.parse(offer_text(name), LIMITS)


def answerer() -> Answerer:
    """A fresh answering side with a seeded generator."""
    return Answerer(LIMITS, random.Random(7))


def track(number: int, kind: Kind = "video", codec: str = "") -> OutgoingTrack:
    """A track to send; nothing of its media is looked at."""
    name = codec or ("VP8" if kind == "video" else "opus")
    source = cast(Any, None)
    return OutgoingTrack(f"TR_{number}", f"PA_{number}|main", kind, name, source)
