"""Somebody in a room through a page that holds nothing but `livekit-client`, on any network."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any, Self

from playwright.async_api import Browser, BrowserContext, Page

from server.signalling.tokens import sign
from tests.browsers import close_profile, open_profile
from tests.processes import Moulin

CLIENT = "/static/any/vendor/livekit-client/livekit-client.esm.mjs"
PATIENCE = 60.0

_JOIN = """async ([client, url, token, options]) => {
  const { Room, RoomEvent } = window.livekit = await import(client);
  const more = await window.prepare?.(window.livekit);
  const room = window.room = new Room({ ...options, ...more });
  if (more?.encryption) await room.setE2EEEnabled(true);
  window.heard = [];
  window.states = [];
  room.on(RoomEvent.TrackSubscribed, (track) => document.body.append(track.attach()));
  room.on(RoomEvent.DataReceived, (data) => window.heard.push(new TextDecoder().decode(data)));
  room.on(RoomEvent.ConnectionStateChanged, (state) => window.states.push(state));
  await room.connect(url, token);
}"""

_PUBLISH = """async (options) => {
  const me = window.room.localParticipant;
  if (options === null) await me.enableCameraAndMicrophone();
  else {
    if (options.audio) await me.setMicrophoneEnabled(true, undefined, options.audio);
    if (options.video) await me.setCameraEnabled(true, options.capture, options.video);
  }
}"""

_REPORTS = """async () => {
  const received = {};
  for (const person of window.room.remoteParticipants.values()) {
    for (const { track, mimeType } of person.trackPublications.values()) {
      const reports = await track?.getRTCStatsReport();
      const codecs = {};
      reports?.forEach((each) => { if (each.type === "codec") codecs[each.id] = each.mimeType; });
      reports?.forEach((each) => {
        if (each.type !== "inbound-rtp") return;
        received[`${person.identity} ${each.kind}`] = {
          frames: each.framesDecoded ?? 0, packets: each.packetsReceived, width: each.frameWidth,
          energy: each.totalAudioEnergy ?? 0, codec: codecs[each.codecId], mimeType,
          concealed: each.concealedSamples ?? 0, samples: each.totalSamplesReceived ?? 0,
          freezes: each.totalFreezesDuration ?? 0,
        };
      });
    }
  }
  return received;
}"""

_NOTHING: dict[str, Any] = {"frames": 0, "packets": 0, "width": 0, "energy": 0.0, "codec": None}


class Visitor:
    """A page of its own browser profile, in one room."""

    def __init__(self, context: BrowserContext, page: Page, moulin: Moulin, identity: str) -> None:
        self.context, self.page = context, page
        self.moulin, self.identity = moulin, identity
        self.signal_url = moulin.ws_url
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    @classmethod
    async def open(
        cls, browser: Browser, moulin: Moulin, identity: str, *scripts: str, port: int = 0
    ) -> Self:
        """A page that runs `scripts` before all others; pages and signals come by `port` if given.

        (The page's policy lets it connect to where it came from alone.)
        """
        made = await open_profile(browser)
        for script in scripts:
            await made.add_init_script(script)
        page = await made.new_page()
        port = port or moulin.http_port
        await page.goto(f"http://127.0.0.1:{port}/confidentialite")
        visitor = cls(made, page, moulin, identity)
        visitor.signal_url = f"ws://127.0.0.1:{port}"
        return visitor

    async def join(
        self,
        room: str,
        *,
        options: dict[str, Any] | None = None,
        single: bool = True,
    ) -> Self:
        """Connect, with these options of `Room`, by one peer connection or two."""
        token = sign(
            self.moulin.api_key,
            self.moulin.api_secret,
            now=time.time(),
            identity=self.identity,
            room=room,
        )
        settings = {"singlePeerConnection": single, **(options or {})}
        await self.page.evaluate(_JOIN, [CLIENT, self.signal_url, token, settings])
        return self

    async def publish(self, options: dict[str, Any] | None = None) -> None:
        """Camera and microphone; with options, those named: `{"video": …, "audio": …}`."""
        await self.page.evaluate(_PUBLISH, options)

    async def received(self, who: str, kind: str) -> dict[str, Any]:
        """What has come of the audio or video of `who`."""
        reports: dict[str, dict[str, Any]] = await self.page.evaluate(_REPORTS)
        return reports.get(f"{who} {kind}", _NOTHING)

    async def until(
        self, who: str, kind: str, enough: Callable[[dict[str, Any]], bool]
    ) -> dict[str, Any]:
        """Wait until what has come of `who` is enough."""
        report = _NOTHING
        try:
            async with asyncio.timeout(PATIENCE):
                while not enough(report := await self.received(who, kind)):
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise AssertionError(f"of {who}'s {kind} came only {report}") from None
        return report

    async def sees(self, who: str, frames: int = 20) -> dict[str, Any]:
        """Wait for so many more decoded pictures of `who`."""
        before = (await self.received(who, "video"))["frames"]
        return await self.until(who, "video", lambda each: each["frames"] >= before + frames)

    async def hears(self, who: str) -> dict[str, Any]:
        """Wait for more sound of `who`."""
        before = (await self.received(who, "audio"))["energy"]
        return await self.until(who, "audio", lambda each: each["energy"] > before + 0.001)

    async def close(self) -> None:
        """Close the browser profile."""
        await close_profile(self.context)
