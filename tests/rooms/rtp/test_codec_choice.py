"""A video in two codecs: who is fed by which, and that a change is seen in nobody's numbers."""

from __future__ import annotations

import itertools
import random

import pytest

from rooms.rtp.codec_choice import CodecChoice
from rooms.rtp.codecs import Codec
from rooms.rtp.outgoing import OutgoingStream
from tests.rooms.rtp.wire import VP8, Camera, Sent, Wire, continuous, path, track_of

H264 = Codec("H264", 90000, 1, 102, 103)
_KEY, _DELTA = b"\x67", b"\x61"  # a parameter set, a slice


class Studio:
    """A publisher of H.264 and VP8, a picture of each every 30th of a second while they are on."""

    def __init__(self) -> None:
        self.wire = Wire()
        self.choice = CodecChoice(("H264", "VP8"))
        self.h264, self.vp8 = track_of(self.wire, H264), track_of(self.wire, VP8)
        self.first = self.h264.learn("", 11, H264)
        self.camera = Camera(self.vp8.learn("", 12, VP8), timestamp=7_000_000)
        self.now = 1.0
        self.numbers, self.ssrcs = itertools.count(500), itertools.count(9000, 2)
        self.choice.came("H264", self.h264)

    def subscriber(self, *codecs: Codec) -> OutgoingStream:
        """Somebody who can decode these, and whose path is up."""
        ssrc = next(self.ssrcs)
        out = OutgoingStream(codecs[0], ssrc, ssrc + 1, rng=random.Random(3), others=codecs[1:])
        out.set_path(path())
        self.choice.add_outgoing(out, self.now)
        return out

    def film(self, frames: int, on: str = "H264 VP8", *, key: bool = True) -> None:
        """Send pictures in the codecs that are `on`, the first a keyframe if `key`."""
        for frame in range(frames):
            begins = key and frame == 0
            if "H264" in on:
                payload = (_KEY if begins else _DELTA) + bytes(20)
                timestamp = round(self.now * 90000)
                self.first.receive(next(self.numbers), timestamp, 0x80, payload, self.now)
            if "VP8" in on:
                self.camera.now = self.now
                self.camera.deliver(self.camera.frame(key=begins))
            self.now += 1 / 30
        self.h264.check(self.now)
        self.vp8.check(self.now)

    def formats(self, out: OutgoingStream) -> list[int]:
        """The payload types that it was sent, in order, each once."""
        return [kind for kind, _ in itertools.groupby(each.payload_type for each in self.sent(out))]

    def sent(self, out: OutgoingStream) -> list[Sent]:
        return self.wire.to(out)


@pytest.fixture
def studio() -> Studio:
    return Studio()


def test_each_gets_the_first_codec_that_it_decodes(studio: Studio) -> None:
    both, lacking = studio.subscriber(H264, VP8), studio.subscriber(VP8)
    studio.film(5, "H264")
    assert studio.formats(both) == [102]
    assert studio.formats(lacking) == [], "its codec does not come yet"
    assert studio.choice.used(lacking) == {"VP8"}
    studio.choice.came("VP8", studio.vp8)
    studio.film(5)
    assert studio.formats(both) == [102]
    assert studio.formats(lacking) == [96]
    assert studio.choice.used(both) == {"H264"}


def test_all_turn_to_the_backup_at_its_keyframe_and_back_without_a_gap(studio: Studio) -> None:
    both = studio.subscriber(H264, VP8)
    studio.film(5)
    studio.choice.turn(True)
    assert studio.choice.used(both) == {"H264", "VP8"}
    studio.film(5, "H264", key=False)
    assert studio.formats(both) == [102], "until the other comes"
    studio.choice.came("VP8", studio.vp8)
    studio.film(3, key=False)
    assert studio.formats(both) == [102], "until the other has a keyframe"
    assert studio.camera.stream.keyframes.wanted
    studio.film(60)
    assert studio.formats(both) == [102, 96]
    assert both.codec is VP8
    assert studio.choice.used(both) == {"VP8"}

    studio.film(60, "VP8", key=False)  # the first is not sent meanwhile
    studio.choice.turn(False)
    assert both.track is studio.vp8, "until the first comes again"
    assert studio.choice.used(both) == {"H264", "VP8"}
    studio.film(3, key=False)
    assert studio.first.keyframes.wanted
    studio.film(3)
    assert studio.formats(both) == [102, 96, 102]
    assert studio.choice.used(both) == {"H264"}
    sent = studio.sent(both)
    assert continuous(sent)
    steps = [
        (after.timestamp - before.timestamp) & 0xFFFFFFFF
        for before, after in itertools.pairwise(sent)
    ]
    assert all(step < 90000 for step in steps), "always ahead, and in step with time"


def test_what_was_lost_around_the_change_is_sent_again_in_its_own_codec(studio: Studio) -> None:
    both = studio.subscriber(H264, VP8)
    studio.choice.came("VP8", studio.vp8)
    studio.film(4)
    studio.choice.turn(True)
    studio.film(2)
    sent = studio.sent(both)
    at = next(index for index, each in enumerate(sent) if each.payload_type == 96)
    both.repeat((sent[at - 1].sequence, sent[at].sequence), studio.now + 1)
    assert [each.payload_type for each in studio.wire.repeated(both)] == [103, 97]


def test_a_backup_that_ends_gives_back_the_first(studio: Studio) -> None:
    both = studio.subscriber(H264, VP8)
    studio.choice.came("VP8", studio.vp8)
    studio.choice.turn(True)
    studio.film(4)
    assert both.track is studio.vp8
    studio.vp8.close()
    studio.choice.went("VP8")
    assert both.track is studio.h264
    studio.film(4, "H264")
    assert studio.formats(both) == [96, 102]


def test_a_first_codec_that_ends_in_mid_change_feeds_nobody_any_more(studio: Studio) -> None:
    both = studio.subscriber(H264, VP8)
    studio.choice.came("VP8", studio.vp8)
    studio.film(4)
    studio.choice.turn(True)
    assert both.track is studio.vp8
    assert both.source is studio.first, "goes on until the keyframe"
    studio.h264.close()
    assert both.source is None
    studio.film(3, "VP8")
    assert studio.formats(both) == [102, 96]


def test_who_leaves_is_fed_by_none(studio: Studio) -> None:
    both = studio.subscriber(H264, VP8)
    studio.choice.came("VP8", studio.vp8)
    studio.film(2)
    studio.choice.turn(True)
    studio.choice.remove_outgoing(both)
    before = len(studio.sent(both))
    studio.film(4)
    studio.choice.turn(False)
    assert len(studio.sent(both)) == before
    assert both.track is None
