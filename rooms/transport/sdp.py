"""Session descriptions: text to `Description` and back, as far as WebRTC needs it (RFC 8866)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from hashlib import blake2b
from sys import intern
from typing import Any

from rooms.errors import SdpError
from rooms.limits import Limits
from rooms.transport.description import (
    DIRECTIONS,
    Description,
    Direction,
    Msid,
    Rid,
    RtpMap,
    Section,
    Transport,
)


def _number(text: str, low: int, high: int) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 10 or not low <= int(text) <= high:
        raise SdpError(f"not a number of {low} to {high}: {text[:20]!r}")
    return int(text)


def _token(text: str, longest: int = 256) -> str:
    if not text or len(text) > longest or not text.isprintable():
        raise SdpError(f"not a token: {text[:20]!r}")
    return text


def _after_payload_type(value: str) -> tuple[int, str]:
    payload_type, _, rest = value.partition(" ")
    return _number(payload_type, 0, 127), rest.strip()


def _rtpmap(section: Section, value: str) -> None:
    payload_type, rest = _after_payload_type(value)
    section.rtpmaps[payload_type] = _codec(rest)


@lru_cache(maxsize=256)
def _codec(text: str) -> RtpMap:
    name, _, more = text.partition("/")
    rate, _, channels = more.partition("/")
    return RtpMap(_token(name, 64), _number(rate, 1, 1_000_000), _number(channels or "1", 1, 64))


def _fmtp(section: Section, value: str) -> None:
    payload_type, rest = _after_payload_type(value)
    section.fmtps[payload_type] = intern(rest)


def _feedback(section: Section, value: str) -> None:
    target, _, what = value.partition(" ")
    types = section.payload_types if target == "*" else (_number(target, 0, 127),)
    for payload_type in types:
        before = section.feedback.get(payload_type, ())
        section.feedback[payload_type] = (*before, intern(what.strip()))


def _extmap(section: Section, value: str) -> None:
    target, _, rest = value.partition(" ")
    number = _number(target.partition("/")[0], 1, 65535)
    uri = rest.split(" ")[0]
    section.extensions[intern(_token(uri))] = number


def _rid(section: Section, value: str) -> None:
    name, _, rest = value.partition(" ")
    direction = rest.split(" ")[0]
    if not name.replace("-", "").replace("_", "").isalnum() or len(name) > 16:
        raise SdpError(f"bad rid {name[:20]!r}")
    if direction == "send":
        section.rids += (Rid(name, "send"),)
    elif direction == "recv":
        section.rids += (Rid(name, "recv"),)
    else:
        raise SdpError(f"rid without a direction: {value[:40]!r}")


def _simulcast(section: Section, value: str) -> None:
    section.simulcast = value


def _ssrc(section: Section, value: str) -> None:
    number, _, attribute = value.partition(" ")
    name, _, text = attribute.partition(":")
    section.ssrcs.setdefault(_number(number, 0, 2**32 - 1), {})[name] = text


def _ssrc_group(section: Section, value: str) -> None:
    semantics, *numbers = value.split() or [""]
    _token(semantics, 16)
    ssrcs = tuple(_number(each, 0, 2**32 - 1) for each in numbers)
    section.ssrc_groups += ((semantics, ssrcs),)


def _msid(section: Section, value: str) -> None:
    stream, _, track = value.strip().partition(" ")
    section.msid = Msid(_token(stream), track.strip()[:256])


def _mid(section: Section, value: str) -> None:
    section.mid = _token(value.strip(), 32)


def _bundle_only(section: Section, value: str) -> None:
    section.bundle_only = True


def _sctp_port(section: Section, value: str) -> None:
    section.sctp_port = _number(value, 0, 65535)


def _max_message_size(section: Section, value: str) -> None:
    section.max_message_size = _number(value, 0, 2**32)


def _candidate(section: Section, value: str) -> None:
    section.candidates += (value,)


_SECTION_ATTRIBUTES: dict[str, Callable[[Section, str], None]] = {
    "rtpmap": _rtpmap,
    "fmtp": _fmtp,
    "rtcp-fb": _feedback,
    "extmap": _extmap,
    "rid": _rid,
    "simulcast": _simulcast,
    "ssrc": _ssrc,
    "ssrc-group": _ssrc_group,
    "msid": _msid,
    "mid": _mid,
    "bundle-only": _bundle_only,
    "sctp-port": _sctp_port,
    "max-message-size": _max_message_size,
    "candidate": _candidate,
}


def _transport_attribute(transport: Transport, name: str, value: str) -> bool:
    value = value.strip()
    if name == "ice-ufrag":
        transport.ufrag = _token(value)
    elif name == "ice-pwd":
        transport.pwd = _token(value)
    elif name == "fingerprint":
        algorithm, _, digest = value.partition(" ")
        transport.fingerprints += ((_token(algorithm, 16).lower(), _token(digest.upper())),)
    elif name == "setup":
        transport.setup = value
    else:
        return False
    return True


def _session_attribute(description: Description, name: str, value: str) -> None:
    if name == "group" and value.startswith("BUNDLE"):
        description.bundle = tuple(value.split()[1:])
    elif name == "ice-lite":
        description.ice_lite = True
    elif name == "extmap-allow-mixed":
        description.extmap_allow_mixed = True


def _open_section(value: str, default: Direction, limits: Limits) -> Section:
    parts = value.split()
    if len(parts) < 4 or parts[0] not in ("audio", "video", "application"):
        raise SdpError(f"bad media line {value[:60]!r}")
    formats = _shared_names(tuple(parts[3:]))
    if len(formats) > limits.sdp_payload_types:
        raise SdpError("too many payload types")
    port = _number(parts[1].partition("/")[0], 0, 65535)
    section = Section(
        intern(parts[0]), port=port, protocol=intern(parts[2]), formats=formats, direction=default
    )
    _token(section.protocol, 32)
    for each in formats:
        if section.kind == "application":
            _token(each, 32)
        else:
            _number(each, 0, 127)
    return section


def _lines(text: str, limits: Limits) -> Iterator[tuple[str, str]]:
    for line in text.split("\n"):
        if not line:
            continue
        if len(line) > limits.sdp_line_bytes or line[1:2] != "=":
            raise SdpError(f"bad line {line[:40]!r}")
        yield line[0], line[2:]


def _check_section(section: Section, limits: Limits) -> None:
    if len(section.ssrcs) > limits.ssrcs_per_kind or len(section.ssrc_groups) > 64:
        raise SdpError("too many SSRCs in a section")
    if len(section.rids) > 16 or len(section.extensions) > 64:
        raise SdpError("too many rids or extensions in a section")
    if sum(map(len, section.feedback.values())) > 16 * limits.sdp_payload_types:
        raise SdpError("too much feedback in a section")
    if not section.mid:
        raise SdpError("a section without mid")


def _read_session(description: Description, text: str, limits: Limits) -> Direction:
    """Read what comes before the first section; returns the direction that sections start from."""
    default: Direction = "sendrecv"
    for kind, value in _lines(text, limits):
        if kind == "o":
            _origin(description, value)
        elif kind == "a":
            name, _, rest = value.partition(":")
            if name in DIRECTIONS:
                default = DIRECTIONS[DIRECTIONS.index(name)]
            elif not _transport_attribute(description.transport, name, rest):
                _session_attribute(description, name, rest)
    return default


def _read_section(text: str, default: Direction, limits: Limits) -> Section:
    first, _, rest = text.partition("\n")
    if len(first) > limits.sdp_line_bytes:
        raise SdpError("bad media line")
    section = _open_section(first, default, limits)
    for kind, value in _lines(rest, limits):
        if kind != "a":
            continue
        name, _, argument = value.partition(":")
        if name in _SECTION_ATTRIBUTES:
            _SECTION_ATTRIBUTES[name](section, argument)
        elif name in DIRECTIONS:
            section.direction = DIRECTIONS[DIRECTIONS.index(name)]
        else:
            _transport_attribute(section.transport, name, argument)
    _check_section(section, limits)
    _share(section)
    return section


def _share(section: Section) -> None:
    """Have sections that say the same hold it once: all of a browser's say much the same."""
    section.rtpmaps = _shared(tuple(section.rtpmaps.items()))
    section.fmtps = _shared(tuple(section.fmtps.items()))
    section.feedback = _shared(tuple(section.feedback.items()))
    section.extensions = _shared(tuple(section.extensions.items()))


