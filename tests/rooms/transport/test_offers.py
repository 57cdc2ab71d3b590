"""Offers of our own, to v0's subscribers, and what their answers confirm."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from rooms.errors import LocalError, NegotiationError
from rooms.limits import Limits
from rooms.transport.description import Description, Direction, Section
from rooms.transport.negotiation import Offerer
from tests.rooms.transport.samples import LIMITS, LOCAL, offer, track


def answered(description: Description, **directions: Direction) -> Description:
    """What a client answers to our offer: it receives wherever we send."""
    sections: list[Section] = []
    for each in description.sections:
        usual: Direction = "recvonly" if each.direction == "sendonly" else "inactive"
        sections.append(replace(each, direction=directions.get(f"m{each.mid}", usual), ssrcs={}))
    return replace(description, sections=sections)


def test_the_first_offer_is_data_alone() -> None:
    side = Offerer(LIMITS, random.Random(1))
    (data,) = side.offer(LOCAL).sections
    assert (data.kind, data.mid, data.transport.setup) == ("application", "0", "actpass")


def test_tracks_are_offered_and_confirmed_by_the_answer() -> None:
    side = Offerer(LIMITS, random.Random(1))
    side.add(track(1, "audio"))
    side.add(track(2, "video"))
    description = side.offer(LOCAL)
    assert [each.direction for each in description.sections[1:]] == ["sendonly", "sendonly"]
    assert side.mid_to_track_id() == {"1": "TR_1", "2": "TR_2"}
    assert not side.live("1")
    side.accept(answered(description))
    assert side.live("1")
    assert side.live("2")


def test_one_offer_at_a_time() -> None:
    side = Offerer(LIMITS, random.Random(1))
    side.offer(LOCAL)
    with pytest.raises(LocalError):
        side.offer(LOCAL)
    side.offer(LOCAL, anew=True)
    side.accept(answered(side.offer(LOCAL, anew=True)))
    with pytest.raises(NegotiationError):
        side.accept(Description())


def test_a_section_of_ours_is_recycled_under_a_new_mid_once_it_was_rejected() -> None:
    side = Offerer(LIMITS, random.Random(1))
    side.add(track(1, "video"))
    side.accept(answered(side.offer(LOCAL)))
    side.remove("TR_1")
    side.add(track(2, "video"))
    second = side.offer(LOCAL)
    assert [each.rejected for each in second.sections[1:]] == [True, False]
    assert second.bundle == ("0", "2")
    side.accept(answered(second))
    side.add(track(3, "video"))
    third = side.offer(LOCAL)
    assert side.mid_to_track_id() == {"3": "TR_3", "2": "TR_2"}
    assert [each.mid for each in third.sections] == ["0", "3", "2"]


def test_the_answers_payload_types_hold() -> None:
    side = Offerer(LIMITS, random.Random(1))
    side.add(track(1, "video"))
    reply = answered(side.offer(LOCAL))
    reply.sections[1].formats = ("96",)
    reply.sections[1].rtpmaps.pop(97)
    side.accept(reply)
    slot = side.slot_of("TR_1")
    assert slot is not None
    assert slot.codec.rtx_payload_type is None


def test_a_refused_track_is_not_sent() -> None:
    side = Offerer(LIMITS, random.Random(1))
    side.add(track(1, "video"))
    side.accept(answered(side.offer(LOCAL), m1="inactive"))
    assert side.mid_to_track_id() == {}


def test_an_answer_to_something_else_is_refused() -> None:
    side = Offerer(LIMITS, random.Random(1))
    side.offer(LOCAL)
    with pytest.raises(NegotiationError):
        side.accept(offer("chromium_publisher"))


def test_what_finds_no_section_waits_for_one_and_the_others_go_on() -> None:
    side = Offerer(Limits(sdp_sections=3), random.Random(1))
    for number in (1, 2, 3, 4):
        side.add(track(number, "video"))
    first = side.offer(LOCAL)
    assert side.mid_to_track_id() == {"1": "TR_1", "2": "TR_2"}
    side.accept(answered(first))
    side.remove("TR_1")
    side.accept(answered(side.offer(LOCAL)))
    third = side.offer(LOCAL)
    assert [each.mid for each in third.sections] == ["0", "3", "2"]
    assert side.mid_to_track_id() == {"3": "TR_3", "2": "TR_2"}
    side.accept(answered(third))
