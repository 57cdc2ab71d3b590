"""What clients say when they open their WebSocket, in both protocol versions."""

from __future__ import annotations

import base64
import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st
from livekit.protocol.models import ClientInfo
from livekit.protocol.rtc import (
    AddTrackRequest,
    ConnectionSettings,
    JoinRequest,
    SessionDescription,
    WrappedJoinRequest,
)

from server.signalling.joining import BadJoin, from_join_request, from_query

LARGEST = 64 * 1024


def wrapped(request: JoinRequest, *, zipped: bool = True) -> bytes:
    data = request.SerializeToString()
    if not zipped:
        return WrappedJoinRequest(join_request=data).SerializeToString()
    return WrappedJoinRequest(
        compression=WrappedJoinRequest.GZIP, join_request=gzip.compress(data)
    ).SerializeToString()


def text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode()


def test_v0_parameters() -> None:
    joining = from_query(
        {
            "auto_subscribe": "0",
            "sdk": "python",
            "protocol": "16",
            "version": "1.2.1",
            "reconnect": "1",
            "sid": "PA_1",
            "client_protocol": "2",
            "capabilities": "2,1,99,x",
        }
    )
    assert not joining.single_connection
    assert not joining.auto_subscribe
    assert (joining.reconnect, joining.participant_sid) == (True, "PA_1")
    assert (joining.client.sdk, joining.client.protocol) == (ClientInfo.SDK.PYTHON, 16)
    assert list(joining.client.capabilities) == [1, 2]
    assert from_query({}).auto_subscribe


@pytest.mark.parametrize("query", [{"protocol": "-1"}, {"protocol": "٣"}, {"protocol": "9" * 10}])
def test_v0_numbers_are_numbers(query: dict[str, str]) -> None:
    with pytest.raises(BadJoin):
        from_query(query)


def request_with_everything() -> JoinRequest:
    return JoinRequest(
        client_info=ClientInfo(sdk=ClientInfo.SDK.JS, client_protocol=1),
        connection_settings=ConnectionSettings(auto_subscribe=True),
        metadata="m",
        participant_attributes={"a": "b"},
        add_track_requests=[AddTrackRequest(cid="mic")],
        publisher_offer=SessionDescription(type="offer", sdp="v=0", id=3),
        participant_sid="PA_1",
    )


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("padded", [True, False])
@pytest.mark.parametrize("alphabet", ["url", "plain", "plus lost in the URL"])
def test_v1_join_requests(zipped: bool, padded: bool, alphabet: str) -> None:
    encoded = text(wrapped(request_with_everything(), zipped=zipped))
    if not padded:
        encoded = encoded.rstrip("=")
    if alphabet != "url":
        encoded = encoded.replace("-", "+").replace("_", "/")
    if alphabet.startswith("plus"):
        encoded = encoded.replace("+", " ")
    joining = from_join_request(encoded, LARGEST)
    assert joining.single_connection
    assert joining.auto_subscribe
    assert joining.publisher_offer is not None
    assert (joining.publisher_offer.sdp, joining.publisher_offer.id) == ("v=0", 3)
    assert [track.cid for track in joining.add_tracks] == ["mic"]
    assert (joining.metadata, joining.attributes) == ("m", {"a": "b"})
    assert joining.sync_state is None


def test_v1_settings_decide_on_subscribing() -> None:
    assert from_join_request(text(wrapped(JoinRequest(reconnect=True))), LARGEST).auto_subscribe
    choosy = JoinRequest(connection_settings=ConnectionSettings())
    assert not from_join_request(text(wrapped(choosy)), LARGEST).auto_subscribe


def gzipped(data: bytes) -> str:
    return text(
        WrappedJoinRequest(
            compression=WrappedJoinRequest.GZIP, join_request=data
        ).SerializeToString()
    )


@pytest.mark.parametrize(
    ("join_request", "reason"),
    [
        ("", "missing"),
        ("?", "base64"),
        ("é", "base64"),
        ("x" * (2 * LARGEST + 1), "too long"),
        (text(b"\xff\xff\xff"), "not a JoinRequest"),
        (gzipped(b"not gzip"), "not gzip"),
        (gzipped(gzip.compress(b"\xff" * 9, mtime=0)), "not a JoinRequest"),
        (gzipped(gzip.compress(b"x" * 50, mtime=0)[:-12]), "too early"),
        (gzipped(gzip.compress(b"\0" * 20_000_000, mtime=0)), "too long"),
        (text(b"\x08\x09"), "unknown way"),
    ],
)
def test_what_cannot_be_read_is_refused(join_request: str, reason: str) -> None:
    with pytest.raises(BadJoin, match=reason):
        from_join_request(join_request, LARGEST)


@given(st.binary(max_size=200), st.booleans())
def test_any_bytes_are_read_or_refused(data: bytes, zipped: bool) -> None:
    try:
        from_join_request(gzipped(gzip.compress(data)) if zipped else text(data), LARGEST)
    except BadJoin:
        return


@given(st.dictionaries(st.sampled_from(["sdk", "protocol", "attributes", "sid"]), st.text()))
def test_any_query_is_read_or_refused(query: dict[str, str]) -> None:
    try:
        from_query(query)
    except BadJoin:
        return
