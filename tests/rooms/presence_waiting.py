"""Waits for what a presence shows, by its own events, within a limit."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from rooms.presence import Presence, Present


def identities(presence: Presence, room: str) -> list[str]:
    """Who is in `room`, in order."""
    return [present.identity for present in presence.who(room)]


async def until(
    presence: Presence,
    room: str,
    satisfied: Callable[[tuple[Present, ...]], bool],
    *,
    within: float = 40.0,
) -> float:
    """The seconds until `satisfied(who)`; looks only when told of a change, to test the telling."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    told = asyncio.Event()
    unsubscribe = presence.subscribe(lambda changed: told.set() if changed == room else None)
    try:
        async with asyncio.timeout(within):
            while not satisfied(presence.who(room)):
                await told.wait()
                told.clear()
    except TimeoutError:
        raise AssertionError(f"after {within} s {room} shows {presence.who(room)}") from None
    finally:
        unsubscribe()
    return loop.time() - began


async def until_in(presence: Presence, room: str, *who: str, within: float = 40.0) -> float:
    """The seconds until exactly these identities are in `room`."""
    wanted = sorted(who)

    def exactly(people: tuple[Present, ...]) -> bool:
        return sorted(present.identity for present in people) == wanted

    return await until(presence, room, exactly, within=within)
