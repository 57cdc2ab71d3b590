"""Whose turn it is: several tests run beside one another, one that measures time runs alone."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Turns:
    """Turns among the processes of one run, by two locked files in a folder that they share."""

    def __init__(self, folder: Path) -> None:
        self._gate = (folder / "gate.lock").open("w")
        self._floor = (folder / "floor.lock").open("w")

    @contextmanager
    def taken(self, *, alone: bool) -> Iterator[None]:
        """Wait for a turn and have it; `alone`, nobody else has one meanwhile."""
        # Who waits to be alone holds the gate, so that the others' turns come to an end.
        fcntl.flock(self._gate, fcntl.LOCK_EX)
        try:
            fcntl.flock(self._floor, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        finally:
            fcntl.flock(self._gate, fcntl.LOCK_UN)
        try:
            yield
        finally:
            fcntl.flock(self._floor, fcntl.LOCK_UN)

    def close(self) -> None:
        """Forget the files, and with them any turn."""
        self._gate.close()
        self._floor.close()
