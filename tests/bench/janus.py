"""Debian's Janus as a peer to measure beside: its VideoRoom, with SRTP in and SRTP out as ours."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import secrets
import shutil
import socket
import subprocess
from pathlib import Path
from typing import Any

import aiohttp

from rooms.compiled.build import compiler
from tests.bench.endpoints import AUDIO, PUBLISHERS, Ends, Load, ssrc_of
from tests.bench.sections import description, section
from tests.bench.webrtc import Client, Keys, Remote

_ROOMS = {"video": 1, "audio": 2}


def installed() -> bool:
    """True when there is a Janus with what is needed."""
    return shutil.which("janus") is not None and any(_module_folders())


def _module_folders() -> list[Path]:
    return [each for each in Path("/usr/lib").glob("*/janus") if (each / "plugins").is_dir()]


def host_address() -> str | None:
    """An address of this machine that is not the loopback: Janus does not offer that one."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return None
        address: str = probe.getsockname()[0]
    return None if address.startswith("127.") else address


def _configuration(folder: Path, port: int, loops: int) -> None:
    """One plugin, one transport, no event, a loop a core, no limit on bitrates."""
    modules = _module_folders()[0]
    for kind, name in (("plugins", "videoroom"), ("transports", "websockets")):
        (folder / kind).mkdir()
        library = f"libjanus_{name}.so"
        (folder / kind / library).symlink_to(modules / kind / library)
    for kind in ("events", "loggers"):
        (folder / kind).mkdir()
    paths = "".join(
        f'{kind}_folder = "{folder / kind}"\n'
        for kind in ("plugins", "transports", "events", "loggers")
    )
    (folder / "janus.jcfg").write_text(
        f'general: {{\nconfigs_folder = "{folder}"\n{paths}debug_level = 2\nsession_timeout = 0\n'
        f"event_loops = {loops}\n}}\nmedia: {{ slowlink_threshold = 0 }}\n"
        f"nat: {{ nice_debug = false }}\n"
        "certificates: { rsa_private_key = false }\n"
    )
    (folder / "janus.transport.websockets.jcfg").write_text(
        f'general: {{ json = "plain"\nws = true\nws_port = {port}\nws_ip = "127.0.0.1" }}\n'
    )
    rooms = "".join(
        f'room-{number}: {{ description = "{kind}"\npublishers = 8\nbitrate = 0\nfir_freq = 0\n'
        f'audiocodec = "opus"\nvideocodec = "vp8"\ntransport_wide_cc_ext = false }}\n'
        for kind, number in _ROOMS.items()
    )
    (folder / "janus.plugin.videoroom.jcfg").write_text(f"general: {{ }}\n{rooms}")


def preloaded(folder: Path) -> dict[str, str]:
    """What has Janus use a faster libsrtp than Debian's (see openssl_srtp.c), if that can be."""
    command, shim = compiler(), folder / "openssl_srtp.so"
    if command is None:
        return {}
    source = Path(__file__).with_suffix("").with_name("openssl_srtp.c")
    subprocess.run([*command, "-O2", "-shared", "-fPIC", "-o", shim, source], check=True)
    module = importlib.util.find_spec("pylibsrtp._binding")
    assert module is not None
    variables = {"LD_PRELOAD": str(shim), "BENCH_SRTP": str(module.origin)}
    works = subprocess.run(["true"], env={**os.environ, **variables}, check=False).returncode == 0
    return variables if works else {}


class JanusError(Exception):
    """Janus refused a request."""


