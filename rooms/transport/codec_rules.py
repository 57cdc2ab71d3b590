"""Which codecs, feedback and header extensions this server agrees to: tables, and their reading."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from rooms.rtp.codecs import Codec, Extensions, Kind
from rooms.transport.description import RtpMap, Section


@dataclass(frozen=True)
class CodecRule:
    """One codec that is forwarded, and what is written about it.

    `offered` and `offered_rtx` are the payload types of our own offers. `required_fmtp` are the
    parameters that tell one variant of a codec from another; `implied`: they hold where left out.
    """

    kind: Kind
    name: str
    clock_rate: int
    channels: int
    fmtp: str
    feedback: tuple[str, ...]
    offered: int
    offered_rtx: int | None = None
    required_fmtp: tuple[tuple[str, str], ...] = ()
    implied: bool = False

    def matches(self, rtpmap: RtpMap, fmtp: str) -> bool:
        """Whether a payload type of a remote description is this codec."""
        parameters = fmtp_parameters(fmtp)
        return (
            rtpmap.name.lower() == self.name.lower()
            and rtpmap.clock_rate == self.clock_rate
            and rtpmap.channels == self.channels
            and all(
                parameters.get(name, value if self.implied else "").lower() == value
                for name, value in self.required_fmtp
            )
        )


_VIDEO_FEEDBACK = ("goog-remb", "ccm fir", "nack", "nack pli")

# A payload type must mean the same in every section of a bundle, so opus has one fmtp for all:
# with it senders add in-band error correction, and stay quiet while there is nothing to hear.
# fmt: off
CODECS: tuple[CodecRule, ...] = (
    CodecRule("audio", "opus", 48000, 2, "minptime=10;useinbandfec=1;usedtx=1", ("nack",), 111),
    CodecRule("audio", "red", 48000, 2, "111/111", (), 63),
    CodecRule("video", "VP8", 90000, 1, "", _VIDEO_FEEDBACK, 96, 97),
    CodecRule(
        "video", "H264", 90000, 1,
        "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f",
        _VIDEO_FEEDBACK, 102, 103, (("packetization-mode", "1"), ("profile-level-id", "42e01f")),
    ),
    CodecRule(
        "video", "VP9", 90000, 1, "profile-id=0", _VIDEO_FEEDBACK, 98, 99,
        (("profile-id", "0"),), implied=True,
    ),
    CodecRule(
        "video", "AV1", 90000, 1, "level-idx=5;profile=0;tier=0", _VIDEO_FEEDBACK, 104, 105,
        (("profile", "0"),), implied=True,
    ),
)
# fmt: on

MID = "urn:ietf:params:rtp-hdrext:sdes:mid"
RID = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"
RRID = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id"
AUDIO_LEVEL = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
ABS_SEND_TIME = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
TRANSPORT_WIDE = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
DESCRIPTOR = (
    "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension"
)
_TRANSPORT_FEEDBACK = "transport-cc"

# libwebrtc refuses its own later simulcast offer when RID was left out of any video section of
# the first answer, an inactive one included, and never offers again any other that was left out
# of it: so these hold whatever the direction.
EXTENSIONS: dict[str, tuple[str, ...]] = {
    "audio": (MID, AUDIO_LEVEL, TRANSPORT_WIDE),
    "video": (MID, RID, RRID, ABS_SEND_TIME, TRANSPORT_WIDE, DESCRIPTOR),
}
OUR_EXTENSION_IDS = {AUDIO_LEVEL: 1, ABS_SEND_TIME: 2, MID: 4, RID: 10, RRID: 11, DESCRIPTOR: 12}


_ONE_BYTE = 14  # the highest id of extensions in the form in which time is stamped (RFC 8285)


def fmtp_parameters(fmtp: str) -> dict[str, str]:
    """The `name=value` pairs of an fmtp line."""
    pairs = (each.partition("=") for each in fmtp.split(";"))
    return {name.strip().lower(): value.strip() for name, _, value in pairs if name.strip()}


def agreed_codecs(section: Section) -> tuple[Codec, ...]:
    """Codecs of a remote section that we forward, with its payload types, in its order."""
    repairs = _repairs(section)
    found: dict[CodecRule, Codec] = {}
    for payload_type in section.payload_types:
        rtpmap = section.rtpmaps.get(payload_type)
        if rtpmap is None:
            continue
        fmtp = section.fmtps.get(payload_type, "")
        for rule in CODECS:
            if rule not in found and rule.kind == section.kind and rule.matches(rtpmap, fmtp):
                offered = section.feedback.get(payload_type, ())
                found[rule] = Codec(
                    rule.name,
                    rule.clock_rate,
                    rule.channels,
                    payload_type,
                    repairs.get(payload_type) if rule.offered_rtx is not None else None,
                    _our_fmtp(rule, fmtp),
                    tuple(each for each in rule.feedback if each in offered),
                )
    return _with_what_they_wrap(found.values())


def _with_what_they_wrap(codecs: Iterable[Codec]) -> tuple[Codec, ...]:
    """Without RED of anything but Opus; asked for again when lost, as that may be."""
    opus = next((each for each in codecs if each.name == "opus"), None)
    kept = []
    for codec in codecs:
        if codec.name == "red":
            if opus is None or set(codec.fmtp.split("/")) != {str(opus.payload_type)}:
                continue
            codec = replace(codec, feedback=opus.feedback)
        kept.append(codec)
    return tuple(kept)


def sent_codecs(
    offered: Section, answered: Section, codec: Codec, codecs: tuple[Codec, ...]
) -> tuple[Codec, ...]:
    """What a client is to send in: `codec`, and what that wraps."""
    wrapped = tuple(each for each in codecs if each.payload_type == codec.wraps)
    agreed = agree_on_feedback(offered, answered, wrapped[0] if wrapped else codec)
    return (replace(codec, feedback=agreed.feedback), agreed) if wrapped else (agreed,)


def acceptable(codec: str) -> tuple[str, ...]:
    """In which codecs, in lower case and the best first, a track of `codec` can be sent."""
    return ("red", "opus") if codec.lower() == "red" else (codec.lower(),)


def _our_fmtp(rule: CodecRule, theirs: str) -> str:
    # `stereo` is what browsers can play, and they always can; only `sprop-stereo` is a wish.
    if rule.name == "opus" and fmtp_parameters(theirs).get("sprop-stereo") == "1":
        return rule.fmtp.replace("usedtx=1", "stereo=1;sprop-stereo=1")
    if rule.required_fmtp or rule.name == "red":
        return theirs
    return rule.fmtp


def _repairs(section: Section) -> dict[int, int]:
    repairs: dict[int, int] = {}
    for payload_type in section.payload_types:
        rtpmap = section.rtpmaps.get(payload_type)
        if rtpmap is not None and rtpmap.name.lower() == "rtx":
            apt = fmtp_parameters(section.fmtps.get(payload_type, "")).get("apt", "")
            if apt.isdecimal():
                repairs.setdefault(int(apt[:3]), payload_type)
    return repairs


def offered_codecs(kind: str) -> tuple[Codec, ...]:
    """The codecs of this kind as our own offers list them."""
    return tuple(
        Codec(
            rule.name,
            rule.clock_rate,
            rule.channels,
            rule.offered,
            rule.offered_rtx,
            rule.fmtp,
            rule.feedback,
        )
        for rule in CODECS
        if rule.kind == kind
    )


def agreed_extensions(kind: str, offered: dict[str, int]) -> dict[str, int]:
    """Extensions that we use in sections of this kind, with the remote side's ids."""
    return {uri: offered[uri] for uri in EXTENSIONS[kind] if uri in offered}


