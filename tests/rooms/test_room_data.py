"""Who may send data, what is passed on once, and what data tracks make of their packets."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from livekit.protocol.models import DataPacket, DisconnectReason, UserPacket
from livekit.protocol.rtc import PublishDataTrackRequest

from rooms.data_packets import DATA_TRACK, LOSSY, RELIABLE
from rooms.errors import MalformedPacket
from rooms.events import DataTrackHandles
from rooms.participant import Participant
from rooms.permissions import Permissions
from tests.rooms.seating import Seating


class Wire:
    """Stands where a participant's data channels end."""

    def __init__(self, participant: Participant, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sent: list[tuple[str, bytes]] = []
        self.peer: Any = participant.connection.subscriber
        monkeypatch.setattr(self.peer, "send_data", self._take)

    def _take(self, label: str, data: bytes) -> bool:
        self.sent.append((label, data))
        return True

    def payloads(self) -> list[bytes]:
        return [DataPacket.FromString(data).user.payload for _, data in self.sent]


@pytest.fixture
async def seating() -> Seating:
    return Seating()


def packet(payload: bytes, sequence: int = 0) -> bytes:
    return DataPacket(user=UserPacket(payload=payload), sequence=sequence).SerializeToString()


async def test_reliable_packets_wait_for_their_channel(
    seating: Seating, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana, _ = seating.join("ana")
    bob, _ = seating.join("bob")
    wire = Wire(bob, monkeypatch)
    ana.received(RELIABLE, packet(b"1"))
    ana.received(RELIABLE, packet(b"2"))
    assert not wire.sent
    wire.peer.on_data_open(RELIABLE)
    ana.received(RELIABLE, packet(b"3"))
    assert wire.payloads() == [b"1", b"2", b"3"]


async def test_what_was_sent_before_a_resume_is_passed_on_once(
    seating: Seating, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana, _ = seating.join("ana")
    bob, _ = seating.join("bob")
    wire = Wire(bob, monkeypatch)
    wire.peer.on_data_open(RELIABLE)
    for sequence in (1, 2, 2, 1, 3):
        ana.received(RELIABLE, packet(str(sequence).encode(), sequence))
    assert wire.payloads() == [b"1", b"2", b"3"]
    assert ana.last_sequence == 3


async def test_a_hidden_sender_is_not_named(
    seating: Seating, monkeypatch: pytest.MonkeyPatch
) -> None:
    ghost, _ = seating.join("ghost", hidden=True)
    bob, _ = seating.join("bob")
    wire = Wire(bob, monkeypatch)
    ghost.received(LOSSY, packet(b"boo"))
    (passed,) = (DataPacket.FromString(data) for _, data in wire.sent)
    assert passed.user.payload == b"boo"
    assert not passed.participant_identity + passed.participant_sid
    assert not passed.user.participant_identity + passed.user.participant_sid


@pytest.mark.parametrize(
    ("label", "data", "permissions", "count"),
    [
        (RELIABLE, packet(b"x"), {"can_publish_data": False}, "data_notallowed"),
        (LOSSY, b"\xff\xff", {}, "data_malformedpacket"),
        ("_other", packet(b"x"), {}, "data_malformedpacket"),
        (DATA_TRACK, b"short", {}, "data_malformedpacket"),
    ],
)
async def test_what_may_not_be_sent_is_counted_and_dropped(
    seating: Seating,
    monkeypatch: pytest.MonkeyPatch,
    label: str,
    data: bytes,
    permissions: dict[str, Any],
    count: str,
) -> None:
    ana, _ = seating.join("ana", **permissions)
    bob, _ = seating.join("bob")
    wire = Wire(bob, monkeypatch)
    ana.received(label, data)
    assert not wire.sent
    assert seating.rtc.counters[count] == 1


def frame(handle: int, payload: bytes = b"payload") -> bytes:
    return b"\x18\x00" + handle.to_bytes(2, "big") + bytes(8) + payload


async def test_data_tracks_reach_those_who_asked_under_their_own_handles(
    seating: Seating, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana, _ = seating.join("ana")
    bob, bob_hears = seating.join("bob")
    eve, _ = seating.join("eve")
    to_bob, to_eve = Wire(bob, monkeypatch), Wire(eve, monkeypatch)
    info = ana.data_tracks.publish(PublishDataTrackRequest(pub_handle=500, name="pointer"))
    assert bob_hears.news_of("ana").data_tracks[0].sid == info.sid
    track = ana.room.data_track(info.sid)
    assert track is not None
    bob.data_tracks.receive(track)
    bob.data_tracks.receive(track)
    (told,) = bob_hears.heard(DataTrackHandles)
    assert {handle: one.track_sid for handle, one in told.tracks.items()} == {1: info.sid}

    ana.received(DATA_TRACK, frame(500))
    ana.received(DATA_TRACK, frame(501))
    assert to_bob.sent == [(DATA_TRACK, frame(1))]
    assert not to_eve.sent

    bob.data_tracks.drop(track)
    ana.received(DATA_TRACK, frame(500))
    assert len(to_bob.sent) == 1
    bob.data_tracks.receive(track)
    assert list(bob_hears.heard(DataTrackHandles)[-1].tracks) == [2], "handles are not reused"
    ana.leave(DisconnectReason.CLIENT_INITIATED)
    assert not bob_hears.heard(DataTrackHandles)[-1].tracks


async def test_data_tracks_follow_permissions(
    seating: Seating, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana, _ = seating.join("ana")
    deaf, _ = seating.join("deaf", can_subscribe=False)
    info = ana.data_tracks.publish(PublishDataTrackRequest(pub_handle=1, name="pointer"))
    track = ana.room.data_track(info.sid)
    assert track is not None
    deaf.data_tracks.receive(track)
    assert not track.receivers
    deaf.permit(Permissions())
    deaf.data_tracks.receive(track)
    assert track.receivers
    deaf.permit(Permissions(can_subscribe=False))
    assert not track.receivers
    ana.permit(Permissions(hidden=True))
    assert ana.room.data_track(info.sid) is None


@settings(max_examples=60)
@given(data=st.binary(max_size=40))
async def test_any_data_track_packet_is_passed_on_or_refused(seating: Seating, data: bytes) -> None:
    ana, _ = seating.join("ana")
    with contextlib.suppress(MalformedPacket):
        ana.data_tracks.forward(data)
