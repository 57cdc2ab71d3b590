"""Keyframes of each codec are told from what stays clear, and switching waits for them."""

from __future__ import annotations

import random

import pytest

from rooms.rtp.codecs import Codec
from rooms.rtp.keyframes import KEYFRAME_STARTS
from tests.rooms.rtp.wire import OPUS, Wire, subscriber, track_of

H264, VP9 = KEYFRAME_STARTS["H264"], KEYFRAME_STARTS["VP9"]


@pytest.mark.parametrize(
    ("payload", "begins"),
    [
        (b"\x67\x42\xe0\x1f", True),  # SPS alone
        (b"\x68\xce", False),  # PPS alone
        (b"\x65\x88", False),  # a picture, whose parameters came before
        (b"\x61\x9a", False),
        (b"\x78\x00\x04\x67\x42\xe0\x1f\x00\x02\x68\xce", True),  # STAP-A: SPS, PPS
        (b"\x78\x00\x02\x09\x10\x00\x04\x67\x42\xe0\x1f", True),  # STAP-A: AUD, SPS
        (b"\x78\x00\x02\x68\xce\x00\x02\x65\x88", False),
        (b"\x78\xff\xff\x68\xce", False),  # a length past the end
        (b"\x78", False),
        (b"\x7c\x87\x42", True),  # FU-A: the start of an SPS
        (b"\x7c\x07\x42", False),  # its middle
        (b"\x7c\x85\x88", False),  # the start of a picture
        (b"\x7c", False),
    ],
)
def test_h264(payload: bytes, begins: bool) -> None:
    assert H264(payload) is begins


@pytest.mark.parametrize(
    ("payload", "begins"),
    [
        (b"\x8a\x81\x02\x20", True),  # I, B, V; 15-bit picture id
        (b"\xca\x81\x02\x20", False),  # P: predicted from another picture
        (b"\x82\x81\x02\x20", False),  # not the beginning
        (b"\x08\x20", True),  # nothing but the first byte
        (b"\xaa\x81\x02\x00\x00", True),  # L: SID 0
        (b"\xaa\x01\x00\x00", True),  # L, 7-bit picture id
        (b"\xaa\x81\x02\x03\x00", False),  # L: SID 1, predicted from SID 0 alone
        (b"\xaa\x81", False),
        (b"\x28", False),
    ],
)
def test_vp9(payload: bytes, begins: bool) -> None:
    assert VP9(payload) is begins


@pytest.mark.parametrize("name", KEYFRAME_STARTS)
def test_nothing_that_comes_can_hurt(name: str) -> None:
    rng = random.Random(name)
    for _ in range(3000):
        assert KEYFRAME_STARTS[name](rng.randbytes(rng.randrange(1, 14))) in (True, False)


def test_every_video_codec_is_video() -> None:
    assert {Codec(name, 90000).kind for name in (*KEYFRAME_STARTS, "VP8")} == {"video"}


def test_silence_that_is_not_sent_passes_as_the_gap_it_is() -> None:
    wire = Wire()
    track = track_of(wire, OPUS)
    stream = track.learn("", 4000, OPUS)
    out = subscriber(track)
    # DTX: 20 ms of speech, then one short packet every 400 ms, then speech again.
    times = [0.0, 0.02, 0.42, 0.82, 1.22, 1.24]
    for number, at in enumerate(times):
        payload = b"\xf8" if 2 <= number <= 4 else b"\xf8speech"
        stream.receive(10 + number, round(at * 48000), 0, payload, 1.0 + at)
    sent = wire.to(out)
    assert [each.sequence - sent[0].sequence for each in sent] == list(range(6))
    steps = [each.timestamp - sent[0].timestamp & 0xFFFFFFFF for each in sent]
    assert steps == [round(at * 48000) for at in times]
    assert stream.due_losses(10.0) == []
