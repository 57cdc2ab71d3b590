"""Fixtures of the house's pages: people whom several tests write letters to."""

from __future__ import annotations

import pytest
from aiohttp import web

from tests.server.conftest import Visitors
from tests.server.mailbox import ANA, sign_in
from tests.server.visitors import Visitor


@pytest.fixture
async def ana(house: web.Application, visitors: Visitors) -> Visitor:
    """A member with an address, whom this browser is."""
    visitor = visitors()
    await sign_in(house, visitor, ANA, "Ana")
    return visitor
