"""What somebody costs who sits in an office and does nothing: `python -m tests.bench.idle`.

Everybody is real: LiveKit's signalling with its pings, ICE with its consent checks, DTLS, SCTP with
the three data channels, and sections to receive on. Nobody publishes.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path

import aiohttp
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from livekit.protocol.rtc import SessionDescription

from server.signalling.tokens import sign
from tests.bench.cpu import cpu_seconds, resident_bytes
from tests.bench.figures import keep
from tests.bench.signalled import PATIENCE, Signalled
from tests.processes import Moulin

PARTICIPANTS = 200
WARM = 20
A_ROOM = 10
SECONDS = 20.0
_AT_ONCE = 4
_CHANNELS = {"_reliable": None, "_lossy": 0, "_data_track": 0}


class Idler(Signalled):
    """A participant who came in, has an open connection, and stays."""

    def __init__(self, http: aiohttp.ClientSession, url: str, token: str) -> None:
        super().__init__(http, url, token, "127.0.0.1")
        self._pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))

    async def stay(self) -> None:
        """Come in; returns once media and data could flow."""
        await self._join(auto_subscribe=True)
        channels = [
            self._pc.createDataChannel(label, ordered=most is None, maxRetransmits=most)
            for label, most in _CHANNELS.items()
        ]
        for kind in ("audio", "video"):
            for _ in range(3):
                self._pc.addTransceiver(kind, "recvonly")
        await self._pc.setLocalDescription(await self._pc.createOffer())
        sdp = self._pc.localDescription.sdp
        await self._say(offer=SessionDescription(type="offer", sdp=sdp, id=1))
        async with asyncio.timeout(PATIENCE):
            answer = await self._answers.get()
            await self._pc.setRemoteDescription(RTCSessionDescription(answer.sdp, "answer"))
            while any(each.readyState != "open" for each in channels):
                await asyncio.sleep(0.02)

    async def close(self) -> None:
        """Leave."""
        await super().close()
        await self._pc.close()


class Office:
    """A server, and idle participants in rooms of ten."""

    def __init__(self, moulin: Moulin, http: aiohttp.ClientSession) -> None:
        self._moulin, self._http = moulin, http
        self._idlers: list[Idler] = []

    async def fill(self, count: int) -> None:
        """Have so many more come in."""
        gate = asyncio.Semaphore(_AT_ONCE)
        await asyncio.gather(*(self._seat(gate) for _ in range(count)))

    async def _seat(self, gate: asyncio.Semaphore) -> None:
        async with gate:
            number = len(self._idlers)
            token = sign(
                self._moulin.api_key, self._moulin.api_secret, now=time.time(),
                identity=f"idler-{number}", room=f"quiet-{number // A_ROOM}",
            )  # fmt: skip
            idler = Idler(self._http, self._moulin.ws_url, token)
            self._idlers.append(idler)
            await idler.stay()

    async def empty(self) -> None:
        """Have everybody leave."""
        await asyncio.gather(*(each.close() for each in self._idlers))

    async def busy(self) -> float:
        """The share of a core that the server takes, once what was begun is done."""
        await asyncio.sleep(3)
        before, began = cpu_seconds(self._moulin.pid), time.monotonic()
        await asyncio.sleep(SECONDS)
        return (cpu_seconds(self._moulin.pid) - before) / (time.monotonic() - began)


async def measure() -> dict[str, float]:
    """Let people in, and compare; prints what was found."""
    with tempfile.TemporaryDirectory() as folder:
        moulin = Moulin(Path(folder), LIMITS__CONNECTIONS_PER_ADDRESS="1000")
        moulin.start_limit = 150.0
        await moulin.start()
        try:
            async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
                office = Office(moulin, http)
                await office.fill(WARM)
                few, small = await office.busy(), resident_bytes(moulin.pid)
                await office.fill(PARTICIPANTS)
                many, large = await office.busy(), resident_bytes(moulin.pid)
                await office.empty()
        finally:
            await moulin.stop()
    kib = (large - small) / 1024 / PARTICIPANTS
    share = (many - few) / PARTICIPANTS
    print(
        f"idle: {kib:.0f} KiB and {share:.4%} of a core each ({PARTICIPANTS} take {many - few:.1%},"
        f" the server alone {few:.1%})"
    )
    return {
        "idle_kib_per_participant": round(kib, 1),
        "idle_cpu_share_per_participant": round(share, 7),
    }


def main() -> None:
    """Measure, and write the figures."""
    keep(asyncio.run(measure()))


if __name__ == "__main__":
    main()
