"""The clients that benches measure with join by LiveKit's protocol, send, and receive."""

from __future__ import annotations

import os

import pytest

from tests.bench.__main__ import Clients
from tests.bench.endpoints import PUBLISHERS, Load
from tests.bench.signalled_peer import SignalledPeer
from tests.rooms_server import API_KEY, API_SECRET, RoomsServer

TRIES = 6
"""Seconds of packets until one of which a busy machine loses none to speak of."""


@pytest.mark.parametrize("payload", [1100, 100])
async def test_what_they_send_reaches_all_and_decrypts(house: RoomsServer, payload: int) -> None:
    load = Load(3, payload, 400, 1.0)
    peer = SignalledPeer(os.getpid(), house.url, API_KEY, API_SECRET)
    clients = Clients()
    try:
        await clients.take("room", *await peer.open(load))
        await clients.publish("room", load)
        for _ in range(TRIES):
            await clients.arrived()
            sent = await clients.publish("room", load)
            arrived = await clients.arrived()
            if arrived.packets > 0.9 * sent * load.fanout:
                break
    finally:
        await peer.close()
        clients.close()
    assert sent > PUBLISHERS
    assert arrived.packets > 0.9 * sent * load.fanout
    assert arrived.decrypted > 0
    assert arrived.refused == 0
