"""Reading and writing session descriptions."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from rooms.errors import NegotiationError, SdpError
from rooms.limits import Limits
from rooms.transport import codec_rules, sdp
from rooms.transport.description import Msid, Rid, RtpMap, Section
from rooms.transport.negotiation import remote_transport
from tests.rooms.transport.samples import LIMITS, LOCAL, NAMES, answerer, offer, offer_text


@pytest.mark.parametrize("name", NAMES)
def test_real_offers_are_read_whole(name: str) -> None:
    description = offer(name)
    assert set(description.bundle) == {each.mid for each in description.sections}
    assert not any(each.rejected for each in description.sections)
    for section in description.sections:
        transport = section.transport.or_else(description.transport)
        assert transport.ufrag or section.bundle_only
        assert transport.fingerprints[0][0] == "sha-256"
        if section.kind == "application":
            assert section.sctp_port == 5000
        else:
            assert section.rtpmaps[section.payload_types[0]].name in ("opus", "VP8")


@pytest.mark.parametrize("name", NAMES)
def test_what_is_written_is_read_back_the_same(name: str) -> None:
    once = sdp.parse(sdp.write(offer(name)), LIMITS)
    assert sdp.parse(sdp.write(once), LIMITS) == once


def test_simulcast_of_chromium() -> None:
    video = offer("chromium_publisher").sections[1]
    assert video.rids == (Rid("q", "send"), Rid("h", "send"), Rid("f", "send"))
    assert video.extensions[codec_rules.RRID] == 11
    assert video.ssrcs == {}
    assert video.rtpmaps[96] == RtpMap("VP8", 90000)
    assert video.fmtps[97] == "apt=96"
    assert "nack pli" in video.feedback[96]


def test_firefox_has_its_fingerprint_for_all_and_braces_in_msid() -> None:
    description = offer("firefox_publisher")
    audio, video, _ = description.sections
    assert audio.transport.fingerprints == ()
    assert description.transport.fingerprints
    assert audio.msid is not None
    assert audio.msid.track.startswith("{")
    assert video.extensions[codec_rules.RID] == 9  # written 9/sendonly
    assert len(video.ssrcs) == 6
    assert len(video.ssrc_groups) == 3


def test_port_zero_with_bundle_only_is_not_a_rejection() -> None:
    description = offer("firefox_single")
    assert sum(each.port == 0 for each in description.sections) == 6
    assert not any(each.rejected for each in description.sections)
    text = offer_text("firefox_single").replace("a=bundle-only\r\n", "")
    assert sum(each.rejected for each in sdp.parse(text, LIMITS).sections) == 6


def test_paused_layers_are_still_layers() -> None:
    text = offer_text("chromium_publisher").replace("send q;h;f", "send q;~h;~f")
    assert [each.name for each in sdp.parse(text, LIMITS).sections[1].rids] == ["q", "h", "f"]


def test_feedback_for_every_payload_type() -> None:
    text = offer_text("chromium_publisher").replace(
        "a=rtcp-fb:111 transport-cc", "a=rtcp-fb:* nack"
    )
    audio = sdp.parse(text, LIMITS).sections[0]
    assert audio.feedback[111] == ("nack",)
    assert audio.feedback[0] == ("nack",)


def test_msid_without_a_track() -> None:
    text = offer_text("chromium_publisher").replace(
        " f99caf34-9c50-46c3-bdb5-d9a3490d5e7b\r\n", "\r\n"
    )
    assert sdp.parse(text, LIMITS).sections[0].msid == Msid(
        "b9306fa2-42cb-4681-9405-341ce8ec1def", ""
    )


@pytest.mark.parametrize(
    "change",
    [
        ("m=audio 53686 ", "m=audio 99999 "),
        ("m=audio 53686 ", "m=audio x "),
        ("SAVPF 111 ", "SAVPF 300 "),
        ("m=audio ", "m=image "),
        ("a=mid:1\r\n", "a=mid:0\r\n"),
        ("a=mid:1\r\n", ""),
        ("a=rtpmap:111 opus/48000/2", "a=rtpmap:111 opus/0"),
        ("a=rtpmap:111 opus/48000/2", "a=rtpmap:x opus/48000"),
        ("a=rid:q send", "a=rid:q sideways"),
        ("a=rid:q send", "a=rid:../q send"),
        ("a=ssrc:3910475070 cname", "a=ssrc:99999999999 cname"),
        ("a=sctp-port:5000", "a=sctp-port:-1"),
        ("a=extmap:14 ", "a=extmap:0 "),
        ("a=ice-ufrag:etVg", "a=ice-ufrag:"),
        ("s=-", "nonsense"),
        ("o=- 5960726348126553771 2", "o=- x 2"),
    ],
)
def test_malformed_is_refused(change: tuple[str, str]) -> None:
    text = offer_text("chromium_publisher")
    assert change[0] in text
    with pytest.raises(SdpError):
        sdp.parse(text.replace(*change), LIMITS)


@pytest.mark.parametrize(
    "limits",
    [
        Limits(sdp_bytes=6000),
        Limits(sdp_lines=100),
        Limits(sdp_line_bytes=60),
        Limits(sdp_sections=2),
        Limits(sdp_payload_types=20),
    ],
)
def test_too_much_is_refused(limits: Limits) -> None:
    with pytest.raises(SdpError):
        sdp.parse(offer_text("chromium_publisher"), limits)


def test_too_many_ssrcs_in_a_section_are_refused() -> None:
    lines = "".join(f"a=ssrc:{number} cname:x\r\n" for number in range(60))
    with pytest.raises(SdpError):
        sdp.parse(offer_text("chromium_publisher") + "m=audio 9 X 0\r\na=mid:z\r\n" + lines, LIMITS)


def test_an_empty_description_has_no_sections() -> None:
    assert sdp.parse("v=0\r\n", LIMITS).sections == []


@pytest.mark.parametrize("name", NAMES)
def test_sections_seen_before_are_not_read_again(name: str) -> None:
    seen: dict[bytes, Section] = {}
    first = sdp.parse(offer_text(name), LIMITS, seen)
    again = sdp.parse(offer_text(name), LIMITS, seen)
    assert again == first
    assert all(a is b for a, b in zip(first.sections, again.sections, strict=True))
    changed = sdp.parse(offer_text(name).replace("a=mid:1\r\n", "a=mid:99\r\n"), LIMITS, seen)
    assert changed.sections[1].mid == "99"
    assert changed.sections[0] is first.sections[0]
    assert len(seen) == len(first.sections)


def test_descriptions_compare_by_value() -> None:
    description = offer("chromium_publisher")
    assert replace(description, version=9) != description


def test_no_change_to_a_real_offer_makes_us_raise_anything_else() -> None:
    rng = random.Random(42)
    texts = [offer_text(name) for name in NAMES]
    read = 0
    for _ in range(600):
        lines = rng.choice(texts).split("\r\n")
        for _ in range(rng.randrange(1, 6)):
            _spoil(lines, rng, texts)
        try:
            side = answerer()
            description = sdp.parse("\r\n".join(lines), LIMITS)
            remote_transport(description)
            answer = sdp.write(side.answer(description, LOCAL))
            sdp.parse(answer.encode().decode(), LIMITS)
            read += 1
        except (SdpError, NegotiationError):
            pass
    assert read > 100


def _spoil(lines: list[str], rng: random.Random, texts: list[str]) -> None:
    at = rng.randrange(len(lines))
    other = rng.choice(rng.choice(texts).split("\r\n"))
    what = rng.randrange(5)
    if what == 0:
        del lines[at]
    elif what == 1:
        lines.insert(at, other)
    elif what == 2:
        lines[at] = other
    elif what == 3:
        lines[at] = lines[at][: rng.randrange(len(lines[at]) + 1)]
    else:
        odd = rng.choice(["\0", "\u0660", "-1", "99999999999999999999", " ", ":", "é", "\udcff"])
        place = rng.randrange(len(lines[at]) + 1)
        lines[at] = lines[at][:place] + odd + lines[at][place:]
