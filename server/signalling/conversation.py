"""One client's talk, without I/O: each SignalRequest becomes calls on its participant."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from google.protobuf.message import DecodeError
from livekit.protocol.models import DisconnectReason, TrackType, VideoQuality
from livekit.protocol.rtc import (
    AddTrackRequest,
    MuteTrackRequest,
    Ping,
    Pong,
    PublishDataTrackRequest,
    PublishDataTrackResponse,
    RequestResponse,
    SessionDescription,
    SignalRequest,
    SignalResponse,
    SimulateScenario,
    SubscriptionPermission,
    SyncState,
    UnpublishDataTrackRequest,
    UnpublishDataTrackResponse,
    UpdateDataSubscription,
    UpdateLocalAudioTrack,
    UpdateLocalVideoTrack,
    UpdateParticipantMetadata,
    UpdateSubscription,
    UpdateTrackSettings,
)

from rooms.data_tracks import BadDataTrack, Fault
from rooms.dynacast import HIGH
from rooms.errors import LimitExceeded, NegotiationError, NotAllowed, NotFound, SdpError
from rooms.events import Next, TrackUnpublished
from rooms.limits import Limits
from rooms.participant import Participant
from rooms.tracks import TrackSettings
from server.signalling.joining import JoinParameters
from server.signalling.vouched import contradicts, is_too_long

log = logging.getLogger(__name__)

Send = Callable[[SignalResponse], None]

_TRACKS_TOLD = 64
"""Tracks of its own of which a resuming client is heard."""


class Conversation:
    """What a client says over one WebSocket, as calls on `participant`; answers go by `send`.

    `now` is the monotonic clock, `unix_ms` the wall's in milliseconds.
    """

    def __init__(self, participant: Participant, limits: Limits, send: Send) -> None:
        self.participant = participant
        self.over = False
        self._send = send
        self._rate = float(limits.signal_messages_per_second)
        self._allowance = self._rate * 2
        self._heard_at: float | None = None

    def begin(self, parameters: JoinParameters) -> None:
        """Take in what the client said in advance, in its request to join."""
        for request in parameters.add_tracks:
            _add_track(self, request)
        if parameters.publisher_offer is not None:
            _offer(self, parameters.publisher_offer)
        if parameters.sync_state is not None:
            _sync_state(self, parameters.sync_state)

    def receive(self, data: bytes, now: float, unix_ms: int) -> None:
        """Take one message; a client that cannot be understood, or floods, is shown out."""
        if self.over or not self._within_rate(now):
            return
        request = SignalRequest()
        try:
            request.ParseFromString(data)
        except DecodeError:
            self.end(DisconnectReason.STATE_MISMATCH)
            return
        name = request.WhichOneof("message")
        if name == "ping":
            self._send(SignalResponse(pong=unix_ms))
        elif name == "ping_req":
            self._pong(request.ping_req, unix_ms)
        elif name in _HANDLERS and (name not in _TOLD_TO_ALL or self._may_spend(_DEAR - 1)):
            _HANDLERS[name](self, getattr(request, name))

    def end(self, reason: DisconnectReason, then: Next = Next.DISCONNECT) -> None:
        """Show the participant out, for `reason`."""
        self.over = True
        self.participant.leave(reason, then)

    def refuse(self, reason: RequestResponse.Reason, message: str, **request: Any) -> None:
        """Tell the client that what it asked for is not done."""
        self._send(
            SignalResponse(
                request_response=RequestResponse(reason=reason, message=message, **request)
            )
        )

    def reply(self, **message: Any) -> None:
        """Send the client a message."""
        self._send(SignalResponse(**message))

    def answer_request(self, request_id: int) -> None:
        """Tell the client that what it asked for is done."""
        response = RequestResponse(request_id=request_id, reason=RequestResponse.OK)
        self._send(SignalResponse(request_response=response))

    def _pong(self, ping: Ping, unix_ms: int) -> None:
        pong = Pong(last_ping_timestamp=ping.timestamp, timestamp=unix_ms)
        self._send(SignalResponse(pong_resp=pong))

    def _within_rate(self, now: float) -> bool:
        if self._heard_at is not None:
            earned = (now - self._heard_at) * self._rate
            self._allowance = min(self._allowance + earned, self._rate * 2)
        self._heard_at = now
        return self._may_spend(1)

    def _may_spend(self, messages: int) -> bool:
        self._allowance -= messages
        if self._allowance >= 0:
            return True
        self.participant.room.counters.add("signal_flood")
        self.end(DisconnectReason.STATE_MISMATCH)
        return False


def _offer(talk: Conversation, description: SessionDescription) -> None:
    participant = talk.participant
    try:
        participant.connection.answer(description.sdp, description.id)
    except (SdpError, NegotiationError) as error:
        _not_understood(talk, error)


def _answer(talk: Conversation, description: SessionDescription) -> None:
    try:
        talk.participant.connection.accept_answer(description.sdp, description.id)
    except (SdpError, NegotiationError) as error:
        _not_understood(talk, error)


def _not_understood(talk: Conversation, error: Exception) -> None:
    """An active client may recover by connecting anew; one that never was in would loop."""
    participant = talk.participant
    participant.room.counters.add("sdp_refused")
    log.info("description refused", extra={"participant": participant.sid, "reason": str(error)})
    if participant.active:
        talk.end(DisconnectReason.STATE_MISMATCH, Next.RECONNECT)
    else:
        talk.end(DisconnectReason.JOIN_FAILURE)


def _add_track(talk: Conversation, request: AddTrackRequest) -> None:
    try:
        talk.participant.publish(request)
    except NotAllowed as error:
        talk.refuse(RequestResponse.NOT_ALLOWED, str(error), add_track=request)
    except LimitExceeded as error:
        talk.refuse(RequestResponse.LIMIT_EXCEEDED, str(error), add_track=request)


def _mute(talk: Conversation, request: MuteTrackRequest) -> None:
    try:
        talk.participant.mute(request.sid, request.muted)
    except NotFound as error:
        talk.refuse(RequestResponse.NOT_FOUND, str(error), mute=request)


def _subscription(talk: Conversation, request: UpdateSubscription) -> None:
    sids = [*request.track_sids]
    for one in request.participant_tracks:
        sids.extend(one.track_sids)
    talk.participant.subscriptions.update(sids, request.subscribe)


def _track_setting(talk: Conversation, request: UpdateTrackSettings) -> None:
    sized = request.width > 0 and request.height > 0
    settings = TrackSettings(
        disabled=request.disabled or request.quality == VideoQuality.OFF,
        quality=HIGH if sized else request.quality,
        width=request.width,
        height=request.height,
        fps=request.fps,
        priority=request.priority,
    )
    talk.participant.subscriptions.configure(request.track_sids, settings)


def _leave(talk: Conversation, _: object) -> None:
    talk.over = True
    talk.participant.leave(DisconnectReason.CLIENT_INITIATED, say=False)


def _subscription_permission(talk: Conversation, request: SubscriptionPermission) -> None:
    talk.participant.restrict_subscribers(request)


def _sync_state(talk: Conversation, state: SyncState) -> None:
    for sid in [each.track.sid for each in state.publish_tracks[:_TRACKS_TOLD] if each.track.sid]:
        try:
            talk.participant.publications.get(sid)
        except NotFound:  # taken down while the client could not be told
            talk.participant.tell(TrackUnpublished(sid))
    if state.HasField("subscription"):
        _subscription(talk, state.subscription)
    talk.participant.subscriptions.configure(
        state.track_sids_disabled, TrackSettings(disabled=True)
    )


def _update_metadata(talk: Conversation, request: UpdateParticipantMetadata) -> None:
    participant = talk.participant
    refusal = {"request_id": request.request_id, "update_metadata": request}
    if not participant.permissions.can_update_metadata:
        what = "your token does not allow changing your own name, metadata or attributes"
        talk.refuse(RequestResponse.NOT_ALLOWED, what, **refusal)
        return
    if is_too_long(participant, request):
        what = "a status is a few words"
        talk.refuse(RequestResponse.LIMIT_EXCEEDED, what, **refusal)
        return
    if contradicts(participant, request):
        what = "your name, role and card are said by the house: change them on its pages"
        talk.refuse(RequestResponse.NOT_ALLOWED, what, **refusal)
        return
    try:
        # proto3 cannot tell an empty text from none: like LiveKit's, an empty one changes nothing.
        participant.rename(request.name or None, request.metadata or None, dict(request.attributes))
    except LimitExceeded as error:
        talk.refuse(RequestResponse.LIMIT_EXCEEDED, str(error), **refusal)
        return
    talk.answer_request(request.request_id)


def _update_audio_track(talk: Conversation, request: UpdateLocalAudioTrack) -> None:
    try:
        track = talk.participant.publications.get(request.track_sid)
    except NotFound as error:
        talk.refuse(RequestResponse.NOT_FOUND, str(error), update_audio_track=request)
        return
    if track.info.type == TrackType.AUDIO:
        del track.info.audio_features[:]
        track.info.audio_features.extend(sorted(set(request.features)))
        talk.participant.changed()


def _update_video_track(talk: Conversation, request: UpdateLocalVideoTrack) -> None:
    try:
        track = talk.participant.publications.get(request.track_sid)
    except NotFound as error:
        talk.refuse(RequestResponse.NOT_FOUND, str(error), update_video_track=request)
        return
    track.info.width, track.info.height = request.width, request.height
    talk.participant.changed()


_DATA_TRACK_FAULTS = {
    Fault.HANDLE: RequestResponse.INVALID_HANDLE,
    Fault.HANDLE_TAKEN: RequestResponse.DUPLICATE_HANDLE,
    Fault.NAME: RequestResponse.INVALID_NAME,
    Fault.NAME_TAKEN: RequestResponse.DUPLICATE_NAME,
}


def _publish_data_track(talk: Conversation, request: PublishDataTrackRequest) -> None:
    try:
        info = talk.participant.data_tracks.publish(request)
    except NotAllowed as error:
        talk.refuse(RequestResponse.NOT_ALLOWED, str(error), publish_data_track=request)
    except LimitExceeded as error:
        talk.refuse(RequestResponse.LIMIT_EXCEEDED, str(error), publish_data_track=request)
    except BadDataTrack as error:
        reason = _DATA_TRACK_FAULTS[error.fault]
        talk.refuse(reason, str(error), publish_data_track=request)
    else:
        talk.reply(publish_data_track_response=PublishDataTrackResponse(info=info))


def _unpublish_data_track(talk: Conversation, request: UnpublishDataTrackRequest) -> None:
    try:
        info = talk.participant.data_tracks.unpublish(request.pub_handle)
    except NotFound as error:
        talk.refuse(RequestResponse.NOT_FOUND, str(error), unpublish_data_track=request)
    else:
        talk.reply(unpublish_data_track_response=UnpublishDataTrackResponse(info=info))


def _data_subscription(talk: Conversation, request: UpdateDataSubscription) -> None:
    for update in request.updates:
        track = talk.participant.room.data_track(update.track_sid)
        if track is None:
            continue
        if update.subscribe:
            talk.participant.data_tracks.receive(track)
        else:
            talk.participant.data_tracks.drop(track)


def _simulate(talk: Conversation, scenario: SimulateScenario) -> None:
    """What SDKs offer for trying out reconnection; it touches nobody but the client itself."""
    name = scenario.WhichOneof("scenario")
    if name == "leave_request_full_reconnect":
        talk.end(DisconnectReason.UNKNOWN_REASON, Next.RECONNECT)
    elif name == "server_leave":
        talk.end(DisconnectReason.SERVER_SHUTDOWN)


def _nothing(talk: Conversation, _: object) -> None:
    """Said for the record: the server is ICE-lite, and layers are read from the media itself."""


_TOLD_TO_ALL = frozenset(
    {
        *("update_metadata", "mute", "update_audio_track", "update_video_track"),
        *("publish_data_track_request", "unpublish_data_track_request"),
        "subscription_permission",
    }
)
_DEAR = 10
"""How many other messages one of those counts for: it is sent on to everybody in the room."""

_HANDLERS: dict[str, Callable[[Conversation, Any], None]] = {
    "offer": _offer,
    "answer": _answer,
    "trickle": _nothing,
    "add_track": _add_track,
    "mute": _mute,
    "subscription": _subscription,
    "track_setting": _track_setting,
    "leave": _leave,
    "update_layers": _nothing,
    "subscription_permission": _subscription_permission,
    "sync_state": _sync_state,
    "simulate": _simulate,
    "update_metadata": _update_metadata,
    "update_audio_track": _update_audio_track,
    "update_video_track": _update_video_track,
    "publish_data_track_request": _publish_data_track,
    "unpublish_data_track_request": _unpublish_data_track,
    "update_data_subscription": _data_subscription,
}
