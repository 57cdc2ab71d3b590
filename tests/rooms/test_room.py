"""Who is in a room, what the others are told, and when somebody is out."""

from __future__ import annotations

import pytest
from livekit.protocol.models import DisconnectReason, ParticipantInfo

from rooms.errors import LimitExceeded, NotFound
from rooms.events import (
    Left,
    Next,
    ParticipantsChanged,
    RoomChanged,
    SpeakersChanged,
    Superseded,
)
from rooms.participant import Participant
from tests.rooms.seating import Ears, Seating, adding

ACTIVE = ParticipantInfo.State.ACTIVE
DISCONNECTED = ParticipantInfo.State.DISCONNECTED


@pytest.fixture
async def seating() -> Seating:
    return Seating()


async def test_others_learn_of_somebody_once_the_connection_is_up(seating: Seating) -> None:
    _, bob_hears = seating.join("bob")
    ana, ana_hears = seating.join("ana", active=False)
    assert not bob_hears.knows("ana")
    ana.connected()
    assert bob_hears.news_of("ana").state == ACTIVE
    assert ana_hears.news_of("ana").state == ACTIVE
    assert not ana_hears.knows("bob")  # the JoinResponse says it


async def test_versions_grow_with_each_change(seating: Seating) -> None:
    ana, _ = seating.join("ana")
    _, bob_hears = seating.join("bob")
    ana.rename("Ana B.", None, None)
    first = bob_hears.news_of("ana")
    ana.rename(None, "graphiste", {"status": "busy"})
    second = bob_hears.news_of("ana")
    assert second.version > first.version
    assert (second.name, second.metadata) == ("Ana B.", "graphiste")
    ana.rename(None, None, {"status": ""})
    assert not bob_hears.news_of("ana").attributes


async def test_too_much_said_of_oneself_changes_nothing(seating: Seating) -> None:
    seating = Seating(metadata_bytes=10, attributes_bytes=10, name_characters=10)
    ana, _ = seating.join("ana")
    for name, metadata, attributes in (
        ("x" * 11, None, None),
        ("Ana", "é" * 6, None),
        ("Ana", None, {"key": "x" * 8}),
    ):
        with pytest.raises(LimitExceeded):
            ana.rename(name, metadata, attributes)
    assert (ana.name, ana.metadata, ana.attributes) == ("Ana", "", {})


async def test_who_leaves_is_told_with_its_reason(seating: Seating) -> None:
    ana, ana_hears = seating.join("ana")
    _, bob_hears = seating.join("bob")
    ana.leave(DisconnectReason.CLIENT_INITIATED, say=False)
    news = bob_hears.news_of("ana")
    assert news.state == DISCONNECTED
    assert news.disconnect_reason == DisconnectReason.CLIENT_INITIATED
    assert not ana_hears.heard(Left)
    assert ana.connection.publisher.closed
    with pytest.raises(NotFound):
        ana.room.participant("ana")


async def test_the_same_identity_replaces_the_older(seating: Seating) -> None:
    older, older_hears = seating.join("ana")
    _, bob_hears = seating.join("bob")
    newer, _ = seating.join("ana")
    assert older_hears.heard(Left) == [Left(DisconnectReason.DUPLICATE_IDENTITY)]
    assert newer.room.participant("ana") is newer
    told = [
        info.sid for event in bob_hears.heard(ParticipantsChanged) for info in event.participants
    ]
    assert told.index(older.sid) < told.index(newer.sid)


async def test_hidden_people_see_and_are_not_seen(seating: Seating) -> None:
    _, bob_hears = seating.join("bob")
    ghost, ghost_hears = seating.join("ghost", hidden=True)
    seating.join("eve")
    assert not bob_hears.knows("ghost")
    assert ghost_hears.knows("eve")
    ghost.leave(DisconnectReason.CLIENT_INITIATED)
    assert not bob_hears.knows("ghost")
    assert ghost.room.info().num_participants == 2


async def test_a_full_room_lets_nobody_else_in_but_an_older_self(seating: Seating) -> None:
    seating = Seating(participants_per_room=1)
    seating.join("ana")
    with pytest.raises(LimitExceeded):
        seating.join("bob")
    seating.join("ana")


