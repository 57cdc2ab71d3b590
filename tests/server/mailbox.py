"""Reading the letters that wait in the outbox, as their reader would."""

from __future__ import annotations

import re

from aiohttp import web

from server.keys import DATABASE, SETTINGS
from server.storage.queries.letters import StoredLetter, latest_letters
from tests.server.visitors import Visitor

LEA = "lea@exemple.org"
ANA = "ana@exemple.org"


async def letters(house: web.Application, address: str = LEA) -> list[StoredLetter]:
    """What waits for someone, the latest first."""
    async with house[DATABASE].reading() as db:
        return [each for each in await latest_letters(db, 100) if each.address == address]


async def mailed_link(house: web.Application, visitor: Visitor, address: str = LEA) -> str:
    """Ask for a link in the form; the path of the link that the letter carries."""
    await visitor.open("/connexion")
    await visitor.send("/connexion", email=address, next="/compte")
    found = re.search(r"(/entree/[\w-]{22})", (await letters(house, address))[0].text)
    assert found
    assert house[SETTINGS].address + found[1] in (await letters(house, address))[0].html
    return found[1]


async def sign_in(
    house: web.Application, visitor: Visitor, address: str = LEA, name: str = "Léa"
) -> None:
    """Become a member, or come back as one; on the account page."""
    link = await mailed_link(house, visitor, address)
    await visitor.open(link)
    fields = {"name": name} if 'name="name" value="" ' in visitor.page else {}
    await visitor.send(link, **fields)
    assert visitor.path == "/compte", visitor.text
