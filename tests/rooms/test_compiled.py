"""The compiled library: how it is built, and that nothing depends on it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cffi import FFI

from rooms.compiled import build

needs_compiler = pytest.mark.skipif(build.compiler() is None, reason="no C compiler")


@needs_compiler
def test_it_is_built_of_the_sources_that_are_there(tmp_path: Path) -> None:
    made = tmp_path / "packets.so"
    assert build.build(made)
    ffi = FFI()
    ffi.cdef("uint32_t moulin_source(void);")
    library: Any = ffi.dlopen(str(made))
    assert library.moulin_source() == build.digest()
    assert list(tmp_path.iterdir()) == [made]


def test_without_a_compiler_nothing_is_built_and_nothing_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CC", raising=False)
    assert not build.build(tmp_path / "packets.so")
    assert list(tmp_path.iterdir()) == []
    assert capsys.readouterr().out == ""


def chosen(**environment: str) -> str:
    """Which loop a fresh interpreter takes, and what it says of it."""
    done = subprocess.run(
        [
            sys.executable, "-c",
            "from rooms.compiled import library, sending; "
            "print(sending.forward.__module__, library.reason)",
        ],
        env={**os.environ, **environment}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout.strip()


def test_it_can_be_switched_off() -> None:
    assert chosen(MOULIN_COMPILED="off") == "rooms.fanout switched off"


@pytest.mark.skipif(not build.LIBRARY.exists(), reason="not built")
def test_it_runs_where_it_was_built() -> None:
    assert chosen(MOULIN_COMPILED="on").startswith("rooms.compiled.sending UDP segmentation")
    assert chosen(MOULIN_COMPILED="nosegments").endswith("segmentation off")
