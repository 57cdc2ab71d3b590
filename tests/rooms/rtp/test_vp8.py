"""VP8 descriptors: every form is read, renumbered in place, and refused when cut short."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rooms.rtp.packet import FULL, OPAQUE, PICTURE, UNUSUAL, Packet
from rooms.rtp.vp8 import describe, renumber


def packet_of(payload: bytes) -> Packet:
    """The packet that a stream would make of a payload."""
    description = describe(payload)
    assert description is not None
    shape, size, picture, tl0, tk, _ = description
    head = payload[:size] if shape == UNUSUAL else payload[:2]
    return 1, 2, 0, shape, head, picture, tl0, tk, payload[size:]


FORMS = {
    "bare": (bytes((0x10,)), UNUSUAL),
    "extended without fields": (bytes((0x90, 0x00)), UNUSUAL),
    "7-bit picture": (bytes((0x90, 0x80, 0x11)), UNUSUAL),
    "15-bit picture": (bytes((0x90, 0x80, 0x91, 0x22)), PICTURE),
    "picture and TL0": (bytes((0x90, 0xC0, 0x91, 0x22, 7)), UNUSUAL),
    "picture, TL0 and TID": (bytes((0x90, 0xE0, 0x91, 0x22, 7, 0x60)), FULL),
    "picture, TL0, TID and KEYIDX": (bytes((0x90, 0xF0, 0x91, 0x22, 7, 0x65)), FULL),
    "7-bit picture, TL0 and TID": (bytes((0x90, 0xE0, 0x11, 7, 0x60)), UNUSUAL),
    "KEYIDX alone": (bytes((0x90, 0x10, 0x05)), UNUSUAL),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_read_and_left_as_it_was_by_zero_offsets(form: str) -> None:
    descriptor, shape = FORMS[form]
    payload = descriptor + b"\x00frame"
    packet = packet_of(payload)
    assert packet[3] == shape
    assert packet[8] == b"\x00frame"
    assert renumber(packet, 0, 0, 0) == payload


@pytest.mark.parametrize("form", FORMS)
def test_a_descriptor_cut_short_is_refused(form: str) -> None:
    descriptor, _ = FORMS[form]
    for size in range(len(descriptor) + 1):
        description = describe(descriptor[:size])
        assert description is None or description[1] < size


def test_offsets_wrap_within_their_fields() -> None:
    payload = bytes((0x90, 0xF0, 0xFF, 0xFF, 0xFF, 0x5F)) + b"\x00"
    assert renumber(packet_of(payload), 1, 1, 1) == bytes((0x90, 0xF0, 0x80, 0, 0, 0x40, 0))
    short = bytes((0x90, 0xE0, 0x7F, 0xFF, 0x40)) + b"\x00"
    assert renumber(packet_of(short), 1, 1, 0) == bytes((0x90, 0xE0, 0, 0, 0x40, 0))


def test_keyframes_begin_a_first_partition_with_a_clear_bit() -> None:
    def keyframe(payload: bytes) -> bool:
        description = describe(payload)
        assert description is not None
        return description[5]

    assert keyframe(b"\x10\x00")
    assert not keyframe(b"\x10\x01")
    assert not keyframe(b"\x00\x00")  # not the start of a partition
    assert not keyframe(b"\x11\x00")  # partition 1
    assert keyframe(bytes((0x90, 0xE0, 0x80, 1, 1, 0x20, 0x00)))


def test_opaque_payloads_are_not_touched() -> None:
    assert renumber((1, 2, 0, OPAQUE, b"", 0, 0, 0, b"opus"), 5, 5, 5) == b"opus"


@given(st.binary(max_size=12), st.integers(0, 0x7FFF), st.integers(0, 255), st.integers(0, 31))
def test_renumbering_there_and_back_changes_nothing(
    payload: bytes, picture: int, tl0: int, key: int
) -> None:
    if describe(payload) is None:
        return
    there = renumber(packet_of(payload), picture, tl0, key)
    assert len(there) == len(payload)
    assert renumber(packet_of(there), -picture, -tl0, -key) == payload
