"""Somebody in a room with the unmodified Python SDK: sends a picture and a tone, looks, listens."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import numpy as np
from livekit import rtc

WIDTH, HEIGHT = 1280, 720
RATE = 48_000
PATIENCE = 90.0
PIECE = RATE // 10
_FEWER: Any = rtc.DegradationPreference.MAINTAIN_RESOLUTION
"""A machine that is short of time sends fewer pictures then, rather than smaller ones."""
_EVENTS = (
    "participant_connected",
    "participant_disconnected",
    "participant_name_changed",
    "participant_metadata_changed",
    "participant_attributes_changed",
    "local_track_published",
    "local_track_unpublished",
    "local_track_subscribed",
    "track_published",
    "track_unpublished",
    "track_subscribed",
    "track_unsubscribed",
    "track_muted",
    "track_unmuted",
    "active_speakers_changed",
    "room_metadata_changed",
    "data_received",
    "reconnecting",
    "reconnected",
    "disconnected",
)


class Guest:
    """A participant whose every event is kept, so that tests wait for what must have happened."""

    def __init__(self, identity: str) -> None:
        self.identity = identity
        self.room = rtc.Room()
        self.events: list[tuple[str, tuple[Any, ...]]] = []
        self._happened = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._sources: list[Any] = []
        for name in _EVENTS:
            self._hear(name)

    @property
    def me(self) -> Any:
        """The SDK's local participant."""
        return self.room.local_participant

    async def enter(self, url: str, token: str, *, single: bool = True, **options: Any) -> None:
        """Connect, with one peer connection or two."""
        await self.room.connect(
            url, token, rtc.RoomOptions(single_peer_connection=single, **options)
        )

    async def leave(self) -> None:
        """Stop sending and disconnect."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for source in self._sources:
            await source.aclose()
        self._sources.clear()
        self._tasks.clear()
        await self.room.disconnect()

    def _hear(self, name: Any) -> None:
        def record(*args: Any) -> None:
            self.events.append((name, args))
            self._happened.set()

        self.room.on(name, record)

    def count(self, name: str) -> int:
        """How many times an event happened."""
        return sum(1 for event, _ in self.events if event == name)

    async def until(
        self, name: str, matches: Callable[..., bool] = lambda *_: True, patience: float = PATIENCE
    ) -> Any:
        """Wait until an event that `matches` happens, or has; the arguments of the last one."""
        try:
            async with asyncio.timeout(patience):
                while True:
                    for event, args in reversed(self.events):
                        if event == name and matches(*args):
                            return args
                    self._happened.clear()
                    await self._happened.wait()
        except TimeoutError:
            seen = [event for event, _ in self.events]
            raise AssertionError(f"{self.identity} never saw {name}; saw {seen}") from None

    def forget(self, *names: str) -> None:
        """Forget the events of these names (all by default)."""
        self.events = [e for e in self.events if names and e[0] not in names]

    def knows(self, other: Guest) -> Any:
        """What this guest's SDK knows of `other`."""
        return self.room.remote_participants[other.identity]

    # What it sends.

    async def show(
        self, *, simulcast: bool = True, width: int = WIDTH, height: int = HEIGHT
    ) -> Any:
        """Publish a moving picture; the publication."""
        source = rtc.VideoSource(width, height)
        track = rtc.LocalVideoTrack.create_video_track("camera", source)
        self._sources.append(source)
        self._tasks.append(asyncio.create_task(_paint(source, width, height)))
        options = rtc.TrackPublishOptions(
            source=rtc.TrackSource.SOURCE_CAMERA,
            simulcast=simulcast,
            video_codec=rtc.VideoCodec.VP8,
            degradation_preference=_FEWER,
        )
        return await self.me.publish_track(track, options)

    async def hum(self, frequency: float = 440.0) -> Any:
        """Publish a sine; the publication."""
        source = rtc.AudioSource(RATE, 1)
        track = rtc.LocalAudioTrack.create_audio_track("microphone", source)
        self._sources.append(source)
        self._tasks.append(asyncio.create_task(_sing(source, frequency)))
        options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
        return await self.me.publish_track(track, options)

    # What it receives.

    async def track_of(self, other: Guest, kind: str) -> Any:
        """The track of that kind that `other` publishes, once subscribed."""
        number = rtc.TrackKind.KIND_VIDEO if kind == "video" else rtc.TrackKind.KIND_AUDIO
        track, _, _ = await self.until(
            "track_subscribed",
            lambda track, _, who: who.identity == other.identity and track.kind == number,
        )
        return track

    async def sees(
        self, other: Guest, *, size: tuple[int, int] | None = None, frames: int = 15
    ) -> tuple[int, int]:
        """Wait for `frames` pictures of `other` that move, of `size` if given; their size."""
        stream = rtc.VideoStream(await self.track_of(other, "video"))
        try:
            return await asyncio.wait_for(_watch(stream, size, frames), PATIENCE)
        finally:
            await stream.aclose()

    async def hears(self, other: Guest, seconds: float = 0.6) -> float:
        """The frequency that stands out of what `other` sends."""
        stream = rtc.AudioStream(await self.track_of(other, "audio"), sample_rate=RATE)
        try:
            return await asyncio.wait_for(_listen(stream, seconds), PATIENCE)
        finally:
            await stream.aclose()


