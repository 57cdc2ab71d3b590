"""A conversation ends even where its client takes nothing from the wire any more."""

from __future__ import annotations

import asyncio
import base64
import socket
from collections.abc import AsyncIterator

import pytest

from rooms.limits import Limits
from server.signalling import websocket
from tests.rooms_server import RoomsServer


@pytest.fixture
async def house() -> AsyncIterator[RoomsServer]:
    server = RoomsServer(Limits(signal_queue_messages=100))
    await server.start()
    yield server
    await server.stop()


async def test_who_reads_nothing_at_all_is_hung_up_on(
    house: RoomsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(websocket, "CLOSE_TIMEOUT", 0.1)
    others = asyncio.all_tasks()  # those of other tests may be ending
    wire = socket.socket()
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    wire.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(wire, ("127.0.0.1", house.http_port))
    await loop.sock_sendall(
        wire,
        f"GET /rtc?access_token={house.token('ana')} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        f"Sec-WebSocket-Key: {base64.b64encode(bytes(16)).decode()}\r\n\r\n".encode(),
    )

    def writing() -> bool:
        mine = asyncio.all_tasks() - others
        return any(task.get_name() == "signal writer" for task in mine)

    async with asyncio.timeout(60):
        while not writing():  # until the first message is on its way
            await asyncio.sleep(0)
        while not house.rtc.counters["signal_slow_client"]:
            house.rooms.get("atelier").describe("x" * 100_000)
            await asyncio.sleep(0)
        while writing():
            await asyncio.sleep(0.01)
    wire.close()
