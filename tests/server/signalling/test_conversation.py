"""Each request of a client, and what it is answered."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from livekit.protocol.models import DisconnectReason, TrackInfo
from livekit.protocol.rtc import (
    LeaveRequest,
    MuteTrackRequest,
    Ping,
    PublishDataTrackRequest,
    RequestResponse,
    SessionDescription,
    SignalRequest,
    SignalResponse,
    SimulateScenario,
    SyncState,
    TrackPublishedResponse,
    TrickleRequest,
    UnpublishDataTrackRequest,
    UpdateLocalAudioTrack,
    UpdateLocalVideoTrack,
    UpdateParticipantMetadata,
    UpdateSubscription,
    UpdateTrackSettings,
)

from rooms.events import Described, Left, Next, TrackPublished, TrackUnpublished
from rooms.participant import Participant
from rooms.permissions import Permissions
from server.signalling.conversation import Conversation
from tests.rooms.seating import CHROMIUM_VIDEO, Ears, Seating, adding
from tests.rooms.transport.samples import offer_text


class Talk:
    """A participant in conversation, and what is sent to its client."""

    def __init__(self, seating: Seating, identity: str = "ana", **permissions: Any) -> None:
        self.seating = seating
        self.participant, self.ears = seating.join(identity, **permissions)
        self.sent: list[SignalResponse] = []
        self.conversation = Conversation(self.participant, seating.limits, self.sent.append)

    def say(self, **message: Any) -> SignalResponse | None:
        """Say something; the last answer to it, if any."""
        self.sent.clear()
        self.hear(SignalRequest(**message).SerializeToString())
        return self.sent[-1] if self.sent else None

    def hear(self, data: bytes) -> None:
        self.conversation.receive(data, self.seating.now, 1234)
        self.seating.settle()

    def refusal(self, **message: Any) -> RequestResponse.Reason:
        answer = self.say(**message)
        assert answer is not None
        return answer.request_response.reason


@pytest.fixture
async def talk() -> Talk:
    return Talk(Seating())


async def test_both_pings_are_answered(talk: Talk) -> None:
    assert talk.say(ping=5) == SignalResponse(pong=1234)
    answer = talk.say(ping_req=Ping(timestamp=77, rtt=3))
    assert answer is not None
    assert (answer.pong_resp.last_ping_timestamp, answer.pong_resp.timestamp) == (77, 1234)


async def test_offers_are_answered_with_their_own_id(talk: Talk) -> None:
    talk.say(offer=SessionDescription(type="offer", sdp=offer_text("native_join"), id=42))
    (answer,) = talk.ears.heard(Described)
    assert (answer.type, answer.id) == ("answer", 42)


@pytest.mark.parametrize("sdp", ["", "v=0", "v=0\r\nm=audio 9 RTP 0\r\n", "\0" * 100])
@pytest.mark.parametrize(
    ("active", "left"),
    [
        (True, Left(DisconnectReason.STATE_MISMATCH, Next.RECONNECT)),
        (False, Left(DisconnectReason.JOIN_FAILURE)),
    ],
)
async def test_absurd_descriptions_end_the_conversation_and_nobody_elses(
    sdp: str, active: bool, left: Left
) -> None:
    seating = Seating()
    _, bob_hears = seating.join("bob")
    talk = Talk(seating, active=active)
    talk.say(offer=SessionDescription(type="offer", sdp=sdp))
    assert talk.ears.heard(Left) == [left]
    assert talk.conversation.over
    assert not bob_hears.heard(Left)


async def test_an_answer_that_nobody_asked_for_is_ignored(talk: Talk) -> None:
    talk.say(answer=SessionDescription(type="answer", sdp="v=0"))
    assert not talk.conversation.over


async def test_a_bad_answer_ends_the_conversation() -> None:
    talk = Talk(Seating(), single=False)
    talk.say(answer=SessionDescription(type="answer", sdp="nonsense", id=1))
    assert talk.conversation.over


def microphone(talk: Talk) -> TrackInfo:
    talk.say(add_track=adding())
    talk.seating.offer(talk.participant)
    return talk.ears.heard(TrackPublished)[-1].track


async def test_publishing_and_its_refusals(talk: Talk) -> None:
    assert microphone(talk).sid.startswith("TR_")
    silent = Talk(Seating(), can_publish=False)
    request = adding()
    assert silent.refusal(add_track=request) == RequestResponse.NOT_ALLOWED
    assert silent.sent[-1].request_response.add_track == request
    few = Talk(Seating(tracks_per_participant=1))
    few.say(add_track=adding())
    assert few.refusal(add_track=adding("video", "x")) == RequestResponse.LIMIT_EXCEEDED


async def test_mute(talk: Talk) -> None:
    sid = microphone(talk).sid
    assert talk.say(mute=MuteTrackRequest(sid=sid, muted=True)) is None
    (track,) = talk.participant.publications
    assert track.muted
    missing = MuteTrackRequest(sid="TR_nowhere", muted=True)
    assert talk.refusal(mute=missing) == RequestResponse.NOT_FOUND


def bobs_camera(talk: Talk) -> str:
    bob, _ = talk.seating.join("bob")
    bob.publish(adding("video", CHROMIUM_VIDEO))
    talk.seating.offer(bob)
    (track,) = bob.publications
    return track.sid


def received(participant: Participant) -> list[str]:
    return [one.track.sid for one in participant.subscriptions]


async def test_subscriptions_and_settings(talk: Talk) -> None:
    sid = bobs_camera(talk)
    (subscribed,) = talk.participant.subscriptions
    talk.say(track_setting=UpdateTrackSettings(track_sids=[sid], width=320, height=180))
    assert (subscribed.settings.quality, subscribed.settings.width) == (2, 320)
    talk.say(track_setting=UpdateTrackSettings(track_sids=[sid]))
    assert subscribed.settings.quality == 0
    talk.say(track_setting=UpdateTrackSettings(track_sids=[sid], disabled=True))
    assert subscribed.settings.disabled
    talk.say(subscription=UpdateSubscription(track_sids=[sid], subscribe=False))
    assert not received(talk.participant)


async def test_the_state_that_a_resuming_client_gives(talk: Talk) -> None:
    sid = bobs_camera(talk)
    talk.say(sync_state=SyncState(track_sids_disabled=[sid]))
    (subscribed,) = talk.participant.subscriptions
    assert subscribed.settings.disabled
    unwanted = UpdateSubscription(track_sids=[sid], subscribe=False)
    talk.say(sync_state=SyncState(subscription=unwanted))
    assert not received(talk.participant)


async def test_a_resuming_client_learns_which_of_its_tracks_were_taken_down(talk: Talk) -> None:
    talk.participant.publish(adding())
    talk.participant.publish(adding("video", CHROMIUM_VIDEO))
    talk.seating.offer(talk.participant)
    microphone, camera = talk.participant.publications
    published = [TrackPublishedResponse(track=each.info) for each in (microphone, camera)]
    talk.participant.permit(Permissions(can_publish_sources=frozenset({"microphone"})))
    talk.ears.events.clear()  # that was lost with the signal
    talk.say(sync_state=SyncState(publish_tracks=published))
    assert talk.ears.heard(TrackUnpublished) == [TrackUnpublished(camera.sid)]


async def test_names_and_metadata_need_the_grant(talk: Talk) -> None:
    request = UpdateParticipantMetadata(name="Ana B.", attributes={"a": "1"}, request_id=9)
    assert talk.refusal(update_metadata=request) == RequestResponse.NOT_ALLOWED
    free = Talk(Seating(attributes_bytes=10), can_update_metadata=True)
    answer = free.say(update_metadata=request)
    assert answer is not None
    assert answer.request_response == RequestResponse(request_id=9, reason=RequestResponse.OK)
    assert (free.participant.name, free.participant.attributes) == ("Ana B.", {"a": "1"})
    request.attributes["b"] = "x" * 20
    assert free.refusal(update_metadata=request) == RequestResponse.LIMIT_EXCEEDED


@pytest.mark.parametrize(
    "lie",
    [
        {"name": "Odile"},
        {"attributes": {"role": "owner"}},
        {"attributes": {"role": ""}},
        {"attributes": {"status": "busy", "card_title": "Notaire"}},
        {"metadata": "x"},
        {"attributes": {"note": "x" * 5000}},
    ],
)
async def test_nobody_of_the_house_says_who_they_are_but_the_house(lie: dict[str, Any]) -> None:
    talk = Talk(Seating(), "g_0123456789abcdef", can_update_metadata=True)
    talk.participant.rename(None, None, {"role": "guest"})
    name = talk.participant.name
    asked = UpdateParticipantMetadata(**lie)
    refusals = (RequestResponse.NOT_ALLOWED, RequestResponse.LIMIT_EXCEEDED)
    assert talk.refusal(update_metadata=asked) in refusals
    assert (talk.participant.name, talk.participant.attributes) == (name, {"role": "guest"})
    assert not talk.participant.metadata
    said = {"role": "guest", "status": "busy"}  # clients repeat their name, and may all they said
    asked = UpdateParticipantMetadata(name=name, attributes=said)
    assert talk.refusal(update_metadata=asked) == RequestResponse.OK
    assert talk.participant.attributes == said


async def test_track_details(talk: Talk) -> None:
    info = microphone(talk)
    talk.say(update_audio_track=UpdateLocalAudioTrack(track_sid=info.sid, features=["TF_STEREO"]))
    assert list(info.audio_features) == [0]
    missing: dict[str, Any] = {"track_sid": "TR_nowhere"}
    assert (
        talk.refusal(update_audio_track=UpdateLocalAudioTrack(**missing))
        == talk.refusal(update_video_track=UpdateLocalVideoTrack(**missing))
        == RequestResponse.NOT_FOUND
    )


async def test_leaving(talk: Talk) -> None:
    talk.say(leave=LeaveRequest(reason=DisconnectReason.CLIENT_INITIATED))
    assert talk.participant.gone
    assert talk.conversation.over
    assert not talk.ears.heard(Left)
    assert talk.say(ping=1) is None


async def test_what_is_not_supported_is_said_or_ignored(talk: Talk) -> None:
    assert talk.say(trickle=TrickleRequest(candidateInit="{}")) is None
    assert talk.say(simulate=SimulateScenario(node_failure=True)) is None
    assert not talk.conversation.over


async def test_data_tracks(talk: Talk) -> None:
    request = PublishDataTrackRequest(pub_handle=7, name="pointer")
    answer = talk.say(publish_data_track_request=request)
    assert answer is not None
    info = answer.publish_data_track_response.info
    assert (info.pub_handle, info.name, info.sid[:4]) == (7, "pointer", "DTR_")
    for bad, reason in (
        ({"pub_handle": 0, "name": "x"}, RequestResponse.INVALID_HANDLE),
        ({"pub_handle": 7, "name": "x"}, RequestResponse.DUPLICATE_HANDLE),
        ({"pub_handle": 8, "name": ""}, RequestResponse.INVALID_NAME),
        ({"pub_handle": 8, "name": "pointer"}, RequestResponse.DUPLICATE_NAME),
    ):
        refused = PublishDataTrackRequest(**bad)  # type: ignore[arg-type]
        assert talk.refusal(publish_data_track_request=refused) == reason
    answer = talk.say(unpublish_data_track_request=UnpublishDataTrackRequest(pub_handle=7))
    assert answer is not None
    assert answer.unpublish_data_track_response.info.sid == info.sid
    silent = Talk(Seating(), can_publish_data=False)
    assert silent.refusal(publish_data_track_request=request) == RequestResponse.NOT_ALLOWED


async def test_scenarios_touch_the_client_alone(talk: Talk) -> None:
    talk.say(simulate=SimulateScenario(leave_request_full_reconnect=True))
    assert talk.ears.heard(Left)[0].next is Next.RECONNECT


async def test_a_flood_ends_the_conversation() -> None:
    talk = Talk(Seating(signal_messages_per_second=10))
    for _ in range(20):
        assert talk.say(ping=1) is not None
    talk.seating.now += 0.5
    for _ in range(5):
        assert talk.say(ping=1) is not None
    talk.say(ping=1)
    assert talk.ears.heard(Left)
    assert talk.seating.rtc.counters["signal_flood"] == 1


async def test_what_everybody_is_told_of_is_not_said_as_fast_as_the_rest() -> None:
    """Each change is sent to all in the room: one of them must not drown the others."""
    talk = Talk(Seating(signal_messages_per_second=50), can_update_metadata=True)
    told = 0
    while not talk.conversation.over:
        talk.say(update_metadata=UpdateParticipantMetadata(attributes={"a": str(told)}))
        told += 1
    assert told == 11  # of a burst of a hundred messages
    assert talk.seating.rtc.counters["signal_flood"] == 1
    slow = Talk(Seating(signal_messages_per_second=50), can_update_metadata=True)
    for number in range(40):
        slow.say(update_metadata=UpdateParticipantMetadata(attributes={"a": str(number)}))
        slow.seating.now += 0.2
    assert not slow.conversation.over


async def test_bytes_that_are_no_message_end_the_conversation(talk: Talk) -> None:
    talk.hear(b"\xff\xff\xff")
    assert talk.ears.heard(Left) == [Left(DisconnectReason.STATE_MISMATCH)]


async def test_unknown_messages_are_ignored(talk: Talk) -> None:
    talk.hear(b"")
    talk.hear(b"\xfa\x3f\x00")  # a field of the future
    assert not talk.conversation.over


@settings(max_examples=150)
@given(data=st.binary(max_size=60))
async def test_any_bytes_are_survived(talk: Talk, data: bytes) -> None:
    conversation = Conversation(talk.participant, talk.seating.limits, talk.sent.append)
    conversation.receive(data, talk.seating.now, 0)
    if talk.participant.gone:
        talk.participant, _ = talk.seating.join("ana")
    assert isinstance(talk.ears, Ears)
