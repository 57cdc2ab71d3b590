"""What a peer connection asks of its server, tells its participant, and answers to signalling."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from aiortc import RTCCertificate

from rooms.limits import Counters, Limits
from rooms.transport.ice_lite import IceLite, Path

if TYPE_CHECKING:
    from rooms.rtp.incoming import IncomingTrack
    from rooms.transport.media import MediaMux
    from rooms.transport.peer import Peer


class PeerListener(Protocol):
    """What a peer connection tells the participant that it belongs to."""

    def on_connected(self, peer: Peer) -> None:
        """DTLS is up for the first time."""

    def on_closed(self, peer: Peer, reason: str) -> None:
        """Consent expired, DTLS failed, or the remote side closed; told once, not after close()."""

    def on_incoming_track(
        self, peer: Peer, mid: str, msid_track_id: str, track: IncomingTrack
    ) -> None:
        """The client sends on section `mid` from this negotiation on."""

    def on_incoming_track_ended(self, peer: Peer, mid: str) -> None:
        """The client sends no more on section `mid`."""

    def on_data(self, peer: Peer, label: str, data: bytes) -> None:
        """A binary message came on the data channel `label`."""


class Host(Protocol):
    """What a peer needs of the server that carries it."""

    limits: Limits
    counters: Counters
    certificate: RTCCertificate
    ice: IceLite
    mux: MediaMux
    rng: random.Random
    now: Callable[[], float]

    def candidates(self) -> tuple[str, ...]:
        """Our host candidates."""

    def send(self, path: Path, data: bytes) -> None:
        """Send a datagram that is not media."""

    def forget(self, peer: Peer) -> None:
        """The peer is closed: carry nothing for it any more."""


@dataclass(frozen=True)
class Answer:
    """Our answer, which track each mid carries, and what sections the client should add."""

    sdp: str
    mid_to_track_id: dict[str, str]
    missing_audios: int
    missing_videos: int


@dataclass(frozen=True)
class Offer:
    """Our offer, and which track each of its mids carries."""

    sdp: str
    mid_to_track_id: dict[str, str]
