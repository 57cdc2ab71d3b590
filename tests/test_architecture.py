"""The rules that keep the code simple: who imports whom, what is pure, and how long things get."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tests import python_source
from tests.python_source import ROOT, Source, sources

MODULE_LINES = 400
FUNCTION_LINES = 40
BANNED_NAMES = {"utils", "util", "helpers", "helper", "manager", "common", "service", "core"}

# Pure: they take bytes or values, `now` and `rng`, and return values.
PURE = (
    "rooms.rtp",
    "rooms.transport.sdp",
    "rooms.transport.ice_lite",
    "rooms.transport.negotiation",
    "server.signalling.conversation",
    "server.community",
)
IMPURE_MODULES = ("asyncio", "socket", "select", "selectors", "threading", "time", "secrets")
IMPURE_CALLS = {
    ("datetime", "now"),
    ("datetime", "utcnow"),
    ("datetime", "today"),
    ("date", "today"),
    ("uuid", "uuid4"),
    ("uuid", "uuid1"),
    ("os", "urandom"),
}

# Who alone may import a framework.
HOMES = {
    "aiohttp": (
        "server.serving",
        "server.app",
        "server.keys",
        "server.web",
        "server.signalling",
        "server.push",
    ),
    "aiohttp_jinja2": ("server.app", "server.web"),
    "aiohttp_sse": ("server.web",),
    "sqlalchemy": ("server.storage",),
    "alembic": ("server.storage",),
    "pylibsrtp": ("rooms.transport.srtp", "rooms.transport.dtls"),
}
PRIVATE_HOMES = {"aiortc": "rooms.transport.dtls", "pylibsrtp": "rooms.transport.srtp"}


@pytest.fixture(scope="module", autouse=True)
def forgotten() -> Iterator[None]:
    """Every file parsed is much to keep in memory beside the tests that follow."""
    yield
    python_source.source.cache_clear()


def product() -> list[Source]:
    """The code that runs, without generated migrations."""
    return [s for s in sources("server", "rooms") if "migrations/versions" not in s.name]


def none(violations: Iterable[str]) -> None:
    """Fail with one violation a line."""
    found = list(violations)
    assert not found, "\n" + "\n".join(found)


def test_rooms_know_nothing_of_the_house() -> None:
    none(v for source in sources("rooms") for v in source.imports_any("server"))


def test_imports_are_absolute() -> None:
    none(
        f"{source.name}:{line} imports {name}"
        for source in sources("server", "rooms", "tests")
        for line, name in source.imports()
        if name.startswith(".")
    )


def test_streams_import_the_standard_library_and_aiortc_rtp_alone() -> None:
    allowed = set(sys.stdlib_module_names)
    none(
        f"{source.name}:{line} imports {name}"
        for source in sources("rooms/rtp")
        for line, name in source.imports()
        if name.split(".")[0] not in allowed
        and not name.startswith(("rooms.rtp", "rooms.errors.", "aiortc.rtp."))
    )


def test_frameworks_stay_at_home() -> None:
    none(
        violation
        for source in product()
        for framework, homes in HOMES.items()
        if not source.within(*homes)
        for violation in source.imports_any(framework)
    )


def test_redis_stays_in_its_modules() -> None:
    none(
        violation
        for source in product()
        if not source.module.startswith(("rooms.redis_", "rooms.cluster"))
        for violation in source.imports_any("redis")
    )


def test_media_is_decoded_off_the_forwarding_path_only() -> None:
    none(
        violation
        for source in product()
        if not source.within("rooms.media", "server.demo", "server.demo_pictures")
        for violation in source.imports_any("av", "aiortc.codecs", "aiortc.rtcrtpreceiver")
    )


def test_pure_modules_have_no_io_clock_or_chance() -> None:
    none(violation for source in product() if source.within(*PURE) for violation in impure(source))


def impure(source: Source) -> Iterable[str]:
    """Each thing in a pure module that waits, listens, reads a clock or throws dice."""
    yield from source.imports_any(*IMPURE_MODULES)
    for node in source.nodes:
        if isinstance(node, ast.AsyncFunctionDef | ast.Await):
            yield f"{source.name}:{node.lineno} is asynchronous"
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            used = (node.value.id, node.attr)
            dice = used[0] == "random" and used[1] != "Random"
            if dice or used in IMPURE_CALLS:
                yield f"{source.name}:{node.lineno} uses {'.'.join(used)}"
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("random.Random", "Random"):
            yield f"{source.name}:{node.lineno} makes its own dice; take rng as an argument"


def test_private_names_of_libraries_are_in_one_file_each() -> None:
    none(
        violation
        for source in product()
        for library, home in PRIVATE_HOMES.items()
        if source.module != home and source.imports_any(library)
        for violation in private_uses(source, library)
    )


def private_uses(source: Source, library: str) -> Iterable[str]:
    """Private names imported from a library, or read off objects by a module that imports it."""
    for line, name in source.imports():
        if name.startswith(library) and any(part.startswith("_") for part in name.split(".")):
            yield f"{source.name}:{line} imports {name}"
    for node in source.nodes:
        if not isinstance(node, ast.Attribute) or not node.attr.startswith("_"):
            continue
        ours = isinstance(node.value, ast.Name) and node.value.id in ("self", "cls", "other")
        own_field = f"self.{node.attr}" in source.text or f"def {node.attr}(" in source.text
        if not ours and not own_field and not node.attr.startswith("__"):
            yield f"{source.name}:{node.lineno} uses {ast.unparse(node)}"


def test_modules_are_short() -> None:
    files = [s.path for s in [*product(), *sources("tests")]]
    files += sorted((ROOT / "static/js").rglob("*.js")) + sorted((ROOT / "static/css").glob("*"))
    none(
        f"{path.relative_to(ROOT)} has {lines} lines, {MODULE_LINES} is the most"
        for path in files
        if path.is_file()
        and (lines := len(path.read_text(encoding="utf-8").splitlines())) > MODULE_LINES
    )


def test_functions_are_short() -> None:
    none(
        f"{source.name}:{function.lineno} {function.name} has {lines} lines"
        for source in [*product(), *sources("tests")]
        for function in source.functions()
        if (lines := (function.end_lineno or 0) - function.lineno + 1) > FUNCTION_LINES
    )


def test_files_are_named_for_what_they_hold() -> None:
    folders = ("server", "rooms", "static/js", "static/css", "templates", "tests", "scripts")
    files: list[Path] = [p for folder in folders for p in (ROOT / folder).rglob("*")]
    none(
        f"{path.relative_to(ROOT)} says nothing"
        for path in files
        if path.name.split(".")[0].strip("_") in BANNED_NAMES
    )


def test_modules_say_what_they_own() -> None:
    none(
        f"{source.name} has no docstring"
        for source in [*product(), *sources("tests")]
        if source.text.strip() and not ast.get_docstring(source.tree)
    )


def test_nothing_prints_or_pauses_on_the_media_path() -> None:
    hot = ("rooms.fanout", "rooms.transport.udp", "rooms.transport.srtp", "rooms.rtp")
    none(
        v
        for source in product()
        if source.within(*hot)
        for v in source.imports_any("logging", "structlog")
    )
