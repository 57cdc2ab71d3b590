"""Coworkers who come and go: each test's browser profiles are closed at its end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from playwright.async_api import Browser, expect

from tests.browser.coworker import Coworker
from tests.browsers import PATIENCE
from tests.processes import Moulin, Process, free_port
from tests.server.post_office import post_office as post_office  # a fixture

# What a page is expected to show may come late: five seconds are soon over on a busy machine.
expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="session")
async def named(
    processes: list[Process], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Moulin]:
    """A server with a name, shared by the run: what belongs to names is not for bare addresses."""
    port = str(free_port())
    folder = tmp_path_factory.mktemp("named")
    started = Moulin(folder, HTTP_PORT=port, PUBLIC_URL=f"http://localhost:{port}")
    processes.append(started)
    await started.start()
    yield started
    await started.stop()
    processes.remove(started)


Arrive = Callable[..., Awaitable[Coworker]]


@pytest.fixture
async def arrive(moulin: Moulin, chromium: Browser) -> AsyncIterator[Arrive]:
    """Somebody opens a browser: `await arrive("Léa")`, `await arrive("Léa", browser=firefox)`."""
    there: list[Coworker] = []

    async def come(
        name: str = "Léa", *, browser: Browser = chromium, at: Moulin = moulin, **options: Any
    ) -> Coworker:
        person = await Coworker.arrive(browser, at, name, **options)
        there.append(person)
        return person

    yield come
    for person in there:
        await person.close()
