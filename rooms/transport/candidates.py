"""Our ICE candidates as lines of a description."""

from __future__ import annotations

from collections.abc import Iterable


def candidate_lines(addresses: Iterable[tuple[str, int]]) -> tuple[str, ...]:
    """One host candidate for each socket (RFC 8839), the first the most preferred."""
    return tuple(
        f"{index + 1} 1 udp {(126 << 24) | ((65535 - index) << 8) | 255} {host} {port} typ host"
        for index, (host, port) in enumerate(addresses)
    )


def tcp_candidate_lines(addresses: Iterable[tuple[str, int]]) -> tuple[str, ...]:
    """The same for listeners (RFC 6544): less preferred than any UDP."""
    # Type preference 90 (section 4.2), and direction preference 4 for passive.
    return tuple(
        f"tcp{index + 1} 1 tcp {(90 << 24) | (((4 << 13) + 8191 - index) << 8) | 255} "
        f"{host} {port} typ host tcptype passive"
        for index, (host, port) in enumerate(addresses)
    )
