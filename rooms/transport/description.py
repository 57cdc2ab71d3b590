"""What a session description says, as values (RFC 8866, RFC 9143, RFC 8853)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Direction = Literal["sendrecv", "sendonly", "recvonly", "inactive"]
DIRECTIONS: tuple[Direction, ...] = ("sendrecv", "sendonly", "recvonly", "inactive")


@dataclass(frozen=True, slots=True)
class RtpMap:
    """What a payload type means (RFC 8866 section 6.6)."""

    name: str
    clock_rate: int
    channels: int = 1

    def __str__(self) -> str:
        channels = f"/{self.channels}" if self.channels != 1 else ""
        return f"{self.name}/{self.clock_rate}{channels}"


@dataclass(frozen=True, slots=True)
class Rid:
    """One restriction identifier, that is one simulcast layer (RFC 8851)."""

    name: str
    direction: Literal["send", "recv"]


@dataclass(frozen=True, slots=True)
class Msid:
    """The stream and the track a section carries (RFC 8830)."""

    stream: str
    track: str


@dataclass(slots=True)
class Transport:
    """What ICE and DTLS need; given once for all sections, or repeated in each."""

    ufrag: str = ""
    pwd: str = ""
    fingerprints: tuple[tuple[str, str], ...] = ()
    setup: str = ""

    def or_else(self, other: Transport) -> Transport:
        """Fill what is missing here from the session level."""
        return Transport(
            self.ufrag or other.ufrag,
            self.pwd or other.pwd,
            self.fingerprints or other.fingerprints,
            self.setup or other.setup,
        )


@dataclass(slots=True)
class Section:
    """One media section (`m=`)."""

    kind: str
    mid: str = ""
    port: int = 9
    protocol: str = "UDP/TLS/RTP/SAVPF"
    formats: tuple[str, ...] = ()
    direction: Direction = "sendrecv"
    bundle_only: bool = False
    transport: Transport = field(default_factory=Transport)
    rtpmaps: dict[int, RtpMap] = field(default_factory=dict)
    fmtps: dict[int, str] = field(default_factory=dict)
    feedback: dict[int, tuple[str, ...]] = field(default_factory=dict)
    extensions: dict[str, int] = field(default_factory=dict)
    rids: tuple[Rid, ...] = ()
    simulcast: str = ""
    ssrcs: dict[int, dict[str, str]] = field(default_factory=dict)
    ssrc_groups: tuple[tuple[str, tuple[int, ...]], ...] = ()
    msid: Msid | None = None
    sctp_port: int | None = None
    max_message_size: int | None = None
    candidates: tuple[str, ...] = ()

    @property
    def rejected(self) -> bool:
        """Whether the section is refused: port 0 alone is not, with bundle-only (RFC 9143 7.1)."""
        return self.port == 0 and not self.bundle_only

    @property
    def payload_types(self) -> tuple[int, ...]:
        """The payload types in order of preference."""
        return tuple(int(each) for each in self.formats if each.isdigit())


@dataclass(slots=True)
class Description:
    """A whole session description."""

    sections: list[Section] = field(default_factory=list)
    transport: Transport = field(default_factory=Transport)
    bundle: tuple[str, ...] = ()
    ice_lite: bool = False
    extmap_allow_mixed: bool = False
    version: int = 1
    identifier: int = 1
