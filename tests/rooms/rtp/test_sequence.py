"""Sequence numbers: unwrapping, late ones, restarts, and numbers taken out."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from rooms.rtp.sequence import Sequence


def test_numbers_go_on_over_the_wrap() -> None:
    sequence = Sequence()
    first = sequence.extend(65534)
    assert [sequence.extend(n) - first for n in (65535, 0, 1)] == [1, 2, 3]
    assert sequence.cycles == 1
    assert sequence.extended == 0x10001


def test_a_late_packet_keeps_its_place_over_the_wrap() -> None:
    sequence = Sequence()
    first = sequence.extend(65534)
    sequence.extend(2)
    assert sequence.extend(65535) - first == 1
    assert sequence.highest - first == 4


def test_one_absurd_number_is_not_believed_two_in_a_row_are() -> None:
    sequence = Sequence()
    first = sequence.extend(10)
    assert sequence.extend(30000) == -1
    assert sequence.extend(11) == first + 1
    assert sequence.extend(40000) == -1
    assert sequence.extend(40001) == first + 2
    assert sequence.restarted
    assert sequence.extend(40002) == first + 3


def test_removed_numbers_close_up_and_late_ones_keep_the_old_count() -> None:
    sequence = Sequence()
    first = sequence.extend(100)
    padding = sequence.extend(102)  # 101 is late
    assert sequence.remove(padding)
    assert sequence.extend(103) - sequence.removed == first + 2
    late = sequence.extend(101)
    assert sequence.renumber(late) == first + 1
    assert not sequence.remove(late)


def test_the_original_number_of_a_missing_one() -> None:
    sequence = Sequence()
    first = sequence.extend(65530)
    sequence.extend(3)
    assert sequence.original(first + 2) == 65532
    assert sequence.original(first + 7) == 1


@given(st.integers(0, 65535), st.integers(0, 2**32))
def test_any_reordering_of_a_stream_with_padding_maps_to_a_dense_range(
    start: int, seed: int
) -> None:
    """Padding in order is closed up; everything else has one number of its own."""
    rng = random.Random(seed)
    sequence = Sequence()
    base = sequence.extend(start)
    numbers = {base}
    pending = list(range(1, 400))
    while pending:
        offset = pending.pop(min(len(pending) - 1, int(rng.expovariate(1))))
        number = sequence.extend((start + offset) & 0xFFFF)
        if number == sequence.highest:
            if rng.random() < 0.3 and sequence.remove(number):
                continue
            renumbered = number - sequence.removed
        else:
            renumbered = sequence.renumber(number)
        assert renumbered not in numbers
        numbers.add(renumbered)
    assert numbers == set(range(base, base + len(numbers)))
