"""LiveKit's own server as a peer to measure beside: built from its Go module, on the loopback."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import urllib.request
from pathlib import Path

from tests.bench.signalled_peer import HOST, SignalledPeer
from tests.processes import Process, free_port

MODULE = "github.com/livekit/livekit-server"
VERSION = "v1.13.11"
CACHE = Path("build/livekit")
"""Where it is built and kept: a folder that git ignores and `make clean` removes."""
BUILD_SECONDS = 1800
_KEY, _SECRET = "bench", "a secret of the benchmark, long enough for HS256"
_GO = "/usr/local/go/bin/go"
_NO_PROXY = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class CannotBuild(Exception):
    """There is no LiveKit to measure; the text says why in a line."""


def livekit_server() -> Path:
    """An installed `livekit-server`, else one built once from its module; raises CannotBuild."""
    installed = shutil.which("livekit-server")
    built = CACHE.absolute() / f"livekit-server-{VERSION}"
    if installed or built.exists():
        return Path(installed or built)
    go = shutil.which("go") or shutil.which(_GO)
    if go is None:
        raise CannotBuild("no livekit-server and no go (apt-get install golang)")
    print(f"building {MODULE} {VERSION} into {CACHE}; this takes some minutes once", flush=True)
    CACHE.mkdir(parents=True, exist_ok=True)
    # Its module replaces others, which `go install` refuses: built in its own folder instead.
    told = _run(go, "mod", "download", "-json", f"{MODULE}@{VERSION}")
    _run(
        go,
        "build",
        "-C",
        json.loads(told)["Dir"],
        "-mod=readonly",
        "-o",
        str(built),
        "./cmd/server",
    )
    return built


def _run(go: str, *arguments: str) -> str:
    folder = CACHE.absolute()
    caches = {"GOPATH": "path", "GOMODCACHE": "modules", "GOCACHE": "objects"}
    variables = {name: str(folder / each) for name, each in caches.items()}
    flags = {"GOFLAGS": "-modcacherw -buildvcs=false"}
    try:
        return subprocess.run(
            [go, *arguments],
            cwd=folder,
            env={**os.environ, **variables, **flags},
            check=True,
            capture_output=True,
            text=True,
            timeout=BUILD_SECONDS,
        ).stdout
    except subprocess.TimeoutExpired:
        raise CannotBuild(f"go {arguments[0]} took over {BUILD_SECONDS} s") from None
    except subprocess.CalledProcessError as error:
        raise CannotBuild(f"go {arguments[0]} failed: {_reason(error)}") from None


def _reason(error: subprocess.CalledProcessError) -> str:
    """The first line that tells of no progress."""
    lines = (error.stderr + error.stdout).splitlines()
    told = [line.strip() for line in lines if line.strip() and "downloading" not in line]
    return told[0][:240] if told else f"exit {error.returncode}"


def _configuration(port: int) -> str:
    """One UDP port, the loopback alone, no limit on tracks, no address asked of others."""
    return json.dumps(  # which is YAML too
        {
            "port": port,
            "bind_addresses": [HOST],
            "keys": {_KEY: _SECRET},
            "logging": {"level": "error"},
            "rtc": {
                "udp_port": free_port(),
                "tcp_port": free_port(),
                "node_ip": HOST,
                "use_external_ip": False,
                "enable_loopback_candidate": True,
                "interfaces": {"includes": ["lo"]},
                "stun_servers": [f"{HOST}:9"],
            },
            "limit": {"num_tracks": -1, "bytes_per_sec": -1},
        }
    )


class LiveKit(SignalledPeer):
    """A running LiveKit, of which every subscriber receives every publisher."""

    def __init__(self, process: Process, port: int) -> None:
        super().__init__(process.pid, f"ws://{HOST}:{port}", _KEY, _SECRET)
        self._process = process

    @classmethod
    async def start(cls, folder: Path) -> LiveKit:
        """Build it if need be and wait until it answers; raises CannotBuild or StartFailed."""
        program, port = livekit_server(), free_port()
        settings = folder / "livekit.yaml"
        settings.write_text(_configuration(port))
        process = Process(
            "livekit",
            [str(program), "--config", str(settings)],
            folder / "livekit.log",
            lambda: _answers(f"http://{HOST}:{port}/"),
        )
        await process.start()
        return cls(process, port)

    def end(self) -> None:
        """End the process."""
        self._process.kill()


def _answers(address: str) -> bool:
    try:
        with _NO_PROXY.open(address, timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
