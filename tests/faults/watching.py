"""A page that publishes and one that watches behind a bad network, with the diary of the latter."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from playwright.async_api import Browser, Page

from server.signalling.tokens import sign
from tests.browsers import open_profile
from tests.processes import Moulin
from tests.relay import page_script
from tests.stalls import NOTE_STALLS, Interval, stalled

CLIENT = "/static/any/vendor/livekit-client/livekit-client.esm.mjs"

PUBLISH = """async ([client, url, token, width, height]) => {
  const { Room, VideoPreset } = await import(client);
  const room = window.room = new Room({ dynacast: true });
  await room.connect(url, token, { peerConnectionTimeout: 60000, websocketTimeout: 60000 });
  // A machine that is short of time makes fewer pictures then: smaller ones are for narrow links.
  await room.localParticipant.setCameraEnabled(
    true, { resolution: { width, height, frameRate: 20 } },
    { degradationPreference: "maintain-resolution" });
  const context = new AudioContext();
  const tone = context.createOscillator();
  // Syllables of a fifth of a second each: a steady tone would be guessed from any scrap of it.
  for (let at = 0; at < 600; at += 1) {
    tone.frequency.setValueAtTime([400, 700, 1100, 1700, 2500][at % 5], 1 + at / 5);
  }
  const out = context.createMediaStreamDestination();
  tone.connect(out);
  tone.start();
  await room.localParticipant.publishTrack(
    out.stream.getAudioTracks()[0], { source: "microphone", dtx: false });
}"""

# The diary: every 50 ms, pictures decoded and their width. `hear` tells which syllable is heard
# each 20 ms of some seconds (-1: none), by Goertzel's algorithm, once thirty packets more came.
WATCH = """async ([client, url, token]) => {
  const { Room, RoomEvent } = await import(client);
  const room = window.room = new Room();
  const diary = window.diary = [];
  const told = window.told = [];
  room.on(RoomEvent.TrackStreamStateChanged, (_, state) => told.push(state));
  const watch = async (track) => {
    document.body.append(track.attach());
    for (;;) {
      const report = await track.getRTCStatsReport();
      report?.forEach((entry) => {
        if (entry.type !== "inbound-rtp") return;
        diary.push([Date.now() / 1000, entry.framesDecoded ?? 0, entry.frameWidth ?? 0]);
      });
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  const loudest = (samples, rate) => {
    const size = rate / 50, heard = [];
    const level = (from, frequency) => {
      const factor = 2 * Math.cos(2 * Math.PI * frequency / rate);
      let last = 0, before = 0;
      for (let at = from; at < from + size; at += 1) {
        [last, before] = [samples[at] + factor * last - before, last];
      }
      return (last * last + before * before - factor * last * before) / size ** 2;
    };
    for (let from = 0; from + size <= samples.length; from += size) {
      const levels = [400, 700, 1100, 1700, 2500].map((frequency) => level(from, frequency));
      const most = Math.max(...levels);
      heard.push([from / rate, most > 1e-7 ? levels.indexOf(most) : -1]);
    }
    return heard;
  };
  // Recorded and looked at afterwards: a live analyser would need a device to play to in Firefox.
  const listen = (track) => {
    document.body.append(track.attach());
    const packets = async () => {
      let count = 0;
      (await track.getRTCStatsReport())?.forEach((entry) => {
        if (entry.type === "inbound-rtp") count = entry.packetsReceived;
      });
      return count;
    };
    window.hear = async (seconds) => {
      const before = await packets();
      while (await packets() < before + 30) await new Promise((next) => setTimeout(next, 50));
      const recorder = new MediaRecorder(new MediaStream([track.mediaStreamTrack]));
      const parts = [];
      recorder.ondataavailable = ({ data }) => parts.push(data);
      const stopped = new Promise((resolve) => recorder.addEventListener("stop", resolve));
      recorder.start();
      await new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
      recorder.stop();
      await stopped;
      const recorded = await new Blob(parts).arrayBuffer();
      const sound = await new OfflineAudioContext(1, 1, 48000).decodeAudioData(recorded);
      return loudest(sound.getChannelData(0), sound.sampleRate);
    };
  };
  const begun = new Promise((resolve) => room.on(RoomEvent.TrackSubscribed, (track) => {
    if (track.kind === "audio") return listen(track);
    watch(track);
    resolve();
  }));
  await room.connect(url, token, { peerConnectionTimeout: 60000, websocketTimeout: 60000 });
  await begun;
}"""


SYLLABLE = 0.2
"""Seconds."""


@dataclass(frozen=True)
class Moment:
    """What was seen at one moment (seconds since the epoch)."""

    at: float
    frames: int
    width: int


class Diary:
    """What the watching page saw, moment by moment."""

    def __init__(self, moments: list[Moment]) -> None:
        self.moments = moments

    def between(self, start: float, end: float = float("inf")) -> Diary:
        """The same, for a part of the time."""
        return Diary([each for each in self.moments if start <= each.at <= end])

    def longest_freeze(self, stalls: Iterable[Interval] = ()) -> float:
        """The longest time between two new pictures, in seconds, of those not stalled."""
        noted = list(stalls)
        changes = [b.at for a, b in pairwise(self.moments) if b.frames > a.frames]
        ends = [self.moments[0].at, *changes, self.moments[-1].at]
        return max(b - a - stalled(noted, a, b) for a, b in pairwise(ends))

    def pictures(self, width: int) -> int:
        """How many pictures were seen, one after another and to the last, that were so wide."""
        narrow = [m.frames for m in self.moments if m.width < width]
        return self.moments[-1].frames - (narrow[-1] if narrow else 0) if self.moments else 0

    def first(self, *, narrower: int = 10_000, wider: int = 0) -> float | None:
        """When the picture first was so wide; None if it never was."""
        fits = (m.at for m in self.moments if wider <= m.width <= narrower and m.width)
        return next(fits, None)


def understood(heard: list[tuple[float, int]]) -> float:
    """The share of the syllables said in that time that were heard, each after the one before."""
    runs: list[list[float]] = []  # syllable, from, to
    for at, syllable in heard:
        if runs and runs[-1][0] == syllable:
            runs[-1][2] = at
        else:
            runs.append([syllable, at, at])
    spoken = [run for run in runs if run[0] >= 0 and run[2] - run[1] >= SYLLABLE / 3]
    follows = sum((b[0] - a[0]) % 5 == 1 for a, b in pairwise(spoken))
    return follows * SYLLABLE / (heard[-1][0] - heard[0][0])


async def open_page(browser: Browser, moulin: Moulin, relay_port: int | None = None) -> Page:
    """A page of a person of their own, whose media goes through a relay if one is given."""
    # Firefox has them by its preferences, and knows none of these names.
    asked = ["camera", "microphone"] if browser.browser_type.name == "chromium" else []
    context = await open_profile(browser, permissions=asked)
    await context.add_init_script(NOTE_STALLS)
    if relay_port is not None:
        await context.add_init_script(page_script(moulin.rtc_port, relay_port))
    page = await context.new_page()
    await page.goto(moulin.url + "/confidentialite")
    return page


def joining(moulin: Moulin, identity: str, room: str) -> list[Any]:
    """What a page's script needs to join."""
    token = sign(moulin.api_key, moulin.api_secret, now=time.time(), identity=identity, room=room)
    return [CLIENT, moulin.ws_url, token]


async def diary_of(page: Page) -> Diary:
    """What the page saw so far."""
    return Diary([Moment(*each) for each in await page.evaluate("window.diary")])


async def now_of(page: Page) -> float:
    """The page's clock, in seconds since the epoch."""
    return float(await page.evaluate("Date.now() / 1000"))


async def stalls_of(*pages: Page) -> list[Interval]:
    """When these pages were not run at all, which nobody but the machine is to blame for."""
    told = [await page.evaluate("window.stalls") for page in pages]
    return [(begun, over) for stalls in told for begun, over in stalls]
