"""A process that seats a person by Redis and stays: `url prefix identity beat expiry`."""

from __future__ import annotations

import asyncio
import sys

from rooms.presence import Present
from rooms.redis_presence import RedisPresence


async def sit(url: str, prefix: str, identity: str, beat: str, expiry: str) -> None:
    """Enter the room `atelier`, say so on the standard output, and stay."""
    presence = RedisPresence(url, prefix=prefix, beat=float(beat), expiry=float(expiry))
    await presence.start()
    await presence.enter(Present("atelier", identity, identity, 1.0))
    print("seated", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(sit(*sys.argv[1:]))
