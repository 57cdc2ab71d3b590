"""Live rooms under a clock of their own, and people in them who remember what they are told."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, TypeVar

from livekit.protocol.models import (
    ParticipantInfo,
    TrackSource,
    TrackType,
    VideoLayer,
    VideoQuality,
)
from livekit.protocol.rtc import AddTrackRequest

from rooms.events import Event, ParticipantsChanged
from rooms.limits import Limits
from rooms.live_rooms import LiveRooms
from rooms.participant import Joining, Participant
from rooms.permissions import Permissions
from rooms.presence import MemoryPresence
from rooms.transport.server import RtcServer
from tests.rooms.transport.samples import offer_text

CHROMIUM_AUDIO = "f99caf34-9c50-46c3-bdb5-d9a3490d5e7b"
CHROMIUM_VIDEO = "d8ccfafb-d433-4b11-9682-460fd8ad5224"
FIREFOX_AUDIO = "9c1afdf9-d5ac-4f19-a04f-828f7ae346a3"

QUALITIES = (VideoQuality.LOW, VideoQuality.MEDIUM, VideoQuality.HIGH)

T = TypeVar("T")


class Ears:
    """A listener that keeps every event."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def tell(self, event: Event) -> None:
        self.events.append(event)

    def heard(self, kind: type[T]) -> list[T]:
        """The events of that kind, in order."""
        return [event for event in self.events if isinstance(event, kind)]

    def news_of(self, identity: str) -> ParticipantInfo:
        """The last that was told of `identity`."""
        infos = [one for event in self.heard(ParticipantsChanged) for one in event.participants]
        return [one for one in infos if one.identity == identity][-1]

    def knows(self, identity: str) -> bool:
        """Whether anything was ever told of `identity`."""
        return any(
            one.identity == identity
            for event in self.heard(ParticipantsChanged)
            for one in event.participants
        )


class Seating:
    """Rooms whose clock is `now` and whose deferred work is done by `settle()`."""

    def __init__(self, **limits: Any) -> None:
        self.now = 1000.0
        self.limits = Limits(**limits)
        self.presence = MemoryPresence()
        self.rtc = RtcServer(
            ["127.0.0.1"], 0, self.limits, now=lambda: self.now, rng=random.Random(4)
        )
        self._soon: list[Callable[[], None]] = []
        self.rooms = LiveRooms(
            self.rtc,
            self.presence,
            self.limits,
            now=lambda: self.now,
            wall=lambda: self.now,
            soon=self._soon.append,
        )

    def settle(self) -> None:
        """Do what was put off to the next turn of the loop."""
        while self._soon:
            self._soon.pop(0)()

    def tick(self, seconds: float) -> None:
        """Let time pass, with a tick at the end."""
        self.now += seconds
        self.rooms.tick(self.now)
        self.settle()

    def join(
        self,
        identity: str,
        *,
        room: str = "atelier",
        single: bool = True,
        active: bool = True,
        auto_subscribe: bool = True,
        **permissions: Any,
    ) -> tuple[Participant, Ears]:
        """Somebody comes in; `active`: with a working connection."""
        ears = Ears()
        joining = Joining(
            room=room,
            identity=identity,
            name=identity.title(),
            permissions=Permissions(**permissions),
            single_connection=single,
            auto_subscribe=auto_subscribe,
        )
        participant = self.rooms.join(joining, ears)
        participant.room.begin(participant)
        self.settle()
        if active:
            participant.connected()
        return participant, ears

    def offer(self, participant: Participant, name: str = "chromium_publisher") -> None:
        """The client makes the offer of that name."""
        participant.connection.answer(offer_text(name), 1)
        self.settle()


def adding(
    kind: str = "audio", cid: str = CHROMIUM_AUDIO, *, source: str = "", layers: int = 3
) -> AddTrackRequest:
    """A request to publish a microphone or a camera."""
    if kind == "audio":
        return AddTrackRequest(
            cid=cid,
            type=TrackType.AUDIO,
            source=TrackSource.MICROPHONE,
            name=source or "microphone",
        )
    sizes = [(320, 180), (640, 360), (1280, 720)][:layers]
    return AddTrackRequest(
        cid=cid,
        type=TrackType.VIDEO,
        source=TrackSource.CAMERA,
        width=1280,
        height=720,
        layers=[
            VideoLayer(quality=quality, width=width, height=height)
            for quality, (width, height) in zip(QUALITIES, sizes, strict=False)
        ],
    )
