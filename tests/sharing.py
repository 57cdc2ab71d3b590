"""Which process of a run takes which tests: long files first, timed ones last, small between."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling

GIVES_WAY_BY = 10
"""How nice the process that gives way is: it gets a tenth of what another wants too."""

LONGEST = (
    "tests/browser/test_every_page.py",
    "tests/faults/test_codecs.py",
    "tests/faults/test_moving.py",
    "tests/interop/test_media.py",
    "tests/browser/test_the_group_admin.py",
    "tests/faults/test_encrypted.py",
    "tests/interop/test_reconnection.py",
    "tests/browser/test_coming_back.py",
    "tests/browser/test_screenshots.py",
    "tests/browser/test_sessions.py",
)
"""Files that take twenty seconds and more, the longest first: who ends last keeps the others."""

LAST = len(LONGEST) + 2


class Kind(StrEnum):
    """What a test needs of the machine."""

    WHOLE = "whole"
    """A browser, an unmodified client or a running server, beside another such test."""
    ALONE = "alone"
    """The same, in time: nothing beside it but what gives way."""
    PART = "part"
    """Next to nothing: it runs whenever nobody else wants the processor."""


def kind_of(item: pytest.Item) -> Kind:
    """The kind of a test, by its markers and by what it starts."""
    if item.get_closest_marker("alone"):
        return Kind.ALONE
    if item.get_closest_marker("browser") or item.get_closest_marker("interop"):
        return Kind.WHOLE
    started = {"moulin", "moulin_factory"}.intersection(getattr(item, "fixturenames", ()))
    return Kind.WHOLE if started else Kind.PART


def gives_way(worker: str, count: int) -> bool:
    """Whether the process of that name, of so many, only takes what others leave."""
    return count > 2 and worker == f"gw{count - 1}"


def give_way() -> None:
    """Let this process, and those that it starts, have the processor when nobody else wants it."""
    os.nice(GIVES_WAY_BY)
    # Linux may weigh whole terminals against one another, each with a niceness of its own.
    with suppress(OSError):
        os.setsid()
        Path("/proc/self/autogroup").write_text(str(GIVES_WAY_BY))


def tell_kinds(items: Iterable[pytest.Item], path: Path) -> None:
    """Write the kinds of tests where `Sharing` reads them; every process writes the same."""
    kinds = {item.nodeid: kind_of(item) for item in items}
    own = path.with_suffix(f".{os.getpid()}")
    own.write_text(json.dumps(kinds), encoding="utf-8")
    own.replace(path)


class Sharing(LoadFileScheduling):  # type: ignore[misc] # xdist has no types
    """Files go whole to a process, but for their timed tests, which one process takes at the end.

    Of three processes and more, the last takes tests of parts only, from when the others take
    timed tests, which leave most of the machine; what it left at their end, they take too.
    """

    def __init__(self, config: pytest.Config, log: Any, kinds: Path) -> None:
        super().__init__(config, log)
        self._told = kinds
        self._kinds: dict[str, Kind] = {}

    def schedule(self) -> None:
        """Order the tests once all processes have found them, then hand out the first."""
        if not self._kinds:
            told = json.loads(self._told.read_text(encoding="utf-8"))
            self._kinds = {test: Kind(kind) for test, kind in told.items()}
        super().schedule()

    def _split_scope(self, nodeid: str) -> str:
        if self._kinds[nodeid] is Kind.ALONE:
            return Kind.ALONE
        return str(super()._split_scope(nodeid))

    def _assign_work_unit(self, node: Any) -> None:
        ranks = {scope: self._rank(scope) for scope in self.workqueue}
        if self._gives_way(node) and min(ranks.values(), default=LAST) < LAST:
            return  # it is called again below
        if not ranks:
            node.shutdown()
            return
        self.workqueue.move_to_end(min(ranks, key=ranks.__getitem__), last=False)
        super()._assign_work_unit(node)
        for other in self.nodes:
            if self._gives_way(other) and not self.assigned_work[other]:
                self._reschedule(other)

    def _gives_way(self, node: Any) -> bool:
        return gives_way(node.gateway.id, self.numnodes)

    def _rank(self, scope: str) -> int:
        """The lower, the sooner: long files, then the others, timed tests, tests of parts."""
        if scope == Kind.ALONE:
            return LAST - 1
        if all(self._kinds[test] is Kind.PART for test in self.workqueue[scope]):
            return LAST
        return LONGEST.index(scope) if scope in LONGEST else len(LONGEST)
