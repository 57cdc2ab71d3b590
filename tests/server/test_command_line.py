"""The command line: what it starts, what it prints, and how it says no."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import jwt
import pytest

from tests.conftest import MoulinFactory
from tests.processes import free_port

SECRET = "a secret for tests, long enough for HS256"


def run(tmp_path: Path, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MOULIN_")}
    environment["MOULIN_DATA_DIR"] = str(tmp_path / "data")
    environment.update({f"MOULIN_{name}": value for name, value in settings.items()})
    return subprocess.run(
        [sys.executable, "-m", "server", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def assert_refused(done: subprocess.CompletedProcess[str], name: str) -> None:
    """It ended with status 2 and one line that names the setting."""
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith("moulin: ")
    assert len(done.stderr.strip().splitlines()) == 1
    assert name in done.stderr


def test_a_bad_value_stops_the_start_with_one_line(tmp_path: Path) -> None:
    assert_refused(run(tmp_path, "serve", HTTP_PORT="eight"), "MOULIN_HTTP_PORT")


def test_a_database_that_is_not_there_stops_the_start(tmp_path: Path) -> None:
    address = "postgresql://nobody@127.0.0.1:1/nothing"
    assert_refused(run(tmp_path, "serve", DATABASE_URL=address), "MOULIN_DATABASE_URL")


def test_a_port_in_use_stops_the_start(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        udp = str(free_port())
        done = run(tmp_path, "serve", HTTP_PORT=port, RTC_UDP_PORT=udp)
    assert_refused(done, "MOULIN_HTTP_PORT")


def test_a_media_port_in_use_stops_the_start(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = str(taken.getsockname()[1])
        done = run(tmp_path, "serve", HTTP_PORT=str(free_port()), RTC_UDP_PORT=port)
    assert_refused(done, "MOULIN_RTC_UDP_PORT")


def test_a_token_is_printed_for_any_livekit_client(tmp_path: Path) -> None:
    arguments = ("token", "--room", "atelier", "--identity", "zoe", "--name", "Zoé")
    done = run(tmp_path, *arguments, API_KEY="moulin", API_SECRET=SECRET)
    assert done.returncode == 0, done.stderr
    claims = jwt.decode(done.stdout.strip(), SECRET, algorithms=["HS256"])
    assert (claims["iss"], claims["sub"], claims["name"]) == ("moulin", "zoe", "Zoé")
    assert claims["video"]["room"] == "atelier"
    assert claims["video"]["roomJoin"] is True


def test_migrate_makes_the_database(tmp_path: Path) -> None:
    assert run(tmp_path, "migrate").returncode == 0
    assert (tmp_path / "data" / "moulin.sqlite3").exists()


def test_an_owner_link_needs_a_community(tmp_path: Path) -> None:
    assert_refused(run(tmp_path, "owner-link"), "community")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_it_says_where_it_is_and_ends_when_told(
    moulin_factory: MoulinFactory, number: signal.Signals
) -> None:
    moulin = await moulin_factory()
    link = moulin.owner_link  # which comes last
    assert link.startswith(f"{moulin.url}/cle/")
    assert f"Moulin: {moulin.url}" in moulin.log()
    assert await moulin.stop(number) == 0
    assert "Traceback" not in moulin.log()
    await moulin.start()
    assert moulin.owner_link != link  # nobody has claimed the house: a new key each time
