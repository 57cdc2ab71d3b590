"""One room: who is in it, and who must learn what when something changes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Protocol

from livekit.protocol.models import DisconnectReason, ParticipantInfo
from livekit.protocol.models import Room as RoomInfo

from rooms.active_speakers import ActiveSpeakers
from rooms.data_packets import Routed
from rooms.data_tracks import DataTrack
from rooms.errors import LimitExceeded, NotFound
from rooms.events import (
    Event,
    LinksChanged,
    LinkScore,
    Next,
    ParticipantsChanged,
    QualitiesWanted,
    RoomChanged,
    SpeakersChanged,
    TrackMuted,
)
from rooms.ids import new_id
from rooms.tracks import PublishedTrack

if TYPE_CHECKING:
    from rooms.limits import Counters, Limits
    from rooms.participant import Participant

log = logging.getLogger(__name__)

GOODBYE = 0.8
"""Seconds for a client whose peer connection ended to say that it leaves."""
REMEMBERED_SPEECH = 10.0
"""Seconds for which who spoke is thought to speak again."""
UNNOTICED = 20.0
"""Seconds for which a signal connection may be dead before we notice that."""
MISSED = 1000
"""Departures remembered for clients that may have missed them."""


class Witness(Protocol):
    """Whoever keeps the roll outside the room: told who is really there, never blocking."""

    def entered(self, participant: Participant) -> None:
        """A visible participant became active."""

    def altered(self, participant: Participant) -> None:
        """What is said of a visible participant changed."""

    def departed(self, participant: Participant) -> None:
        """A visible participant is out."""


class Room:
    """The participants of one room and their tracks. State changes between awaits: no locks.

    `now` is the monotonic clock, `created_at` the wall's, both in seconds.
    """

    def __init__(
        self,
        name: str,
        limits: Limits,
        counters: Counters,
        witness: Witness,
        clock: Callable[[], float],
        *,
        created_at: float,
    ) -> None:
        self.name = name
        self.sid = new_id("RM_")
        self.metadata = ""
        self.max_participants = limits.participants_per_room
        self.empty_timeout = limits.empty_room_seconds
        self.departure_timeout = limits.departed_room_seconds
        self.created_at = created_at
        self.counters = counters
        self.limits = limits
        self.empty_since: float | None = clock()
        self.ever_entered = False
        self._patience = limits.first_check_seconds + limits.handshake_seconds
        self._witness = witness
        self.clock = clock
        self._by_identity: dict[str, Participant] = {}
        self._speakers = ActiveSpeakers()
        self._spoke_at: dict[str, float] = {}
        self._departed: dict[str, tuple[float, ParticipantInfo]] = {}
        """When somebody left, and what was told of that, by sid; the latest last."""

    def __iter__(self) -> Iterator[Participant]:
        return iter(tuple(self._by_identity.values()))

    def __len__(self) -> int:
        return len(self._by_identity)

    # Who is in.

    def participant(self, identity: str) -> Participant:
        """The participant called `identity`; raises NotFound."""
        try:
            return self._by_identity[identity]
        except KeyError:
            raise NotFound(f"nobody called {identity} in this room") from None

    def visible(self) -> tuple[Participant, ...]:
        """Those whom others may know of."""
        return tuple(one for one in self if one.visible)

    def track(self, sid: str) -> PublishedTrack | None:
        """The live track `sid` of a visible participant."""
        for one in self.visible():
            for track in one.publications:
                if track.sid == sid:
                    return track
        return None

    def data_track(self, sid: str) -> DataTrack | None:
        """The data track `sid` of a visible participant."""
        for one in self.visible():
            for track in one.data_tracks:
                if track.info.sid == sid:
                    return track
        return None

    def info(self) -> RoomInfo:
        """What clients are told of the room."""
        visible = self.visible()
        return RoomInfo(
            sid=self.sid,
            name=self.name,
            metadata=self.metadata,
            empty_timeout=int(self.empty_timeout),
            departure_timeout=int(self.departure_timeout),
            max_participants=self.max_participants,
            creation_time=int(self.created_at),
            creation_time_ms=int(self.created_at * 1000),
            num_participants=len(visible),
            num_publishers=sum(1 for one in visible if len(one.publications)),
        )

    def expired(self, now: float) -> bool:
        """Whether nobody has been here for longer than an empty room is kept."""
        if self.empty_since is None:
            return False
        kept = self.departure_timeout if self.ever_entered else self.empty_timeout
        return now - self.empty_since >= kept

    def make_way(self, identity: str) -> None:
        """Before `identity` enters: its older self leaves. Raises LimitExceeded when full."""
        older = self._by_identity.get(identity)
        if older is not None:
            older.leave(DisconnectReason.DUPLICATE_IDENTITY)
        elif len(self) >= self.max_participants:
            raise LimitExceeded("the room is full")

    def enter(self, participant: Participant) -> None:
        """Let a participant in; others learn of it once its connection is up."""
        self._by_identity[participant.identity] = participant
        participant.entered_at = self.clock()
        self.empty_since = None
        self.ever_entered = True

    def begin(self, participant: Participant) -> None:
        """The participant's client was told about the room: begin to send it the others."""
        participant.state = max(participant.state, ParticipantInfo.State.JOINED)
        self.offer_everything(participant)
        if not participant.connection.single:
            participant.connection.renegotiate()

    def activated(self, participant: Participant) -> None:
        """The participant's connection is up: now it is really here, with what it publishes."""
        participant.changed()
        speakers = self._speakers.now()
        if speakers:
            participant.tell(SpeakersChanged(speakers))
        participant.tell(LinksChanged(tuple(map(_link_score, self.visible()))))
        if participant.visible:
            self._witness.entered(participant)
            for track in participant.publications:
                self._offer(track)

    def remove(self, participant: Participant, *, was_visible: bool) -> None:
        """The participant left: called by `Participant.leave` alone."""
        if self._by_identity.get(participant.identity) is participant:
            del self._by_identity[participant.identity]
        participant.subscriptions.revoke()
        for track in participant.publications:
            self._withdraw(track)
        if was_visible:
            self._tell_departure(participant)
            self._witness.departed(participant)
        if not self._by_identity:
            self.empty_since = self.clock()

    def close(self, reason: DisconnectReason, then: Next = Next.DISCONNECT) -> None:
        """Everybody out."""
        for one in self:
            one.leave(reason, then)

    def visibility_changed(self, participant: Participant, *, was_hidden: bool) -> None:
        """The participant was hidden, or shown, by a moderator."""
        hidden = participant.permissions.hidden
        if not participant.active or hidden == was_hidden:
            return
        for track in participant.publications:
            if hidden:
                self._withdraw(track)
            else:
                self._offer(track)
        if hidden:
            self._tell_departure(participant)
            self._witness.departed(participant)
        else:
            self._witness.entered(participant)

    # What they publish.

    def track_began(self, track: PublishedTrack) -> None:
        """A track is live: everybody learns of it, those who want it receive it."""
        track.publisher.changed()
        if track.publisher.visible:
            self._offer(track)

    def track_ended(self, track: PublishedTrack) -> None:
        """A track is over."""
        self._withdraw(track)
        track.publisher.changed()

    def offer_everything(self, subscriber: Participant) -> None:
        """Offer to `subscriber` all that others publish."""
        for one in self.visible():
            if one is not subscriber:
                for track in one.publications:
                    subscriber.subscriptions.offered(track)

    def restriction_changed(self, publisher: Participant) -> None:
        """`publisher` changed who may receive its tracks; of who is hidden nobody learns that."""
        if not publisher.visible:
            return
        for track in publisher.publications:
            for one in self:
                if one is not publisher and one.permissions.can_subscribe:
                    one.subscriptions.permission_changed(track)

    def wish_changed(self, track: PublishedTrack) -> None:
        """Somebody wants a track in another quality, or begins or ceases to want it."""
        if track.kind != "video" or track.publisher.gone:
            return
        if track.look(self.clock()):
            track.publisher.tell(QualitiesWanted(track.sid, track.wishes()))

    # What they say.

    def announce(self, participant: Participant) -> None:
        """Tell everybody how `participant` is now; itself too."""
        change = ParticipantsChanged((participant.info(),))
        participant.tell(change)
        if participant.visible:
            self.broadcast(change, but=participant)
            self._witness.altered(participant)

    def broadcast(self, event: Event, *, but: Participant | None = None) -> None:
        """Tell everybody."""
        for one in self:
            if one is not but:
                one.tell(event)

    def deliver(self, routed: Routed, label: str, *, sender: Participant | None) -> None:
        """Pass a data packet on to those it is for."""
        for one in self:
            if one is sender or not one.active or not routed.is_for(one.identity, one.sid):
                continue
            if not one.connection.send_data(label, routed.data):
                self.counters.add("data_not_delivered")

    def describe(self, metadata: str) -> None:
        """Change the room's metadata; raises LimitExceeded."""
        if len(metadata.encode()) > self.limits.metadata_bytes:
            raise LimitExceeded(f"metadata has at most {self.limits.metadata_bytes} bytes")
        self.metadata = metadata
        self.broadcast(RoomChanged(self.info()))

    def resumed(self, participant: Participant) -> None:
        """The participant has a signal connection again: tell it what it may have missed."""
        for track in participant.publications:
            if track.mute_unanswered:
                # Before it is told of itself: a client takes our copy of a mute for out of date.
                participant.tell(TrackMuted(track.sid, muted=True))
        others = [one.info() for one in self.visible() if one is not participant]
        # Clients know people by identity: of who is back, nothing is told of having left.
        here = {participant.identity, *(one.identity for one in others)}
        left = [
            info
            for at, info in self._departed.values()
            if at >= participant.entered_at and info.identity not in here
        ]
        participant.tell(ParticipantsChanged((*left, participant.info(), *others)))
        participant.tell(RoomChanged(self.info()))
        participant.tell(SpeakersChanged(self._speakers.whole(one.sid for one in self.visible())))
        for track in participant.publications:
            if track.kind == "video":
                participant.tell(QualitiesWanted(track.sid, track.wishes()))
        participant.tell(LinksChanged(tuple(map(_link_score, self.visible()))))
        participant.viewing.tell()
        participant.data_tracks.tell()
        participant.connection.resume()

    # Time.

    def tick(self, now: float) -> None:
        """To be called every 400 ms: speakers, quality wishes that lasted, lost clients."""
        levels: dict[str, float] = {}
        for one in self:
            if self._overdue(one, now):
                continue
            one.connection.tick(now)
            level = 0.0
            for track in one.publications:
                if track.kind == "video":
                    self.wish_changed(track)
                    for waiting in track.waiting_in_vain(now):
                        waiting.subscriber.subscriptions.undecodable(track)
                elif one.visible and not track.muted and track.incoming is not None:
                    level = max(level, track.incoming.audio_level(now))
            levels[one.sid] = level
        changes = self._speakers.update(levels)
        if changes:
            self.broadcast(SpeakersChanged(changes))
        self._spoke_at.update({sid: now for sid, level in levels.items() if level})
        for sid, at in tuple(self._spoke_at.items()):
            if now - at >= REMEMBERED_SPEECH:
                del self._spoke_at[sid]
        for sid, (at, _) in tuple(self._departed.items()):
            if now - at >= self.limits.resume_seconds + UNNOTICED:
                del self._departed[sid]

    def adapt(self, now: float) -> None:
        """To be called every 200 ms: look at each participant's link where that is due."""
        for one in self:
            if not one.active:
                continue
            one.viewing.adapt(self._spoke_at.keys(), now)
            if one.link.look(now):
                change = LinksChanged((_link_score(one),))
                one.tell(change)
                if one.visible:
                    self.broadcast(change, but=one)

    def unplugged(self, participant: Participant, reason: str) -> float:
        """A peer connection of `participant` ended by itself; when that was."""
        log.info("connection ended", extra={"participant": participant.sid, "reason": reason})
        return self.clock()

    def _overdue(self, participant: Participant, now: float) -> bool:
        """Show out a participant whose client is lost for good."""
        lost, unplugged = participant.lost_at, participant.unplugged_at
        if lost is not None and now - lost >= self.limits.resume_seconds:
            participant.leave(DisconnectReason.SIGNAL_CLOSE)
        elif unplugged is not None and now - unplugged >= GOODBYE:
            participant.leave(DisconnectReason.CONNECTION_TIMEOUT, Next.RECONNECT)
        elif not participant.active and now - participant.entered_at >= self._patience:
            participant.leave(DisconnectReason.JOIN_FAILURE)
        return participant.gone

    def _offer(self, track: PublishedTrack) -> None:
        for one in self:
            if one is not track.publisher:
                one.subscriptions.offered(track)

    def _withdraw(self, track: PublishedTrack) -> None:
        for one in self:
            one.subscriptions.withdrawn(track)

    def _tell_departure(self, participant: Participant) -> None:
        info = participant.info()
        info.state = ParticipantInfo.State.DISCONNECTED
        del info.tracks[:]
        self._departed[info.sid] = (self.clock(), info)
        if len(self._departed) > MISSED:
            del self._departed[next(iter(self._departed))]
        self.broadcast(ParticipantsChanged((info,)), but=participant)


def _link_score(participant: Participant) -> LinkScore:
    return LinkScore(participant.sid, participant.link.level, participant.link.score)