def agree_on_feedback(offered: Section, answered: Section, codec: Codec) -> Codec:
    """Have the client told when what it sends in `codec` came, if it offers that and numbers it.

    For sections that we receive alone: what we send carries no such numbers.
    """
    if _TRANSPORT_FEEDBACK not in offered.feedback.get(codec.payload_type, ()):
        answered.extensions.pop(TRANSPORT_WIDE, None)
    if TRANSPORT_WIDE not in answered.extensions:
        return codec
    return replace(codec, feedback=(*codec.feedback, _TRANSPORT_FEEDBACK))


def our_extensions(kind: str) -> dict[str, int]:
    """Extensions as our own offers list them: those that we write ourselves, or might."""
    return {uri: OUR_EXTENSION_IDS[uri] for uri in EXTENSIONS[kind] if uri in OUR_EXTENSION_IDS}


def extension_ids(extensions: dict[str, int]) -> Extensions:
    """The same by name, for the packet path; what does not fit a one-byte number is left out."""
    ids = {uri: number for uri, number in extensions.items() if number <= 255}
    stamp = ids.get(ABS_SEND_TIME, 0)
    return Extensions(
        ids.get(MID, 0),
        ids.get(RID, 0),
        ids.get(RRID, 0),
        ids.get(AUDIO_LEVEL, 0),
        stamp if stamp <= _ONE_BYTE else 0,
        descriptor=ids.get(DESCRIPTOR, 0),
        transport_wide=ids.get(TRANSPORT_WIDE, 0),
    )


def describe_codecs(section: Section, codecs: Iterable[Codec]) -> None:
    """Write codecs into a section of ours: formats, rtpmap, fmtp, feedback and rtx."""
    formats: list[str] = []
    for codec in codecs:
        formats.append(str(codec.payload_type))
        section.rtpmaps[codec.payload_type] = RtpMap(codec.name, codec.clock_rate, codec.channels)
        if codec.fmtp:
            section.fmtps[codec.payload_type] = codec.fmtp
        section.feedback[codec.payload_type] = codec.feedback
        if codec.rtx_payload_type is not None:
            formats.append(str(codec.rtx_payload_type))
            section.rtpmaps[codec.rtx_payload_type] = RtpMap("rtx", codec.clock_rate)
            section.fmtps[codec.rtx_payload_type] = f"apt={codec.payload_type}"
    section.formats = tuple(formats)
