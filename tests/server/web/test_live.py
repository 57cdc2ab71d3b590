"""The event stream: who is in, at once and at each change."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import ClientResponse, web
from structlog.testing import capture_logs

from rooms.presence import MemoryPresence, Present
from server.keys import LIVE_PAGES, PRESENCE
from server.web import live
from server.web.place import Place, place_of
from server.web.refused import Refused
from tests.server.offices import change_office, office_ids
from tests.server.visitors import Visitor

STREAM = "/c/les-pigistes/evenements"


class Stream:
    """The events of one open stream, one by one."""

    def __init__(self, answer: ClientResponse) -> None:
        self.answer = answer

    async def next(self) -> tuple[str, dict[str, Any]]:
        """The next event's name and data; raises EOFError at the end of the stream."""
        name, data = "", ""
        async with asyncio.timeout(30):
            while line := await self.answer.content.readline():
                field, _, value = line.decode().rstrip("\r\n").partition(": ")
                if field == "event":
                    name = value
                elif field == "data":
                    data = value
                elif not field and data:
                    return name, json.loads(data)
        raise EOFError

    async def presence(self, office_id: str) -> dict[str, Any]:
        """The next news of an office, of a `presence` event."""
        while True:
            name, data = await self.next()
            if name == "presence":
                found: dict[str, Any] = data["offices"][office_id]
                return found


@asynccontextmanager
async def listening(visitor: Visitor) -> AsyncIterator[Stream]:
    """An open stream."""
    async with visitor.listen(STREAM) as answer:
        yield Stream(answer)


async def wait_for_stream(visitor: Visitor) -> None:
    """A browser that waits for a stream."""
    async with listening(visitor):
        pass


def zoe(room: str) -> Present:
    return Present(room, "g_0123456789abcdef", "Zoé", since=1_700_000_000.0)


async def test_who_is_in_is_told_at_once_then_at_each_change(
    house: web.Application, visitor: Visitor
) -> None:
    cafe = (await office_ids(house))["cafe"]
    async with listening(visitor) as stream:
        assert stream.answer.content_type == "text/event-stream"
        name, data = await stream.next()
        assert name == "presence"
        assert set(data["offices"]) == set((await office_ids(house)).values())
        assert data["offices"][cafe] == {"count": 0, "since": None, "names": []}
        await house[PRESENCE].enter(zoe(cafe))
        told = await stream.presence(cafe)
        assert told == {"count": 1, "since": 1_700_000_000.0, "names": ["Zoé"]}
        await house[PRESENCE].leave(cafe, "g_0123456789abcdef")
        assert (await stream.presence(cafe))["count"] == 0


async def test_names_are_told_only_where_the_office_shows_them(
    house: web.Application, visitor: Visitor
) -> None:
    quiet = (await office_ids(house))["concentration"]
    await house[PRESENCE].enter(zoe(quiet))
    async with listening(visitor) as stream:
        told = await stream.presence(quiet)
        assert told == {"count": 1, "since": 1_700_000_000.0}


async def test_many_changes_at_once_are_told_together(
    house: web.Application, visitor: Visitor
) -> None:
    cafe = (await office_ids(house))["cafe"]
    async with listening(visitor) as stream:
        await stream.next()
        for number in range(40):
            await house[PRESENCE].enter(Present(cafe, f"m_{number}", f"Zoé {number}", 1.0))
        messages = 1
        while (await stream.presence(cafe))["count"] < 40:
            messages += 1
        assert messages <= 3


async def test_a_new_door_is_told(house: web.Application, owner: Visitor) -> None:
    async with listening(owner) as stream:
        await stream.next()
        await change_office(house, owner, "cafe", name_fr="Le bistro")
        assert await stream.next() == ("doors", {})


async def test_a_stream_whose_reader_left_is_forgotten(
    house: web.Application, visitor: Visitor
) -> None:
    pages, cafe = house[LIVE_PAGES], (await office_ids(house))["cafe"]
    async with listening(visitor) as stream:
        await stream.next()
        assert len(pages) == 1
    async with asyncio.timeout(30):
        number = 0
        while len(pages):
            number += 1
            await house[PRESENCE].enter(Present(cafe, f"m_{number}", "Zoé", 1.0))
            await asyncio.sleep(0.05)


async def test_a_page_that_closes_while_its_stream_opens_is_no_failure(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_asked = asyncio.Event()

    async def slow_place(request: web.Request) -> Place:
        is_asked.set()
        async with asyncio.timeout(60):
            while request.transport is not None:
                await asyncio.sleep(0.01)
        return await place_of(request)

    monkeypatch.setattr(live, "place_of", slow_place)
    with capture_logs() as logs:
        opening = asyncio.create_task(wait_for_stream(visitor))
        await is_asked.wait()
        opening.cancel()
        async with asyncio.timeout(60):
            while not any(each["event"] == "request" for each in logs):
                await asyncio.sleep(0.01)
    assert [each for each in logs if each["log_level"] != "debug"] == []


async def test_streams_end_when_the_server_closes(house: web.Application, visitor: Visitor) -> None:
    async with listening(visitor) as stream:
        await stream.next()
        house[LIVE_PAGES].close()
        async with asyncio.timeout(30):
            while await stream.answer.content.readline():
                pass


async def test_there_is_no_stream_of_nowhere(visitor: Visitor) -> None:
    assert await visitor.open("/c/nulle-part/evenements") == 404


def test_one_home_does_not_take_every_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "MOST_PAGES_OF_A_HOME", 2)
    pages = live.LivePages(MemoryPresence())
    with pages.open("x", "203.0.113.7"), pages.open("x", "203.0.113.7"):
        with pytest.raises(Refused), pages.open("x", "203.0.113.7"):
            pass
        with pages.open("x", "203.0.113.8"):
            assert len(pages) == 3
    with pages.open("x", "203.0.113.7"):
        assert len(pages) == 1
