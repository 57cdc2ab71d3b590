"""What each m-section of a peer connection is: the client's offers answered, and our own made."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace

from rooms.errors import LocalError, NegotiationError
from rooms.limits import Limits
from rooms.rtp.codecs import Codec, IncomingSpec
from rooms.transport import codec_rules
from rooms.transport.codec_rules import acceptable
from rooms.transport.description import Description, Direction, Rid, Section, Transport
from rooms.transport.slots import OutgoingSlots, Slot, describe_slot, in_order

_SENDS = ("sendrecv", "sendonly")
_RECEIVES = ("sendrecv", "recvonly")

Wish = Callable[[str, str], str]
"""The codec that the client said it would send, by kind and msid's track id; '' when unknown."""


def no_wish(kind: str, msid_track: str) -> str:
    """Nothing was said."""
    return ""


@dataclass(frozen=True)
class Local:
    """What our descriptions repeat in every section."""

    ufrag: str
    pwd: str
    fingerprint: tuple[str, str]
    candidates: tuple[str, ...]
    max_message_size: int = 262144

    def transport(self, setup: str) -> Transport:
        """Our ICE and DTLS side with the role asked of DTLS."""
        return Transport(self.ufrag, self.pwd, (self.fingerprint,), setup)


@dataclass(frozen=True)
class Incoming:
    """A section on which the client sends, and the track id its msid names ('' if none)."""

    spec: IncomingSpec
    msid_track: str


@dataclass(frozen=True)
class Data:
    """What the client's application section says of SCTP (RFC 8841)."""

    port: int
    max_message_size: int | None


def remote_transport(description: Description) -> Transport:
    """The ICE and DTLS parameters of the bundle; raises NegotiationError where some are missing."""
    alive = [each for each in description.sections if not each.rejected]
    alive.sort(key=lambda each: each.mid not in description.bundle[:1])
    for section in alive:
        transport = section.transport.or_else(description.transport)
        if transport.ufrag and transport.fingerprints:
            if transport.setup == "passive":
                raise NegotiationError("the client must be the DTLS client")
            return transport
    raise NegotiationError("no section with ICE and DTLS parameters")


def remote_data(description: Description) -> Data | None:
    """Where the client's SCTP listens, if it wants data channels."""
    for section in description.sections:
        if section.kind == "application" and not section.rejected and section.sctp_port:
            return Data(section.sctp_port, section.max_message_size)
    return None


class _Writer:
    """The session level of our descriptions, with a version that grows (RFC 3264 section 8)."""

    def __init__(self, rng: random.Random) -> None:
        self._version = 0
        self._identifier = rng.randrange(1, 2**62)

    def describe(self, sections: list[Section]) -> Description:
        """Wrap sections, all bundled but the rejected."""
        self._version += 1
        return Description(
            sections,
            bundle=tuple(each.mid for each in sections if not each.rejected),
            ice_lite=True,
            extmap_allow_mixed=True,
            version=self._version,
            identifier=self._identifier,
        )


def _application(mid: str, formats: tuple[str, ...], local: Local, setup: str) -> Section:
    return Section(
        "application",
        mid=mid,
        protocol="UDP/DTLS/SCTP",
        formats=formats,
        transport=local.transport(setup),
        sctp_port=5000,
        max_message_size=local.max_message_size,
        candidates=local.candidates,
    )


