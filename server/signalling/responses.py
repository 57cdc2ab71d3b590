"""The rooms' events as LiveKit's SignalResponse messages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from livekit.protocol.models import VideoQuality
from livekit.protocol.rtc import (
    ConnectionQualityInfo,
    ConnectionQualityUpdate,
    DataTrackSubscriberHandles,
    LeaveRequest,
    MediaSectionsRequirement,
    MuteTrackRequest,
    ParticipantUpdate,
    RoomUpdate,
    SessionDescription,
    SignalResponse,
    SpeakersChanged,
    StreamState,
    StreamStateInfo,
    StreamStateUpdate,
    SubscribedCodec,
    SubscribedQuality,
    SubscribedQualityUpdate,
    SubscriptionPermissionUpdate,
    SubscriptionResponse,
    TrackPublishedResponse,
    TrackSubscribed,
    TrackUnpublishedResponse,
)

from rooms import events
from rooms.events import Event

QUALITIES = (VideoQuality.LOW, VideoQuality.MEDIUM, VideoQuality.HIGH)


def response(event: Event) -> SignalResponse | None:
    """The message that tells `event` to a client; None when it has no message of its own."""
    write = _WRITERS.get(type(event))
    return None if write is None else write(event)


def _participants(event: events.ParticipantsChanged) -> SignalResponse:
    return SignalResponse(update=ParticipantUpdate(participants=event.participants))


def _room(event: events.RoomChanged) -> SignalResponse:
    return SignalResponse(room_update=RoomUpdate(room=event.room))


def _published(event: events.TrackPublished) -> SignalResponse:
    return SignalResponse(track_published=TrackPublishedResponse(cid=event.cid, track=event.track))


def _unpublished(event: events.TrackUnpublished) -> SignalResponse:
    return SignalResponse(track_unpublished=TrackUnpublishedResponse(track_sid=event.track_sid))


def _subscribed(event: events.TrackSubscribed) -> SignalResponse:
    return SignalResponse(track_subscribed=TrackSubscribed(track_sid=event.track_sid))


def _muted(event: events.TrackMuted) -> SignalResponse:
    return SignalResponse(mute=MuteTrackRequest(sid=event.track_sid, muted=event.muted))


def _speakers(event: events.SpeakersChanged) -> SignalResponse:
    return SignalResponse(speakers_changed=SpeakersChanged(speakers=event.speakers))


def _described(event: events.Described) -> SignalResponse:
    description = SessionDescription(
        type=event.type, sdp=event.sdp, id=event.id, mid_to_track_id=event.mid_to_track_id
    )
    if event.type == "answer":
        return SignalResponse(answer=description)
    return SignalResponse(offer=description)


def _sections(event: events.SectionsRequired) -> SignalResponse:
    return SignalResponse(
        media_sections_requirement=MediaSectionsRequirement(
            num_audios=event.audios, num_videos=event.videos
        )
    )


def _qualities(event: events.QualitiesWanted) -> SignalResponse:
    wanted = [
        SubscribedCodec(
            codec=codec,
            qualities=[
                SubscribedQuality(quality=quality, enabled=quality <= highest)
                for quality in QUALITIES
            ],
        )
        for codec, highest in event.codecs
    ]
    return SignalResponse(
        subscribed_quality_update=SubscribedQualityUpdate(
            track_sid=event.track_sid,
            subscribed_qualities=wanted[0].qualities,
            subscribed_codecs=wanted,
        )
    )


def _streams(event: events.StreamsPaused) -> SignalResponse:
    states = [
        StreamStateInfo(
            participant_sid=stream.participant_sid,
            track_sid=stream.track_sid,
            state=StreamState.PAUSED if stream.paused else StreamState.ACTIVE,
        )
        for stream in event.streams
    ]
    return SignalResponse(stream_state_update=StreamStateUpdate(stream_states=states))


def _links(event: events.LinksChanged) -> SignalResponse:
    updates = [
        ConnectionQualityInfo(
            participant_sid=link.participant_sid, quality=link.level, score=link.score / 20
        )
        for link in event.links
    ]
    return SignalResponse(connection_quality=ConnectionQualityUpdate(updates=updates))


def _failed(event: events.SubscriptionFailed) -> SignalResponse:
    return SignalResponse(
        subscription_response=SubscriptionResponse(track_sid=event.track_sid, err=event.error)
    )


def _allowed(event: events.SubscriptionAllowed) -> SignalResponse:
    return SignalResponse(
        subscription_permission_update=SubscriptionPermissionUpdate(
            participant_sid=event.participant_sid,
            track_sid=event.track_sid,
            allowed=event.allowed,
        )
    )


def _data_track_handles(event: events.DataTrackHandles) -> SignalResponse:
    tracks = {
        handle: DataTrackSubscriberHandles.PublishedDataTrack(
            publisher_identity=track.publisher_identity,
            publisher_sid=track.publisher_sid,
            track_sid=track.track_sid,
        )
        for handle, track in event.tracks.items()
    }
    return SignalResponse(
        data_track_subscriber_handles=DataTrackSubscriberHandles(sub_handles=tracks)
    )


def _left(event: events.Left) -> SignalResponse:
    action = {
        events.Next.DISCONNECT: LeaveRequest.DISCONNECT,
        events.Next.RESUME: LeaveRequest.RESUME,
        events.Next.RECONNECT: LeaveRequest.RECONNECT,
    }[event.next]
    return SignalResponse(
        leave=LeaveRequest(
            action=action,
            reason=event.reason,
            can_reconnect=event.next is not events.Next.DISCONNECT,
        )
    )


_WRITERS: dict[type[Any], Callable[[Any], SignalResponse]] = {
    events.ParticipantsChanged: _participants,
    events.RoomChanged: _room,
    events.TrackPublished: _published,
    events.TrackUnpublished: _unpublished,
    events.TrackSubscribed: _subscribed,
    events.TrackMuted: _muted,
    events.SpeakersChanged: _speakers,
    events.Described: _described,
    events.SectionsRequired: _sections,
    events.QualitiesWanted: _qualities,
    events.LinksChanged: _links,
    events.StreamsPaused: _streams,
    events.SubscriptionFailed: _failed,
    events.SubscriptionAllowed: _allowed,
    events.DataTrackHandles: _data_track_handles,
    events.Left: _left,
}
