"""What tests start ends with them, also when they are killed."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.processes import ROOT, Process, ending_with_us

_KILLED_MEANWHILE = """
import asyncio, os, sys
from pathlib import Path
from tests.processes import Process
started = Process("sleep", ["sleep", "600"], Path(sys.argv[1]), lambda: True)
asyncio.run(started.start())
print(started.pid, flush=True)
os.kill(os.getpid(), 9)
"""


def is_running(pid: int) -> bool:
    """Whether that process is there and has not ended, though perhaps nobody took note of it."""
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


@pytest.mark.skipif(ending_with_us([], signal.SIGKILL) == [], reason="setpriv is missing")
async def test_what_a_killed_run_started_ends_with_it(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-c", _KILLED_MEANWHILE, str(tmp_path / "log")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == -signal.SIGKILL, run.stderr
    async with asyncio.timeout(30):
        while is_running(int(run.stdout)):
            await asyncio.sleep(0.01)


async def test_a_program_is_the_one_that_was_asked_for(tmp_path: Path) -> None:
    started = Process("sleep", ["sleep", "600"], tmp_path / "log", lambda: True)
    await started.start()
    assert await started.stop() == -signal.SIGTERM
