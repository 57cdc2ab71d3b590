"""Fixtures for every test: a running Moulin, Redis, PostgreSQL, browsers, and a bad network."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import structlog
from hypothesis import HealthCheck, settings
from playwright.async_api import Browser, Playwright, async_playwright

from server.storage.database import Database
from tests.browsers import close_browser, launch_chromium, launch_firefox
from tests.processes import Moulin, Postgres, Process, Redis
from tests.relay import Impairment, Relay
from tests.sharing import Sharing, give_way, gives_way, tell_kinds
from tests.turns import Turns

MoulinFactory = Callable[..., Awaitable[Moulin]]
RelayFactory = Callable[..., Awaitable[Relay]]

# The same examples each time, however long the machine takes for one. To look for others:
# --hypothesis-profile=others
settings.register_profile(
    "same",
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.register_profile("others", settings.get_profile("same"), derandomize=False)
settings.load_profile("same")

_RUNNING = pytest.StashKey[list[Process]]()
_TURNS = pytest.StashKey[Turns]()
_SHARED = pytest.StashKey[TemporaryDirectory[str]]()


def pytest_configure(config: pytest.Config) -> None:
    """Log plainly, and in a process that runs tests beside another's take turns or give way."""
    log_plainly()
    told = getattr(config, "workerinput", None)
    if told is None:
        config.stash[_SHARED] = TemporaryDirectory(prefix="moulin-tests-")
    elif gives_way(told["workerid"], told["workercount"]):
        give_way()
    else:
        config.stash[_TURNS] = Turns(Path(told["shared"]))


def pytest_unconfigure(config: pytest.Config) -> None:
    """Forget what the processes of the run shared."""
    if shared := config.stash.get(_SHARED, None):
        shared.cleanup()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a process of the run which folder it shares with the others."""
    node.workerinput["shared"] = node.config.stash[_SHARED].name


@pytest.hookimpl(tryfirst=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """Say what kind of test each is, before the tests are shared out."""
    if told := getattr(session.config, "workerinput", None):
        tell_kinds(session.items, Path(told["shared"]) / "kinds.json")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Sharing | None:
    """Share files out as `tests/sharing.py` says, unless the command line says otherwise."""
    if config.getoption("dist") != "loadfile":
        return None
    return Sharing(config, log, Path(config.stash[_SHARED].name) / "kinds.json")


def log_plainly() -> None:
    """Let structlog write tracebacks as Python does: by default it draws every local variable.

    That takes seconds of the tests' own loop for a traceback that holds a whole application.
    """
    structlog.reset_defaults()
    drawn = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[*structlog.get_config()["processors"][:-1], drawn])


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """A test marked `alone` runs while no other has a turn; to wait for that is not of its time."""
    turns = item.config.stash.get(_TURNS, None)
    if turns is None:
        return (yield)
    with turns.taken(alone=item.get_closest_marker("alone") is not None):
        return (yield)


@pytest.fixture(scope="session")
def processes(request: pytest.FixtureRequest) -> Iterator[list[Process]]:
    """Programs whose logs are shown when a test fails; any still alive is killed at the end."""
    running = request.config.stash.setdefault(_RUNNING, [])
    yield running
    for process in running:
        process.kill()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the end of each program's log to the report of a failed test."""
    report = yield
    if report.failed:
        for process in item.config.stash.get(_RUNNING, []):
            title = f"log of {process.name} ({process.log_path})"
            report.sections.append((title, process.log_tail()))
    return report


@pytest.fixture(scope="session")
async def moulin(
    processes: list[Process], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Moulin]:
    """One running Moulin shared by the whole run: in memory, with the demo community."""
    started = Moulin(tmp_path_factory.mktemp("moulin"))
    processes.append(started)
    await started.start()
    yield started
    await started.stop()
    processes.remove(started)


@pytest.fixture
async def moulin_factory(
    processes: list[Process], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[MoulinFactory]:
    """Start a Moulin of one's own: `await moulin_factory(REDIS_URL=..., HTTP_PORT=...)`."""
    mine: list[Moulin] = []

    async def start(**settings: str) -> Moulin:
        started = Moulin(tmp_path_factory.mktemp("moulin"), **settings)
        mine.append(started)
        processes.append(started)
        await started.start()
        return started

    yield start
    for started in mine:
        await started.stop()
        processes.remove(started)


@pytest.fixture
async def redis_server(
    processes: list[Process], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Redis]:
    """A Redis of the test's own, which it may kill, stop and start again."""
    started = Redis(tmp_path_factory.mktemp("redis"))
    processes.append(started)
    await started.start()
    yield started
    await started.stop()
    processes.remove(started)


@pytest.fixture(scope="session")
async def redis_url(
    processes: list[Process], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[str]:
    """The address of one real Redis shared by the run: use keys of your own."""
    started = Redis(tmp_path_factory.mktemp("redis"))
    processes.append(started)
    await started.start()
    yield started.url
    await started.stop()
    processes.remove(started)


@pytest.fixture(scope="session")
async def postgres(
    processes: list[Process], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Postgres]:
    """A real PostgreSQL shared by the run."""
    started = Postgres(tmp_path_factory.mktemp("postgres"))
    processes.append(started)
    await started.start()
    yield started
    await started.stop()
    processes.remove(started)
    started.remove()


@pytest.fixture
def postgres_url(postgres: Postgres) -> str:
    """SQLAlchemy's address of an empty PostgreSQL database of the test's own."""
    return postgres.new_database()


@pytest.fixture(scope="session")
async def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite database with its tables and nothing in them, to be copied: never opened itself."""
    path = tmp_path_factory.mktemp("migrated") / "moulin.sqlite3"
    database = Database(f"sqlite+aiosqlite:///{path}")
    await database.migrate()
    await database.close()
    return path


@pytest.fixture(scope="session")
async def migrated_postgres(postgres: Postgres) -> str:
    """The name of a PostgreSQL database with its tables and nothing in them, to be copied."""
    url = postgres.new_database()
    database = Database(url)
    await database.migrate()
    await database.close()
    return url.rpartition("/")[2]


@pytest.fixture(scope="session")
async def playwright() -> AsyncIterator[Playwright]:
    """The driver of both browsers."""
    async with async_playwright() as driver:
        yield driver


@pytest.fixture(scope="session")
async def chromium(playwright: Playwright) -> AsyncIterator[Browser]:
    """Debian's Chromium with a pretend camera and microphone; make a context per person."""
    browser = await launch_chromium(playwright)
    yield browser
    await close_browser(browser)


@pytest.fixture(scope="session")
async def firefox(playwright: Playwright) -> AsyncIterator[Browser]:
    """Debian's Firefox ESR with a pretend camera and microphone; make a context per person."""
    browser = await launch_firefox(playwright)
    yield browser
    await close_browser(browser)


@pytest.fixture
async def relay() -> AsyncIterator[RelayFactory]:
    """A bad network before a UDP server: `await relay(port, up=Impairment(...), seed=1)`."""
    opened: list[Relay] = []

    async def start(
        port: int,
        *,
        up: Impairment | None = None,
        down: Impairment | None = None,
        seed: int = 42,
        host: str = "127.0.0.1",
    ) -> Relay:
        made = Relay((host, port), up or Impairment(), down or Impairment(), seed=seed)
        opened.append(made)
        await made.start()
        return made

    yield start
    for made in opened:
        await made.close()


@pytest.fixture(scope="session")
def screenshots() -> Path:
    """The ignored folder in which tests leave pictures for people to look at."""
    folder = Path(__file__).resolve().parent.parent / "screenshots"
    folder.mkdir(exist_ok=True)
    return folder