@pytest.mark.parametrize(
    ("joining", "limits"),
    [
        ({"identity": ""}, {}),
        ({"identity": "x" * 9}, {"identity_characters": 8}),
        ({"identity": "ana", "room": ""}, {}),
        ({"identity": "ana", "room": "x" * 9}, {"room_name_characters": 8}),
        ({"identity": "ana", "room": "second"}, {"rooms": 1}),
    ],
)
async def test_who_cannot_be_seated(joining: dict[str, str], limits: dict[str, int]) -> None:
    seating = Seating(**limits)
    seating.rooms.open("first")
    with pytest.raises(LimitExceeded):
        seating.join(**joining)  # type: ignore[arg-type]


async def test_empty_rooms_are_forgotten(seating: Seating) -> None:
    seating.rooms.open("never")
    ana, _ = seating.join("ana")
    seating.tick(299)
    assert {room.name for room in seating.rooms} == {"atelier", "never"}
    seating.tick(1)
    assert {room.name for room in seating.rooms} == {"atelier"}
    ana.leave(DisconnectReason.CLIENT_INITIATED)
    seating.tick(19)
    assert len(list(seating.rooms)) == 1
    seating.tick(1)
    assert not list(seating.rooms)


async def test_a_lost_signal_is_waited_for_twenty_seconds(seating: Seating) -> None:
    _, bob_hears = seating.join("bob")
    ana, ana_hears = seating.join("ana")
    seating.rooms.lost(ana, ana_hears)
    seating.tick(19.9)
    assert bob_hears.news_of("ana").state == ACTIVE
    seating.tick(0.2)
    assert bob_hears.news_of("ana").state == DISCONNECTED
    assert ana.gone


async def test_who_resumes_is_told_what_it_missed(seating: Seating) -> None:
    ana, ana_hears = seating.join("ana")
    bob, _ = seating.join("bob")
    seating.rooms.lost(ana, ana_hears)
    bob.leave(DisconnectReason.CLIENT_INITIATED)
    seating.join("eve")

    again = Ears()
    assert seating.rooms.resume("atelier", "ana", ana.sid, again) is ana
    ana.room.resumed(ana)
    assert again.news_of("bob").state == DISCONNECTED
    assert again.news_of("eve").state == ACTIVE
    assert again.heard(RoomChanged)
    seating.tick(60)
    assert not ana.gone


def speaks(seating: Seating, participant: Participant) -> None:
    """A second of loud speech."""
    (track,) = participant.publications
    assert track.incoming is not None
    for packet in range(50):
        track.incoming.observe_level(10, seating.now + packet / 50)
    seating.tick(1)


async def test_who_resumes_learns_who_speaks_and_who_ceased_to(seating: Seating) -> None:
    ana, ana_hears = seating.join("ana")
    bob, _ = seating.join("bob")
    eve, _ = seating.join("eve")
    for one in (bob, eve):
        one.publish(adding())
        seating.offer(one)
    speaks(seating, bob)
    assert [one.sid for one in ana_hears.heard(SpeakersChanged)[-1].speakers] == [bob.sid]
    seating.rooms.lost(ana, ana_hears)
    seating.tick(2)
    speaks(seating, eve)

    again = Ears()
    seating.rooms.resume("atelier", "ana", ana.sid, again)
    ana.room.resumed(ana)
    (told,) = again.heard(SpeakersChanged)
    speaking = {each.sid: each.active for each in told.speakers}
    assert speaking == {ana.sid: False, bob.sid: False, eve.sid: True}


async def test_who_left_before_the_loss_was_noticed_is_told_to_be_gone(seating: Seating) -> None:
    ana, _ = seating.join("ana")
    bob, _ = seating.join("bob")
    eve, _ = seating.join("eve")
    seating.tick(30)
    for one in (bob, eve):  # told down a connection that is dead already
        one.leave(DisconnectReason.CLIENT_INITIATED)
    seating.join("eve")

    again = Ears()
    seating.rooms.resume("atelier", "ana", ana.sid, again)
    ana.room.resumed(ana)
    assert again.news_of("bob").state == DISCONNECTED
    told = [one for event in again.heard(ParticipantsChanged) for one in event.participants]
    # A client knows people by their identity: it would take leave of who is back.
    assert [one.state for one in told if one.identity == "eve"] == [ACTIVE]

    seating.tick(60)
    later = Ears()
    seating.rooms.resume("atelier", "ana", ana.sid, later)
    ana.room.resumed(ana)
    assert not later.knows("bob")


