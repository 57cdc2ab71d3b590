"""What lets tests run beside one another: turns, and ports that nobody else is given."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

from tests.ports import EACH, Ports
from tests.turns import Turns

LIMIT = 10.0


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
