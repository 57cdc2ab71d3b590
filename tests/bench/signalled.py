"""A client of LiveKit's protocol reduced to what the benches need: one connection, it offers."""

from __future__ import annotations

import asyncio
import base64
import json
from contextlib import suppress
from typing import Any

import aiohttp
from livekit.protocol.models import ClientInfo, TrackSource, TrackType, VideoLayer, VideoQuality
from livekit.protocol.rtc import (
    AddTrackRequest,
    ConnectionSettings,
    JoinRequest,
    Ping,
    SessionDescription,
    SignalRequest,
    SignalResponse,
    WrappedJoinRequest,
)

from tests.bench.sections import description, section
from tests.bench.webrtc import Client, Keys, Remote

PATIENCE = 20.0
CID = "bench"
_STAMPED = ["a=extmap:3 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"]
_PING_SECONDS = 4.0
_CHECK_SECONDS = 2.0


class Signalled:
    """One participant over `/rtc/v1`: joins, sends or receives, and stays until `close`."""

    def __init__(self, http: aiohttp.ClientSession, url: str, token: str, host: str) -> None:
        self.client = Client(host)
        self._http, self._url, self._token = http, url, token
        self._talk: aiohttp.ClientWebSocketResponse | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._sections: list[list[str]] = []
        self._answers: asyncio.Queue[SessionDescription] = asyncio.Queue()
        self._candidates: asyncio.Queue[str] = asyncio.Queue()
        self._changed = asyncio.Event()
        self._missing = {"audio": 0, "video": 0}
        self._offers = 0
        self._remote: Remote | None = None
        self._received: set[str] = set()
        self._heard = asyncio.Event()

    async def publish(self, kind: str, ssrc: int) -> tuple[Keys, Remote]:
        """Join and offer one track of this kind and SSRC; what its transport agreed on."""
        await self._join(auto_subscribe=False)
        await self._say(add_track=_track(kind))
        lines = section(kind, "0", "sendonly", self.client, ssrc)
        self._sections.append([*lines, f"a=msid:{CID} {CID}", f"a=ssrc:{ssrc} msid:{CID} {CID}"])
        return await self._connect()

    async def receive(self, kind: str, tracks: int) -> tuple[Keys, Remote]:
        """Join and offer to receive so many tracks; what its transport agreed on."""
        await self._join(auto_subscribe=True)
        self._add(kind, tracks)
        found = await self._connect()
        self._tasks.append(asyncio.create_task(self._offer_again(), name="bench offers"))
        return found

    async def receives(self, tracks: int) -> None:
        """Until the server has given this many tracks a section."""
        while len(self._received) < tracks:
            self._heard.clear()
            await self._heard.wait()

    async def close(self) -> None:
        """Leave."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._talk is not None:
            with suppress(ConnectionError):
                await self._talk.close()
        self.client.socket.close()

    async def _join(self, *, auto_subscribe: bool) -> None:
        settings = ConnectionSettings(auto_subscribe=auto_subscribe)
        client = ClientInfo(sdk=ClientInfo.SDK.GO, protocol=16, version="2.16.0")
        request = JoinRequest(client_info=client, connection_settings=settings)
        wrapped = WrappedJoinRequest(join_request=request.SerializeToString())
        text = base64.urlsafe_b64encode(wrapped.SerializeToString()).decode()
        self._talk = await self._http.ws_connect(
            f"{self._url}/rtc/v1",
            params={"join_request": text},
            headers={"Authorization": f"Bearer {self._token}"},
            max_msg_size=0,
        )
        joined = asyncio.Event()
        self._tasks = [
            asyncio.create_task(self._listen(joined), name="bench signals"),
            asyncio.create_task(self._ping(), name="bench pings"),
        ]
        async with asyncio.timeout(PATIENCE):
            await joined.wait()

    async def _say(self, **message: Any) -> None:
        assert self._talk is not None
        await self._talk.send_bytes(SignalRequest(**message).SerializeToString())

    async def _listen(self, joined: asyncio.Event) -> None:
        assert self._talk is not None
        async for frame in self._talk:
            if frame.type is not aiohttp.WSMsgType.BINARY:
                continue
            heard = SignalResponse.FromString(frame.data)
            name = heard.WhichOneof("message")
            if name == "join":
                joined.set()
            elif name == "answer":
                self._received.update(heard.answer.mid_to_track_id.values())
                self._heard.set()
                self._answers.put_nowait(heard.answer)
            elif name == "trickle":
                self._candidates.put_nowait(json.loads(heard.trickle.candidateInit)["candidate"])
            elif name == "media_sections_requirement":
                more = heard.media_sections_requirement
                self._missing["audio"] += more.num_audios
                self._missing["video"] += more.num_videos
                self._changed.set()

    async def _ping(self) -> None:
        while True:
            await asyncio.sleep(_PING_SECONDS)
            await self._say(ping_req=Ping(timestamp=1))

    def _add(self, kind: str, count: int) -> None:
        for _ in range(count):
            mid = str(len(self._sections))
            lines = section(kind, mid, "recvonly", self.client)
            self._sections.append([*lines, *_STAMPED] if kind == "video" else lines)

    async def _offer(self) -> SessionDescription:
        self._offers += 1
        sdp = description(*self._sections, version=self._offers)
        await self._say(offer=SessionDescription(type="offer", sdp=sdp, id=self._offers))
        async with asyncio.timeout(PATIENCE):
            return await self._answers.get()

    async def _connect(self) -> tuple[Keys, Remote]:
        sdp = (await self._offer()).sdp
        async with asyncio.timeout(PATIENCE):
            while True:  # a full ICE agent tells its addresses afterwards
                with suppress(ValueError):
                    self._remote = Remote.of(sdp)
                    break
                sdp += f"a={await self._candidates.get()}\r\n"
        keys = await asyncio.to_thread(self.client.connect, self._remote)
        self._tasks.append(asyncio.create_task(self._stay(), name="bench consent"))
        return keys, self._remote

    async def _stay(self) -> None:
        """Without checks a server takes the other end for gone."""
        assert self._remote is not None
        while True:
            await asyncio.sleep(_CHECK_SECONDS)
            self.client.check_again(self._remote)

    async def _offer_again(self) -> None:
        """Offer anew whenever the server asks, with as many more sections as it lacks."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            for kind in ("audio", "video"):
                self._add(kind, self._missing[kind])
                self._missing[kind] = 0
            await self._offer()


def _track(kind: str) -> AddTrackRequest:
    if kind == "audio":
        return AddTrackRequest(
            cid=CID, name=CID, type=TrackType.AUDIO, source=TrackSource.MICROPHONE
        )
    layer = VideoLayer(quality=VideoQuality.HIGH, width=320, height=180, bitrate=5_000_000)
    return AddTrackRequest(
        cid=CID, name=CID, type=TrackType.VIDEO, source=TrackSource.CAMERA,
        width=320, height=180, layers=[layer],
    )  # fmt: skip
