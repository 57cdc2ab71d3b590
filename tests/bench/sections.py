"""Session descriptions as the benches' clients write them: one codec a section, one transport."""

from __future__ import annotations

from tests.bench.webrtc import Client


def section(
    kind: str, mid: str, direction: str, client: Client, ssrc: int | None = None
) -> list[str]:
    """A media section as a browser would write it, with one stream or none."""
    codec = ["opus/48000/2", "111"] if kind == "audio" else ["VP8/90000", "96"]
    lines = [
        f"m={kind} 9 UDP/TLS/RTP/SAVPF {codec[1]}",
        "c=IN IP4 0.0.0.0",
        *client.transport_lines(),
        f"a=mid:{mid}",
        f"a={direction}",
        "a=rtcp-mux",
        f"a=rtpmap:{codec[1]} {codec[0]}",
    ]
    if kind == "audio":
        lines.append("a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level")
    else:
        lines += [f"a=rtcp-fb:{codec[1]} nack", f"a=rtcp-fb:{codec[1]} nack pli"]
    if ssrc is not None:
        lines.append(f"a=ssrc:{ssrc} cname:bench")
    return lines


def description(*sections: list[str], version: int = 1) -> str:
    """The whole description, its sections bundled."""
    mids = " ".join(line[6:] for each in sections for line in each if line[:6] == "a=mid:")
    lines = ["v=0", f"o=- 1 {version} IN IP4 0.0.0.0", "s=-", "t=0 0", f"a=group:BUNDLE {mids}"]
    for each in sections:
        lines += each
    return "\r\n".join(lines) + "\r\n"
