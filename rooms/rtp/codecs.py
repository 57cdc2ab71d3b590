"""What was negotiated for media: codecs, header extension ids, and one received m-section."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["audio", "video"]


@dataclass(frozen=True)
class Codec:
    """One codec as agreed with one peer.

    `name` is as `transport.codec_rules` writes it, `clock_rate` in Hz, `fmtp` and `feedback` as in
    SDP.
    """

    name: str
    clock_rate: int
    channels: int = 1
    payload_type: int = 0
    rtx_payload_type: int | None = None
    fmtp: str = ""
    feedback: tuple[str, ...] = ()

    @property
    def kind(self) -> Kind:
        return "audio" if self.name.lower() in ("opus", "red") else "video"

    @property
    def wraps(self) -> int:
        """The payload type of the frames that RED repeats (RFC 2198 section 5); 0 otherwise."""
        first = self.fmtp.partition("/")[0]
        return int(first) if self.name == "red" and first.isdecimal() else 0


@dataclass(frozen=True)
class Extensions:
    """Header extension ids (RFC 8285) of one m-section; 0 where not negotiated."""

    mid: int = 0
    rid: int = 0
    rrid: int = 0
    audio_level: int = 0
    abs_send_time: int = 0
    transport_wide: int = 0
    descriptor: int = 0


@dataclass(frozen=True)
class IncomingSpec:
    """What the negotiated SDP says of one m-section that we receive.

    `codecs_by_pt` holds the media payload types only, the RTX one is named by each codec. `ssrcs`
    are the declared media SSRCs and `rtx_pairs` are (media SSRC, RTX SSRC), both often empty.
    """

    mid: str
    kind: Kind
    codecs_by_pt: dict[int, Codec]
    extensions: Extensions = field(default_factory=Extensions)
    rids: tuple[str, ...] = ()
    ssrcs: tuple[int, ...] = ()
    rtx_pairs: tuple[tuple[int, int], ...] = ()