@lru_cache(maxsize=64)
def _shared(items: tuple[tuple[Any, Any], ...]) -> dict[Any, Any]:
    """These items as one dictionary for all who have them, so for none to change."""
    return dict(items)


@lru_cache(maxsize=64)
def _shared_names(names: tuple[str, ...]) -> tuple[str, ...]:
    return names


def parse(text: str, limits: Limits, seen: dict[bytes, Section] | None = None) -> Description:
    """Read a description; unknown attributes are ignored.

    `seen` keeps the sections between one description of a peer and its next, most of which are
    the same: give the same dict each time, and take sections as read-only.

    Raises SdpError for what is malformed or larger than `limits` allow.
    """
    if len(text) > limits.sdp_bytes:
        raise SdpError("description too large")
    text = text.replace("\r\n", "\n")
    if text.count("\n") > limits.sdp_lines:
        raise SdpError("description of too many lines")
    head, *parts = text.split("\nm=")
    if len(parts) > limits.sdp_sections:
        raise SdpError("too many sections")
    description = Description()
    default = _read_session(description, head, limits)
    known = seen if seen is not None else {}
    found = {}
    for part in parts:
        # A digest, lest every peer keep the text of its last description.
        key = blake2b((default + part).encode("utf-8", "replace"), digest_size=16).digest()
        found[key] = known.get(key) or _read_section(part, default, limits)
        description.sections.append(found[key])
    if len({each.mid for each in description.sections}) != len(parts):
        raise SdpError("two sections of one mid")
    known.clear()
    known.update(found)
    return description


