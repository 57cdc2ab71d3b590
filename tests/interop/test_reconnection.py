"""What unmodified SDK clients live through when the signal, or the whole server, goes away."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from livekit.protocol.models import DisconnectReason

from rooms.events import Next
from server.signalling.tokens import sign
from tests.conftest import MoulinFactory
from tests.interop.conftest import GuestFactory
from tests.interop.guest import Guest
from tests.interop.tcp_proxy import TcpProxy
from tests.rooms_server import RoomsServer

pytestmark = pytest.mark.interop

MODES = pytest.mark.parametrize("single", [True, False], ids=["v1", "v0"])


@pytest.fixture
async def proxy(house: RoomsServer) -> AsyncIterator[TcpProxy]:
    """Between clients and the house's signalling; media does not pass here."""
    between = TcpProxy(house.http_port)
    await between.start()
    yield between
    await between.stop()


@MODES
async def test_a_lost_websocket_is_resumed_and_media_goes_on(
    enter: GuestFactory, house: RoomsServer, proxy: TcpProxy, single: bool
) -> None:
    ana = await enter("ana", single=single, url=proxy.url)
    bob = await enter("bob", single=single)
    await asyncio.gather(ana.hum(), bob.hum(880.0))
    assert await bob.hears(ana) == pytest.approx(440.0, abs=3)
    sid = ana.me.sid

    proxy.cut()
    # The tone is whole although nobody signals: 600 ms of it, without a gap.
    assert await bob.hears(ana) == pytest.approx(440.0, abs=3)
    eve = await enter("eve", single=single)
    await bob.leave()
    await ana.until("reconnected")

    assert ana.me.sid == sid
    assert proxy.connections > 1
    assert bob.count("track_unsubscribed") == 0
    await ana.until("participant_disconnected", lambda who: who.identity == "bob")
    await ana.until("participant_connected", lambda who: who.identity == "eve")
    await eve.hum(660.0)
    assert await ana.hears(eve) == pytest.approx(660.0, abs=3)
    assert await eve.hears(ana) == pytest.approx(440.0, abs=3)
    await ana.me.publish_data(b"still here")
    (packet,) = await eve.until("data_received")
    assert packet.data == b"still here"


@MODES
async def test_who_cannot_be_resumed_comes_back_anew(
    enter: GuestFactory, house: RoomsServer, proxy: TcpProxy, single: bool
) -> None:
    ana = await enter("ana", single=single, url=proxy.url)
    bob = await enter("bob", single=single)
    await ana.hum()
    await bob.hears(ana)
    sid = ana.me.sid
    bob.forget()

    proxy.cut()
    house.rooms.get("atelier").participant("ana").leave(DisconnectReason.SIGNAL_CLOSE)
    await bob.until("participant_disconnected")
    await ana.until("reconnected")
    assert ana.me.sid != sid
    assert await bob.hears(ana) == pytest.approx(440.0, abs=3)


@MODES
async def test_everybody_comes_back_after_a_restart_of_the_server(
    enter: GuestFactory, house: RoomsServer, single: bool
) -> None:
    ana, bob = await enter("ana", single=single), await enter("bob", single=single)
    await asyncio.gather(ana.hum(), ana.show(), bob.hum(880.0))
    await bob.hears(ana)
    guests = (ana, bob)

    for guest in guests:
        guest.forget()
    await house.restart()
    await asyncio.gather(*(guest.until("reconnected") for guest in guests))

    async def both(one: Guest, other: Guest, frequency: float) -> None:
        assert await one.hears(other) == pytest.approx(frequency, abs=3)

    await asyncio.gather(both(bob, ana, 440.0), both(ana, bob, 880.0), bob.sees(ana))


async def test_a_participant_told_to_reconnect_does(
    enter: GuestFactory, house: RoomsServer
) -> None:
    ana, bob = await enter("ana"), await enter("bob")
    await ana.hum()
    await bob.hears(ana)
    bob.forget()
    house.rooms.get("atelier").participant("ana").leave(
        DisconnectReason.STATE_MISMATCH, Next.RECONNECT
    )
    await ana.until("reconnected")
    assert await bob.hears(ana) == pytest.approx(440.0, abs=3)


async def test_a_crash_of_the_whole_server_is_survived(moulin_factory: MoulinFactory) -> None:
    moulin = await moulin_factory()
    ana, bob = Guest("ana"), Guest("bob")
    try:
        for guest in (ana, bob):
            token = sign(
                moulin.api_key,
                moulin.api_secret,
                now=time.time(),
                identity=guest.identity,
                room="any room at all",
            )
            await guest.enter(moulin.ws_url, token)
        await ana.hum()
        assert await bob.hears(ana) == pytest.approx(440.0, abs=3)
        for guest in (ana, bob):
            guest.forget()

        moulin.kill()
        await moulin.start()
        await asyncio.gather(*(one.until("reconnected") for one in (ana, bob)))
        assert await bob.hears(ana) == pytest.approx(440.0, abs=3)
    finally:
        await asyncio.gather(ana.leave(), bob.leave())
