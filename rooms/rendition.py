"""One codec of a published track."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from livekit.protocol.models import VideoLayer

from rooms.dynacast import WantedQuality

if TYPE_CHECKING:
    from rooms.rtp.incoming import IncomingTrack


@dataclass(slots=True)
class Rendition:
    """A track in one codec: what was announced of it, and its media once that is here.

    `codec` is as `codec_rules` writes it, `cid` the client's own name for the media.
    """

    codec: str
    cid: str
    layers: Sequence[VideoLayer]
    announced_at: float
    wanted: WantedQuality
    mid: str = ""
    incoming: IncomingTrack | None = None
