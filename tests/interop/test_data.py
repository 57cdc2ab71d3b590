"""Data packets, remote calls and streams between unmodified SDK clients."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from livekit import rtc

from tests.interop.conftest import GuestFactory
from tests.interop.guest import PATIENCE, Guest

pytestmark = pytest.mark.interop

MODES = pytest.mark.parametrize("single", [True, False], ids=["v1", "v0"])


async def _trio(enter: GuestFactory, single: bool) -> list[Guest]:
    trio = [await enter(name, single=single) for name in ("ana", "bob", "eve")]
    await trio[0].until("participant_connected", lambda who: who.identity == "eve")
    return trio


def _says(text: bytes, sender: Guest) -> Any:
    return lambda packet: packet.data == text and packet.participant.identity == sender.identity


@MODES
async def test_packets_reach_everybody_or_those_named(enter: GuestFactory, single: bool) -> None:
    ana, bob, eve = await _trio(enter, single)
    await ana.me.publish_data(b"to all", topic="chat")
    for one in (bob, eve):
        (packet,) = await one.until("data_received", _says(b"to all", ana))
        assert packet.topic == "chat"

    await ana.me.publish_data(b"to bob", destination_identities=["bob"])
    await ana.me.publish_data(b"the end")
    await bob.until("data_received", _says(b"to bob", ana))
    await eve.until("data_received", _says(b"the end", ana))
    assert [packet.data for name, (packet, *_) in eve.events if name == "data_received"] == [
        b"to all",
        b"the end",
    ]
    assert ana.count("data_received") == 0


@MODES
async def test_lossy_packets_arrive(enter: GuestFactory, single: bool) -> None:
    ana, bob, _ = await _trio(enter, single)

    async def repeat() -> None:
        while True:
            await ana.me.publish_data(b"maybe", reliable=False)
            await asyncio.sleep(0.05)

    sending = asyncio.create_task(repeat())
    await bob.until("data_received", _says(b"maybe", ana))
    sending.cancel()


@MODES
async def test_many_reliable_packets_arrive_once_and_in_order(
    enter: GuestFactory, single: bool
) -> None:
    ana, bob, _ = await _trio(enter, single)
    for number in range(200):
        await ana.me.publish_data(str(number).encode() * 20)
    await bob.until("data_received", _says(b"199" * 20, ana))
    received = [packet.data for name, (packet, *_) in bob.events if name == "data_received"]
    assert received == [str(number).encode() * 20 for number in range(200)]


@MODES
async def test_remote_procedure_calls(enter: GuestFactory, single: bool) -> None:
    ana, bob, _ = await _trio(enter, single)

    async def greet(call: Any) -> str:
        return f"bonjour {call.caller_identity}, {call.payload}"

    bob.me.register_rpc_method("greet", greet)
    answer = await ana.me.perform_rpc(
        destination_identity="bob", method="greet", payload="il fait beau"
    )
    assert answer == "bonjour ana, il fait beau"


@MODES
async def test_text_and_byte_streams(enter: GuestFactory, single: bool) -> None:
    ana, bob, _ = await _trio(enter, single)
    loop = asyncio.get_running_loop()
    text: asyncio.Future[str] = loop.create_future()
    data: asyncio.Future[bytes] = loop.create_future()
    reading: list[asyncio.Task[None]] = []

    async def read_text(reader: Any) -> None:
        text.set_result(await reader.read_all())

    async def read_bytes(reader: Any) -> None:
        data.set_result(b"".join([chunk async for chunk in reader]))

    bob.room.register_text_stream_handler(
        "chat", lambda reader, _: reading.append(asyncio.create_task(read_text(reader)))
    )
    bob.room.register_byte_stream_handler(
        "file", lambda reader, _: reading.append(asyncio.create_task(read_bytes(reader)))
    )
    long_text = "Un café, des idées. " * 5000
    await ana.me.send_text(long_text, topic="chat")
    assert await asyncio.wait_for(text, PATIENCE) == long_text

    content = bytes(range(256)) * 1200
    writer = await ana.me.stream_bytes("plan.bin", topic="file", total_size=len(content))
    for start in range(0, len(content), 10_000):
        await writer.write(content[start : start + 10_000])
    await writer.aclose()
    assert await asyncio.wait_for(data, PATIENCE) == content


@MODES
async def test_data_tracks_reach_those_who_ask(enter: GuestFactory, single: bool) -> None:
    ana, bob, _ = await _trio(enter, single)
    published: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    bob.room.on("data_track_published", published.set_result)
    track = await ana.me.publish_data_track(name="pointer")
    remote = await asyncio.wait_for(published, PATIENCE)
    assert (remote.info.name, remote.publisher_identity) == ("pointer", "ana")

    async def push() -> None:
        while True:
            track.try_push(rtc.DataTrackFrame(payload=b"12,34"))
            await asyncio.sleep(0.02)

    pushing = asyncio.create_task(push())
    stream = remote.subscribe()
    frame = await asyncio.wait_for(stream.read(), PATIENCE)
    assert frame is not None
    assert bytes(frame.payload) == b"12,34"
    pushing.cancel()
    await track.unpublish()
