"""Fixtures of the house: its whole application on a real SQLite file, and people who visit it."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from aiohttp.web_runner import BaseRunner

from server.app import build_app
from server.keys import DATABASE, SETTINGS
from server.serving import new_owner_link
from server.settings import Settings, load_settings
from tests.processes import free_port
from tests.server.post_office import post_office as post_office  # a fixture
from tests.server.visitors import Visitor

Visitors = Callable[..., Visitor]


class HouseServer(TestServer):
    """A server as ours runs: a reader who leaves does not cancel what is done for them."""

    async def _make_runner(self, **kwargs: Any) -> BaseRunner:
        return web.AppRunner(self.app, **{**kwargs, "handler_cancellation": False})


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of a server of the test's own; media take any free port."""
    port = free_port()
    made = load_settings(
        data_dir=tmp_path,
        http_port=port,
        public_url=f"http://127.0.0.1:{port}",
        rtc_addresses=["127.0.0.1"],
        rtc_tcp_port=0,
        privacy_officer="Léa Tremblay, vie.privee@exemple.org",
    )
    return made.model_copy(update={"rtc_udp_port": 0})


@pytest.fixture
async def server(settings: Settings, migrated_file: Path) -> AsyncIterator[TestServer]:
    """The house, served on its public address."""
    shutil.copyfile(migrated_file, settings.data_dir / "moulin.sqlite3")
    running = HouseServer(build_app(settings), host="127.0.0.1", port=settings.http_port)
    await running.start_server()
    yield running
    await running.close()


@pytest.fixture
def house(server: TestServer) -> web.Application:
    """The application being served."""
    return server.app


@pytest.fixture
async def visitors(server: TestServer) -> AsyncIterator[Visitors]:
    """Make visitors, each a browser of its own."""
    made: list[Visitor] = []

    def make(**headers: str) -> Visitor:
        made.append(Visitor(server, **headers))
        return made[-1]

    yield make
    for each in made:
        await each.client.close()


@pytest.fixture
async def visitor(visitors: Visitors) -> Visitor:
    """A stranger."""
    return visitors()


@pytest.fixture
async def owner(house: web.Application, visitors: Visitors) -> Visitor:
    """The owner of « Les Pigistes », by the owner link; on the owner's page."""
    found = visitors()
    link = await new_owner_link(house[DATABASE], house[SETTINGS])
    path = link.removeprefix(house[SETTINGS].address)
    await found.open(path)
    await found.send(path, name="Odile")
    assert found.path == "/c/les-pigistes/gerer"
    return found
