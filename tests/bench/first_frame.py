"""How soon one who walks into a busy office sees somebody: from the click to a picture."""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
from pathlib import Path
from statistics import median, quantiles

from playwright.async_api import Browser, async_playwright

from tests.bench.busy_office import BusyOffice
from tests.bench.cpu import undisturbed
from tests.bench.figures import keep
from tests.browser.coworker import Coworker
from tests.browsers import launch_chromium

OFFICE = "aire-ouverte"
PEOPLE = 6
SDKS = 2
"""How many of them are real SDKs with three layers each, the others looped cameras."""
JOINS = 15
TARGET_MS = 500
SETTLE_SECONDS = 1.0

STEPS = {
    "asked": "let in by the house",
    "open": "WebSocket open",
    "join": "join response",
    "answer": "answer to the offer",
    "connected": "connected (ICE, DTLS)",
    "track": "first video track",
    "shown": "office shown",
    "frame": "first picture",
    "all": "everybody's picture",
}
"""What is told of a join, about in the order in which it comes about."""

Moments = dict[str, float]
"""Milliseconds from the click to each of them."""

WATCH = """(people) => {
  const moments = (window.moments = {});
  const note = (name) => { moments[name] ??= performance.now(); };
  document.addEventListener("click", (event) => {
    if (event.target.closest?.("#green-enter")) note("click");
  }, true);
  const Socket = window.WebSocket;
  window.WebSocket = class extends Socket {
    constructor(...all) {
      super(...all);
      note("asked");
      this.addEventListener("open", () => note("open"));
      this.addEventListener("message", () => note("join"));
    }
  };
  const Connection = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Connection {
    constructor(...all) {
      super(...all);
      this.addEventListener("connectionstatechange", () => {
        if (this.connectionState === "connected") note("connected");
      });
      this.addEventListener("track", (event) => {
        if (event.track.kind === "video") note("track");
      });
    }
    async setRemoteDescription(...all) {
      note("answer");
      return super.setRemoteDescription(...all);
    }
  };
  const seen = new Set();
  const look = () => {
    if (document.documentElement.dataset.state === "inside") note("shown");
    for (const video of document.querySelectorAll("#grid .tile:not([data-self]) video")) {
      if (seen.has(video)) continue;
      seen.add(video);
      video.requestVideoFrameCallback((now, frame) => {
        note("frame");
        window.pictures = (window.pictures ?? 0) + 1;
        if (window.pictures >= people) note("all");
      });
    }
  };
  new MutationObserver(look).observe(document, { childList: true, subtree: true,
    attributes: true, attributeFilter: ["data-state"] });
}"""


async def join(browser: Browser, office: BusyOffice, devices: tuple[str, ...]) -> Moments:
    """Walk in from the green room as somebody new; when each step was done."""
    person = await Coworker.arrive(browser, office.moulin, "Léa")
    try:
        await person.context.add_init_script(f"({WATCH})({PEOPLE})")
        await person.to_green_room(f"/c/les-pigistes/{OFFICE}")
        await person.turn_on(*devices)
        await asyncio.sleep(SETTLE_SECONDS)
        await person.page.click("#green-enter")
        await person.wait_for("window.moments.all && window.moments.shown")
        moments: Moments = await person.page.evaluate("window.moments")
        return {name: moments[name] - moments["click"] for name in STEPS}
    finally:
        await person.close()


def tell(title: str, joins: list[Moments]) -> None:
    """Print the median of every step."""
    steps = ", ".join(
        f"{said} {median(each[name] for each in joins):.0f}" for name, said in STEPS.items()
    )
    worst = quantiles([each["frame"] for each in joins], n=10)[-1]
    print(f"{title}, ms after the click: {steps} (p90 of the first picture {worst:.0f})")


async def measure(joins: int, folder: Path) -> dict[str, float]:
    """Join so many times with camera and microphone, and as often without, in turns."""
    office = BusyOffice(folder)
    found: dict[tuple[str, ...], list[Moments]] = {("microphone", "camera"): [], (): []}
    async with async_playwright() as playwright:
        try:
            await office.open()
            await office.seat_cameras(OFFICE, range(SDKS, PEOPLE))
            await office.seat_people(OFFICE, SDKS)
            browser = await launch_chromium(playwright)
            for devices in found:
                await join(browser, office, devices)  # the first ones fill caches
            for _ in range(joins):
                for devices, moments in found.items():
                    moments.append(await join(browser, office, devices))
            await browser.close()
        finally:
            await office.close()
    titles = {
        "first_frame": "with camera and microphone",
        "first_frame_bare": "without",
    }
    figures: dict[str, float] = {}
    for (name, title), moments in zip(titles.items(), found.values(), strict=True):
        tell(title, moments)
        for step in STEPS:
            key = f"{name}_p50_ms" if step == "frame" else f"{name}_{step}_p50_ms"
            figures[key] = round(median(each[step] for each in moments))
    return figures


def main() -> None:
    """Read the command line, run, keep the figures and say whether the target was met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--joins", type=int, default=JOINS)
    joins = parser.parse_args().joins
    undisturbed(os.getpid())  # and so all that is started from here
    with tempfile.TemporaryDirectory(prefix="moulin-first-frame-") as folder:
        figures = asyncio.run(measure(joins, Path(folder)))
    keep(figures)
    for name in ("first_frame_p50_ms", "first_frame_bare_p50_ms"):
        met = "met" if figures[name] < TARGET_MS else "missed"
        print(f"{name}: {figures[name]} ms; the target of {TARGET_MS} ms is {met}")


if __name__ == "__main__":
    main()
