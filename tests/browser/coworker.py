"""A coworker: one browser page led from a door into an office, and what it sees and hears there."""

from __future__ import annotations

import asyncio
from typing import Any, Self

from playwright.async_api import Browser, BrowserContext, Page, ViewportSize

from tests.browsers import PATIENCE, close_profile, come_to, open_profile
from tests.processes import Moulin

COMMUNITY = "/c/les-pigistes"
OFFICE = f"{COMMUNITY}/aire-ouverte"
MOST_ASKEW = 0.03
"""By how much the sides of a picture may be off: a busy machine makes smaller ones, and rounds."""

_RECEIVED = """async () => {
  const received = [];
  for (const participant of window.moulin.room.remoteParticipants.values()) {
    for (const publication of participant.trackPublications.values()) {
      const report = await publication.track?.getRTCStatsReport();
      const track = { name: participant.name, source: publication.source, frames: 0, width: 0,
                      height: 0, energy: 0 };
      report?.forEach((entry) => {
        if (entry.type !== "inbound-rtp") return;
        track.frames = entry.framesDecoded ?? 0;
        track.width = entry.frameWidth ?? 0;
        track.height = entry.frameHeight ?? 0;
        track.energy = entry.totalAudioEnergy ?? 0;
      });
      received.push(track);
    }
  }
  return received;
}"""


def is_wide(width: int, height: int) -> bool:
    """Whether a picture is 16:9."""
    return height > 0 and abs(width / height - 16 / 9) < MOST_ASKEW


class Coworker:
    """One person in a browser; `problems` gathers console errors and foreign requests."""

    def __init__(self, moulin: Moulin, name: str, context: BrowserContext, page: Page) -> None:
        self.moulin = moulin
        self.name = name
        self.context = context
        self.page = page
        self.problems: list[str] = []
        page.on("console", lambda said: self._note(said.type, said.text))
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("request", lambda request: self._check_address(request.url))

    @classmethod
    async def arrive(
        cls,
        browser: Browser,
        moulin: Moulin,
        name: str,
        *,
        size: ViewportSize | None = None,
        **options: Any,
    ) -> Self:
        """A new browser profile, French unless told otherwise, that has seen nothing yet."""
        settings = {"locale": "fr-CA", "viewport": size or {"width": 1280, "height": 800}}
        context = await open_profile(browser, **{**settings, **options})
        return cls(moulin, name, context, await context.new_page())

    def _note(self, kind: str, text: str) -> None:
        if kind == "error":
            self.problems.append(text)

    def _check_address(self, address: str) -> None:
        host = self.moulin.url.split("//")[1]
        if not address.startswith((f"http://{host}/", f"ws://{host}/", "data:", "blob:", "about:")):
            self.problems.append(f"asked elsewhere: {address}")

    async def open(self, path: str) -> None:
        """Open a page of Moulin."""
        await self.page.goto(self.moulin.url + path)

    async def comes_to(self, address: str) -> None:
        """Until the page is one at such an address, as "*/salle"."""
        await come_to(self.page, address)

    async def to_green_room(self, office: str = OFFICE, query: str = "") -> None:
        """Give the name at the door, as somebody without an account does."""
        await self.open(office)
        await self.page.fill("#nom", self.name)
        await self.page.click("main form[action='/nom'] button")
        await self.comes_to("*/salle")
        if query:
            await self.open(f"{office}/salle{query}")
        await self.page.wait_for_selector("#green-enter")

    async def turn_on(self, *devices: str) -> None:
        """Press the green room's toggles of `devices` (microphone, camera)."""
        for device in devices:
            await self.page.click(f"#green-{device}")
            await self.page.wait_for_selector(f"#green-{device}[aria-pressed=true]")

    async def enter(
        self, office: str = OFFICE, *, query: str = "", devices: tuple[str, ...] = ()
    ) -> Self:
        """The whole way from the door into the office."""
        await self.to_green_room(office, query)
        await self.turn_on(*devices)
        await self.page.click("#green-enter")
        await self.wait_inside()
        return self

    async def wait_inside(self) -> None:
        """Until the office is shown."""
        await self.page.wait_for_selector("html[data-state=inside]")

    async def press(self, command: str) -> None:
        """Press a button of the bar."""
        await self.page.click(f".bar [data-command={command}]")

    async def received(self) -> list[dict[str, Any]]:
        """Every track of the others: name, source, frames, width, height, energy."""
        found: list[dict[str, Any]] = await self.page.evaluate(_RECEIVED)
        return found

    async def wait_receiving(
        self, name: str, source: str, *, frames: int = -1, energy: float = 0.0, width: int = 0
    ) -> None:
        """Until `name` sent more than `frames` pictures, that wide, or that much sound.

        A camera's picture must be 16:9, as it was taken.
        """

        def satisfies(track: dict[str, Any]) -> bool:
            return bool(
                (track["name"], track["source"]) == (name, source)
                and track["frames"] > frames
                and track["energy"] >= energy
                and track["width"] >= width
                and (source != "camera" or is_wide(track["width"], track["height"]))
            )

        # Not `wait_for_function`, to which the promise of a function that waits is true at once.
        async with asyncio.timeout(PATIENCE / 1000):
            while not any(map(satisfies, await self.received())):
                await asyncio.sleep(0.25)

    async def wait_for(self, expression: str) -> None:
        """Until the expression is true in the page."""
        await self.page.wait_for_function(f"() => Boolean({expression})", polling=100)

    async def close(self) -> None:
        """Close the browser profile; nothing of it is kept."""
        await close_profile(self.context)
