"""Synthetic coworkers in an office of a running server, so that one alone sees it alive."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import random
import signal
import time
from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING

from server.settings import Settings
from server.signalling.tokens import sign
from server.storage.database import Database
from server.storage.queries.communities import list_communities
from server.storage.queries.offices import offices_of

if TYPE_CHECKING:
    from server.demo_pictures import Portrait

MOST_PEOPLE = 50
FRAMES_PER_SECOND = 15
SAMPLE_RATE = 48000
HUM_SECONDS = 1.6
HUM_LEVEL = 0.05

PEOPLE = [
    ("Maude", "Rédige une infolettre"),
    ("Félix", "Monte un balado"),
    ("Noémie", "Traduit un guide de voyage"),
    ("Mehdi", "Code une boutique en ligne"),
    ("Rosalie", "Corrige des épreuves"),
    ("Étienne", "Prépare une soumission"),
    ("Thuy", "Dessine un logo"),
    ("Samuel", "Fait sa comptabilité"),
    ("Océane", "Retouche des photos"),
    ("Mathis", "Écrit un roman"),
    ("Aïcha", "Conçoit un cours en ligne"),
    ("Jérémie", "Sous-titre un documentaire"),
]


class DemoUnavailable(Exception):
    """The demo cannot start; the text says why and what to do, in one line."""


@dataclass(frozen=True)
class Seat:
    """Where and as whom one synthetic coworker sits."""

    number: int
    name: str
    note: str
    url: str
    token: str


def run_demo(settings: Settings, *, people: int = 6, url: str = "", office: str = "") -> None:
    """Seat `people` in an office until Ctrl-C; raises DemoUnavailable.

    `url` is the server's address (default: the public URL); `office` is an office's slug, id,
    or community/slug (default: the first office). The token is signed with the settings' API key.
    """
    try:
        import livekit.rtc  # noqa: F401  # an optional extra, wanted here alone
    except ImportError:
        raise DemoUnavailable(
            "the demo needs the livekit SDK: `make setup-demo` installs it"
        ) from None
    if not 1 <= people <= MOST_PEOPLE:
        raise DemoUnavailable(f"--people must be from 1 to {MOST_PEOPLE}")
    logging.getLogger("livekit").setLevel(logging.WARNING)
    asyncio.run(_sit_until_stopped(settings, people, url, office))


async def _sit_until_stopped(settings: Settings, people: int, url: str, office: str) -> None:
    room, place = await find_office(settings, office)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    seats = assign_seats(settings, room, people, url or settings.address, time.time())
    coworkers = [Coworker(seat) for seat in seats]
    try:
        for coworker in coworkers:
            if not stop.is_set():
                await coworker.enter()
        print(
            f"{people} people sit at {settings.address}{place}; Ctrl-C sends them home.", flush=True
        )
        async with asyncio.TaskGroup() as tasks:
            for coworker in coworkers:
                tasks.create_task(coworker.work(stop))
    finally:
        await asyncio.gather(*(coworker.leave() for coworker in coworkers))


async def find_office(settings: Settings, wanted: str) -> tuple[str, str]:
    """The room's name and the page's path of the office `wanted`; raises DemoUnavailable."""
    community_slug, _, office_slug = wanted.rpartition("/")
    database = Database(settings.database)
    known = []
    try:
        async with database.reading() as db:
            for community in await list_communities(db):
                for office in await offices_of(db, community.id):
                    known.append(office.slug)
                    right_community = community_slug in ("", community.slug)
                    if right_community and office_slug in ("", office.slug, office.id):
                        return office.id, f"/c/{community.slug}/{office.slug}"
    except Exception as error:  # whatever the driver raises when the tables are not there yet
        raise DemoUnavailable(f"cannot read the offices: {error}") from error
    finally:
        await database.close()
    raise DemoUnavailable(
        f"no office {wanted!r}; there are: {', '.join(known)}"
        if known
        else "there is no office yet"
    )


def assign_seats(settings: Settings, room: str, people: int, url: str, now: float) -> list[Seat]:
    """A name, a note of the work at hand and a token good for a day for each synthetic coworker."""
    seats = []
    for number in range(people):
        name, note = PEOPLE[number % len(PEOPLE)]
        if number >= len(PEOPLE):
            name = f"{name} {number // len(PEOPLE) + 1}"
        token = sign(
            settings.api_key,
            settings.api_secret,
            now=now,
            ttl=24 * 3600,
            identity=f"g_demo{number}",
            name=name,
            room=room,
            attributes={"note": note, "status": "busy" if number % 4 == 3 else "available"},
        )
        seats.append(Seat(number, name, note, url.rstrip("/"), token))
    return seats


class Coworker:
    """One synthetic person: a camera with a drawn face, a microphone that hums now and then."""

    def __init__(self, seat: Seat) -> None:
        from livekit import rtc

        self.seat = seat
        self._rng = random.Random(seat.number)
        self._room = rtc.Room()
        self._camera = rtc.VideoSource(640, 360)
        self._microphone = rtc.AudioSource(SAMPLE_RATE, 1)
        self._voice = rtc.LocalAudioTrack.create_audio_track("microphone", self._microphone)

    async def enter(self) -> None:
        """Join and publish, microphone muted; raises DemoUnavailable."""
        from livekit import rtc

        options = rtc.RoomOptions(auto_subscribe=False, dynacast=True)
        address = "ws" + self.seat.url.removeprefix("http")
        try:
            await self._room.connect(address, self.seat.token, options)
        except rtc.ConnectError as error:
            raise DemoUnavailable(f"cannot join at {self.seat.url}: {error}") from error
        picture = rtc.LocalVideoTrack.create_video_track("camera", self._camera)
        await self._room.local_participant.publish_track(
            picture,
            rtc.TrackPublishOptions(
                source=rtc.TrackSource.SOURCE_CAMERA,
                simulcast=True,
                video_codec=rtc.VideoCodec.VP8,
                video_encoding=rtc.VideoEncoding(
                    max_framerate=FRAMES_PER_SECOND, max_bitrate=450_000
                ),
            ),
        )
        await self._room.local_participant.publish_track(
            self._voice, rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
        )
        self._voice.mute()

    async def work(self, stop: asyncio.Event) -> None:
        """Move and hum until `stop`."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._show(stop))
            tasks.create_task(self._hum(stop))

    async def leave(self) -> None:
        """Leave the room, if it was joined."""
        await self._room.disconnect()

    async def _show(self, stop: asyncio.Event) -> None:
        from livekit import rtc

        from server.demo_pictures import HEIGHT, WIDTH, Portrait

        portrait: Portrait = Portrait(self.seat.number, self._rng)
        loop = asyncio.get_running_loop()
        began = loop.time()
        frame = 0
        while not stop.is_set():
            picture = portrait.frame(loop.time() - began)
            self._camera.capture_frame(
                rtc.VideoFrame(WIDTH, HEIGHT, rtc.VideoBufferType.I420, picture)
            )
            # A late frame is skipped rather than caught up with.
            frame = max(frame + 1, int((loop.time() - began) * FRAMES_PER_SECOND))
            await asyncio.sleep(began + frame / FRAMES_PER_SECOND - loop.time())

    async def _hum(self, stop: asyncio.Event) -> None:
        from livekit import rtc

        note = 180 * 2 ** (self._rng.randrange(12) / 12)
        samples = hum(note)
        while not await _stopped_within(stop, self._rng.uniform(8, 40)):
            self._voice.unmute()
            frame = rtc.AudioFrame(samples.tobytes(), SAMPLE_RATE, 1, len(samples))
            await self._microphone.capture_frame(frame)
            await self._microphone.wait_for_playout()
            self._voice.mute()


def hum(note: float) -> array[int]:
    """16-bit samples of a soft tone at `note` hertz that swells and fades."""
    count = int(SAMPLE_RATE * HUM_SECONDS)
    step = 2 * math.pi * note / SAMPLE_RATE
    peak = 32767 * HUM_LEVEL
    return array(
        "h",
        (int(peak * math.sin(math.pi * n / count) * math.sin(step * n)) for n in range(count)),
    )


async def _stopped_within(stop: asyncio.Event, seconds: float) -> bool:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
    return stop.is_set()
