"""Fixtures of the tests with unmodified LiveKit SDKs: a server, and guests who leave at the end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from tests.interop.guest import Guest
from tests.rooms_server import RoomsServer

GuestFactory = Callable[..., Awaitable[Guest]]


@pytest.fixture
async def house() -> AsyncIterator[RoomsServer]:
    """The rooms, listening on free ports."""
    server = RoomsServer()
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def enter(house: RoomsServer) -> AsyncIterator[GuestFactory]:
    """Let a guest in: `await enter("ana", single=False, can_publish=False)`."""
    guests: list[Guest] = []

    async def come_in(
        identity: str, *, single: bool = True, url: str = "", options: Any = None, **grants: Any
    ) -> Guest:
        guest = Guest(identity)
        guests.append(guest)
        token = house.token(identity, name=identity.title(), **grants)
        await guest.enter(url or house.url, token, single=single, **(options or {}))
        return guest

    yield come_in
    await asyncio.gather(*(guest.leave() for guest in guests))
