"""An open façade of a running Moulin: the event stream that tells how many are behind a door."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from types import TracebackType
from typing import Any

import aiohttp

from tests.processes import Moulin

COMMUNITY = "les-pigistes"
Doors = dict[str, dict[str, Any]]


class Facade:
    """What the page of the demo community shows, kept current as a browser would."""

    def __init__(self, moulin: Moulin) -> None:
        self._moulin = moulin
        self._told = asyncio.Event()
        self.doors: Doors = {}
        self.counts: dict[str, list[int]] = {}

    async def __aenter__(self) -> Facade:
        self._client = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None))
        self._reading = asyncio.create_task(self._read())
        await self.until(lambda doors: bool(doors))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)
        await self._client.close()

    async def until(self, satisfied: Callable[[Doors], bool], *, within: float = 30.0) -> float:
        """The seconds until what is told satisfies; AssertionError with the last told if never."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            async with asyncio.timeout(within):
                while not satisfied(self.doors):
                    await self._told.wait()
                    self._told.clear()
        except TimeoutError:
            raise AssertionError(f"after {within} s the façade tells {self.doors}") from None
        return loop.time() - began

    async def until_count(self, office: str, count: int, *, within: float = 30.0) -> float:
        """The seconds until `count` people are told behind the door of `office`."""
        return await self.until(lambda doors: doors[office]["count"] == count, within=within)

    async def page(self) -> int:
        """The status of the page itself, which must answer in 20 s."""
        limit = aiohttp.ClientTimeout(total=20)
        async with self._client.get(self._address(), timeout=limit) as answer:
            await answer.read()
            return answer.status

    def _address(self) -> str:
        return f"{self._moulin.url}/c/{COMMUNITY}"

    async def _read(self) -> None:
        async with self._client.get(f"{self._address()}/evenements") as stream:
            event = ""
            async for line in stream.content:
                text = line.decode().rstrip("\r\n")
                if text.startswith("event: "):
                    event = text.removeprefix("event: ")
                elif text.startswith("data: ") and event == "presence":
                    self._show(json.loads(text.removeprefix("data: "))["offices"])

    def _show(self, doors: Doors) -> None:
        self.doors = doors
        for office, door in doors.items():
            self.counts.setdefault(office, []).append(door["count"])
        self._told.set()
