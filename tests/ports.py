"""Ports for what tests start: each process of a run has a stretch that no other has."""

from __future__ import annotations

import functools
import itertools
import os
import socket

# Below what the system gives by itself (32768 and up), so that none is taken by chance between
# its choice and its use, nor while a server that will come back on it is away.
FIRST, LAST = 20_000, 32_000
EACH = 200


class NoPortsLeft(AssertionError):
    """Every port of the range is somebody's."""


def _claim() -> tuple[socket.socket, range]:
    """A stretch of ports, ours while the socket is open: a name that the system gives only once."""
    stretches = [range(start, start + EACH) for start in range(FIRST, LAST, EACH)]
    first = os.getpid() % len(stretches)
    for stretch in stretches[first:] + stretches[:first]:
        claim = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            claim.bind(f"\0moulin-tests-ports-{stretch.start}")
        except OSError:
            claim.close()
        else:
            return claim, stretch
    raise NoPortsLeft(f"all ports from {FIRST} to {LAST} are claimed")


class Ports:
    """The ports of this process, given one after the other."""

    def __init__(self) -> None:
        self._claim, self._stretch = _claim()
        self._next = itertools.cycle(self._stretch)

    def free(self) -> int:
        """A port on which nothing listens on 127.0.0.1, by TCP or UDP; raises NoPortsLeft."""
        for port in itertools.islice(self._next, EACH):
            if _is_free(port):
                return port
        raise NoPortsLeft(f"every port of {self._stretch} is in use")

    def close(self) -> None:
        """Leave the ports to others."""
        self._claim.close()


def _is_free(port: int) -> bool:
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET, kind) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return False
    return True


@functools.cache
def _ours() -> Ports:
    return Ports()


def free_port() -> int:
    """A port of this process's own that nothing uses; raises NoPortsLeft."""
    return _ours().free()