async def test_only_the_participant_that_is_there_can_be_resumed(seating: Seating) -> None:
    ana, hears = seating.join("ana")
    assert seating.rooms.resume("atelier", "ana", "PA_other", Ears()) is None
    assert seating.rooms.resume("atelier", "bob", "", Ears()) is None
    assert seating.rooms.resume("elsewhere", "ana", ana.sid, Ears()) is None
    ana.leave(DisconnectReason.CLIENT_INITIATED)
    assert seating.rooms.resume("atelier", "ana", ana.sid, hears) is None


async def test_a_second_signal_takes_over_from_the_first(seating: Seating) -> None:
    ana, first = seating.join("ana")
    second = Ears()
    seating.rooms.resume("atelier", "ana", ana.sid, second)
    assert first.heard(Superseded)
    seating.rooms.lost(ana, first)
    seating.tick(30)
    assert not ana.gone


async def test_a_dead_connection_gets_a_moment_to_say_goodbye(seating: Seating) -> None:
    ana, hears = seating.join("ana")
    ana.disconnected("closed by the remote side")
    seating.tick(0.4)
    assert not ana.gone
    seating.tick(0.6)
    assert hears.heard(Left) == [Left(DisconnectReason.CONNECTION_TIMEOUT, Next.RECONNECT)]


async def test_who_never_connects_is_shown_out(seating: Seating) -> None:
    late, hears = seating.join("late", active=False)
    ana, _ = seating.join("ana")
    seating.tick(44)
    assert not late.gone
    seating.tick(1)
    assert hears.heard(Left) == [Left(DisconnectReason.JOIN_FAILURE)]
    assert not ana.gone


async def test_signal_and_media_both_lost_is_the_end_at_once(seating: Seating) -> None:
    ana, ana_hears = seating.join("ana")
    bob, bob_hears = seating.join("bob")
    ana.disconnected("closed")
    seating.rooms.lost(ana, ana_hears)
    assert ana.gone
    seating.rooms.lost(bob, bob_hears)
    bob.disconnected("closed")
    assert bob.gone


async def test_a_deleted_room_and_a_closed_server_say_what_to_do(seating: Seating) -> None:
    _, ana_hears = seating.join("ana")
    seating.rooms.delete("atelier")
    assert ana_hears.heard(Left) == [Left(DisconnectReason.ROOM_DELETED)]
    _, bob_hears = seating.join("bob")
    await seating.rooms.close()
    assert bob_hears.heard(Left) == [Left(DisconnectReason.SERVER_SHUTDOWN, Next.RECONNECT)]


async def test_presence_knows_those_who_are_seen(seating: Seating) -> None:
    await seating.rooms.start()
    ana, _ = seating.join("ana")
    ghost, _ = seating.join("ghost", hidden=True)
    seating.join("late", active=False)
    ana.rename("Ana B.", None, {"status": "busy"})
    bob, _ = seating.join("bob")
    bob.leave(DisconnectReason.CLIENT_INITIATED)
    await _presence_done(seating)
    (present,) = seating.presence.who("atelier")
    assert (present.name, dict(present.state)) == ("Ana B.", {"status": "busy"})
    ghost.leave(DisconnectReason.CLIENT_INITIATED)
    await seating.rooms.close()
    assert seating.presence.who("atelier") == ()


async def test_presence_that_fails_disturbs_nobody(
    seating: Seating, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise ConnectionError("Redis is away")

    monkeypatch.setattr(seating.presence, "enter", away)
    await seating.rooms.start()
    _, hears = seating.join("ana")
    bob, _ = seating.join("bob")
    await _presence_done(seating)
    monkeypatch.undo()
    bob.leave(DisconnectReason.CLIENT_INITIATED)
    seating.join("eve")
    await _presence_done(seating)
    assert [one.identity for one in seating.presence.who("atelier")] == ["eve"]
    assert hears.news_of("bob").state == DISCONNECTED
    await seating.rooms.close()


async def _presence_done(seating: Seating) -> None:
    """Wait until presence was told everything so far."""
    await seating.rooms.roll_called()