async def _paint(source: Any, width: int, height: int) -> None:
    """Grey rising by steps in the left half, a bar that walks over the right half."""
    step = 0
    while True:
        step += 1
        luma = np.full((height, width), 64, dtype=np.uint8)
        luma[:, : width // 2] = 40 + (step * 8) % 160
        at = width // 2 + (step * 16) % (width // 2 - 32)
        luma[:, at : at + 32] = 235
        chroma = np.full(width * height // 2, 128, dtype=np.uint8)
        frame = rtc.VideoFrame(
            width,
            height,
            rtc.VideoBufferType.I420,
            luma.tobytes() + chroma.tobytes(),
        )
        source.capture_frame(frame)
        await asyncio.sleep(1 / 20)


async def _sing(source: Any, frequency: float) -> None:
    samples = RATE // 50
    position = 0
    while True:
        times = (np.arange(samples) + position) / RATE
        wave = (np.sin(2 * np.pi * frequency * times) * 12_000).astype(np.int16)
        position += samples
        await source.capture_frame(rtc.AudioFrame(wave.tobytes(), RATE, 1, samples))


async def _watch(stream: Any, size: tuple[int, int] | None, frames: int) -> tuple[int, int]:
    greys: set[int] = set()
    seen = 0
    async for event in stream:
        frame = event.frame
        if size is not None and (frame.width, frame.height) != size:
            continue
        picture = frame.convert(rtc.VideoBufferType.I420)
        luma = np.frombuffer(picture.data, dtype=np.uint8)[: frame.width * frame.height]
        half = luma.reshape(frame.height, frame.width)[:, : frame.width // 2 - 8]
        assert half.std() < 12, "the left half should be of one grey"
        greys.add(round(float(half.mean()) / 8))
        seen += 1
        if seen >= frames and len(greys) >= min(frames, 5):
            return frame.width, frame.height
    raise AssertionError("the picture ended")


async def _listen(stream: Any, seconds: float) -> float:
    """The loudest frequency in the first `seconds` that are not silence."""
    heard: list[np.ndarray[Any, Any]] = []
    wanted = int(RATE * seconds)
    async for event in stream:
        block = np.frombuffer(event.frame.data, dtype=np.int16).astype(np.float64)
        if np.abs(block).max() < 1000 and not heard:
            continue
        heard.append(block)
        if sum(len(each) for each in heard) >= wanted:
            break
    sound = np.concatenate(heard)[:wanted]
    assert len(sound) == wanted, "the sound ended"
    # Piece by piece: after a gap, which a busy machine leaves, the tone is out of step with itself.
    loudest = [
        np.argmax(np.abs(np.fft.rfft(piece * np.hanning(PIECE), RATE)))
        for piece in sound[: wanted - wanted % PIECE].reshape(-1, PIECE)
    ]
    return float(np.median(loudest))
