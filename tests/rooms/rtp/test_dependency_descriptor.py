"""AV1's dependency descriptor is read as the specification's Appendix A has it, and rewritten."""

from __future__ import annotations

import pytest

from rooms.rtp.dependency_descriptor import (
    DISCARDABLE,
    NOT_PRESENT,
    REQUIRED,
    SWITCH,
    MalformedDescriptor,
    parse,
    restricted,
)
from tests.rooms.rtp.descriptors import L1T3, L2T2_KEY, Kind, Written, descriptor


def test_the_usual_three_bytes_name_a_template() -> None:
    structure = parse(descriptor(7, 0, structure=L1T3), None).structure
    told = parse(bytes((0x80 | 2, 0x12, 0x34)), structure)
    assert (told.starts, told.ends, told.number) == (True, False, 0x1234)
    assert told.frame is not None
    assert (told.frame.spatial, told.frame.temporal) == (0, 1)
    assert told.frame.indications == (NOT_PRESENT, DISCARDABLE, SWITCH)
    assert (told.frame.differences, told.frame.chains) == ((2,), (2,))
    assert (told.structure, told.active) == (None, None)


def test_a_structure_tells_layers_targets_chains_and_sizes() -> None:
    told = parse(descriptor(65_535, 60, structure=L2T2_KEY, ends=False), None)
    structure = told.structure
    assert structure is not None
    assert (told.starts, told.ends, told.number, told.active) == (True, False, 65_535, 0b1111)
    assert structure.targets == ((0, 0), (0, 1), (1, 0), (1, 1))
    assert structure.protected_by == (0, 0, 1, 1)
    assert structure.sizes == ((320, 180), (640, 360))
    assert structure.spatial_layers == 2
    assert [each.differences for each in structure.templates] == [
        each.differences for each in L2T2_KEY.kinds
    ]
    assert [each.chains for each in structure.templates] == [each.chains for each in L2T2_KEY.kinds]
    later = parse(descriptor(1, (60 + 5) % 64), structure)  # the identifiers go round
    assert later.frame == structure.templates[5]


def test_a_frame_may_say_all_of_it_otherwise() -> None:
    structure = parse(descriptor(7, 0, structure=L1T3), None).structure
    data = descriptor(
        9, 2, indications="R-D", differences=(1, 200, 4000), chains=(201,), active=(0b011, 3)
    )
    told = parse(data, structure)
    assert told.frame is not None
    assert told.frame.indications == (REQUIRED, NOT_PRESENT, DISCARDABLE)
    assert told.frame.differences == (1, 200, 4000)
    assert told.frame.chains == (201,)
    assert told.active == 0b011


def test_a_structure_may_do_without_chains_and_sizes() -> None:
    plain = Written((Kind(0, 0, "S"), Kind(0, 0, "R", (1,))), ())
    structure = parse(descriptor(1, 0, structure=plain), None).structure
    assert structure is not None
    assert (structure.protected_by, structure.sizes) == ((), ())
    assert structure.templates[1].chains == ()


def test_a_template_that_is_not_known_says_nothing_of_the_frame() -> None:
    structure = parse(descriptor(7, 0, structure=L1T3), None).structure
    assert parse(descriptor(8, 9), structure).frame is None
    assert parse(descriptor(8, 1), None).frame is None
    assert parse(descriptor(8, 1, active=(1, 3)), None).frame is None


@pytest.mark.parametrize("written", [L1T3, L2T2_KEY])
def test_what_is_cut_short_is_refused(written: Written) -> None:
    whole = descriptor(7, written.first_id, structure=written, active=(1, written.targets))
    for size in range(len(whole)):
        if size != 3:  # which is whole without the rest
            with pytest.raises(MalformedDescriptor):
                parse(whole[:size], None)


def test_layers_beyond_what_av1_has_are_refused() -> None:
    many = Written(tuple(Kind(0, at, "S") for at in range(9)), ())
    with pytest.raises(MalformedDescriptor):
        parse(descriptor(1, 0, structure=many), None)


def test_the_decode_target_is_the_best_within_layers_and_activity() -> None:
    structure = parse(descriptor(7, 60, structure=L2T2_KEY), None).structure
    assert structure is not None
    assert structure.target(1, 7, 0b1111) == 3
    assert structure.target(1, 0, 0b1111) == 2
    assert structure.target(0, 7, 0b1111) == 1
    assert structure.target(1, 7, 0b0011) == 1
    assert structure.target(1, 7, 0) is None
    # The lower layer goes on without its own frames being sent to who gets the upper one.
    assert structure.decodable_with(3) == 0b1100
    assert structure.decodable_with(1) == 0b0011


@pytest.mark.parametrize(
    "data",
    [
        descriptor(300, 62, ends=False),
        descriptor(300, 62, chains=(1, 200)),
        descriptor(300, 62, active=(0b1111, 4), indications="SRD-", differences=(300,)),
        descriptor(300, 60, structure=L2T2_KEY),
        descriptor(300, 60, structure=L2T2_KEY, active=(0b1101, 4), chains=(3, 9)),
    ],
)
def test_active_targets_are_written_and_nothing_else_is_changed(data: bytes) -> None:
    structure = parse(descriptor(7, 60, structure=L2T2_KEY), None).structure
    before = parse(data, structure)
    after = parse(restricted(data, 4, 0b0101), structure)
    assert after.active == 0b0101
    assert after[:5] == before[:5]
