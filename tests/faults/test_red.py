"""Sound with redundancy: heard better where packets are lost, and by those who know none of it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from playwright.async_api import Browser

from tests.conftest import RelayFactory
from tests.faults.visitor import Visitor
from tests.faults.watching import understood
from tests.processes import Moulin
from tests.relay import Impairment, page_script

pytestmark = pytest.mark.browser

# Syllables of a fifth of a second each, as in `watching`, with or without redundancy.
_SPEAK = """async (red) => {
  const context = new AudioContext();
  const tone = context.createOscillator();
  for (let at = 0; at < 900; at += 1) {
    tone.frequency.setValueAtTime([400, 700, 1100, 1700, 2500][at % 5], 1 + at / 5);
  }
  const out = context.createMediaStreamDestination();
  tone.connect(out);
  tone.start();
  const publication = await window.room.localParticipant.publishTrack(
    out.stream.getAudioTracks()[0], { source: "microphone", dtx: false, red });
  return publication.track.sender.getParameters().codecs[0]?.mimeType ?? "";
}"""

# Which syllable is heard of each participant, every 20 ms.
_LISTEN = """() => {
  const said = window.said = {};
  const listen = (track, identity) => {
    const moments = said[identity] = [];
    const context = new AudioContext();
    const analyser = context.createAnalyser();
    analyser.fftSize = 1024;
    analyser.smoothingTimeConstant = 0;
    context.createMediaStreamSource(new MediaStream([track.mediaStreamTrack])).connect(analyser);
    const bins = new Float32Array(analyser.frequencyBinCount);
    setInterval(() => {
      analyser.getFloatFrequencyData(bins);
      const step = context.sampleRate / analyser.fftSize;
      const levels = [400, 700, 1100, 1700, 2500].map((each) => bins[Math.round(each / step)]);
      const loudest = Math.max(...levels);
      moments.push([performance.now() / 1000, loudest > -70 ? levels.indexOf(loudest) : -1]);
    }, 20);
  };
  for (const person of window.room.remoteParticipants.values()) {
    for (const { track } of person.audioTrackPublications.values()) listen(track, person.identity);
  }
}"""


async def concealed(listener: Visitor, who: str, before: dict[str, Any]) -> float:
    """The share of the sound since `before` that had to be made up."""
    now = await listener.received(who, "audio")
    return float((now["concealed"] - before["concealed"]) / (now["samples"] - before["samples"]))


@pytest.mark.alone
async def test_redundancy_is_heard_through_thirty_percent_loss(
    moulin: Moulin, chromium: Browser, relay: RelayFactory
) -> None:
    link = await relay(moulin.rtc_port, down=Impairment(delay=0.02), seed=5)
    ana = await Visitor.open(chromium, moulin, "ana")
    eve = await Visitor.open(chromium, moulin, "eve")
    bob = await Visitor.open(chromium, moulin, "bob", page_script(moulin.rtc_port, link.port))
    for each in (ana, eve, bob):
        await each.join("redundant")
    assert await ana.page.evaluate(_SPEAK, True) == "audio/red"
    assert await eve.page.evaluate(_SPEAK, False) == "audio/opus"
    for who in ("ana", "eve"):
        await bob.hears(who)
    link.change(loss=0.3)
    await bob.page.evaluate(_LISTEN)
    before = {who: await bob.received(who, "audio") for who in ("ana", "eve")}
    await bob.page.wait_for_function("() => window.said.ana.length >= 750", timeout=90_000)
    heard = await bob.page.evaluate("window.said")
    made_up = {who: await concealed(bob, who, before[who]) for who in ("ana", "eve")}
    shares = {who: understood(heard[who]) for who in ("ana", "eve")}
    print(f"made up: {made_up}, understood: {shares}, {link.lost} packets lost")
    assert link.lost > 100
    assert made_up["ana"] < made_up["eve"] * 0.7
    assert shares["ana"] >= shares["eve"] - 0.05
    for each in (ana, eve, bob):
        await each.close()


async def test_firefox_hears_chromium_and_is_heard(
    moulin: Moulin, chromium: Browser, firefox: Browser, relay: RelayFactory
) -> None:
    """It knows no RED: what it gets is taken off, and what it sends wrapped for who loses."""
    link = await relay(moulin.rtc_port, down=Impairment(delay=0.02), seed=6)
    ana = await Visitor.open(chromium, moulin, "ana", page_script(moulin.rtc_port, link.port))
    bob = await Visitor.open(firefox, moulin, "bob")
    await asyncio.gather(ana.join("mixed"), bob.join("mixed"))
    assert await ana.page.evaluate(_SPEAK, True) == "audio/red"
    await bob.publish({"audio": {"dtx": False}})
    await bob.hears("ana")
    await ana.hears("bob")
    link.change(loss=0.3)
    # The first reports of loss come within seconds; from then on two frames are repeated.
    async with asyncio.timeout(90):
        while True:
            before = await ana.received("bob", "audio")
            await asyncio.sleep(5)
            made_up = await concealed(ana, "bob", before)
            print(f"made up: {made_up:.1%}")
            if made_up < 0.15:
                break
    for each in (ana, bob):
        await each.close()
