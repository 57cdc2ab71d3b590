"""Invitation links, from the owner's page to the office they open."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta

import pytest
from aiohttp import web

from server.keys import DATABASE, SETTINGS
from server.storage.queries.communities import list_communities
from server.storage.queries.invitations import invitations_of
from server.web import person
from tests.server.conftest import Visitors
from tests.server.offices import MANAGE, change_office, office_ids
from tests.server.visitors import Visitor

CAFE = "/c/les-pigistes/cafe"
CRAWLER = "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)"


async def invite(house: web.Application, owner: Visitor, office: str = "", **fields: str) -> str:
    """The owner makes an invitation; its path."""
    office_id = (await office_ids(house))[office] if office else ""
    await owner.send(f"{MANAGE}/invitations", **{"office": office_id, "days": "7", **fields})
    assert "fait=invitation-made" in owner.path, owner.text
    found = re.search(rf'{house[SETTINGS].address}(/i/[\w-]{{22}})"', owner.page)
    assert found
    return found[1]


async def uses(house: web.Application) -> list[int]:
    async with house[DATABASE].reading() as db:
        community = (await list_communities(db))[0]
        return [each.uses for each in await invitations_of(db, community.id)]


@pytest.fixture
async def private_cafe(house: web.Application, owner: Visitor) -> None:
    await change_office(house, owner, "cafe", visibility="invitation")


@pytest.mark.usefixtures("private_cafe")
async def test_a_guest_enters_a_private_office_with_a_name_alone(
    house: web.Application, owner: Visitor, visitor: Visitor
) -> None:
    link = await invite(house, owner, "cafe")
    assert await visitor.open(link) == 200
    assert "Le café" in visitor.text
    await visitor.send(link, name="Zoé")
    assert visitor.path == f"{CAFE}/salle"
    assert (await visitor.enter(f"{CAFE}/entrer"))[0] == 200
    assert await uses(house) == [1]


@pytest.mark.usefixtures("private_cafe")
async def test_an_invitation_to_the_house_opens_every_door(
    house: web.Application, owner: Visitor, visitor: Visitor
) -> None:
    link = await invite(house, owner)
    await visitor.open(link)
    await visitor.send(link, name="Zoé")
    assert visitor.path == "/c/les-pigistes"
    assert (await visitor.enter(f"{CAFE}/entrer"))[0] == 200


async def test_looking_uses_nothing_up_whoever_looks(
    house: web.Application, owner: Visitor, visitors: Visitors
) -> None:
    link = await invite(house, owner, "cafe", max_uses="1")
    for agent in (CRAWLER, "Twitterbot/1.0", "Mozilla/5.0"):
        looking = visitors(**{"User-Agent": agent})
        assert await looking.open(link) == 200
        head = looking.text.partition("</head>")[0]
        assert "Vous êtes invité·e\u00a0: Le café" in head
        assert "noindex" in head
        assert len(head.encode()) < 32_768
    assert await uses(house) == [0]


async def test_as_many_people_as_uses_and_no_more(
    house: web.Application, owner: Visitor, visitors: Visitors
) -> None:
    link = await invite(house, owner, "cafe", max_uses="2")
    coming = [visitors() for _ in range(5)]
    for each in coming:
        await each.open(link)
    await asyncio.gather(*(each.send(link, name="Zoé") for each in coming))
    inside = [each for each in coming if each.path == f"{CAFE}/salle"]
    assert len(inside) == 2
    assert await uses(house) == [2]
    outside = next(each for each in coming if each not in inside)
    assert outside.status == 410
    assert "a déjà servi" in outside.text
    await inside[0].open(link)
    assert inside[0].status == 200  # it opens again to someone it has let in


async def test_a_refused_guest_is_not_kept(
    house: web.Application, owner: Visitor, visitors: Visitors
) -> None:
    link = await invite(house, owner, "cafe", max_uses="1")
    first, second = visitors(), visitors()
    for each in (first, second):
        await each.open(link)
    await first.send(link, name="Zoé")
    await second.send(link, name="Amadou")
    assert second.cookie("moulin_login") == ""


async def test_an_expired_invitation_says_so(
    house: web.Application, owner: Visitor, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = await invite(house, owner, "cafe", days="1")
    later = person.right_now() + timedelta(days=1, minutes=1)
    monkeypatch.setattr("server.web.links.right_now", lambda: later)
    assert await visitor.open(link) == 410
    assert "expiré" in visitor.text
    await visitor.send(link, name="Zoé")
    assert visitor.status == 410
    assert await uses(house) == [0]


@pytest.mark.usefixtures("private_cafe")
async def test_revoking_shuts_the_door_at_once(
    house: web.Application, owner: Visitor, visitor: Visitor
) -> None:
    link = await invite(house, owner, "cafe")
    await visitor.open(link)
    await visitor.send(link, name="Zoé")
    revoke = re.search(r'action="([^"]+/revoquer)"', owner.page)
    assert revoke
    await owner.send(revoke[1])
    assert "n’ouvre plus" in owner.text
    assert await visitor.open(link) == 410
    assert "retirée" in visitor.text
    assert (await visitor.enter(f"{CAFE}/entrer"))[0] == 403
    assert await visitor.open("/i/AAAAAAAAAAAAAAAAAAAAAA") == 404
    assert "Voir les maisons" in visitor.text


async def test_an_unknown_invitation_tells_nothing(visitor: Visitor) -> None:
    assert await visitor.open("/i/AAAAAAAAAAAAAAAAAAAAAA") == 404
    assert "Les Pigistes" not in visitor.text
    assert await visitor.send("/i/AAAAAAAAAAAAAAAAAAAAAA", name="Zoé") == 404


async def test_a_closed_invitation_tells_nothing_of_what_it_opened(
    house: web.Application, owner: Visitor, visitor: Visitor
) -> None:
    await owner.send(
        f"{MANAGE}/offices",
        name_fr="Salle secrète",
        kind="focus",
        capacity="3",
        visibility="invitation",
    )
    link = await invite(house, owner, "salle-secrete")
    revoke = re.search(r'action="([^"]+/revoquer)"', owner.page)
    assert revoke
    await owner.send(revoke[1])
    await visitor.open(link)
    assert "Salle secrète" not in visitor.text


async def test_the_invitation_form_says_what_is_wrong(owner: Visitor) -> None:
    await owner.send(f"{MANAGE}/invitations", office="", days="7", max_uses="mille")
    assert owner.status == 400
    assert "nombre entier" in owner.text
    assert 'value="mille"' in owner.page
