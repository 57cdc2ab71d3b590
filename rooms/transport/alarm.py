"""A timer to wake the event loop by, to the microsecond; uvloop's own count milliseconds."""

from __future__ import annotations

import ctypes
import os
import sys
import time
from typing import Any


class _Times(ctypes.Structure):
    _fields_ = [
        (name, ctypes.c_long)
        for name in ("interval_seconds", "interval_nanoseconds", "seconds", "nanoseconds")
    ]


class Alarm:
    """Readable from when it rings until it is set again; raises OSError where there is none.

    Linux's timerfd, which the os module has from Python 3.13 on.
    """

    def __init__(self) -> None:
        if sys.platform != "linux":
            raise OSError("no timerfd")
        libc = ctypes.CDLL(None, use_errno=True)
        self._settime: Any = libc.timerfd_settime
        self._times = _Times()
        self._where = ctypes.byref(self._times)
        self._number: int = libc.timerfd_create(
            time.CLOCK_MONOTONIC, os.O_NONBLOCK | os.O_CLOEXEC
        )  # fmt: skip
        if self._number < 0:
            raise OSError(ctypes.get_errno(), "cannot make a timer")

    def fileno(self) -> int:
        """What the event loop watches."""
        return self._number

    def ring_in(self, seconds: float) -> None:
        """Ring once after `seconds` (under 1), and not before; never for 0."""
        self._times.nanoseconds = int(seconds * 1e9)
        self._settime(self._number, 0, self._where, None)

    def close(self) -> None:
        """Free its descriptor."""
        os.close(self._number)
