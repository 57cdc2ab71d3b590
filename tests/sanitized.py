"""The packet path's tests, its C built to stop at the first bad byte: `make sanitize`.

Also a plugin of pytest's, which has them use that build in place of the usual one.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from rooms.compiled import build

_FLAGS = ("-g", "-fno-omit-frame-pointer", "-fsanitize=address,undefined", "-fno-sanitize-recover")
_RUNTIMES = ("libasan.so", "libubsan.so")
_BUILT = "MOULIN_SANITIZED"
_TESTS = (
    *("test_compiled", "test_seals", "test_fanout", "test_departures"),
    *("transport/test_both_paths", "transport/test_batches", "transport/test_lanes"),
    *("transport/test_hostile_media", "transport/test_media", "transport/test_red"),
    *("transport/test_dtls", "transport/test_peer", "transport/test_moderation"),
)

if _BUILT in os.environ:
    build.LIBRARY = Path(os.environ[_BUILT])


def _runtime(name: str) -> str:
    """Where the compiler keeps a library that must be loaded before all others."""
    command = [*(build.compiler() or ()), f"-print-file-name={name}"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def main() -> int:
    """Build, and run those tests; the status to exit with."""
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / build.LIBRARY.name
        if not build.build(made, _FLAGS):
            print("There is no C compiler here.")
            return 1
        environment = {
            **os.environ,
            _BUILT: str(made),
            "LD_PRELOAD": ":".join(map(_runtime, _RUNTIMES)),
            "ASAN_OPTIONS": "detect_leaks=0",  # Python's own are not ours to mend
            "PYTHONMALLOC": "malloc",  # so that Python's buffers have guarded ends too
        }
        tests = [f"tests/rooms/{name}.py" for name in _TESTS]
        options = ["-q", "-x", "-p", "tests.sanitized", "-p", "no:cacheprovider"]
        command = [sys.executable, "-m", "pytest", *options, *tests]
        return subprocess.run(command, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
