"""What one server accepts at most (`Limits`), and how often it said no (`Counters`)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Every cap on what strangers may send; settings may raise or lower each of them.

    Sizes are in bytes, times in seconds, rates in events per second.
    """

    # A peer connection: SDP and ICE.
    sdp_bytes: int = 768 * 1024
    sdp_lines: int = 24_000
    sdp_line_bytes: int = 4096
    sdp_sections: int = 256
    sdp_payload_types: int = 128
    rids_per_section: int = 3
    peers: int = 4000
    stun_bytes: int = 1024
    stun_per_second: int = 100
    stun_addresses_per_peer: int = 16
    consent_seconds: float = 30.0
    first_check_seconds: float = 30.0
    tcp_connections: int = 2000
    tcp_unvalidated: int = 500
    tcp_unvalidated_seconds: float = 10.0
    tcp_media_buffered_bytes: int = 96 * 1024

    # DTLS and SCTP.
    dtls_bytes: int = 4096
    dtls_queue: int = 128
    handshake_seconds: float = 15.0
    data_channels_per_peer: int = 8
    data_message_bytes: int = 256 * 1024
    data_buffered_bytes: int = 2 * 1024 * 1024
    data_lossy_buffered_bytes: int = 128 * 1024
    data_messages_per_second: int = 2000

    # Media.
    rtp_bytes: int = 1500
    ssrcs_per_kind: int = 50
    ssrcs_unknown_per_second: int = 100
    rtcp_packets_per_compound: int = 32
    nacked_numbers_per_second: int = 2000
    keyframe_requests_per_second: int = 20
    incoming_cache_packets: int = 512

    # Signalling and rooms.
    signal_message_bytes: int = 1024 * 1024
    join_request_bytes: int = 512 * 1024
    signal_messages_per_second: int = 200
    signal_queue_messages: int = 2000
    signal_queue_bytes: int = 8 * 1024 * 1024
    resume_seconds: float = 20.0
    empty_room_seconds: float = 300.0
    departed_room_seconds: float = 20.0
    metadata_bytes: int = 512 * 1024
    attributes_bytes: int = 64 * 1024
    name_characters: int = 256
    identity_characters: int = 256
    room_name_characters: int = 256
    tracks_per_participant: int = 16
    participants_per_room: int = 500
    rooms: int = 10_000
    connections_per_address: int = 200
    joins_per_identity_per_minute: int = 60


class Counters:
    """Plain counts by name, such as `stun_unknown_ufrag`, for metrics and tests."""

    __slots__ = ("_counts",)

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}

    def add(self, name: str, count: int = 1) -> None:
        """Add `count` to the count called `name`, which starts at zero."""
        self._counts[name] = self._counts.get(name, 0) + count

    def __getitem__(self, name: str) -> int:
        return self._counts.get(name, 0)

    def __iter__(self) -> Iterator[tuple[str, int]]:
        return iter(sorted(self._counts.items()))

    def __repr__(self) -> str:
        return f"Counters({dict(self)!r})"
