"""RTCP: what we build is what we parse, and malformed compounds raise RtcpError alone."""

from __future__ import annotations

import pytest
from aiortc.rtp import RtcpPacket
from hypothesis import given
from hypothesis import strategies as st

from rooms.rtp import rtcp
from rooms.rtp.rtcp import ReportBlock

BLOCK = ReportBlock(77, 12, -3, 0x10005, 40, 0x12345678, 65536)


def test_a_sender_report_with_its_description() -> None:
    report = rtcp.SenderReport(1, 0x1234567890ABCDEF, 3000, 10, 1000, (BLOCK,))
    data = rtcp.sender_report(report) + rtcp.source_description(1, "moulin")
    assert rtcp.parse(data) == [report]
    theirs = RtcpPacket.parse(data)
    assert theirs[1].chunks[0].items == [(1, b"moulin")]  # type: ignore[union-attr]


@pytest.mark.parametrize("name", ["", "a", "ab", "abc", "abcd", "é" * 200])
def test_descriptions_of_any_length_are_whole(name: str) -> None:
    data = rtcp.source_description(1, name)
    assert len(data) % 4 == 0
    RtcpPacket.parse(data)


def test_receiver_reports() -> None:
    assert rtcp.parse(rtcp.receiver_report(5)) == [rtcp.ReceiverReport(5)]
    assert rtcp.parse(rtcp.receiver_report(5, (BLOCK, BLOCK))) == [
        rtcp.ReceiverReport(5, (BLOCK, BLOCK))
    ]


@given(st.sets(st.integers(0, 300), min_size=1), st.integers(0, 65535))
def test_nacks_name_exactly_what_is_missing(missing: set[int], start: int) -> None:
    sequences = [(start + each) & 0xFFFF for each in sorted(missing)]
    [nack] = rtcp.parse(rtcp.nack(1, 2, sequences))
    assert isinstance(nack, rtcp.Nack)
    assert list(nack.sequences) == sequences
    assert len(rtcp.nack(1, 2, sequences)) <= 12 + 4 * len(sequences)


def test_keyframe_requests_of_both_kinds() -> None:
    assert rtcp.parse(rtcp.picture_loss(1, 2)) == [rtcp.KeyframeRequest((2,))]
    fir = bytes((0x84, 206, 0, 4)) + bytes(8) + bytes((0, 0, 0, 9, 1, 0, 0, 0))
    assert rtcp.parse(fir) == [rtcp.KeyframeRequest((9,))]


@pytest.mark.parametrize("bitrate", [0, 1, 150_000, 262_143, 262_144, 5_000_000, 10**9])
def test_remb_keeps_the_bitrate_to_18_bits(bitrate: int) -> None:
    [remb] = rtcp.parse(rtcp.remb(1, bitrate, [7, 8]))
    assert isinstance(remb, rtcp.Remb)
    assert bitrate * (1 - 2**-17) <= remb.bitrate <= bitrate
    assert remb.ssrcs == (7, 8)


def test_goodbye() -> None:
    assert rtcp.parse(rtcp.goodbye(3)) == [rtcp.Bye((3,))]


def test_unknown_kinds_are_passed_over() -> None:
    unknown = bytes((0x80, 207, 0, 1)) + bytes(4)
    assert rtcp.parse(unknown + rtcp.goodbye(3)) == [rtcp.Bye((3,))]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x80",
        bytes((0x00, 201, 0, 1)) + bytes(4),  # version 0
        bytes((0x80, 201, 0, 9)) + bytes(4),  # longer than it is
        bytes((0x81, 201, 0, 1)) + bytes(4),  # a block that is not there
        bytes((0x80, 200, 0, 1)) + bytes(4),
        bytes((0x82, 203, 0, 1)) + bytes(4),
        bytes((0x81, 205, 0, 1)) + bytes(4),
        bytes((0x81, 206, 0, 0)),
        bytes((0x84, 206, 0, 3)) + bytes(12),  # half a FIR entry
        bytes((0x8F, 206, 0, 3)) + bytes(8) + b"REMB",
        bytes((0x8F, 206, 0, 4)) + bytes(8) + b"REMB" + bytes((9, 0, 0, 0)),
        bytes((0xA0, 201, 0, 1, 0, 0, 0, 9)),  # more padding than packet
        bytes((0xA0, 201, 0, 0)),
        rtcp.goodbye(1) * 33,
    ],
)
def test_malformed_compounds_are_refused(data: bytes) -> None:
    with pytest.raises(rtcp.RtcpError):
        rtcp.parse(data)
