"""The RTC server: its sockets and certificate, every peer connection, and their one clock."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import Callable, Hashable
from typing import Any, cast

from rooms.compiled.library import library, reason
from rooms.errors import AddressInUse, LimitExceeded
from rooms.limits import Counters, Limits
from rooms.transport.candidates import candidate_lines, tcp_candidate_lines
from rooms.transport.carrier import Carrier
from rooms.transport.dtls import new_certificate, still_good
from rooms.transport.ice_lite import IceAgent, IceLite, Path
from rooms.transport.media import MediaMux
from rooms.transport.peer import Peer
from rooms.transport.seams import PeerListener
from rooms.transport.tcp import TcpConnection, TcpListener
from rooms.transport.udp import UdpSocket

_log = logging.getLogger(__name__)

TICK_SECONDS = 0.02
SWEEP_SECONDS = 1.0


class RtcServer:
    """All peer connections of a process, on one UDP port, and one TCP port, of each address.

    One socket is bound per address and never to a wildcard: an answer that left from another local
    address than the candidate advertised would be ignored by libwebrtc. An address written
    "bound=advertised" is bound as the first and advertised as the second, for machines whose public
    address is translated one to one. Port 0 takes a free port, the same for every address;
    `udp_port` and `tcp_port` tell which. Without `tcp_port` there is no TCP.
    """

    def __init__(
        self,
        addresses: list[str],
        udp_port: int,
        limits: Limits,
        *,
        tcp_port: int | None = None,
        now: Callable[[], float] = time.monotonic,
        rng: random.Random | None = None,
    ) -> None:
        pairs = [address.partition("=") for address in addresses or ["127.0.0.1"]]
        self.addresses = [bound for bound, _, _ in pairs]
        self._advertised = {bound: advertised or bound for bound, _, advertised in pairs}
        self.udp_port, self.tcp_port = udp_port, tcp_port
        self.limits = limits
        self.counters = Counters()
        self.now = now
        self.rng = rng or random.SystemRandom()
        self.certificate = new_certificate()
        self.ice = IceLite(limits, self.counters)
        self.mux = MediaMux()
        self.peers: dict[IceAgent, Peer] = {}
        self._leaving: set[Peer] = set()
        self._by_path: dict[Path, Peer] = {}
        self._sockets: list[UdpSocket] = []
        self._listeners: list[TcpListener] = []
        self._ticker: asyncio.Task[None] | None = None
        self._swept_at = now()

    @property
    def packet_path(self) -> str:
        """A few words on which packet path runs, and why."""
        return f"{'in Python' if library is None else 'compiled'} ({reason})"

    async def start(self) -> None:
        """Bind every address; raises AddressInUse."""
        if not still_good(self.certificate):
            self.certificate = new_certificate()
        loop = asyncio.get_running_loop()
        for address in self.addresses:
            socket = self._bind(address)
            self._sockets.append(socket)
            self.udp_port = socket.port
        for address in self.addresses if self.tcp_port is not None else ():
            await self._listen(address)
        for socket in self._sockets:
            socket.start(loop)
        self._ticker = asyncio.create_task(self._tick_for_ever())

    def _bind(self, address: str) -> UdpSocket:
        try:
            return UdpSocket(
                address,
                self.udp_port,
                self._stun,
                self._dtls,
                self.limits,
                self.counters,
                self.now,
            )
        except OSError as error:
            for socket in self._sockets:
                socket.close()
            self._sockets.clear()
            raise AddressInUse(f"cannot bind {address} port {self.udp_port}: {error}") from error

    async def _listen(self, address: str) -> None:
        assert self.tcp_port is not None
        listener = TcpListener(
            address, self._stun, self._dtls, self._lost, self.limits, self.counters, self.now
        )
        try:
            await listener.start(self.tcp_port)
        except OSError as error:
            await self._close_sockets()
            where = f"{address} TCP port {self.tcp_port}"
            raise AddressInUse(f"cannot listen on {where}: {error}") from error
        self._listeners.append(listener)
        self.tcp_port = listener.port

    async def _close_sockets(self) -> None:
        for listener in self._listeners:
            await listener.close()
        for socket in self._sockets:
            socket.close()
        self._listeners.clear()
        self._sockets.clear()

    async def close(self) -> None:
        """Say goodbye to every peer, then close the sockets."""
        for peer in list(self.peers.values()):
            peer.close_soon()
        await asyncio.gather(*(each.close() for each in self._leaving))
        if self._ticker is not None:
            self._ticker.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._ticker
        await self._close_sockets()

    def create_peer(self, listener: PeerListener, *, offers: bool = False) -> Peer:
        """A new peer connection; with `offers` it is the server that describes first.

        Raises LimitExceeded when the server carries as many as it may.
        """
        if len(self.peers) >= self.limits.peers:
            raise LimitExceeded("too many peer connections")
        peer = Peer(self, listener, offers=offers)
        self.peers[peer.agent] = peer
        return peer

    # What a peer needs of us (`seams.Host`).

    def candidates(self) -> tuple[str, ...]:
        """One host candidate for each socket and listener."""
        ends: tuple[list[UdpSocket] | list[TcpListener], ...] = (self._sockets, self._listeners)
        udp, tcp = ([(self._advertised[each.address], each.port) for each in some] for some in ends)
        return candidate_lines(udp) + tcp_candidate_lines(tcp)

    def send(self, path: Path, data: bytes) -> None:
        """Send a datagram that is not media."""
        cast(Carrier, path.socket).send(data, path.address)

    def forget(self, peer: Peer) -> None:
        """The peer is closed: no datagram is its any more."""
        self.ice.forget(peer.agent)
        self.peers.pop(peer.agent, None)
        self._leaving.add(peer)
        for path in peer.agent.paths:
            self._dismiss(path, peer)

    def _admit(self, path: Path, peer: Peer) -> None:
        # Media may come before the nomination, or still on the path that was left.
        self._by_path[path] = peer
        cast(Carrier, path.socket).media[path.address] = peer.media
        if path.tcp:
            cast(TcpConnection, path.socket).validated()

    def _dismiss(self, path: Path, peer: Peer) -> None:
        if self._by_path.get(path) is peer:
            del self._by_path[path]
        media = cast(Carrier, path.socket).media
        if media.get(path.address) is peer.media:
            del media[path.address]
        if path.tcp:
            cast(TcpConnection, path.socket).close_soon()

    # What the sockets hand over.

    def _stun(self, data: bytes, address: Any, carrier: Carrier, now: float) -> None:
        path = _path(carrier, address)
        verdict = self.ice.receive(data, path, now)
        if verdict.agent is None or verdict.reply is None:
            return
        peer = self.peers[verdict.agent]
        carrier.send(verdict.reply, address)
        if verdict.moved:
            peer.moved()
        for forgotten in verdict.forgotten:
            self._dismiss(forgotten, peer)
        self._admit(path, peer)

    def _dtls(self, data: bytes, address: Any, carrier: Carrier) -> None:
        path = _path(carrier, address)
        peer = self._by_path.get(path)
        if peer is None:
            self.counters.add("dtls_unvalidated_address")
            return
        peer.receive_dtls(data, path)

    def _lost(self, connection: TcpConnection) -> None:
        path = _path(connection, connection.address)
        peer = self._by_path.pop(path, None)
        if peer is not None and peer.agent.lose(path):
            peer.moved()

    # Time.

    async def _tick_for_ever(self) -> None:
        while True:
            await asyncio.sleep(TICK_SECONDS)
            self.tick(self.now())

    def tick(self, now: float) -> None:
        """Do all that is due: media reports each time, consent each second."""
        for peer in list(self.peers.values()):
            if peer.media.due <= now:
                self._guarded(peer, peer.media.tick, now)
        if now - self._swept_at >= SWEEP_SECONDS:
            self._swept_at = now
            for peer in list(self.peers.values()):
                self._guarded(peer, peer.sweep, now)
            self._leaving = {each for each in self._leaving if each.busy}

    def _guarded(self, peer: Peer, work: Callable[[float], None], now: float) -> None:
        """Do it; a mistake of ours met by one peer must not stop the clock of all the others."""
        try:
            work(now)
        except Exception:
            _log.exception("a peer's tick failed")
            self.counters.add("tick_failed")
            try:
                peer.fail("internal error")
            except Exception:
                _log.exception("a failed peer could not be told of")


def _path(carrier: Carrier, address: Any) -> Path:
    return Path(cast(Hashable, carrier), address, isinstance(carrier, TcpConnection))
