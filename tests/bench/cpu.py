"""What processes cost: CPU-seconds, of all threads or of one, and the memory they hold."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """What the threads of a process that still run have run for, to the nanosecond."""
    return sum(thread_seconds(pid).values())


def thread_seconds(pid: int) -> dict[int, float]:
    """The same by thread; the main one has the number of the process."""
    seconds = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        with suppress(OSError):  # it has just ended
            seconds[int(task.name)] = int((task / "schedstat").read_text().split()[0]) / 1e9
    return seconds


def process_seconds(pid: int) -> float:
    """What a process has run for, with its threads that ended, to a hundredth of a second."""
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:  # it has just ended
        return 0.0
    return (int(after_name[11]) + int(after_name[12])) / _TICKS


def resident_bytes(pid: int) -> int:
    """The memory that a process holds by itself, without what it shares with files."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * 1024
    raise ProcessLookupError(pid)


def undisturbed(pid: int) -> None:
    """Have a process run before other work, if we may: that is not what is to be measured."""
    with suppress(PermissionError):
        for each in Path(f"/proc/{pid}/task").iterdir():
            os.sched_setscheduler(int(each.name), os.SCHED_RR, os.sched_param(10))