def _origin(description: Description, value: str) -> None:
    parts = value.split()
    if len(parts) < 3 or not parts[1].isdigit() or not parts[2].isdigit():
        raise SdpError("bad origin line")
    description.identifier = int(parts[1][:20])
    description.version = int(parts[2][:20])


def write(description: Description) -> str:
    """The text of a description, its lines ended as RFC 8866 wants them."""
    lines = [
        "v=0",
        f"o=- {description.identifier} {description.version} IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
    ]
    if description.bundle:
        lines.append("a=group:BUNDLE " + " ".join(description.bundle))
    if description.ice_lite:
        lines.append("a=ice-lite")
    if description.extmap_allow_mixed:
        lines.append("a=extmap-allow-mixed")
    lines.append("a=msid-semantic: WMS *")
    lines.extend(_transport_lines(description.transport))
    for section in description.sections:
        lines.extend(_section_lines(section))
    return "\r\n".join(lines) + "\r\n"


def _transport_lines(transport: Transport) -> Iterator[str]:
    if transport.ufrag:
        yield f"a=ice-ufrag:{transport.ufrag}"
        yield f"a=ice-pwd:{transport.pwd}"
    for algorithm, digest in transport.fingerprints:
        yield f"a=fingerprint:{algorithm} {digest}"
    if transport.setup:
        yield f"a=setup:{transport.setup}"


def _section_lines(section: Section) -> Iterator[str]:
    yield f"m={section.kind} {section.port} {section.protocol} {' '.join(section.formats)}"
    yield "c=IN IP4 0.0.0.0"
    if section.bundle_only:
        yield "a=bundle-only"
    yield f"a=mid:{section.mid}"
    yield from _transport_lines(section.transport)
    if section.kind == "application":
        if section.sctp_port is not None:
            yield f"a=sctp-port:{section.sctp_port}"
        if section.max_message_size is not None:
            yield f"a=max-message-size:{section.max_message_size}"
    else:
        yield f"a={section.direction}"
        yield from _media_lines(section)
    for candidate in section.candidates:
        yield f"a=candidate:{candidate}"
    if section.candidates:
        yield "a=end-of-candidates"


def _media_lines(section: Section) -> Iterator[str]:
    yield "a=rtcp-mux"
    yield "a=rtcp-rsize"
    if section.msid:
        yield f"a=msid:{section.msid.stream} {section.msid.track}"
    for uri, number in section.extensions.items():
        yield f"a=extmap:{number} {uri}"
    for payload_type, rtpmap in section.rtpmaps.items():
        yield f"a=rtpmap:{payload_type} {rtpmap}"
        if payload_type in section.fmtps:
            yield f"a=fmtp:{payload_type} {section.fmtps[payload_type]}"
        for what in section.feedback.get(payload_type, ()):
            yield f"a=rtcp-fb:{payload_type} {what}"
    for rid in section.rids:
        yield f"a=rid:{rid.name} {rid.direction}"
    if section.simulcast:
        yield f"a=simulcast:{section.simulcast}"
    for semantics, ssrcs in section.ssrc_groups:
        yield f"a=ssrc-group:{semantics} {' '.join(map(str, ssrcs))}"
    for ssrc, attributes in section.ssrcs.items():
        for name, text in attributes.items():
            yield f"a=ssrc:{ssrc} {name}:{text}"
