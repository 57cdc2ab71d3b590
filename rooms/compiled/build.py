"""Compiles the C sources beside it: `python -m rooms.compiled.build`, without a network or headers.

Where there is no compiler, nothing is said and nothing is lost but speed.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import zlib
from pathlib import Path

FOLDER = Path(__file__).parent
LIBRARY = FOLDER / "packets.so"
SOURCES = ("packets.h", "lane.c", "receive.c", "seal.c", "send.c")
_FLAGS = ("-std=gnu11", "-O2", "-fPIC", "-shared")


def digest() -> int:
    """A number of 32 bits that changes with the sources: the library knows which it was made of."""
    return zlib.crc32(b"".join((FOLDER / name).read_bytes() for name in SOURCES))


def compiler() -> list[str] | None:
    """The command of a C compiler ($CC first), None when there is none."""
    wanted = [os.environ["CC"]] if os.environ.get("CC") else ["cc", "gcc", "clang"]
    for each in wanted:
        words = shlex.split(each)
        if words and shutil.which(words[0]):
            return words
    return None


def build(to: Path = LIBRARY, more: tuple[str, ...] = ()) -> bool:
    """Compile the library to that path; False, and nothing written, when it cannot be.

    `more` are flags for the compiler beside the usual ones.
    """
    command = compiler()
    if command is None or sys.platform != "linux":
        return False
    made = to.with_suffix(f".{os.getpid()}.new")
    sources = [str(FOLDER / name) for name in SOURCES if name.endswith(".c")]
    words = [*command, *_FLAGS, *more, f"-DMOULIN_SOURCE={digest()}u", "-o", str(made), *sources]
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode:
            print(
                f"The compiled packet path could not be built, and is done without:\n{done.stderr}"
            )
            return False
        made.replace(to)  # a running server keeps the one that it has opened
    except OSError:  # a compiler that cannot be run, or a folder that cannot be written
        return False
    finally:
        made.unlink(missing_ok=True)
    return True


if __name__ == "__main__":
    build()
