"""A running Moulin of the bench's own, and synthetic coworkers seated in its offices."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path

from server.demo import assign_seats, find_office
from server.settings import load_settings
from tests.processes import Moulin, Process

COMMUNITY = "les-pigistes"
START_LIMIT = 240.0
"""Seconds that a group may take to sit down: its pictures are drawn first."""


class BusyOffice:
    """`python -m server serve` and who sits there; each group is a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.moulin = Moulin(folder)
        self.moulin.start_limit = START_LIMIT
        self._folder = folder
        self._groups: list[Process] = []

    async def open(self) -> None:
        """Start the server; raises StartFailed."""
        await self.moulin.start()

    async def close(self) -> None:
        """End what was started, the coworkers first."""
        for process in (*self._groups, self.moulin):
            await process.stop()

    async def seat_people(self, office: str, people: int) -> None:
        """Seat the demo's people: a real SDK, three layers, a keyframe when asked."""
        place = f"{COMMUNITY}/{office}"
        command = ["-m", "server", "demo", "--people", str(people), "--office", place]
        await self._seat(f"people-{office}", command, "people sit")

    async def seat_cameras(self, office: str, numbers: Sequence[int]) -> None:
        """Seat looped cameras, which cost next to nothing."""
        settings = load_settings(
            data_dir=self.moulin.data_dir,
            public_url=self.moulin.url,
            api_key=self.moulin.api_key,
            api_secret=self.moulin.api_secret,
        )
        room, _ = await find_office(settings, f"{COMMUNITY}/{office}")
        seats = assign_seats(settings, room, max(numbers) + 1, self.moulin.url, time.time())
        tokens = [seats[number].token for number in numbers]
        command = ["-m", "tests.bench.looped_cameras", self.moulin.ws_url, *tokens]
        await self._seat(f"cameras-{office}", command, "everybody is in")

    async def _seat(self, name: str, arguments: list[str], told: str) -> None:
        log = self._folder / f"{name}.log"
        group = Process(
            name,
            [sys.executable, *arguments],
            log,
            lambda: told in log.read_text(errors="replace"),
            self.moulin.env,
        )
        group.start_limit = START_LIMIT
        self._groups.append(group)
        await group.start()
