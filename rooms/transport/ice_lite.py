"""ICE-lite (RFC 8445): STUN checks in, answers and verdicts out, for every peer of a server."""

from __future__ import annotations

import random
import string
import struct
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import NamedTuple

from aioice import stun

from rooms.limits import Counters, Limits

_ICE_CHARACTERS = string.ascii_letters + string.digits
# Chromium checks the pair it uses every 2.5 s and says so each time; Firefox every 4 to 6 s, and it
# says so once: after this long, a check from elsewhere is the same pair seen from a new address.
_SILENT_PATH_SECONDS = 3.5
_UDP_STANDS_SECONDS = 1.0
_CREDENTIALS_KEPT = 4
_USERNAME = 0x0006
_BINDING_REQUEST = b"\x00\x01"
_COOKIE = struct.pack("!I", stun.COOKIE)


class Credentials(NamedTuple):
    """A user fragment and its password (RFC 8445 section 5.3)."""

    ufrag: str
    pwd: str


def new_credentials(rng: random.Random) -> Credentials:
    """Credentials of more than the 24 and 128 random bits that RFC 8445 asks for."""
    ufrag = "".join(rng.choices(_ICE_CHARACTERS, k=12))
    return Credentials(ufrag, "".join(rng.choices(_ICE_CHARACTERS, k=28)))


class Path(NamedTuple):
    """One of our sockets and the remote address it was reached from; `tcp`: its own connection."""

    socket: Hashable
    address: tuple[str, int] | tuple[str, int, int, int]
    tcp: bool = False


@dataclass(eq=False)
class IceAgent:
    """The ICE side of one peer connection: its credentials, validated paths and consent.

    `selected` is where to send: the path nominated last, or before that the first validated.
    """

    credentials: Credentials
    selected: Path | None = None
    nominated: bool = False
    last_check: float | None = None
    paths: dict[Path, float] = field(default_factory=dict)
    ufrags: list[str] = field(default_factory=list)
    checks_in_second: int = 0
    second: int = 0

    def consents(self, now: float, consent_seconds: float) -> bool:
        """Whether the remote side still wants our packets (RFC 7675)."""
        return self.last_check is None or now - self.last_check <= consent_seconds

    def prefer(self, path: Path) -> bool:
        """Select a validated path that the remote side evidently uses; whether that changed it."""
        if path not in self.paths or path == self.selected:
            return False
        self.selected = path
        return True

    def lose(self, path: Path) -> bool:
        """A path is gone for good; whether another one must do from now on."""
        self.paths.pop(path, None)
        if path != self.selected:
            return False
        self.nominated = False
        self.selected = max(self.paths, key=self.paths.__getitem__, default=None)
        return True


class Verdict(NamedTuple):
    """What a STUN message led to: what to answer, whose it was, and whether its path changed."""

    reply: bytes | None = None
    agent: IceAgent | None = None
    moved: bool = False
    forgotten: tuple[Path, ...] = ()


_NOTHING = Verdict()


def _username(data: bytes) -> str | None:
    """The USERNAME of a binding request, found without reading the rest."""
    if len(data) < 20 or data[0:2] != _BINDING_REQUEST or data[4:8] != _COOKIE:
        return None
    position = 20
    while position + 4 <= len(data):
        kind, length = struct.unpack_from("!HH", data, position)
        if kind == _USERNAME:
            return data[position + 4 : position + 4 + length].decode("ascii", "replace")
        position += 4 + length + (-length % 4)
    return None


