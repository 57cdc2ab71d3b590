"""Real programs that tests talk to (Moulin, Redis, PostgreSQL), on free ports, ended by pid."""

from __future__ import annotations

import asyncio
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

from tests.ports import free_port as free_port

ROOT = Path(__file__).resolve().parent.parent
START_LIMIT = 60.0
STOP_LIMIT = 30.0
_OWNER_LINK = re.compile(r"https?://\S+/cle/[\w.~-]+")
_NO_PROXY = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class StartFailed(AssertionError):
    """A program ended, or was not ready within its limit; the message holds the end of its log."""


def program(name: str, *places: str, package: str | None = None) -> str:
    """The path of an installed program; raises StartFailed naming the Debian package to install."""
    for candidate in (name, *places):
        found = shutil.which(candidate)
        if found:
            return found
    raise StartFailed(f"{name} is missing: apt-get install {package or name}")


def ending_with_us(command: list[str], signum: signal.Signals) -> list[str]:
    """The same command, told by this signal when the process that starts it is gone.

    Else a run of the tests that is killed would leave its servers behind.
    """
    keeper = shutil.which("setpriv")
    return [keeper, "--pdeathsig", signum.name[3:], *command] if keeper else command


class Process:
    """One program: started, awaited by `ready`, its output in one file, ended by its pid.

    It ends with the thread that started it.
    """

    orphan_signal = signal.SIGKILL
    """What it gets when whoever started it is gone."""

    start_limit = START_LIMIT
    """Seconds that it may take to be ready."""

    def __init__(
        self,
        name: str,
        command: list[str],
        log_path: Path,
        ready: Callable[[], bool],
        env: dict[str, str] | None = None,
    ) -> None:
        self.name = name
        self.command = command
        self.log_path = log_path
        self.env = env
        self._ready = ready
        self._popen: subprocess.Popen[bytes] | None = None
        self._log_start = 0

    @property
    def pid(self) -> int:
        """The pid of the running program; raises StartFailed when it never started."""
        if self._popen is None:
            raise StartFailed(f"{self.name} was not started")
        return self._popen.pid

    @property
    def running(self) -> bool:
        """Whether the program was started and has not ended."""
        return self._popen is not None and self._popen.poll() is None

    async def start(self) -> None:
        """Start the program and wait until it answers; raises StartFailed with its log."""
        with self.log_path.open("ab") as log:
            self._log_start = log.tell()
            self._popen = subprocess.Popen(
                self._as_user(ending_with_us(self.command, self.orphan_signal)),
                cwd=ROOT,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            async with asyncio.timeout(self.start_limit):
                while not await asyncio.to_thread(self._ready):
                    if not self.running:
                        code = self._popen.returncode
                        raise StartFailed(f"{self.name} ended ({code}):\n{self.log_tail()}")
                    await asyncio.sleep(0.05)
        except TimeoutError:
            self.kill()
            raise StartFailed(f"{self.name} was not ready in time:\n{self.log_tail()}") from None
        except BaseException:
            self.kill()
            raise

    def _as_user(self, command: list[str]) -> list[str]:
        """The command as the user who may run it."""
        return command

    async def stop(self, signum: int = signal.SIGTERM) -> int | None:
        """Ask the program to end, kill it past the limit; its exit code, None if it never ran."""
        if self._popen is None:
            return None
        if self.running:
            self._popen.send_signal(signum)
        try:
            return await asyncio.to_thread(self._popen.wait, STOP_LIMIT)
        except subprocess.TimeoutExpired:
            self.kill()
            return self._popen.returncode

    def kill(self) -> None:
        """End the program at once, as a crash would (SIGKILL)."""
        if self._popen is not None:
            if self.running:
                self._popen.kill()
            self._popen.wait()

    async def restart(self) -> None:
        """Stop in order, then start again on the same ports and data."""
        await self.stop()
        await self.start()

    def log(self) -> str:
        """Everything that the program wrote so far."""
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def log_tail(self, lines: int = 60) -> str:
        """The last lines that the program wrote."""
        return "\n".join(self.log().splitlines()[-lines:])


class Moulin(Process):
    """`python -m server serve` on free ports of 127.0.0.1, with its own data folder."""

    api_key = "moulin-test"
    api_secret = "a secret for tests, long enough for HS256"

    def __init__(self, folder: Path, **settings: str) -> None:
        self.http_port = int(settings.get("HTTP_PORT") or free_port())
        self.rtc_port = int(settings.get("RTC_UDP_PORT") or free_port())
        self.url = f"http://127.0.0.1:{self.http_port}"
        self.ws_url = f"ws://127.0.0.1:{self.http_port}"
        self.data_dir = Path(settings.get("DATA_DIR") or folder / "data")
        self.api_key = settings.get("API_KEY", self.api_key)
        self.api_secret = settings.get("API_SECRET", self.api_secret)
        self.settings = {
            "HTTP_HOST": "127.0.0.1",
            "HTTP_PORT": str(self.http_port),
            "PUBLIC_URL": self.url,
            "RTC_ADDRESSES": "127.0.0.1",
            "RTC_UDP_PORT": str(self.rtc_port),
            "RTC_TCP_PORT": str(free_port()),
            "DATA_DIR": str(self.data_dir),
            "API_KEY": self.api_key,
            "API_SECRET": self.api_secret,
            **settings,
        }
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("MOULIN_")}
        named = {f"MOULIN_{key}": value for key, value in self.settings.items()}
        super().__init__(
            name=f"moulin:{self.http_port}",
            command=[sys.executable, "-m", "server", "serve"],
            log_path=folder / f"moulin-{self.http_port}.log",
            ready=self._healthy,
            env={**inherited, **named, "PYTHONUNBUFFERED": "1", "NO_COLOR": "1"},
        )

    @property
    def owner_link(self) -> str:
        """The one-time owner link that this start printed; raises StartFailed without one."""
        # It is printed just after the first page can be served.
        for _ in range(600):
            since_start = self.log_path.read_bytes()[self._log_start :].decode(errors="replace")
            found = _OWNER_LINK.findall(since_start)
            if found:
                return str(found[-1])
            time.sleep(0.05)
        raise StartFailed(f"no owner link was printed:\n{self.log_tail()}")

    def _healthy(self) -> bool:
        # A ready answer of a leftover process on our port must not pass for ours.
        if not self.running:
            return False
        try:
            with _NO_PROXY.open(f"{self.url}/sante", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False


class Redis(Process):
    """A real redis-server on a free port of 127.0.0.1 that keeps nothing on disk."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        command = [program("redis-server"), "--port", str(self.port), "--bind", "127.0.0.1"]
        command += ["--save", "", "--appendonly", "no", "--dir", str(folder)]
        log_path = folder / f"redis-{self.port}.log"
        super().__init__(f"redis:{self.port}", command, log_path, self._pings)

    def _pings(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=2) as line:
                line.sendall(b"PING\r\n")
                return line.recv(16).startswith(b"+PONG")
        except OSError:
            return False


class Postgres(Process):
    """A PostgreSQL of one's own on a free port, without its safety writes."""

    orphan_signal = signal.SIGINT  # killed alone, it would leave its own processes behind

    def __init__(self, log_folder: Path) -> None:
        places = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
        self._initdb = program(
            "initdb", *(str(place / "initdb") for place in places), package="postgresql"
        )
        server = str(Path(self._initdb).resolve().parent / "postgres")
        # PostgreSQL refuses to run as root: it gets Debian's user and a folder open to it.
        self._user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        self._folder = Path(tempfile.mkdtemp(prefix="moulin-postgres-"))
        if os.geteuid() == 0:
            shutil.chown(self._folder, self._user)
        self.port = free_port()
        self._databases = 0
        command = [server, "-D", str(self._folder / "data"), "-p", str(self.port), "-F"]
        command += ["-c", "listen_addresses=127.0.0.1", "-k", str(self._folder)]
        log_path = log_folder / f"postgres-{self.port}.log"
        super().__init__(f"postgres:{self.port}", command, log_path, self._accepts)

    async def start(self) -> None:
        """Make the cluster once, then start as any program does."""
        if not (self._folder / "data").exists():
            make = [self._initdb, "-D", str(self._folder / "data"), "-A", "trust", "-N"]
            await asyncio.to_thread(
                subprocess.run, self._as_user(make), check=True, capture_output=True, timeout=60
            )
        await super().start()

    def new_database(self, template: str = "template1") -> str:
        """SQLAlchemy's address (asyncpg) of a new database: empty, or a copy of `template`."""
        self._databases += 1
        name = f"moulin{self._databases}"
        where = ["-h", "127.0.0.1", "-p", str(self.port), "-U", self._user]
        createdb = str(Path(self._initdb).resolve().parent / "createdb")
        command = [createdb, *where, "--template", template, name]
        subprocess.run(command, check=True, timeout=60)
        return f"postgresql+asyncpg://{self._user}@127.0.0.1:{self.port}/{name}"

    async def stop(self, signum: int = signal.SIGINT) -> int | None:
        """Fast shutdown: clients are told to go."""
        return await super().stop(signum)

    def remove(self) -> None:
        """Forget the cluster's files."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _as_user(self, command: list[str]) -> list[str]:
        if os.geteuid() != 0:
            return command
        return ["setpriv", "--reuid", self._user, "--regid", self._user, "--init-groups", *command]

    def _accepts(self) -> bool:
        check = str(Path(self._initdb).resolve().parent / "pg_isready")
        command = [check, "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run(command, timeout=self.start_limit, check=False).returncode == 0
