"""The people of a community, and several communities on one server."""

from __future__ import annotations

import re

from aiohttp import web

from server.community.people import Role
from server.keys import DATABASE, SETTINGS
from server.serving import new_owner_link
from server.storage.queries.communities import list_communities, standing_of
from server.storage.queries.people import person_by_email, set_role
from server.web.person import right_now
from tests.server.conftest import Visitors
from tests.server.mailbox import LEA, sign_in
from tests.server.offices import MANAGE, change_office
from tests.server.visitors import Visitor
from tests.server.web.test_invitations import invite

PEOPLE = f"{MANAGE}/personnes"
CAFE = "/c/les-pigistes/cafe"
HOUSE = {"name_fr": "Les Réviseures", "time_zone": "America/Toronto", "listed": "1"}


async def join(house: web.Application, owner: Visitor, visitor: Visitor) -> str:
    """A visitor becomes a member of the house; the address of their row's form."""
    link = await invite(house, owner)
    await visitor.open(link)
    await visitor.send(link, name="Léa")
    await sign_in(house, visitor)
    await owner.open(f"{PEOPLE}?nom=Léa")
    found = re.search(rf'action="({PEOPLE}/\w+)"', owner.page)
    assert found, owner.text
    return found[1]


async def role(house: web.Application) -> Role:
    """What Léa is in « Les Pigistes »."""
    async with house[DATABASE].reading() as db:
        lea = await person_by_email(db, LEA)
        community = (await list_communities(db))[0]
        assert lea is not None
        return (await standing_of(db, community.id, lea.id, right_now())).role


async def test_an_owner_gives_roles_and_takes_them(
    house: web.Application, owner: Visitor, visitor: Visitor
) -> None:
    change = await join(house, owner, visitor)
    assert await role(house) is Role.MEMBER
    await owner.send(change, role="organiser")
    assert owner.path.startswith(f"{PEOPLE}?nom=L")  # the search goes on
    row = re.search(f'<li class="row" id="{owner.fragment}">.*?</li>', owner.text, re.DOTALL)
    assert row
    assert "Le rôle est changé" in row[0]
    assert change in row[0]
    assert await role(house) is Role.ORGANISER
    assert await visitor.open(PEOPLE) == 200
    await owner.send(f"{change}/retirer")
    assert "ne fait plus partie de la maison" in owner.text
    assert await role(house) is Role.GUEST
    assert await visitor.open(PEOPLE) == 403


async def test_who_is_removed_loses_what_was_open_to_them(
    house: web.Application, owner: Visitor, visitor: Visitor
) -> None:
    await change_office(house, owner, "cafe", visibility="invitation")
    change = await join(house, owner, visitor)
    assert (await visitor.enter(f"{CAFE}/entrer"))[0] == 200
    await owner.send(f"{change}/retirer")
    assert (await visitor.enter(f"{CAFE}/entrer"))[0] == 403


async def test_an_organiser_makes_neither_organisers_nor_owners(
    house: web.Application, owner: Visitor, visitors: Visitors
) -> None:
    lea = visitors()
    change = await join(house, owner, lea)
    await owner.send(change, role="organiser")
    await lea.open(PEOPLE)
    own = [path for path in re.findall(rf'action="({PEOPLE}/\w+)"', lea.page) if path != change]
    assert own == []  # neither herself nor the owner
    for wanted in ("owner", "organiser", "host"):
        assert await lea.send(change, role=wanted) == 403
    await owner.open(PEOPLE)
    paths = set(re.findall(rf'action="({PEOPLE}/\w+)"', owner.page)) - {change}
    (odile,) = paths
    assert await lea.send(f"{odile}/retirer") == 403


async def test_a_house_keeps_an_owner(house: web.Application, owner: Visitor) -> None:
    await owner.open(PEOPLE)
    own = re.search(rf'action="({PEOPLE}/\w+)"', owner.page)
    assert own
    assert await owner.send(own[1], role="member") == 409
    assert await owner.send(f"{own[1]}/retirer") == 409
    assert await owner.open(PEOPLE) == 200


async def test_nobody_is_brought_in_uninvited(
    house: web.Application, owner: Visitor, visitor: Visitor
) -> None:
    await sign_in(house, visitor)
    async with house[DATABASE].reading() as db:
        lea = await person_by_email(db, LEA)
    assert lea is not None
    assert await owner.send(f"{PEOPLE}/{lea.id}", role="owner") == 404
    assert await owner.send(f"{PEOPLE}/{lea.id}", role="king") == 400


async def test_strangers_and_members_do_not_see_the_people(
    house: web.Application, owner: Visitor, visitor: Visitor
) -> None:
    assert await visitor.open(PEOPLE) == 403
    await join(house, owner, visitor)
    assert await visitor.open(PEOPLE) == 403
    assert LEA not in owner.page  # nor owners the addresses


async def test_whoever_keeps_the_server_opens_houses(
    house: web.Application, owner: Visitor, visitor: Visitor
) -> None:
    assert await owner.open("/maisons/nouvelle") == 200
    await owner.send("/maisons/nouvelle", **HOUSE)
    assert owner.path == "/c/les-reviseures/gerer"
    await visitor.open("/")
    assert "Les Réviseures" in visitor.text
    assert "Les Pigistes" in visitor.text
    await owner.send("/c/les-reviseures/gerer/maison", **{**HOUSE, "listed": ""})
    await visitor.open("/")
    assert "Les Réviseures" not in visitor.text
    assert await visitor.open("/c/les-reviseures") == 200
    assert await owner.send("/maisons/nouvelle", **HOUSE) == 200
    assert owner.path == "/c/les-reviseures-2/gerer"


async def test_another_owner_opens_none(
    house: web.Application, owner: Visitor, visitor: Visitor
) -> None:
    link = await new_owner_link(house[DATABASE], house[SETTINGS], opens_server=False)
    path = link.removeprefix(house[SETTINGS].address)
    await visitor.open(path)
    await visitor.send(path, name="Zoé")
    assert await visitor.open(MANAGE) == 200
    assert await visitor.open("/maisons/nouvelle") == 403
    assert await visitor.send("/maisons/nouvelle", **HOUSE) == 403


async def test_a_house_form_says_what_is_wrong(owner: Visitor) -> None:
    assert await owner.send("/maisons/nouvelle", name_fr="", time_zone="Lune/Mer") == 400
    assert owner.page.count('class="error"') == 2
    assert 'value="Lune/Mer"' in owner.page


async def test_an_account_holds_in_every_house(
    house: web.Application, owner: Visitor, visitor: Visitor
) -> None:
    await join(house, owner, visitor)
    await owner.send("/maisons/nouvelle", **HOUSE)
    async with house[DATABASE].writing() as db:
        lea = await person_by_email(db, LEA)
        other = (await list_communities(db))[1]
        assert lea is not None
        await set_role(db, other.id, lea.id, Role.HOST, right_now())
    await visitor.open("/compte")
    assert "Les Pigistes" in visitor.text
    assert "Les Réviseures" in visitor.text
    assert "anime des séances" in visitor.text
