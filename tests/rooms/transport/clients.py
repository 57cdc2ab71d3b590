"""Real WebRTC clients in this process, to talk with a peer over real UDP."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from aioice import stun
from aiortc import (
    RTCConfiguration,
    RTCDataChannel,
    RTCPeerConnection,
    RTCSessionDescription,
)

from rooms.transport.peer import Peer
from rooms.transport.server import RtcServer


class Listener:
    """Remembers all that a peer tells."""

    def __init__(self) -> None:
        self.connected = asyncio.Event()
        self.closed = asyncio.Event()
        self.reason = ""
        self.tracks: dict[str, str] = {}
        self.ended: list[str] = []
        self.data: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue()

    def on_connected(self, peer: Peer) -> None:
        self.connected.set()

    def on_closed(self, peer: Peer, reason: str) -> None:
        self.reason = reason
        self.closed.set()

    def on_incoming_track(self, peer: Peer, mid: str, msid_track_id: str, track: Any) -> None:
        self.tracks[mid] = msid_track_id

    def on_incoming_track_ended(self, peer: Peer, mid: str) -> None:
        self.ended.append(mid)

    def on_data(self, peer: Peer, label: str, data: bytes) -> None:
        self.data.put_nowait((label, data))


class Client:
    """aiortc's own peer connection, as a client that offers (v1) with LiveKit's three channels."""

    def __init__(self) -> None:
        self.pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.heard: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue()
        self.channels: dict[str, RTCDataChannel] = {}
        self.pc.on("datachannel", self.take)

    def take(self, channel: RTCDataChannel) -> None:
        self.channels[channel.label] = channel
        channel.on("message", lambda data: self.heard.put_nowait((channel.label, data)))

    def open_channels(self) -> None:
        self.take(self.pc.createDataChannel("_reliable"))
        for label in ("_lossy", "_data_track"):
            self.take(self.pc.createDataChannel(label, ordered=False, maxRetransmits=0))

    async def offer(self) -> str:
        await self.pc.setLocalDescription(await self.pc.createOffer())
        return self.pc.localDescription.sdp

    async def take_answer(self, sdp: str) -> None:
        await self.pc.setRemoteDescription(RTCSessionDescription(sdp, "answer"))

    async def answer(self, sdp: str) -> str:
        await self.pc.setRemoteDescription(RTCSessionDescription(sdp, "offer"))
        await self.pc.setLocalDescription(await self.pc.createAnswer())
        return self.pc.localDescription.sdp

    async def send(self, label: str, data: bytes) -> None:
        channel = self.channels[label]
        async with asyncio.timeout(30):
            while channel.readyState == "connecting":
                await asyncio.sleep(0.01)
        channel.send(data)

    async def close(self) -> None:
        await self.pc.close()


async def join(rtc: RtcServer) -> tuple[Client, Peer, Listener]:
    """A client that offered, was answered, and whose DTLS is up."""
    client, listener = Client(), Listener()
    client.open_channels()
    peer = rtc.create_peer(listener)
    await client.take_answer(peer.answer(await client.offer()).sdp)
    await asyncio.wait_for(listener.connected.wait(), 30)
    return client, peer, listener


def check(ufrag: str, pwd: str, *, nominate: bool = True) -> bytes:
    """A connectivity check as a controlling client sends it."""
    message = stun.Message(
        stun.Method.BINDING,
        stun.Class.REQUEST,
        attributes={
            "USERNAME": f"{ufrag}:them",
            "PRIORITY": 1,
            "ICE-CONTROLLING": 7,
        },
    )
    if nominate:
        message.attributes["USE-CANDIDATE"] = None
    message.add_message_integrity(pwd.encode())
    return bytes(message)


class RawClient(asyncio.DatagramProtocol):
    """A bare UDP socket that says whatever it is told to."""

    def __init__(self) -> None:
        self.received: asyncio.Queue[bytes] = asyncio.Queue()
        self.transport: asyncio.DatagramTransport | None = None

    @classmethod
    async def towards(cls, rtc: RtcServer) -> RawClient:
        loop = asyncio.get_running_loop()
        remote = ("127.0.0.1", rtc.udp_port)
        _, client = await loop.create_datagram_endpoint(cls, remote_addr=remote)
        return client

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.received.put_nowait(data)

    def send(self, data: bytes) -> None:
        assert self.transport is not None
        self.transport.sendto(data)

    def close(self) -> None:
        assert self.transport is not None
        self.transport.close()
