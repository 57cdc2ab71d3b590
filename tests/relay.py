"""A bad network in user space: a UDP relay that loses, delays, reorders and repeats by a seed."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Callable
from dataclasses import dataclass, replace

Address = tuple[str, int]


@dataclass(frozen=True)
class Impairment:
    """How one direction is bad: chances 0..1, times in seconds, rate in bits a second."""

    loss: float = 0.0
    delay: float = 0.0
    jitter: float = 0.0
    reorder: float = 0.0
    duplicate: float = 0.0
    rate: float | None = None
    queue: float = 0.3


class Impairer:
    """Decides, packet by packet, when each copy leaves; no clock, no socket."""

    def __init__(self, impairment: Impairment, rng: random.Random) -> None:
        self.impairment = impairment
        self._rng = rng
        self._line_free = 0.0
        self._last_departure = 0.0

    def departures(self, size: int, now: float) -> tuple[float, ...]:
        """When the copies of a packet of `size` bytes that came at `now` leave; none if lost."""
        how = self.impairment
        if self._rng.random() < how.loss:
            return ()
        sent = self._through_the_line(size, now)
        if sent is None:
            return ()
        late = sent + how.delay + self._rng.random() * how.jitter
        if self._rng.random() < how.reorder:
            # Held back so that later packets overtake it, which jitter alone never does here.
            first = late + max(how.jitter, how.delay / 2, 0.02)
        else:
            first = self._last_departure = max(late, self._last_departure)
        if self._rng.random() < how.duplicate:
            return (first, first)
        return (first,)

    def _through_the_line(self, size: int, now: float) -> float | None:
        how = self.impairment
        if how.rate is None:
            return now
        start = max(now, self._line_free)
        if start - now > how.queue:
            return None
        self._line_free = start + size * 8 / how.rate
        return self._line_free


class Relay:
    """Stands before a UDP server on a port of its own; each client gets one onward socket."""

    def __init__(
        self, server: Address, up: Impairment, down: Impairment, *, seed: int = 42
    ) -> None:
        rng = random.Random(seed)
        self.server = server
        self.up = Impairer(up, random.Random(rng.random()))
        self.down = Impairer(down, random.Random(rng.random()))
        self.carried = 0
        self.lost = 0
        self.port = 0
        self.on_datagram: Callable[[str, bytes], None] = lambda direction, data: None
        """Told of each datagram that comes: `up` or `down`, and its bytes."""
        self._front: asyncio.DatagramTransport | None = None
        self._onward: dict[Address, asyncio.Task[asyncio.DatagramTransport]] = {}
        self._timers: set[asyncio.TimerHandle] = set()

    async def start(self) -> None:
        """Open the front socket; its port is then `port`, on the server's own address."""
        loop = asyncio.get_running_loop()
        self._front, _ = await loop.create_datagram_endpoint(
            lambda: _Front(self), local_addr=(self.server[0], 0)
        )
        self.port = int(self._front.get_extra_info("sockname")[1])

    async def close(self) -> None:
        """Close every socket and forget the packets still on their way."""
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        await self.rebind()
        if self._front is not None:
            self._front.close()

    async def rebind(self) -> None:
        """Go on to the server from other ports, as a router that forgot its translations does."""
        before, self._onward = self._onward, {}
        for opening in before.values():
            with contextlib.suppress(OSError):
                (await opening).close()

    def change(self, **values: float | None) -> None:
        """Change both directions while packets flow, e.g. `change(loss=0.0)`."""
        for side in (self.up, self.down):
            side.impairment = replace(side.impairment, **values)  # type: ignore[arg-type]

    def from_client(self, data: bytes, client: Address) -> None:
        """A datagram of a client: impair it and send it onward."""
        loop = asyncio.get_running_loop()
        self.on_datagram("up", data)
        opening = self._onward.get(client)
        if opening is None:
            opening = loop.create_task(self._open(client))
            self._onward[client] = opening

        def send() -> None:
            if opening.done() and not opening.cancelled() and opening.exception() is None:
                if not opening.result().is_closing():
                    opening.result().sendto(data)
            elif not opening.done():
                opening.add_done_callback(lambda _: send())

        self._impair(self.up, len(data), send)

    def from_server(self, data: bytes, client: Address) -> None:
        """A datagram of the server for a client: impair it and send it back."""
        self.on_datagram("down", data)

        def send() -> None:
            if self._front is not None:
                self._front.sendto(data, client)

        self._impair(self.down, len(data), send)

    async def _open(self, client: Address) -> asyncio.DatagramTransport:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(
            lambda: _Onward(self, client), remote_addr=self.server
        )
        return transport

    def _impair(self, side: Impairer, size: int, send: Callable[[], None]) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        leaving = side.departures(size, now)
        self.lost += not leaving
        for when in leaving:
            self.carried += 1
            if when <= now:
                send()
            else:
                self._later(loop, when, send)

    def _later(
        self, loop: asyncio.AbstractEventLoop, when: float, send: Callable[[], None]
    ) -> None:
        def fire() -> None:
            self._timers.discard(timer)
            send()

        timer = loop.call_at(when, fire)
        self._timers.add(timer)


class _Front(asyncio.DatagramProtocol):
    """Where clients send."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self._relay.from_client(data, addr)


class _Onward(asyncio.DatagramProtocol):
    """One client's line to the server."""

    def __init__(self, relay: Relay, client: Address) -> None:
        self._relay = relay
        self._client = client

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self._relay.from_server(data, self._client)

    def error_received(self, exc: Exception) -> None:
        """The server's port is closed for now: packets are simply lost, as on a network."""


def page_script(server_port: int, relay_port: int) -> str:
    """JavaScript for `add_init_script`: the page finds the server at the relay's port instead.

    It may set `window.relayPort` for later descriptions.
    """
    return f"""(() => {{
      window.relayPort = {relay_port};
      const real = RTCPeerConnection.prototype.setRemoteDescription;
      RTCPeerConnection.prototype.setRemoteDescription = function (description, ...rest) {{
        if (!description || !description.sdp) return real.call(this, description, ...rest);
        const sdp = description.sdp.replaceAll(
          " {server_port} typ host", ` ${{window.relayPort}} typ host`
        ).replace(/^a=candidate:.* tcp .*\\r\\n/gim, "");
        return real.call(this, {{ type: description.type, sdp }}, ...rest);
      }};
    }})();"""


TCP_ONLY = """(() => {
  const real = RTCPeerConnection.prototype.setRemoteDescription;
  RTCPeerConnection.prototype.setRemoteDescription = function (description, ...rest) {
    if (!description || !description.sdp) return real.call(this, description, ...rest);
    const sdp = description.sdp.replace(/^a=candidate:.* udp .*\\r\\n/gim, "");
    return real.call(this, { type: description.type, sdp }, ...rest);
  };
})();"""
"""JavaScript for `add_init_script`: the page learns of no way to the server but TCP."""
