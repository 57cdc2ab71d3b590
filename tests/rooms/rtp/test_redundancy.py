"""RED: passed on as it is, taken off, or put on, by what each subscriber knows and loses."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rooms.rtp.codecs import Codec, IncomingSpec
from rooms.rtp.incoming import IncomingTrack
from rooms.rtp.outgoing import OutgoingStream
from rooms.rtp.red import Block, blocks, packed
from rooms.rtp.redundancy import SoundStream
from rooms.rtp.rtcp import ReportBlock
from rooms.rtp.ssrcs import Ssrcs
from tests.rooms.rtp.wire import OPUS, Sent, Wire, continuous, subscriber, track_of

RED = Codec("red", 48000, 2, 63, fmtp="111/111")
FRAME = 960


def spoken(number: int) -> bytes:
    return b"frame %d" % number


def redundant(number: int, repeats: int = 1) -> bytes:
    """What a browser sends: its frame, and those before it."""
    first = max(0, number - repeats)
    repeated = [Block((number - each) * FRAME, spoken(each)) for each in range(first, number)]
    return packed(111, repeated, spoken(number))


class Speaker:
    """Publishes a frame every 20 ms, in either codec."""

    def __init__(self, codec: Codec) -> None:
        self.wire = Wire()
        self.track: IncomingTrack = track_of(self.wire, codec)
        stream = self.track.learn("", 4000, codec)
        assert isinstance(stream, SoundStream)
        self.stream = stream
        self.red = codec is RED

    def say(self, *numbers: int, repeats: int = 1) -> None:
        for number in numbers:
            payload = redundant(number, repeats) if self.red else spoken(number)
            sequence, timestamp = (65_530 + number) & 0xFFFF, 7 + FRAME * number
            self.stream.receive(sequence, timestamp, 0, payload, 1 + number / 50)

    def heard(self, out: OutgoingStream) -> list[Sent]:
        return self.wire.to(out)


def report(out: OutgoingStream, fraction_lost: int, now: float) -> None:
    out.reported_on(ReportBlock(out.ssrc, fraction_lost, 0, 0, 0, 0, 0), now)


def test_who_knows_red_gets_it_as_it_came() -> None:
    speaker = Speaker(RED)
    out = subscriber(speaker.track, 9000, RED)
    speaker.say(*range(5))
    assert [each.payload for each in speaker.heard(out)] == [redundant(n) for n in range(5)]
    assert {each.payload_type for each in speaker.heard(out)} == {63}
    assert speaker.stream.twin is None  # nobody needs the other form


def test_a_link_without_room_gets_the_frames_alone_until_there_is_room() -> None:
    speaker = Speaker(RED)
    out = subscriber(speaker.track, 9000, RED)
    speaker.say(0, 1)
    out.spare(True)
    speaker.say(2, 3)
    out.spare(False)
    speaker.say(4, 5)
    sent = speaker.heard(out)
    assert [each.payload_type for each in sent] == [63, 63, 111, 111, 63, 63]
    assert [each.payload for each in sent[2:4]] == [spoken(2), spoken(3)]
    assert continuous(sent)


def test_who_does_not_gets_the_frames_alone() -> None:
    speaker = Speaker(RED)
    knows, plain = subscriber(speaker.track, 9000, RED), subscriber(speaker.track, 9100, OPUS)
    speaker.say(*range(12))
    sent = speaker.heard(plain)
    assert [each.payload for each in sent] == [spoken(n) for n in range(12)]
    assert {each.payload_type for each in sent} == {111}
    assert continuous(sent)
    assert [b.timestamp - a.timestamp for a, b in pairwise(sent)] == [FRAME] * 11
    assert len(speaker.heard(knows)) == 12
    speaker.track.remove_outgoing(plain)
    speaker.say(12)
    assert speaker.stream.twin is None


@pytest.mark.parametrize("repeats", [1, 2])
def test_what_was_lost_is_taken_from_what_is_repeated(repeats: int) -> None:
    speaker = Speaker(RED)
    knows, plain = subscriber(speaker.track, 9000, RED), subscriber(speaker.track, 9100, OPUS)
    speaker.say(0, 1, 2, repeats=repeats)
    speaker.say(3 + repeats, repeats=repeats)  # those between are lost
    speaker.say(4 + repeats, repeats=repeats)
    sent = speaker.heard(plain)
    assert [each.payload for each in sent] == [spoken(n) for n in range(5 + repeats)]
    assert continuous(sent)
    stamps = [each.timestamp for each in sent]
    assert [b - a for a, b in pairwise(stamps)] == [FRAME] * (4 + repeats)
    # Who knows RED takes it from there by itself, and what comes late changes nothing.
    assert not continuous(speaker.heard(knows))
    speaker.say(3, repeats=repeats)
    assert len(speaker.heard(plain)) == len(sent)


def test_what_is_not_repeated_leaves_its_gap_and_may_come_late() -> None:
    speaker = Speaker(RED)
    plain = subscriber(speaker.track, 9100, OPUS)
    speaker.say(0, 1, 2, 5)
    first = speaker.heard(plain)[0].sequence
    assert [each.sequence - first for each in speaker.heard(plain)] == [0, 1, 2, 4, 5]
    speaker.say(3)
    late = speaker.heard(plain)[-1]
    assert (late.payload, late.sequence - first) == (spoken(3), 3)
    assert speaker.stream.due_losses(9.0) == []


def test_bare_frames_among_wrapped_ones_are_wrapped() -> None:
    speaker = Speaker(RED)
    assert speaker.stream.wrapped(111, b"bare") == packed(111, (), b"bare")
    assert blocks(speaker.stream.wrapped(111, b"bare"), 111) == [Block(0, b"bare")]
    assert speaker.stream.wrapped(0, b"bare") == b""


def test_what_is_malformed_reaches_nobody_bare() -> None:
    speaker = Speaker(RED)
    plain = subscriber(speaker.track, 9100, OPUS)
    speaker.say(0, 1)
    speaker.stream.receive((65_530 + 2) & 0xFFFF, 7 + 2 * FRAME, 0, b"\xef\0", 1.04)
    speaker.say(3, 4)
    sent = speaker.heard(plain)
    assert [each.payload for each in sent] == [spoken(n) for n in (0, 1, 3, 4)]
    assert continuous(sent)


def test_frames_are_repeated_for_who_loses_some_as_long_as_that_lasts() -> None:
    speaker = Speaker(OPUS)
    good, bad = subscriber(speaker.track, 9000, RED), subscriber(speaker.track, 9100, RED)
    unable = subscriber(speaker.track, 9200, OPUS)
    speaker.say(*range(4))
    for out in (good, bad, unable):
        assert {each.payload_type for each in speaker.heard(out)} == {111}
        report(out, 2, 1.1)
    assert speaker.stream.twin is None
    report(bad, 60, 1.2)
    report(unable, 60, 1.2)
    speaker.say(*range(4, 10))
    sent = speaker.heard(bad)
    wrapped = [each for each in sent if each.payload_type == 63]
    last = blocks(wrapped[-1].payload, 111)
    assert last == [Block(2 * FRAME, spoken(7)), Block(FRAME, spoken(8)), Block(0, spoken(9))]
    assert continuous(sent)
    assert {b.timestamp - a.timestamp for a, b in pairwise(sent)} == {FRAME}
    assert {each.payload_type for each in speaker.heard(good)} == {111}
    assert {each.payload_type for each in speaker.heard(unable)} == {111}
    # What is repeated on demand keeps the form in which it was sent.
    bad.repeat((sent[1].sequence, wrapped[-1].sequence), 2.0)
    assert [each.payload_type for each in speaker.heard(bad)[-2:]] == [111, 63]
    report(bad, 0, 33.0)
    speaker.say(10, 11)
    assert speaker.heard(bad)[-1].payload == spoken(11)
    assert speaker.stream.twin is None


def test_frames_are_repeated_only_where_they_follow_each_other() -> None:
    speaker = Speaker(OPUS)
    out = subscriber(speaker.track, 9000, RED)
    report(out, 60, 0.5)
    speaker.say(0, 1, 2, 4, 5)
    told = [blocks(each.payload, 111) for each in speaker.heard(out) if each.payload_type == 63]
    assert told[-2] == [Block(0, spoken(4))]
    assert told[-1] == [Block(FRAME, spoken(4)), Block(0, spoken(5))]


def test_a_publisher_that_begins_anew_is_heard_by_all() -> None:
    speaker = Speaker(RED)
    knows, plain = subscriber(speaker.track, 9000, RED), subscriber(speaker.track, 9100, OPUS)
    speaker.say(0, 1, 2)
    for number in range(20_000, 20_006):
        speaker.say(number)
    assert speaker.heard(knows)[-1].payload == redundant(20_005)
    assert speaker.heard(plain)[-1].payload == spoken(20_005)
    other = speaker.track.learn("", 4001, RED)  # and under another SSRC
    for number in range(3):
        other.receive(number, FRAME * number, 0, redundant(number), 900 + number / 50)
    assert speaker.heard(plain)[-1].payload == spoken(2)


def test_either_codec_may_come_first_on_a_stream_of_red() -> None:
    ssrcs = Ssrcs(Wire(), lambda: None, most=5, cache_packets=16)
    ssrcs.describe([IncomingSpec("a", "audio", {63: RED, 111: OPUS}, ssrcs=(5,))])
    assert ssrcs.learn(bytearray(12), 12, 5, 111)
    assert ssrcs.routes[5].payload_type == 63
    assert ssrcs.tracks["a"].codec.name == "red"


@given(st.binary(max_size=60) | st.builds(lambda seed: mutated(seed), st.integers(0, 2**32)))
def test_any_payload_is_taken_apart_or_refused(payload: bytes) -> None:
    found = blocks(payload, 111)
    assert sum(len(each.payload) for each in found) <= len(payload)
    if found:
        assert packed(111, found[:-1], found[-1].payload) == payload


def mutated(seed: int) -> bytes:
    """A RED payload with some bytes changed, or cut."""
    rng = random.Random(seed)
    data = bytearray(redundant(5, 2))
    for _ in range(rng.randrange(3)):
        data[rng.randrange(len(data))] = rng.randrange(256)
    return bytes(data[: rng.randrange(1, len(data) + 1)])
