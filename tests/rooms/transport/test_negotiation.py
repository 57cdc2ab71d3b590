"""Answers to the offers of real clients, and which mid carries which track."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

import pytest

from rooms.errors import NegotiationError
from rooms.transport import codec_rules, sdp
from rooms.transport.candidates import candidate_lines
from rooms.transport.description import Description, Direction, RtpMap, Section
from rooms.transport.negotiation import (
    Answerer,
    remote_data,
    remote_transport,
)
from tests.rooms.transport.samples import LIMITS, LOCAL, NAMES, answerer, offer, track


def turned(description: Description, **directions: Direction) -> Description:
    """The same offer with other directions, mids given as `m3="inactive"`."""
    changed = [
        replace(each, direction=directions.get(f"m{each.mid}", each.direction))
        for each in description.sections
    ]
    return replace(description, sections=changed)


@pytest.mark.parametrize("name", NAMES)
def test_every_section_is_answered_and_repeats_the_transport(name: str) -> None:
    theirs = offer(name)
    ours = sdp.parse(sdp.write(answerer().answer(theirs, LOCAL)), LIMITS)
    assert [each.mid for each in ours.sections] == [each.mid for each in theirs.sections]
    assert set(ours.bundle) == set(theirs.bundle)
    assert ours.ice_lite
    assert ours.extmap_allow_mixed
    for section in ours.sections:
        assert section.transport == LOCAL.transport("passive")
        assert section.candidates == LOCAL.candidates
        assert section.port == 9


@pytest.mark.parametrize("name", NAMES)
def test_rid_is_agreed_wherever_it_is_offered(name: str) -> None:
    theirs = offer(name)
    for offered, ours in zip(
        theirs.sections, answerer().answer(theirs, LOCAL).sections, strict=True
    ):
        for uri in codec_rules.EXTENSIONS.get(offered.kind, ()):
            assert ours.extensions.get(uri) == offered.extensions.get(uri)


@pytest.mark.parametrize("name", ["chromium_publisher", "firefox_publisher"])
def test_a_camera_with_layers(name: str) -> None:
    side = answerer()
    audio, video, data = side.answer(offer(name), LOCAL).sections
    assert (audio.direction, video.direction) == ("recvonly", "recvonly")
    assert [each.name for each in audio.rtpmaps.values()] == ["opus"]
    assert [each.name for each in video.rtpmaps.values()] == ["VP8", "rtx"]
    assert [f"{each.name} {each.direction}" for each in video.rids] == [
        "q recv",
        "h recv",
        "f recv",
    ]
    assert video.simulcast == "recv q;h;f"
    told = ("goog-remb", "ccm fir", "nack", "nack pli", "transport-cc")
    assert video.feedback[video.payload_types[0]] == told
    assert data.sctp_port == 5000
    spec = side.incoming["1"].spec
    assert spec.rids == ("q", "h", "f")
    assert spec.ssrcs == ()
    codec = spec.codecs_by_pt[video.payload_types[0]]
    assert (codec.name, codec.rtx_payload_type) == ("VP8", video.payload_types[1])
    assert spec.extensions.rid
    assert spec.extensions.rrid
    assert side.incoming["0"].spec.extensions.audio_level == 1
    assert len(side.incoming["0"].spec.ssrcs) == 1
    assert side.incoming["0"].msid_track


def _no_feedback(section: Section) -> None:
    section.feedback = dict.fromkeys(section.feedback, ("nack", "nack pli"))


def _no_numbers(section: Section) -> None:
    section.extensions = dict(section.extensions)  # it is shared, with other tests too
    section.extensions.pop(codec_rules.TRANSPORT_WIDE)


@pytest.mark.parametrize("name", ["chromium_publisher", "firefox_publisher"])
def test_what_the_client_sends_is_numbered_for_feedback(name: str) -> None:
    side = answerer()
    audio, video, _ = side.answer(offer(name), LOCAL).sections
    for section in (audio, video):
        assert "transport-cc" in section.feedback[section.payload_types[0]]
        number = section.extensions[codec_rules.TRANSPORT_WIDE]
        assert side.incoming[section.mid].spec.extensions.transport_wide == number


@pytest.mark.parametrize("without", [_no_feedback, _no_numbers])
def test_nothing_is_numbered_where_half_of_the_feedback_is_not_offered(
    without: Callable[[Section], None],
) -> None:
    theirs = offer("chromium_publisher")
    without(theirs.sections[1])
    side = answerer()
    video = side.answer(theirs, LOCAL).sections[1]
    assert codec_rules.TRANSPORT_WIDE not in video.extensions
    assert "transport-cc" not in video.feedback[video.payload_types[0]]
    assert side.incoming["1"].spec.extensions.transport_wide == 0


@pytest.mark.parametrize("name", ["chromium_single", "native_join"])
def test_no_feedback_is_promised_where_the_client_sends_nothing(name: str) -> None:
    """But the extension is agreed on: libwebrtc would not offer it again for a later camera."""
    side = answerer()
    side.add(track(1, "video"))
    for section in side.answer(offer(name), LOCAL).sections:
        if section.direction in ("sendonly", "inactive") and section.kind != "application":
            assert codec_rules.TRANSPORT_WIDE in section.extensions
            assert not any("transport-cc" in each for each in section.feedback.values())


def test_firefox_pairs_its_repairs() -> None:
    side = answerer()
    side.answer(offer("firefox_publisher"), LOCAL)
    assert side.incoming["1"].spec.rtx_pairs[0] == (1995989984, 338136367)


def test_free_sections_take_what_is_wanted() -> None:
    side = answerer()
    side.add(track(1, "video"))
    side.add(track(2, "audio"))
    answer = side.answer(offer("native_join"), LOCAL)
    assert side.mid_to_track_id() == {"3": "TR_1", "0": "TR_2"}
    assert side.missing() == (0, 0)
    video = answer.sections[3]
    slot = side.slot_of("TR_1")
    assert slot is not None
    assert video.direction == "sendonly"
    assert video.msid is not None
    assert (video.msid.stream, video.msid.track) == ("PA_1|main", "TR_1")
    assert video.ssrc_groups == (("FID", (slot.ssrc, slot.rtx_ssrc or 0)),)
    assert slot.codec.payload_type == 96
    assert slot.extensions.abs_send_time
    assert [each.direction for each in answer.sections[:3]] == ["sendonly", "inactive", "inactive"]


def test_no_more_sections_are_asked_for_than_an_offer_may_have() -> None:
    limits = replace(LIMITS, sdp_sections=20, tracks_per_participant=3)
    side = Answerer(limits, random.Random(7))
    for number in range(40):
        side.add(track(2 * number, "audio"))
        side.add(track(2 * number + 1))
    theirs = offer("native_join")  # seven sections, six of them to receive on
    side.answer(theirs, LOCAL)
    # What the client may publish itself must fit beside what it receives.
    assert side.missing() == (5, 5)
    for number in range(70):
        side.remove(f"TR_{2 * number}")
    assert side.missing() == (0, 10)


def test_what_does_not_fit_is_missing_until_the_client_adds_sections() -> None:
    side = answerer()
    for number in range(5):
        side.add(track(number, "video"))
    side.answer(offer("native_join"), LOCAL)
    assert side.missing() == (0, 2)
    side.add(track(9, "audio"))
    assert side.missing() == (0, 2)
    more = offer("native_join")
    for mid in ("7", "8"):
        more.sections.append(replace(more.sections[3], mid=mid))
    more.bundle += ("7", "8")
    side.answer(more, LOCAL)
    assert side.missing() == (0, 0)
    assert len(side.mid_to_track_id()) == 6


def test_a_mid_is_reused_only_after_it_was_answered_inactive() -> None:
    side = answerer()
    for number in range(3):
        side.add(track(number, "video"))
    side.answer(offer("native_join"), LOCAL)
    side.remove("TR_1")
    side.add(track(4, "video"))
    assert "TR_1" not in side.mid_to_track_id().values()
    assert side.missing() == (0, 1)
    second = side.answer(offer("native_join"), LOCAL)
    assert second.sections[4].direction == "inactive"
    assert second.sections[4].ssrcs == {}
    assert side.missing() == (0, 0)
    third = side.answer(offer("native_join"), LOCAL)
    assert third.sections[4].direction == "sendonly"
    assert side.mid_to_track_id()["4"] == "TR_4"


def test_a_track_keeps_its_ssrc_while_others_come_and_go() -> None:
    side = answerer()
    side.add(track(1, "video"))
    side.answer(offer("native_join"), LOCAL)
    before = side.slot_of("TR_1")
    side.add(track(2, "video"))
    side.answer(offer("native_join"), LOCAL)
    assert side.slot_of("TR_1") is before


def test_unpublishing_is_a_section_that_sends_no_more() -> None:
    for direction in ("inactive", "recvonly"):
        side = answerer()
        theirs = offer("chromium_publisher")
        side.answer(theirs, LOCAL)
        assert set(side.incoming) == {"0", "1"}
        side.add(track(1, "video"))
        answer = side.answer(turned(theirs, m1=direction), LOCAL)
        assert set(side.incoming) == {"0"}
        assert answer.sections[1].direction == "inactive"
        assert answer.sections[1].rtpmaps
        assert side.missing() == (0, 1)  # the client's own old section is not for us


def test_a_camera_that_also_receives_keeps_its_slot() -> None:
    side = answerer()
    side.add(track(1, "video"))
    side.answer(offer("native_join"), LOCAL)
    answer = side.answer(turned(offer("native_join"), m3="sendrecv"), LOCAL)
    assert answer.sections[3].direction == "sendrecv"
    assert set(side.incoming) == {"3"}
    assert side.mid_to_track_id() == {"3": "TR_1"}


def test_a_section_taken_back_by_the_client_makes_its_track_wanted_again() -> None:
    side = answerer()
    side.add(track(1, "video"))
    side.answer(offer("native_join"), LOCAL)
    side.answer(turned(offer("native_join"), m3="inactive"), LOCAL)
    assert side.mid_to_track_id() == {"4": "TR_1"}


def test_without_a_codec_of_ours_a_section_is_rejected() -> None:
    theirs = offer("chromium_publisher")
    theirs.sections[1].rtpmaps = {98: RtpMap("theora", 90000)}
    theirs.sections[1].formats = ("98",)
    answer = answerer().answer(theirs, LOCAL)
    assert answer.sections[1].rejected
    assert answer.bundle == ("0", "2")


def test_what_a_client_sends_is_answered_with_the_codec_it_would_rather_use() -> None:
    theirs = offer("chromium_publisher")
    video = theirs.sections[1]
    assert video.msid is not None
    asked: list[tuple[str, str]] = []

    def wish(kind: str, msid: str) -> str:
        asked.append((kind, msid))
        return "vp9" if kind == "video" else ""

    side = answerer()
    answer = side.answer(theirs, LOCAL, wish)
    assert ("video", video.msid.track) in asked
    assert {each.name for each in answer.sections[1].rtpmaps.values()} == {"VP9", "rtx"}
    (codec,) = side.incoming[video.mid].spec.codecs_by_pt.values()
    assert video.rtpmaps[codec.payload_type].name == codec.name == "VP9"
    # It stays so as long as the track does, whatever is said later.
    side.answer(offer("chromium_publisher"), LOCAL, lambda kind, msid: "h264")
    (codec,) = side.incoming[video.mid].spec.codecs_by_pt.values()
    assert codec.name == "VP9"


def test_av1_is_agreed_with_its_descriptors() -> None:
    side = answerer()
    theirs = offer("chromium_single")
    answer = side.answer(theirs, LOCAL, lambda kind, msid: "av1" if kind == "video" else "")
    ((mid, incoming),) = [each for each in side.incoming.items() if each[1].spec.kind == "video"]
    (codec,) = incoming.spec.codecs_by_pt.values()
    assert (codec.name, codec.payload_type, codec.rtx_payload_type) == ("AV1", 45, 46)
    (section,) = [each for each in answer.sections if each.mid == mid]
    assert section.extensions[codec_rules.DESCRIPTOR] == incoming.spec.extensions.descriptor == 12


def test_a_codec_that_the_client_cannot_receive_asks_for_no_section() -> None:
    side = answerer()
    side.add(replace(track(1, "video"), codec="H264"))
    assert side.missing() == (0, 1)  # nothing is known of the client yet
    theirs = offer("firefox_single")
    for section in theirs.sections:
        section.rtpmaps = {p: r for p, r in section.rtpmaps.items() if r.name != "H264"}
    side.answer(theirs, LOCAL)
    assert side.missing() == (0, 0)
    assert not side.decodes("video", "H264")
    assert side.decodes("video", "VP8")


@pytest.mark.parametrize(
    ("name", "fmtp", "found"),
    [
        ("H264", "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42E01F", True),
        ("H264", "packetization-mode=0;profile-level-id=42e01f", False),
        ("H264", "", False),
        ("VP9", "profile-id=0", True),
        ("VP9", "max-fs=12288;max-fr=60", True),
        ("VP9", "profile-id=2", False),
        ("AV1", "level-idx=5;profile=0;tier=0", True),
        ("AV1", "", True),
        ("AV1", "level-idx=5;profile=1;tier=0", False),
    ],
)
def test_variants_of_codecs_are_told_apart(name: str, fmtp: str, found: bool) -> None:
    section = Section("video", formats=("100",), rtpmaps={100: RtpMap(name, 90000)})
    section.fmtps = {100: fmtp} if fmtp else {}
    assert [each.name for each in codec_rules.agreed_codecs(section)] == [name] * found


def test_dtx_is_asked_for_unless_stereo_is_promised() -> None:
    theirs = offer("firefox_publisher")
    audio = answerer().answer(theirs, LOCAL).sections[0]
    assert "usedtx=1" in audio.fmtps[109]
    fmtps = theirs.sections[0].fmtps
    theirs.sections[0].fmtps = {**fmtps, 109: fmtps[109] + ";sprop-stereo=1"}
    audio = answerer().answer(theirs, LOCAL).sections[0]
    assert "usedtx=1" not in audio.fmtps[109]
    assert "stereo=1" in audio.fmtps[109]


def _without_bundle(description: Description) -> None:
    description.bundle = ("0",)


def _fewer(description: Description) -> None:
    description.sections.pop()


def _other_order(description: Description) -> None:
    description.sections.reverse()


def _other_kind(description: Description) -> None:
    description.sections[0] = replace(description.sections[1], mid="0")


@pytest.mark.parametrize("change", [_without_bundle, _fewer, _other_order, _other_kind])
def test_an_offer_that_does_not_follow_is_refused(change: Callable[[Description], None]) -> None:
    side = answerer()
    side.answer(offer("chromium_publisher"), LOCAL)
    again = offer("chromium_publisher")
    change(again)
    with pytest.raises(NegotiationError):
        side.answer(again, LOCAL)


def test_the_client_cannot_make_us_the_dtls_client() -> None:
    theirs = offer("chromium_publisher")
    assert remote_transport(theirs).setup == "actpass"
    theirs.sections[0].transport.setup = "passive"
    with pytest.raises(NegotiationError):
        remote_transport(theirs)
    with pytest.raises(NegotiationError):
        remote_transport(Description())


@pytest.mark.parametrize("name", NAMES)
def test_transport_and_data_of_real_offers(name: str) -> None:
    theirs = offer(name)
    assert remote_transport(theirs).ufrag
    data = remote_data(theirs)
    assert data is not None
    assert data.port == 5000


def test_candidates_of_both_families() -> None:
    first, second = candidate_lines([("192.0.2.1", 7882), ("fd00::1", 7882)])
    assert first.endswith("192.0.2.1 7882 typ host")
    assert "fd00::1 7882 typ host" in second
    assert int(first.split()[3]) > int(second.split()[3])


def test_ssrcs_are_not_those_of_the_client() -> None:
    class Stuck(random.Random):
        """Draws the client's own SSRC first."""

        drawn = 0

        def randrange(self, *bounds: int, **more: int) -> int:  # type: ignore[override]
            self.drawn += 1
            return 3910475070 if self.drawn < 4 else 1000 + self.drawn

    theirs = offer("native_join")
    theirs.sections[1].ssrcs = {3910475070: {"cname": "x"}}
    side = Answerer(LIMITS, Stuck())
    side.add(track(1, "video"))
    side.answer(theirs, LOCAL)
    slot = side.slot_of("TR_1")
    assert slot is not None
    assert 3910475070 not in (slot.ssrc, slot.rtx_ssrc)