class Answerer(OutgoingSlots):
    """Our side where the client makes every offer (`/rtc/v1`, and v0's publisher)."""

    def __init__(self, limits: Limits, rng: random.Random) -> None:
        super().__init__(limits, rng)
        self._writer = _Writer(rng)
        self.incoming: dict[str, Incoming] = {}
        self._before: dict[str, Incoming] = {}
        self._wish: Wish = no_wish
        self._sections: list[tuple[str, str, bool]] = []  # mid, kind, rejected
        self._sent_by_client: set[str] = set()
        self._free: dict[str, str] = {}  # mid -> kind, receive-only and answered inactive
        self._decodes: dict[str, set[str]] = {}  # kind -> codecs that the client would receive

    def answer(self, offer: Description, local: Local, wish: Wish = no_wish) -> Description:
        """Answer an offer, giving wanted tracks to its free receive-only sections.

        Raises NegotiationError as `check` does.
        """
        self.check(offer)
        self._wish, self._before = wish, self.incoming
        self._sections = [(each.mid, each.kind, each.rejected) for each in offer.sections]
        self.incoming = {}
        self._free = {}
        self._note_decoders(offer)
        self._remote_ssrcs = {ssrc for each in offer.sections for ssrc in each.ssrcs}
        return self._writer.describe([self._section(each, local) for each in offer.sections])

    def missing(self) -> tuple[int, int]:
        """How many audio and video sections the client must add for all that is wanted.

        An offer may have so many sections and no more; those of its own tracks are kept free.
        """
        counts = []
        for kind in ("audio", "video"):
            wanted = sum(
                each.kind == kind and self.decodes(kind, *each.codecs)
                for each in self._wanted.values()
            )
            counts.append(max(0, wanted - sum(each == kind for each in self._free.values())))
        limits = self._limits
        room = max(0, limits.sdp_sections - len(self._sections) - limits.tracks_per_participant)
        audios = min(counts[0], max(room - counts[1], room // 2))
        return audios, min(counts[1], room - audios)

    def decodes(self, kind: str, *codecs: str) -> bool:
        """Whether the client can receive any of these codecs, as far as it has said."""
        known = self._decodes.get(kind)
        return known is None or any(a in known for each in codecs for a in acceptable(each))

    def _note_decoders(self, offer: Description) -> None:
        for section in offer.sections:
            if section.kind != "application" and section.direction in _RECEIVES:
                names = {each.name.lower() for each in codec_rules.agreed_codecs(section)}
                self._decodes.setdefault(section.kind, set()).update(names)

    def check(self, offer: Description) -> None:
        """Refuse an offer that does not follow from the ones before (RFC 8829 section 5.2.2).

        Raises NegotiationError.
        """
        if len(offer.sections) < len(self._sections):
            raise NegotiationError("the offer lost sections")
        for section, (mid, kind, rejected) in zip(offer.sections, self._sections, strict=False):
            if not rejected and (section.mid, section.kind) != (mid, kind):
                raise NegotiationError("the offer changed the order of its sections")
        bundled = [each.mid in offer.bundle for each in offer.sections if not each.rejected]
        if len(bundled) > 1 and not all(bundled):
            raise NegotiationError("every section must be bundled")
        for kind in ("audio", "video"):
            sending = [e for e in offer.sections if e.kind == kind and e.direction in _SENDS]
            if sum(max(len(e.ssrcs), 1) for e in sending) > 2 * self._limits.ssrcs_per_kind:
                raise NegotiationError(f"too many {kind} streams")

    def _section(self, offered: Section, local: Local) -> Section:
        if offered.kind == "application":
            if offered.rejected or not offered.sctp_port:
                return _rejection(offered)
            return _application(offered.mid, offered.formats, local, "passive")
        codecs = codec_rules.agreed_codecs(offered)
        if offered.rejected or not codecs:
            self._free_slot(offered.mid, wanted_again=True)
            return _rejection(offered)
        answered = Section(
            offered.kind,
            mid=offered.mid,
            transport=local.transport("passive"),
            extensions=codec_rules.agreed_extensions(offered.kind, offered.extensions),
            candidates=local.candidates,
        )
        receives = offered.direction in _SENDS
        if receives:
            codec = self._sent_codec(offered, codecs)
            codecs = codec_rules.sent_codecs(offered, answered, codec, codecs)
        codec_rules.describe_codecs(answered, codecs)
        if receives:
            self._receive(offered, answered, codecs)
        slot = self._send(offered, answered, codecs)
        if slot is not None:
            describe_slot(answered, slot)
        answered.direction = _direction(slot is not None, receives)
        return answered

    def _sent_codec(self, offered: Section, codecs: tuple[Codec, ...]) -> Codec:
        """The one codec in which the client is to send: browsers leave the choice to the answer."""
        msid = offered.msid.track if offered.msid else ""
        before = self._before.get(offered.mid)
        wished = self._wish(offered.kind, msid).lower()
        if before is not None and before.msid_track == msid:
            wished = next(iter(before.spec.codecs_by_pt.values())).name.lower()
        by_name = {each.name.lower(): each for each in codecs}
        usual = by_name.get("vp8") or by_name.get("opus") or codecs[0]
        return by_name.get(wished) or usual

    def _receive(self, offered: Section, answered: Section, codecs: tuple[Codec, ...]) -> None:
        names = [each.name for each in offered.rids if each.direction == "send"]
        names = names[: self._limits.rids_per_section]
        if names:
            answered.rids = tuple(Rid(each, "recv") for each in names)
            answered.simulcast = "recv " + ";".join(names)
        pairs = tuple(
            (ssrcs[0], ssrcs[1])
            for semantics, ssrcs in offered.ssrc_groups
            if semantics == "FID" and len(ssrcs) == 2
        )
        repairs = {repair for _, repair in pairs}
        self._sent_by_client.add(offered.mid)
        self.incoming[offered.mid] = Incoming(
            IncomingSpec(
                offered.mid,
                "audio" if offered.kind == "audio" else "video",
                {each.payload_type: each for each in codecs},
                codec_rules.extension_ids(answered.extensions),
                tuple(names),
                # Beside rids, SSRCs do not say which layer they are: those are learnt.
                () if names else tuple(each for each in offered.ssrcs if each not in repairs),
                pairs,
            ),
            offered.msid.track if offered.msid else "",
        )

    def _send(self, offered: Section, answered: Section, codecs: tuple[Codec, ...]) -> Slot | None:
        mid = offered.mid
        if mid in self.slots:
            if mid in self._releasing:
                self._free_slot(mid, wanted_again=False)
            elif offered.direction not in _RECEIVES:
                self._free_slot(mid, wanted_again=True)
            else:
                return self.slots[mid]
        elif offered.direction == "recvonly" and mid not in self._sent_by_client:
            extensions = codec_rules.extension_ids(answered.extensions)
            slot = self._fill(mid, codecs, extensions)
            if slot is not None:
                return slot
        if offered.direction == "recvonly" and mid not in self._sent_by_client:
            self._free[mid] = offered.kind
        return None


def _rejection(offered: Section) -> Section:
    return Section(
        offered.kind,
        mid=offered.mid,
        port=0,
        protocol=offered.protocol,
        formats=offered.formats,
        direction="inactive",
    )


def _direction(sends: bool, receives: bool) -> Direction:
    if sends:
        return "sendrecv" if receives else "sendonly"
    return "recvonly" if receives else "inactive"


@dataclass
class _Line:
    """One section of our offers: `live` once the client receives on it, `free` once rejected."""

    mid: str
    kind: str
    free: bool = False
    live: bool = False


class Offerer(OutgoingSlots):
    """Our side of a connection on which the server makes every offer (v0's subscriber).

    The application section comes first. A section that is done with is rejected, then recycled
    under a new mid (RFC 8829 section 5.2.2): libwebrtc names a received track only once for each
    mid, so that the next track of a reused mid would pass for the first.
    """

    def __init__(self, limits: Limits, rng: random.Random) -> None:
        super().__init__(limits, rng)
        self._writer = _Writer(rng)
        self._lines: list[_Line] = []
        self._last_mid = 0
        self.offered = False

    def offer(self, local: Local, *, anew: bool = False) -> Description:
        """Describe what is wanted now; `anew` gives up an offer whose answer was lost.

        Raises LocalError while an offer is unanswered.
        """
        if self.offered and not anew:
            raise LocalError("an offer is not answered yet")
        for mid in list(self._releasing):
            self._free_slot(mid, wanted_again=False)
        self._give_sections()
        self.offered = True
        data = _application("0", ("webrtc-datachannel",), local, "actpass")
        return self._writer.describe([data, *(self._section(e, local) for e in self._lines)])

    def accept(self, answer: Description) -> None:
        """Take the client's answer to our offer; raises NegotiationError if it is not one."""
        if not self.offered:
            raise NegotiationError("an answer without an offer")
        mids = ["0", *(each.mid for each in self._lines)]
        if [each.mid for each in answer.sections] != mids:
            raise NegotiationError("the answer is not to our offer")
        self.offered = False
        for line, section in zip(self._lines, answer.sections[1:], strict=True):
            slot = self.slots.get(line.mid)
            codecs = codec_rules.agreed_codecs(section)
            line.live = False
            if slot is None:
                line.free = True
            elif section.rejected or section.direction not in _RECEIVES or not codecs:
                # It would be refused for ever: the client may take it up by its own means.
                self.slots.pop(line.mid)
                self._releasing.discard(line.mid)
                line.free = section.rejected
            else:
                line.live = True
                codec, *others = in_order(slot.names, codecs) or codecs[:1]
                self.slots[line.mid] = replace(slot, codec=codec, others=tuple(others))

    def live(self, mid: str) -> bool:
        """Whether the client agreed to receive on this mid."""
        return any(each.live for each in self._lines if each.mid == mid)

    def _give_sections(self) -> None:
        for track in list(self._wanted.values()):
            codecs = codec_rules.offered_codecs(track.kind)
            if not any(each.name.lower() in track.codecs for each in codecs):
                continue
            line = self._fresh_line(track.kind)
            if line is None:
                continue  # until a section of its kind is free: those that have one go on
            extensions = codec_rules.extension_ids(codec_rules.our_extensions(track.kind))
            self._fill(line.mid, codecs, extensions)

    def _fresh_line(self, kind: str) -> _Line | None:
        """A section of its own mid, in the place of a rejected one if there is one."""
        free = (at for at, line in enumerate(self._lines) if line.free and line.kind == kind)
        index = next(free, len(self._lines))
        if index + 1 >= self._limits.sdp_sections:
            return None
        self._last_mid += 1
        fresh = _Line(str(self._last_mid), kind)
        self._lines[index : index + 1] = [fresh]
        return fresh

    def _section(self, line: _Line, local: Local) -> Section:
        slot = self.slots.get(line.mid)
        section = Section(
            line.kind,
            mid=line.mid,
            transport=local.transport("actpass"),
            direction="sendonly" if slot else "inactive",
            port=9 if slot else 0,
            extensions=codec_rules.our_extensions(line.kind),
            candidates=local.candidates,
        )
        codecs = codec_rules.offered_codecs(line.kind)
        if slot is not None:
            codecs = tuple(each for each in codecs if each.name.lower() in slot.names)
            describe_slot(section, slot)
        codec_rules.describe_codecs(section, codecs)
        return section
