"""What a client says when it opens its WebSocket: read from the URL, in both protocol versions."""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

from google.protobuf.message import DecodeError
from livekit.protocol.models import ClientInfo
from livekit.protocol.rtc import (
    AddTrackRequest,
    JoinRequest,
    SessionDescription,
    SyncState,
    WrappedJoinRequest,
)

_GZIP = 16 + zlib.MAX_WBITS
_TRUE = frozenset({"1", "true", "t", "yes"})
_FIELD = 256


class BadJoin(Exception):
    """A request to join that cannot be read; the text is a sentence for the answer 400."""


@dataclass(frozen=True)
class JoinParameters:
    """How a client wants to join, or which participant it wants to be again."""

    single_connection: bool
    client: ClientInfo = field(default_factory=ClientInfo)
    auto_subscribe: bool = True
    reconnect: bool = False
    participant_sid: str = ""
    metadata: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    add_tracks: tuple[AddTrackRequest, ...] = ()
    publisher_offer: SessionDescription | None = None
    sync_state: SyncState | None = None


def from_query(query: Mapping[str, str]) -> JoinParameters:
    """The parameters of `/rtc`; raises BadJoin."""
    client = ClientInfo(
        version=query.get("version", "")[:_FIELD],
        protocol=_number(query, "protocol"),
        os=query.get("os", "")[:_FIELD],
        os_version=query.get("os_version", "")[:_FIELD],
        device_model=query.get("device_model", "")[:_FIELD],
        browser=query.get("browser", "")[:_FIELD],
        browser_version=query.get("browser_version", "")[:_FIELD],
        network=query.get("network", "")[:_FIELD],
        client_protocol=_number(query, "client_protocol"),
        capabilities=_capabilities(query.get("capabilities", "")),
    )
    sdks = dict(ClientInfo.SDK.items())
    # Enumerations are plain numbers at run time, whatever their stubs say.
    sdk = sdks.get(query.get("sdk", "").upper(), ClientInfo.SDK.UNKNOWN)
    client.sdk = cast(ClientInfo.SDK, sdk)
    return JoinParameters(
        single_connection=False,
        client=client,
        auto_subscribe=query.get("auto_subscribe", "1").lower() in _TRUE,
        reconnect=query.get("reconnect", "").lower() in _TRUE,
        participant_sid=query.get("sid", "")[:_FIELD],
        attributes=_attributes(query.get("attributes", "")),
    )


def from_join_request(text: str, largest: int) -> JoinParameters:
    """The `join_request` of `/rtc/v1`, at most `largest` bytes unpacked; raises BadJoin."""
    if not text:
        raise BadJoin("join_request is missing")
    if len(text) > largest * 2:
        raise BadJoin("join_request is too long")
    wrapped = WrappedJoinRequest()
    request = JoinRequest()
    try:
        wrapped.ParseFromString(_base64(text))
        request.ParseFromString(_unpacked(wrapped, largest))
    except DecodeError:
        raise BadJoin("join_request is not a JoinRequest") from None
    settings = request.connection_settings
    return JoinParameters(
        single_connection=True,
        client=request.client_info,
        auto_subscribe=settings.auto_subscribe or not request.HasField("connection_settings"),
        reconnect=request.reconnect,
        participant_sid=request.participant_sid,
        metadata=request.metadata,
        attributes=dict(request.participant_attributes),
        add_tracks=tuple(request.add_track_requests),
        publisher_offer=request.publisher_offer if request.HasField("publisher_offer") else None,
        sync_state=request.sync_state if request.HasField("sync_state") else None,
    )


def _number(query: Mapping[str, str], name: str) -> int:
    text = query.get(name) or "0"
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise BadJoin(f"{name} is not a number")
    return int(text)


def _capabilities(text: str) -> list[ClientInfo.Capability]:
    parts = {part.strip() for part in text.split(",")[:16]}
    known = cast(list[ClientInfo.Capability], ClientInfo.Capability.values())
    return [each for each in known if str(int(each)) in parts]


def _attributes(text: str) -> dict[str, str]:
    """The `attributes` of a query: base64url of a JSON object; raises BadJoin."""
    if not text:
        return {}
    try:
        value = json.loads(_base64(text))
    except (ValueError, RecursionError):
        raise BadJoin("attributes is not JSON") from None
    if not isinstance(value, dict):
        raise BadJoin("attributes is not a JSON object")
    return {str(key): str(one) for key, one in value.items()}


def _base64(text: str) -> bytes:
    """Decode base64 in either alphabet, padded or not; `+` may have become a space in the URL."""
    plain = text.strip().replace(" ", "-").replace("+", "-").replace("/", "_").rstrip("=")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise BadJoin("join_request is not base64") from None


def _unpacked(wrapped: WrappedJoinRequest, largest: int) -> bytes:
    if wrapped.compression == WrappedJoinRequest.NONE:
        data = wrapped.join_request
    elif wrapped.compression == WrappedJoinRequest.GZIP:
        data = _gunzip(wrapped.join_request, largest)
    else:
        raise BadJoin("join_request is compressed in an unknown way")
    if len(data) > largest:
        raise BadJoin("join_request is too long")
    return data


def _gunzip(data: bytes, largest: int) -> bytes:
    decompressor = zlib.decompressobj(_GZIP)
    try:
        plain = decompressor.decompress(data, largest + 1)
    except zlib.error:
        raise BadJoin("join_request is not gzip") from None
    if not decompressor.eof and len(plain) <= largest:
        raise BadJoin("join_request ends too early")
    return plain
