"""Coworkers who come and go: each test's browser profiles are closed at its end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from playwright.async_api import Browser

from tests.browser.coworker import Coworker
from tests.processes import Moulin
from tests.server.post_office import post_office as post_office  # a fixture

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
