"""The page behind the letter to absent members, and what it gives away: nothing."""

from __future__ import annotations

import pytest
from aiohttp import web

from server.absence import keeping_url
from server.keys import DATABASE, SETTINGS
from server.storage.queries.people import person_by_email
from server.storage.queries.retention import is_warned, mark_warned
from server.web.person import right_now
from tests.server.conftest import Visitors
from tests.server.mailbox import LEA, sign_in
from tests.server.visitors import Visitor


@pytest.fixture
async def told(house: web.Application, visitors: Visitors) -> str:
    """Léa was told that her account goes; the id of Léa."""
    await sign_in(house, visitors())
    async with house[DATABASE].writing() as db:
        lea = await person_by_email(db, LEA)
        assert lea is not None
        await mark_warned(db, [lea.id], right_now())
    return lea.id


def link(house: web.Application, person_id: str) -> str:
    return keeping_url(house[SETTINGS], person_id).removeprefix(house[SETTINGS].address)


async def waits(house: web.Application, person_id: str) -> bool:
    async with house[DATABASE].reading() as db:
        return await is_warned(db, person_id)


async def test_one_press_keeps_the_account_and_signs_nobody_in(
    house: web.Application, visitor: Visitor, told: str
) -> None:
    assert await visitor.open(link(house, told)) == 200
    assert "Garder votre compte?" in visitor.text
    assert await waits(house, told)
    assert await visitor.send(link(house, told)) == 200
    assert "Votre compte est gardé" in visitor.text
    assert not await waits(house, told)
    await visitor.open("/compte")
    assert visitor.path.startswith("/connexion")


async def test_another_links_keeps_nobody(
    house: web.Application, visitor: Visitor, told: str
) -> None:
    assert await visitor.open("/garder/ImUi.AAAA") == 410
    assert await visitor.send("/garder/ImUi.AAAA") == 410
    assert await visitor.open(link(house, "nobody")) == 410
    assert await waits(house, told)


async def test_the_privacy_page_says_it(visitor: Visitor) -> None:
    await visitor.open("/confidentialite")
    assert "nous l’en avertissons par courriel, 30 jours d’avance" in visitor.text
