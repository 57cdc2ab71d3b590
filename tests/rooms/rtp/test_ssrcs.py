"""Whose an SSRC is: declared, learnt from mid and rid, repaired, refused, forgotten."""

from __future__ import annotations

import struct

import pytest

from rooms.rtp.codecs import Codec, Extensions, IncomingSpec
from rooms.rtp.ssrcs import Ssrcs
from tests.rooms.rtp.wire import OPUS, VP8, Wire

IDS = Extensions(mid=1, rid=2, rrid=3, audio_level=4)
SIMULCAST = IncomingSpec("v", "video", {96: VP8}, IDS, ("q", "h", "f"))
MICROPHONE = IncomingSpec("a", "audio", {111: OPUS}, IDS, (), (555,))


def packet(ssrc: int, payload_type: int, **elements: str) -> bytearray:
    """An RTP packet that names itself by these extension elements."""
    ids = {"mid": 1, "rid": 2, "rrid": 3}
    block = b"".join(
        bytes((ids[name] << 4 | len(value) - 1,)) + value.encode()
        for name, value in elements.items()
    )
    block += bytes(-len(block) % 4)
    header = struct.pack("!BBHII", 0x90 if block else 0x80, payload_type, 1, 2, ssrc)
    if block:
        header += struct.pack("!HH", 0xBEDE, len(block) // 4) + block
    return bytearray(header + b"payload")


@pytest.fixture
def ssrcs() -> Ssrcs:
    table = Ssrcs(Wire(), lambda: None, most=5, cache_packets=16)
    table.describe([SIMULCAST, MICROPHONE])
    return table


def learn(ssrcs: Ssrcs, ssrc: int, payload_type: int, **elements: str) -> bool:
    """Let `ssrcs` see a packet that it cannot route."""
    data = packet(ssrc, payload_type, **elements)
    return ssrcs.learn(data, len(data), ssrc, payload_type)


def test_layers_are_learnt_from_mid_and_rid(ssrcs: Ssrcs) -> None:
    assert learn(ssrcs, 11, 96, mid="v", rid="q")
    assert learn(ssrcs, 12, 96, mid="v", rid="f")
    track = ssrcs.tracks["v"]
    assert {rid: s.ssrc for rid, s in track.layers.items()} == {"q": 11, "f": 12}
    assert ssrcs.routes[11].stream is track.layers["q"]
    assert [track.layers[rid].spatial for rid in ("q", "f")] == [0, 2]


def test_repairs_are_paired_by_mid_and_repaired_rid(ssrcs: Ssrcs) -> None:
    assert learn(ssrcs, 21, 97, mid="v", rrid="h")
    assert ssrcs.repairs[21] == (ssrcs.tracks["v"], "h")
    assert 21 not in ssrcs.routes


def test_a_declared_ssrc_needs_no_extension(ssrcs: Ssrcs) -> None:
    assert learn(ssrcs, 555, 111)
    assert ssrcs.routes[555].track is ssrcs.tracks["a"]
    assert ssrcs.routes[555].level == 4


def test_a_declared_pair_names_the_repairs(ssrcs: Ssrcs) -> None:
    spec = IncomingSpec("s", "video", {96: VP8}, IDS, (), (31,), ((31, 32),))
    ssrcs.describe([spec])
    assert learn(ssrcs, 32, 97)
    assert learn(ssrcs, 31, 96)
    assert ssrcs.repairs[32] == (ssrcs.tracks["s"], "")


def test_what_names_nobody_is_refused(ssrcs: Ssrcs) -> None:
    assert not learn(ssrcs, 11, 96)  # simulcast without a rid
    assert not learn(ssrcs, 11, 96, mid="x", rid="q")
    assert not learn(ssrcs, 11, 96, mid="v", rid="z")
    assert not learn(ssrcs, 11, 96, mid="a")  # not that section's payload type
    assert not learn(ssrcs, 11, 50, mid="v", rid="q")
    assert not learn(ssrcs, 556, 111)
    assert not ssrcs.routes


def test_the_only_section_that_it_can_be_is_the_one() -> None:
    table = Ssrcs(Wire(), lambda: None, most=5, cache_packets=16)
    one = IncomingSpec("1", "audio", {111: OPUS}, IDS)
    table.describe([one])
    assert learn(table, 9, 111)
    assert not learn(table, 10, 111)  # it has its stream by now
    table.describe([one, IncomingSpec("2", "audio", {111: OPUS}, IDS)])
    assert not learn(table, 11, 111)


def test_ssrcs_are_capped_by_kind(ssrcs: Ssrcs) -> None:
    for number in range(10):
        learn(ssrcs, 100 + number, 97, mid="v", rrid="q")
    assert len(ssrcs.repairs) == 5
    assert not learn(ssrcs, 1, 96, mid="v", rid="q")
    assert learn(ssrcs, 555, 111)


def test_a_layer_that_changes_its_ssrc_leaves_the_old_one(ssrcs: Ssrcs) -> None:
    learn(ssrcs, 11, 96, mid="v", rid="q")
    learn(ssrcs, 12, 96, mid="v", rid="q")
    assert set(ssrcs.routes) == {12}


def test_what_is_described_again_goes_on_and_what_is_not_ends(ssrcs: Ssrcs) -> None:
    learn(ssrcs, 11, 96, mid="v", rid="q")
    learn(ssrcs, 555, 111)
    video, audio = ssrcs.tracks["v"], ssrcs.tracks["a"]
    ssrcs.describe([SIMULCAST])
    assert ssrcs.tracks == {"v": video}
    assert audio.closed
    assert set(ssrcs.routes) == {11}
    ssrcs.describe([IncomingSpec("v", "audio", {111: OPUS}, IDS)])
    assert video.closed
    assert not ssrcs.routes


def test_another_payload_type_of_the_same_codec_is_taken(ssrcs: Ssrcs) -> None:
    other = Codec("VP8", 90000, 1, 120, 124)
    ssrcs.describe([IncomingSpec("v", "video", {96: VP8, 120: other}, IDS)])
    assert learn(ssrcs, 11, 120, mid="v")
    assert ssrcs.routes[11].payload_type == 120
    assert learn(ssrcs, 12, 124, mid="v")
    assert 12 in ssrcs.repairs