class IceLite:
    """Answers the connectivity checks of all peers, found by the ufrag that the server gave out."""

    def __init__(self, limits: Limits, counters: Counters) -> None:
        self._limits = limits
        self._counters = counters
        self._agents: dict[str, tuple[str, IceAgent]] = {}

    def register(self, agent: IceAgent) -> None:
        """Answer checks for the agent's current credentials, and for its latest older ones."""
        self._agents[agent.credentials.ufrag] = (agent.credentials.pwd, agent)
        agent.ufrags.append(agent.credentials.ufrag)
        if len(agent.ufrags) > _CREDENTIALS_KEPT:
            del self._agents[agent.ufrags.pop(0)]

    def forget(self, agent: IceAgent) -> None:
        """Answer none of the agent's credentials any more."""
        while agent.ufrags:
            del self._agents[agent.ufrags.pop()]

    def __len__(self) -> int:
        return len(self._agents)

    def receive(self, data: bytes, path: Path, now: float) -> Verdict:
        """Judge one datagram; only a known ufrag with valid integrity is ever answered.

        `now` is in seconds of any steady clock.
        """
        if len(data) > self._limits.stun_bytes:
            self._counters.add("stun_too_large")
            return _NOTHING
        username = _username(data)
        if username is None:
            self._counters.add("stun_not_a_check")
            return _NOTHING
        ufrag = username.partition(":")[0]
        known = self._agents.get(ufrag)
        if known is None:
            self._counters.add("stun_unknown_ufrag")
            return _NOTHING
        pwd, agent = known
        if not self._within_rate(agent, now):
            self._counters.add("stun_too_many")
            return _NOTHING
        message = self._authentic(data, pwd)
        if message is None:
            return _NOTHING
        return self._accept(agent, ufrag, pwd, message, path, now)

    def _within_rate(self, agent: IceAgent, now: float) -> bool:
        if int(now) != agent.second:
            agent.second = int(now)
            agent.checks_in_second = 0
        agent.checks_in_second += 1
        return agent.checks_in_second <= self._limits.stun_per_second

    def _authentic(self, data: bytes, pwd: str) -> stun.Message | None:
        try:
            message = stun.parse_message(data)
        except (ValueError, struct.error, IndexError):
            self._counters.add("stun_malformed")
            return None
        if not message.check_message_integrity(pwd.encode()):
            self._counters.add("stun_bad_integrity")
            return None
        return message

    def _accept(
        self,
        agent: IceAgent,
        ufrag: str,
        pwd: str,
        message: stun.Message,
        path: Path,
        now: float,
    ) -> Verdict:
        agent.last_check = now
        agent.paths[path] = now
        current = ufrag == agent.credentials.ufrag
        nominates = "USE-CANDIDATE" in message.attributes
        before = agent.selected
        if before is None:
            agent.selected = path
            agent.nominated = nominates
        elif current and _takes_over(path, before, nominates, now - agent.paths[before]):
            # Also how a phone moves from Wi-Fi to the mobile network: DTLS and SRTP stay.
            agent.selected = path
            agent.nominated = True
        return Verdict(
            _answer(message, path, pwd),
            agent,
            agent.selected != before,
            self._drop_old_paths(agent),
        )

    def _drop_old_paths(self, agent: IceAgent) -> tuple[Path, ...]:
        if len(agent.paths) <= self._limits.stun_addresses_per_peer:
            return ()
        others = (each for each in agent.paths if each != agent.selected)
        oldest = min(others, key=agent.paths.__getitem__)
        del agent.paths[oldest]
        return (oldest,)


def _takes_over(path: Path, selected: Path, nominates: bool, silent: float) -> bool:
    """Whether what came by `path` moves there what is sent by `selected`, so long silent."""
    if path.tcp and not selected.tcp and silent < _UDP_STANDS_SECONDS:
        # A client that nominates whatever answers means the best of them (RFC 8445 section 8.1.1).
        return False
    return nominates or silent > _SILENT_PATH_SECONDS


def _answer(request: stun.Message, path: Path, pwd: str) -> bytes:
    host = path.address[0].partition("%")[0]
    response = stun.Message(
        stun.Method.BINDING,
        stun.Class.RESPONSE,
        transaction_id=request.transaction_id,
        attributes={"XOR-MAPPED-ADDRESS": (host, path.address[1])},
    )
    response.add_message_integrity(pwd.encode())
    return bytes(response)