class Janus:
    """A running Janus, of which every subscriber receives every publisher."""

    def __init__(self, folder: Path, host: str, *, openssl: bool = True) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]
        _configuration(folder, self._port, os.cpu_count() or 1)
        self._host = host
        self._log = (folder / "log").open("wb")
        self._process = subprocess.Popen(
            ["janus", "-F", str(folder)], stdout=self._log, stderr=self._log, cwd=folder,
            env={**os.environ, **(preloaded(folder) if openssl else {})},
        )  # fmt: skip
        self._http: aiohttp.ClientSession | None = None
        self._talk: aiohttp.ClientWebSocketResponse | None = None
        self._session = self._opened = 0
        self._sockets: list[socket.socket] = []

    @property
    def pid(self) -> int:
        return self._process.pid

    async def open(self, load: Load) -> tuple[Ends, Ends]:
        """Everybody joins; the publishers' and the subscribers' ends."""
        await self._connect()
        self._opened += 1
        kind = "audio" if load.codec is AUDIO else "video"
        publishers = Ends([], [])
        for number in range(PUBLISHERS):
            client, keys, remote = await self._publish(kind, number)
            publishers.sockets.append(client.socket)
            publishers.keys.append(keys.sending)
            publishers.servers.append(remote.address)
        subscribers = Ends([], [])
        for _ in range(load.fanout):
            client, keys = await self._subscribe(kind)
            subscribers.sockets.append(client.socket)
            subscribers.keys.append(keys.receiving)
        self._sockets = [*publishers.sockets, *subscribers.sockets]
        return publishers, subscribers

    async def _connect(self) -> None:
        self._http = aiohttp.ClientSession()
        for _ in range(100):
            try:
                self._talk = await self._http.ws_connect(
                    f"ws://127.0.0.1:{self._port}", protocols=["janus-protocol"]
                )
                break
            except aiohttp.ClientError:
                await asyncio.sleep(0.1)
        created = await self._ask({"janus": "create"})
        self._session = created["data"]["id"]

    async def _ask(self, message: dict[str, Any], *, event: bool = False) -> dict[str, Any]:
        """Send a message; its reply, or with `event` the plugin's event that follows."""
        assert self._talk is not None
        transaction = secrets.token_hex(6)
        if self._session:
            message = {"session_id": self._session, **message}
        await self._talk.send_json({"transaction": transaction, **message})
        while True:
            reply: dict[str, Any] = await self._talk.receive_json(timeout=10)
            if reply.get("transaction") != transaction:
                continue
            if reply["janus"] == "error" or "error" in reply.get("plugindata", {}).get("data", {}):
                raise JanusError(f"Janus: {reply}")
            if reply["janus"] == "event" or (not event and reply["janus"] != "ack"):
                return reply

    def _feed(self, publisher: int) -> int:
        """A number no publisher of an earlier load had: they take a moment to be forgotten."""
        return self._opened * PUBLISHERS + publisher

    async def _handle(self) -> int:
        attached = await self._ask({"janus": "attach", "plugin": "janus.plugin.videoroom"})
        number: int = attached["data"]["id"]
        return number

    async def _publish(self, kind: str, number: int) -> tuple[Client, Keys, Remote]:
        handle = await self._handle()
        join = {
            "request": "join",
            "ptype": "publisher",
            "room": _ROOMS[kind],
            "id": self._feed(number),
        }
        await self._ask({"janus": "message", "handle_id": handle, "body": join}, event=True)
        client = Client(self._host)
        offer = description(section(kind, "0", "sendonly", client, ssrc_of(number)))
        answered = await self._ask(
            {
                "janus": "message",
                "handle_id": handle,
                "body": {"request": "configure", "bitrate": 0},
                "jsep": {"type": "offer", "sdp": offer, "trickle": False},
            },
            event=True,
        )
        remote = Remote.of(answered["jsep"]["sdp"])
        return client, await asyncio.to_thread(client.connect, remote), remote

    async def _subscribe(self, kind: str) -> tuple[Client, Keys]:
        handle = await self._handle()
        feeds = [{"feed": self._feed(number)} for number in range(PUBLISHERS)]
        join = {"request": "join", "ptype": "subscriber", "room": _ROOMS[kind], "streams": feeds}
        ask = {"janus": "message", "handle_id": handle, "body": join}
        for _ in range(50):
            try:
                offered = await self._ask(ask, event=True)
                break
            except JanusError:  # a publisher is known a moment after its handshake
                await asyncio.sleep(0.1)
        offer = offered["jsep"]["sdp"]
        client = Client(self._host)
        mids = [line[6:] for line in offer.splitlines() if line.startswith("a=mid:")]
        answer = description(*(section(kind, mid, "recvonly", client) for mid in mids))
        await self._ask(
            {
                "janus": "message",
                "handle_id": handle,
                "body": {"request": "start"},
                "jsep": {"type": "answer", "sdp": answer, "trickle": False},
            },
            event=True,
        )
        remote = Remote.of(offer)
        return client, await asyncio.to_thread(client.connect, remote, controlling=False)

    async def close(self) -> None:
        """Everybody leaves."""
        if self._session:
            await self._ask({"janus": "destroy"})
        self._session = 0
        if self._talk is not None and self._http is not None:
            await self._talk.close()
            await self._http.close()
        for each in self._sockets:
            each.close()
        self._sockets = []

    def end(self) -> None:
        """End the process."""
        self._process.terminate()
        self._process.wait(10)
        self._log.close()
