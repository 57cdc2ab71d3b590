"""Fuzz smoke for all that reads media from outside: only documented outcomes are accepted."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from rooms.errors import MalformedPacket
from rooms.rtp import rtcp, vp8
from rooms.rtp.codecs import Codec, Extensions, IncomingSpec
from rooms.rtp.dependency_descriptor import MalformedDescriptor, parse, restricted
from rooms.rtp.feedback import Feedback
from rooms.rtp.packet import extensions
from rooms.rtp.ssrcs import Ssrcs
from rooms.transport.framing import Frames
from tests.rooms.rtp.descriptors import L1T3, L2T2_KEY, descriptor
from tests.rooms.rtp.wire import VP8, Wire, subscriber

SEEDS = [
    rtcp.receiver_report(1, (rtcp.ReportBlock(1, 2, 3, 4, 5, 6, 7),)),
    rtcp.sender_report(rtcp.SenderReport(1, 2, 3, 4, 5)) + rtcp.source_description(1, "name"),
    rtcp.receiver_report(1) + rtcp.nack(1, 2, [3, 4, 5, 60]),
    rtcp.receiver_report(1) + rtcp.picture_loss(1, 2),
    rtcp.receiver_report(1) + rtcp.remb(1, 10**6, [1, 2, 3]),
    rtcp.goodbye(1),
    bytes((0x84, 206, 0, 4)) + bytes(16),
]
ONE_BYTE = b"\xbe\xde\x00\x02\x10v\x21hi\x00\x00\x00"
TWO_BYTE = b"\x10\x00\x00\x02\x01\x02ab\x02\x00\x03\x09"
PACKETS = [
    bytes((0x90, 0x60, 0, 1)) + bytes(8) + ONE_BYTE + b"\x90\xe0\x81",
    bytes((0xB5, 0x60, 0, 1)) + bytes(28) + TWO_BYTE + b"\x10\x00",
    bytes((0x80, 0x60, 0, 1)) + bytes(8) + b"\x90\xf0\xff\xff\x01\x20\x00",
]


def mutated(seeds: list[bytes]) -> st.SearchStrategy[bytes]:
    """Well-formed bytes with some of them changed, cut or repeated; or any bytes at all."""

    def change(seed: int) -> bytes:
        rng = random.Random(seed)
        data = bytearray(rng.choice(seeds))
        for _ in range(rng.randrange(4)):
            data[rng.randrange(len(data))] = rng.choice((0, 1, 127, 128, 255, rng.getrandbits(8)))
        if rng.random() < 0.3:
            del data[rng.randrange(1, len(data) + 1) :]
        if rng.random() < 0.2:
            data += bytes(data)
        return bytes(data)

    return st.integers(0, 2**48).map(change) | st.binary(max_size=80)


@settings(max_examples=400)
@given(mutated(SEEDS))
def test_rtcp_is_parsed_or_refused(data: bytes) -> None:
    try:
        items = rtcp.parse(data)
    except rtcp.RtcpError:
        return
    ssrcs = Ssrcs(Wire(), lambda: None, most=5, cache_packets=16)
    feedback = Feedback(ssrcs, 1, nacked=100, keyframes=100)
    ssrcs.describe([IncomingSpec("v", "video", {96: VP8}, Extensions(), (), (1,))])
    feedback.outgoing[2] = subscriber(ssrcs.tracks["v"], 2)
    feedback.received(items, 1.0)
    feedback.due(1.0)


@settings(max_examples=400)
@given(mutated(PACKETS))
def test_header_extensions_stay_within_the_packet(data: bytes) -> None:
    total = sum(len(value) for _, value in extensions(data, len(data)))
    assert total <= len(data)


@settings(max_examples=400)
@given(mutated([each[12:] for each in PACKETS] + [bytes((0x90, 0xF0, 0xFF, 1, 2, 3, 0))]))
def test_vp8_is_described_within_the_payload(data: bytes) -> None:
    description = vp8.describe(data)
    assert description is None or description[1] < len(data)


DESCRIPTORS = [
    descriptor(1, 0, structure=L1T3),
    descriptor(2, 60, structure=L2T2_KEY, active=(0b0011, 4), chains=(1, 2)),
    descriptor(3, 61, indications="SRD-", differences=(1, 20, 400)),
    descriptor(4, 62),
]
STRUCTURE = parse(DESCRIPTORS[1], None).structure


@settings(max_examples=600)
@given(mutated(DESCRIPTORS), st.booleans())
def test_dependency_descriptors_are_read_or_refused(data: bytes, known: bool) -> None:
    try:
        told = parse(data, STRUCTURE if known else None)
    except MalformedDescriptor:
        return
    structure = told.structure or (STRUCTURE if known else None)
    if structure is None:
        return
    count = len(structure.targets)
    for target in range(count):
        assert structure.decodable_with(target) >> target & 1
    if told.frame is not None:
        after = parse(restricted(data, count, 1), structure)
        assert (after.frame, after.active) == (told.frame, 1)


@settings(max_examples=150)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 65535), st.integers(0, 2**32 - 1), st.binary(max_size=12), st.booleans()
        ),
        max_size=60,
    )
)
def test_any_packets_at_all_leave_subscribers_without_repeats(
    packets: list[tuple[int, int, bytes, bool]],
) -> None:
    wire = Wire()
    ssrcs = Ssrcs(wire, lambda: None, most=5, cache_packets=64)
    ssrcs.describe([IncomingSpec("v", "video", {96: VP8}, Extensions(), (), (1,))])
    track = ssrcs.tracks["v"]
    stream = track.learn("", 1, VP8)
    out = subscriber(track)
    for step, (sequence, timestamp, payload, repaired) in enumerate(packets):
        stream.receive(sequence, timestamp, 0, payload, step * 0.01, repaired)
        stream.due_losses(step * 0.01)
    numbers = [each.sequence for each in wire.to(out)]
    assert len(numbers) == len(set(numbers))


@settings(max_examples=300)
@given(mutated(PACKETS), st.sampled_from((96, 97, 50)))
def test_unknown_streams_are_learnt_or_not(data: bytes, payload_type: int) -> None:
    ssrcs = Ssrcs(Wire(), lambda: None, most=5, cache_packets=16)
    codec = Codec("VP8", 90000, 1, 96, 97)
    ids = Extensions(mid=1, rid=2, rrid=3)
    ssrcs.describe([IncomingSpec("v", "video", {96: codec}, ids, ("hi",))])
    known = ssrcs.learn(bytearray(data), len(data), 5, payload_type)
    assert known == (5 in ssrcs.routes or 5 in ssrcs.repairs)


@given(st.lists(st.binary(max_size=400) | st.binary(max_size=3), max_size=20))
def test_a_stream_of_frames(pieces: list[bytes]) -> None:
    frames = Frames(300)
    heard = 0
    try:
        for piece in pieces:
            heard += sum(2 + len(each) for each in frames.feed(piece))
    except MalformedPacket:
        return
    assert heard <= sum(map(len, pieces))
