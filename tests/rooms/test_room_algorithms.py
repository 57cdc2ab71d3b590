"""The small algorithms of a room: speakers, quality wishes, data packets."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from livekit.protocol.models import ActiveSpeakerUpdate, DataPacket, RpcRequest, UserPacket

from rooms.active_speakers import ActiveSpeakers
from rooms.data_packets import LOSSY, RELIABLE, from_server, route
from rooms.dynacast import HIGH, OFF, WantedQuality
from rooms.errors import MalformedPacket


def told(speakers: ActiveSpeakers, **levels: float) -> list[tuple[str, bool]]:
    return [(one.sid, one.active) for one in speakers.update(levels)]


def test_speakers_are_told_when_they_begin_and_when_they_stop() -> None:
    speakers = ActiveSpeakers()
    assert told(speakers, ana=0.0, bob=0.0) == []
    assert told(speakers, ana=0.3, bob=0.8) == [("bob", True), ("ana", True)]
    assert told(speakers, ana=0.3, bob=0.8) == []
    assert told(speakers, ana=0.3, bob=0.0) == [("bob", False)]
    assert [one.sid for one in speakers.now()] == ["ana"]
    assert told(speakers) == [("ana", False)]


def test_a_steady_voice_is_not_news() -> None:
    speakers = ActiveSpeakers()
    told(speakers, ana=0.50)
    assert told(speakers, ana=0.52) == []
    assert told(speakers, ana=0.01) == [("ana", True)]


def test_quality_goes_up_at_once_and_down_after_a_while() -> None:
    wanted = WantedQuality(delay=5.0)
    assert wanted.update(HIGH, 0.0) is None
    assert wanted.update(0, 1.0) is None
    assert wanted.update(0, 5.9) is None
    assert wanted.update(0, 6.0) == 0
    assert wanted.update(1, 6.1) == 1
    assert wanted.update(OFF, 7.0) is None
    assert wanted.update(1, 8.0) is None
    assert wanted.update(OFF, 12.5) is None, "the wish was interrupted"
    assert wanted.update(OFF, 17.5) == OFF


def test_a_packet_carries_its_true_sender() -> None:
    user = UserPacket(payload=b"hi", participant_identity="eve", participant_sid="PA_eve")
    lie = DataPacket(user=user, participant_identity="eve", participant_sid="PA_eve", sequence=7)
    routed = route(lie.SerializeToString(), RELIABLE, "ana", "PA_ana")
    packet = DataPacket.FromString(routed.data)
    assert (packet.participant_identity, packet.participant_sid) == ("ana", "PA_ana")
    assert (packet.user.participant_identity, packet.user.participant_sid) == ("ana", "PA_ana")
    assert (packet.kind, packet.sequence, routed.sequence) == (DataPacket.RELIABLE, 7, 7)


@pytest.mark.parametrize(
    ("packet", "receivers"),
    [
        (DataPacket(user=UserPacket()), {"ana", "bob"}),
        (DataPacket(rpc_request=RpcRequest(), destination_identities=["bob"]), {"bob"}),
        (DataPacket(user=UserPacket(destination_identities=["ana"])), {"ana"}),
        (DataPacket(user=UserPacket(destination_sids=["PA_bob"])), {"bob"}),
        (DataPacket(user=UserPacket(), destination_identities=["nobody"]), set()),
    ],
)
def test_destinations_are_honoured(packet: DataPacket, receivers: set[str]) -> None:
    routed = route(packet.SerializeToString(), LOSSY, "eve", "PA_eve")
    assert {who for who in ("ana", "bob") if routed.is_for(who, f"PA_{who}")} == receivers


def test_only_servers_speak_of_speakers() -> None:
    for packet in (DataPacket(), DataPacket(speaker=ActiveSpeakerUpdate())):
        with pytest.raises(MalformedPacket):
            route(packet.SerializeToString(), RELIABLE, "eve", "PA_eve")


@given(st.binary(max_size=300))
def test_any_bytes_are_passed_on_or_refused(data: bytes) -> None:
    with contextlib.suppress(MalformedPacket):
        route(data, RELIABLE, "eve", "PA_eve")


def test_a_packet_of_the_server_is_in_nobodys_name() -> None:
    routed = from_server(
        b"pause", "topic", lossy=True, identities=frozenset({"bob"}), sids=frozenset()
    )
    packet = DataPacket.FromString(routed.data)
    assert (packet.participant_identity, packet.user.topic) == ("", "topic")
    assert (packet.kind, packet.user.payload) == (DataPacket.LOSSY, b"pause")
    assert routed.is_for("bob", "")
    assert not routed.is_for("ana", "")
