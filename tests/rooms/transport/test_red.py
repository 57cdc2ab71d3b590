"""RED is agreed on where both sides know and want it, and nowhere without the Opus it wraps."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from rooms.rtp.codecs import IncomingSpec
from rooms.rtp.red import Block, packed
from rooms.transport import codec_rules
from rooms.transport.description import RtpMap, Section
from rooms.transport.negotiation import Offerer
from tests.rooms.transport.samples import LIMITS, LOCAL, answerer, offer, track
from tests.rooms.transport.test_batches import numbers
from tests.rooms.transport.test_batches import server as server  # a fixture
from tests.rooms.transport.test_media import IDS, OPUS, Client, Server, rtp
from tests.rooms.transport.test_offers import answered

RED = replace(OPUS, name="red", payload_type=63, fmtp="111/111")


@pytest.mark.parametrize(
    ("name", "wish", "names"),
    [
        ("chromium_publisher", "red", ["red", "opus"]),
        ("chromium_publisher", "opus", ["opus"]),
        ("chromium_publisher", "", ["opus"]),
        ("firefox_publisher", "red", ["opus"]),
    ],
)
def test_publishers_send_red_where_they_can_and_may(name: str, wish: str, names: list[str]) -> None:
    side = answerer()
    audio = side.answer(offer(name), LOCAL, lambda kind, msid: wish).sections[0]
    assert [audio.rtpmaps[each].name for each in audio.payload_types] == names
    spec = side.incoming[audio.mid].spec
    assert [each.name for each in spec.codecs_by_pt.values()] == names
    assert spec.extensions.transport_wide
    if names[0] == "red":
        assert audio.fmtps[63] == "111/111"
        assert next(iter(spec.codecs_by_pt.values())).wraps == 111
        # It stays so as long as the track does.
        again = side.answer(offer(name), LOCAL, lambda kind, msid: "opus").sections[0]
        assert again.payload_types == (63, 111)


@pytest.mark.parametrize(
    ("name", "codec", "given"),
    [
        ("native_join", "red", "red"),
        ("native_join", "opus", "opus"),  # encrypted, or without it by choice
        ("firefox_single", "red", "opus"),
    ],
)
def test_subscribers_get_red_where_they_can_and_may(name: str, codec: str, given: str) -> None:
    side = answerer()
    side.answer(offer(name), LOCAL)
    assert side.decodes("audio", codec)
    side.add(track(1, "audio", codec))
    theirs = offer(name)
    more = replace(theirs.sections[0], mid="77", direction="recvonly", msid=None, ssrcs={})
    theirs.sections.append(more)
    theirs.bundle += ("77",)
    side.answer(theirs, LOCAL)
    slot = side.slot_of("TR_1")
    assert slot is not None
    assert slot.codec.name == given


def test_our_own_offers_list_red_before_what_it_wraps_is_all_that_is_left() -> None:
    side = Offerer(LIMITS, random.Random(1))
    for number, codec in enumerate(("red", "opus", "red")):
        side.add(track(number, "audio", codec))
    made = side.offer(LOCAL)
    lists = [[each.name for each in section.rtpmaps.values()] for section in made.sections[1:]]
    assert lists == [["opus", "red"], ["opus"], ["opus", "red"]]
    theirs = answered(made)
    theirs.sections[3] = replace(
        theirs.sections[3], formats=("111",), rtpmaps={111: RtpMap("opus", 48000, 2)}
    )
    side.accept(theirs)
    assert [slot.codec.name for slot in side.slots.values()] == ["red", "opus", "opus"]


@pytest.mark.parametrize("fmtp", ["111/112", "", "111/", "9/9", "x/x"])
def test_red_of_anything_else_is_not_known(fmtp: str) -> None:
    section = Section("audio", formats=("111", "63"))
    section.rtpmaps = {111: RtpMap("opus", 48000, 2), 63: RtpMap("red", 48000, 2)}
    section.fmtps = {63: fmtp}
    assert [each.name for each in codec_rules.agreed_codecs(section)] == ["opus"]


def test_bare_frames_and_wrapped_ones_reach_both_kinds_of_subscribers(server: Server) -> None:
    alice, bob, carol = Client(server), Client(server), Client(server)
    track = alice.publish(IncomingSpec("a", "audio", {63: RED, 111: OPUS}, IDS, (), (30,)))
    bob.subscribe(track, RED)
    carol.subscribe(track, OPUS, 700)
    alice.send(rtp(30, 1, b"zero", pt=111))
    alice.send(rtp(30, 2, packed(111, [Block(960, b"zero")], b"one"), pt=63))
    alice.send(rtp(30, 4, packed(111, [Block(960, b"two")], b"three"), pt=63))
    alice.send(rtp(30, 5, b"four", pt=111))
    alice.send(rtp(30, 6, b"five", pt=9))
    wrapped, plain = bob.received()[0], carol.received()[0]
    assert numbers(wrapped) == [0, 1, 3, 4]
    assert {each[1] & 0x7F for each in wrapped} == {63}
    assert numbers(plain) == [0, 1, 2, 3, 4]
    assert [each[20:] for each in plain] == [b"zero", b"one", b"two", b"three", b"four"]
    assert server.counters["rtp_wrong_payload_type"] == 1
