"""What lets tests run beside one another: who takes which, turns, and ports of one's own."""

from __future__ import annotations

import json
import socket
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from tests.ports import EACH, Ports
from tests.sharing import LONGEST, Kind, Sharing
from tests.turns import Turns

LIMIT = 60.0


def test_turns_are_shared_unless_one_is_taken_alone(tmp_path: Path) -> None:
    first, second, third = (Turns(tmp_path) for _ in range(3))
    is_alone, may_end, came_after = (threading.Event() for _ in range(3))

    def alone() -> None:
        with second.taken(alone=True):
            is_alone.set()
            may_end.wait(LIMIT)

    def after() -> None:
        with third.taken(alone=False):
            came_after.set()

    threads = [threading.Thread(target=alone), threading.Thread(target=after)]
    with first.taken(alone=False):
        with third.taken(alone=False):  # beside the first
            pass
        threads[0].start()
        assert not is_alone.wait(0.1)
    assert is_alone.wait(LIMIT)
    threads[1].start()
    assert not came_after.wait(0.1)
    may_end.set()
    assert came_after.wait(LIMIT)
    for thread in threads:
        thread.join(LIMIT)
    for turns in (first, second, third):
        turns.close()


def test_no_port_is_given_to_two_processes_nor_while_it_is_used() -> None:
    ours, theirs = Ports(), Ports()
    given = {ours.free() for _ in range(EACH)}
    assert given.isdisjoint({theirs.free() for _ in range(EACH)})
    taken = min(given)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as used:
        used.bind(("127.0.0.1", taken))
        assert taken not in {ours.free() for _ in range(EACH)}
    ours.close()
    theirs.close()


class Taker:
    """A process of a run, as xdist sees it; it ends one test after the other."""

    def __init__(self, name: str, tests: list[str], log: list[str]) -> None:
        self.gateway = SimpleNamespace(id=name)
        self.shutting_down = False
        self.given: list[str] = []
        self.done: list[str] = []
        self._tests, self._log = tests, log

    def send_runtest_some(self, indices: list[int]) -> None:
        self.given += [self._tests[index] for index in indices]

    def shutdown(self) -> None:
        self.shutting_down = True

    def end_one(self, sharing: Sharing) -> bool:
        """End a test, which a process does once it knows the next one or that there is none."""
        if len(self.given) <= len(self.done) + (not self.shutting_down):
            return False
        self.done.append(self.given[len(self.done)])
        self._log.append(self.done[-1])
        sharing.mark_test_complete(self, self._tests.index(self.done[-1]))
        return True


def shared_out(
    folder: Path, kinds: dict[str, Kind], processes: int
) -> tuple[list[str], list[list[str]]]:
    """All tests in the order in which they end, and each process's, when all take equally long."""
    told = folder / "kinds.json"
    told.write_text(json.dumps(kinds), encoding="utf-8")
    tests = list(kinds)
    config = SimpleNamespace(
        getvalue=lambda name: [f"{processes}*popen"],
        option=SimpleNamespace(loadscopereorder=False),
    )
    quiet = SimpleNamespace(loadscopesched=None, loadfilesched=lambda *said: None)
    sharing = Sharing(cast(pytest.Config, config), quiet, told)
    log: list[str] = []
    takers = [Taker(f"gw{number}", tests, log) for number in range(processes)]
    for taker in takers:
        sharing.add_node(taker)
    for taker in takers:
        sharing.add_node_collection(taker, tests)
    sharing.schedule()
    while sum(taker.end_one(sharing) for taker in takers):
        pass
    return log, [taker.done for taker in takers]


def of_file(path: str, kind: Kind, count: int) -> dict[str, Kind]:
    """So many tests of one kind in that file."""
    return {f"{path}::test_{kind}_{number}": kind for number in range(count)}


PAGES = {"tests/a_page.py", "tests/b_page.py", "tests/c_page.py", LONGEST[-1]}


def test_who_gives_way_takes_parts_alone_and_timed_tests_come_last(tmp_path: Path) -> None:
    kinds = {
        **of_file("tests/a_page.py", Kind.WHOLE, 30),
        **of_file("tests/b_page.py", Kind.ALONE, 2),
        **of_file("tests/b_page.py", Kind.WHOLE, 6),
        **of_file("tests/c_page.py", Kind.WHOLE, 30),
        **of_file(LONGEST[-1], Kind.WHOLE, 6),
        **of_file("tests/rooms/a_part.py", Kind.PART, 8),
        **of_file("tests/rooms/a_timed_part.py", Kind.ALONE, 2),
        **of_file("tests/rooms/b_part.py", Kind.PART, 8),
    }
    log, (*takers, gives_way) = shared_out(tmp_path, kinds, 3)
    assert sorted(log) == sorted(kinds)
    assert {kinds[test] for test in gives_way} == {Kind.PART}
    before = log[: log.index(gives_way[0])]
    assert {test.partition("::")[0] for test in before if kinds[test] is Kind.WHOLE} == PAGES
    assert takers[0][0].startswith(LONGEST[-1])
    in_time = [[test for test in done if kinds[test] is Kind.ALONE] for done in takers]
    assert sorted(len(each) for each in in_time) == [0, 4]
    order = {Kind.WHOLE: 0, Kind.ALONE: 1, Kind.PART: 2}
    for done in takers:
        assert done == sorted(done, key=lambda test: order[kinds[test]])


@pytest.mark.parametrize("processes", [1, 2, 3, 4])
@pytest.mark.parametrize("kind", Kind)
def test_each_test_is_run_once_however_many_processes(
    tmp_path: Path, processes: int, kind: Kind
) -> None:
    kinds = of_file("tests/a.py", kind, 3) | of_file("tests/b.py", kind, 1)
    log, _ = shared_out(tmp_path, kinds, processes)
    assert sorted(log) == sorted(kinds)


def test_the_longest_files_are_there() -> None:
    root = Path(__file__).parent.parent
    assert [path for path in LONGEST if not (root / path).is_file()] == []
