"""What the server does for all its peers: whose path is whose, and one clock that nobody stops."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from typing import cast

import pytest

from rooms.limits import Limits
from rooms.transport.carrier import Carrier
from rooms.transport.peer import Peer
from rooms.transport.server import RtcServer
from tests.rooms.transport.clients import Client, Listener, RawClient, check, join
from tests.rooms.transport.samples import offer_text


@pytest.fixture
async def rtc() -> AsyncIterator[RtcServer]:
    server = RtcServer(["127.0.0.1"], 0, Limits(), rng=random.Random(3))
    await server.start()
    yield server
    await server.close()


async def test_media_still_under_way_on_the_path_that_was_left_is_taken(rtc: RtcServer) -> None:
    peer = rtc.create_peer(Listener(), offers=True)
    peer.offer()
    left, taken = await RawClient.towards(rtc), await RawClient.towards(rtc)
    for raw in (left, taken):
        raw.send(check(*peer.agent.credentials))
        await asyncio.wait_for(raw.received.get(), 30)
    left.send(bytes((0x80, 96)) + bytes(30))
    left.send(check(*peer.agent.credentials))  # answered once all before it was looked at
    await asyncio.wait_for(left.received.get(), 30)
    assert rtc.counters["media_unknown_address"] == 0
    assert rtc.counters["media_before_keys"] == 1
    (socket,) = {path.socket for path in peer.agent.paths}
    assert len(cast(Carrier, socket).media) == 2
    peer.close_soon()
    assert not cast(Carrier, socket).media
    left.close()
    taken.close()


async def test_a_peer_whose_tick_fails_is_closed_and_the_others_tick_on(
    rtc: RtcServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, fine = Listener(), Listener()
    first, second = rtc.create_peer(broken), rtc.create_peer(fine)
    ticks: list[float] = []

    def fail(now: float) -> None:
        raise RuntimeError("ours to mend")

    monkeypatch.setattr(first.media, "tick", fail)
    monkeypatch.setattr(second.media, "tick", ticks.append)
    rtc.tick(rtc.now())
    assert broken.reason == "internal error"
    assert ticks
    assert second in rtc.peers.values()
    assert first not in rtc.peers.values()


async def test_a_listener_that_fails_at_the_end_keeps_no_other_peer_from_its_own() -> None:
    now = 0.0
    rtc = RtcServer(["127.0.0.1"], 0, Limits(first_check_seconds=5), now=lambda: now)
    broken, fine = Listener(), Listener()

    def fail(peer: Peer, reason: str) -> None:
        raise RuntimeError("ours to mend")

    broken.on_closed = fail  # type: ignore[method-assign]
    for listener in (broken, fine):  # both wait for a check that never comes
        rtc.create_peer(listener).answer(offer_text("chromium_single"))
    now = 10.0
    rtc.tick(now)
    assert fine.reason == "no connectivity check came"
    assert rtc.counters["tick_failed"] == 1
    assert not rtc.peers
    await rtc.close()


async def test_a_listener_that_fails_at_connecting_loses_its_peer_alone(rtc: RtcServer) -> None:
    def fail(peer: Peer) -> None:
        raise RuntimeError("ours to mend")

    client, listener = Client(), Listener()
    listener.on_connected = fail  # type: ignore[method-assign]
    client.open_channels()
    peer = rtc.create_peer(listener)
    await client.take_answer(peer.answer(await client.offer()).sdp)
    await asyncio.wait_for(listener.closed.wait(), 30)
    assert listener.reason == "internal error"
    await client.close()
    other, _, _ = await join(rtc)
    await other.close()
