"""Any server of LiveKit's protocol as a peer to measure: real signalling, handshakes and tokens."""

from __future__ import annotations

import asyncio
import time

import aiohttp
from pylibsrtp import Policy

from server.signalling.tokens import sign
from tests.bench.endpoints import AUDIO, PUBLISHERS, Ends, Load, packet, srtp_session, ssrc_of
from tests.bench.signalled import Signalled

HOST = "127.0.0.1"
_FIRST = 10
"""Packets that every publisher sends at once: some servers know a track from its first ones."""


class SignalledPeer:
    """A running server at `url` (ws://…) that knows the API key and its secret."""

    def __init__(self, pid: int, url: str, key: str, secret: str) -> None:
        self.pid = pid
        self._url, self._key, self._secret = url, key, secret
        self._opened = 0
        self._http: aiohttp.ClientSession | None = None
        self._people: list[Signalled] = []

    async def open(self, load: Load) -> tuple[Ends, Ends]:
        """Everybody joins; the publishers' and the subscribers' ends."""
        self._http = aiohttp.ClientSession()
        self._opened += 1
        kind = "audio" if load.codec is AUDIO else "video"
        publishers = Ends([], [], sent=_FIRST * PUBLISHERS)
        for number in range(PUBLISHERS):
            person = self._person(f"publisher-{number}")
            keys, remote = await person.publish(kind, ssrc_of(number))
            publishers.sockets.append(person.client.socket)
            publishers.keys.append(keys.sending)
            publishers.servers.append(remote.address)
            session = srtp_session(Policy.SSRC_ANY_OUTBOUND, keys.sending)
            for place in range(_FIRST):
                data = session.protect(packet(load, number, place))
                person.client.socket.sendto(data, remote.address)
        subscribers = Ends([], [])
        for number in range(load.fanout):
            person = self._person(f"subscriber-{number}")
            keys, _ = await person.receive(kind, PUBLISHERS)
            subscribers.sockets.append(person.client.socket)
            subscribers.keys.append(keys.receiving)
        async with asyncio.timeout(20):
            for person in self._people[PUBLISHERS:]:
                await person.receives(PUBLISHERS)
        return publishers, subscribers

    def _person(self, identity: str) -> Signalled:
        assert self._http is not None
        token = sign(
            self._key,
            self._secret,
            now=time.time(),
            identity=identity,
            room=f"bench-{self._opened}",
        )
        person = Signalled(self._http, self._url, token, HOST)
        self._people.append(person)
        return person

    async def close(self) -> None:
        """Everybody leaves."""
        for person in self._people:
            await person.close()
        self._people = []
        if self._http is not None:
            await self._http.close()
