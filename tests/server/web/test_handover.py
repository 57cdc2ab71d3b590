"""A guest's seat moves from another app's browser to the phone's own, and never to two people."""

from __future__ import annotations

import html
import re
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import web

from server.community.people import Role
from server.keys import DATABASE, SETTINGS
from server.storage.queries.communities import list_communities
from server.storage.queries.members import people_of
from server.storage.queries.people import set_role
from server.web import cookies
from server.web.person import right_now
from tests.server.agents import IN_APP
from tests.server.conftest import Visitors
from tests.server.mailbox import sign_in
from tests.server.offices import change_office
from tests.server.visitors import Visitor
from tests.server.web.test_invitations import CAFE, invite, uses


@pytest.fixture
async def link(house: web.Application, owner: Visitor) -> str:
    """An invitation for one person to a private office."""
    await change_office(house, owner, "cafe", visibility="invitation")
    return await invite(house, owner, "cafe", max_uses="1")


@pytest.fixture
async def inside(visitors: Visitors, link: str) -> Visitor:
    """Zoé, who has used it in Facebook's own browser, at the green room."""
    zoe = visitors(**{"User-Agent": IN_APP["Facebook-android"]})
    await zoe.open(link)
    await zoe.send(link, name="Zoé")
    assert zoe.path == f"{CAFE}/salle"
    return zoe


def way_on(house: web.Application, page: Visitor) -> str:
    """The address that the page shows for another browser."""
    found = re.search(r'data-copy="([^"]+)"', page.page)
    assert found
    return html.unescape(found[1]).removeprefix(house[SETTINGS].address)


async def follow(visitor: Visitor, address: str) -> int:
    """Open the address and press its button."""
    status = await visitor.open(address)
    if status != 200:
        return status
    (target,) = parse_qs(urlsplit(address).query)["vers"]
    return await visitor.send(urlsplit(address).path, vers=target)


async def may_enter(visitor: Visitor) -> bool:
    return (await visitor.enter(f"{CAFE}/entrer"))[0] == 200


async def people(house: web.Application) -> list[str]:
    async with house[DATABASE].reading() as db:
        (community, *_others) = await list_communities(db)
        return [each.name for each in (await people_of(db, community.id))[0]]


async def test_the_seat_follows_into_the_phones_own_browser(
    house: web.Application, inside: Visitor, visitors: Visitors
) -> None:
    safari, way = visitors(), way_on(house, inside)
    assert await follow(safari, way) == 200
    assert safari.path == f"{CAFE}/salle"
    assert await may_enter(safari)
    assert 'value="Zoé"' in safari.page
    assert await uses(house) == [1]
    assert not await may_enter(inside)


async def test_one_of_two_has_it_and_the_other_is_told_why(
    house: web.Application, inside: Visitor, visitors: Visitors
) -> None:
    first, second, way = visitors(), visitors(), way_on(house, inside)
    await first.open(way)
    assert await second.open(way) == 200
    await follow(first, way)
    status = await second.send(urlsplit(way).path, vers=f"{CAFE}/salle")
    assert (status, "ne sert qu’une fois" in second.text) == (410, True)
    assert second.cookie("moulin_login") == ""
    assert not await may_enter(second)
    assert await may_enter(first)
    assert sorted(await people(house)) == ["Odile", "Zoé"]


async def test_looking_moves_nobody(
    house: web.Application, inside: Visitor, visitors: Visitors
) -> None:
    crawler = visitors(**{"User-Agent": "facebookexternalhit/1.1"})
    assert await crawler.open(way_on(house, inside)) == 200
    assert crawler.cookie("moulin_csrf") == ""
    assert await may_enter(inside)


async def test_opened_where_it_was_shown_it_goes_straight_on(
    house: web.Application, inside: Visitor
) -> None:
    await inside.open(way_on(house, inside))
    assert (inside.path, await may_enter(inside)) == (f"{CAFE}/salle", True)
    await inside.send(urlsplit(way_on(house, inside)).path, vers=f"{CAFE}/salle")
    assert (inside.path, await may_enter(inside)) == (f"{CAFE}/salle", True)


async def test_an_account_that_is_there_already_gets_the_seat(
    house: web.Application, inside: Visitor, visitors: Visitors
) -> None:
    safari = visitors()
    await sign_in(house, safari)
    way = way_on(house, inside)
    await safari.open(way)
    assert "« Zoé »".replace(" ", "\u00a0") in safari.text
    await follow(safari, way)
    assert await may_enter(safari)
    assert sorted(await people(house)) == ["Léa", "Odile"]
    assert not await may_enter(inside)


async def test_it_ends_after_half_an_hour(
    house: web.Application,
    inside: Visitor,
    visitors: Visitors,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    way, safari = way_on(house, inside), visitors()
    monkeypatch.setattr(cookies, "HANDOVER_SECONDS", -1)
    assert await follow(safari, way) == 410
    assert await safari.send(urlsplit(way).path, vers="/") == 410
    assert await may_enter(inside)


async def test_an_account_is_never_handed_over(
    house: web.Application, inside: Visitor, visitors: Visitors
) -> None:
    way, safari = way_on(house, inside), visitors()
    assert "pour vous seulement" in inside.text
    await sign_in(house, inside, name="Zoé")
    await inside.open(CAFE)
    assert way_on(house, inside) == CAFE
    assert await follow(safari, way) == 410
    assert await safari.send(urlsplit(way).path, vers="/") == 410
    assert await may_enter(inside)


async def test_power_over_others_is_never_handed_over(
    house: web.Application, inside: Visitor, visitors: Visitors
) -> None:
    way, safari = way_on(house, inside), visitors()
    async with house[DATABASE].writing() as db:
        (community, *_others) = await list_communities(db)
        (zoe,) = (each for each in (await people_of(db, community.id))[0] if each.name == "Zoé")
        await set_role(db, community.id, zoe.person_id, Role.HOST, right_now())
    assert await follow(safari, way) == 410
    assert await safari.send(urlsplit(way).path, vers="/") == 410
    assert await may_enter(inside)


async def test_the_way_to_a_public_door_is_for_everybody(
    house: web.Application, visitors: Visitors
) -> None:
    zoe = visitors(**{"User-Agent": IN_APP["Instagram-ios"]})
    await zoe.send("/nom", name="Zoé", next=CAFE)
    assert way_on(house, zoe) == CAFE


async def test_it_leads_nowhere_else(
    house: web.Application, inside: Visitor, visitors: Visitors
) -> None:
    safari = visitors()
    path = urlsplit(way_on(house, inside)).path
    await safari.open(f"{path}?vers=https://elsewhere.example/")
    assert 'name="vers" value="/"' in safari.page
    await safari.send(path, vers="//elsewhere.example/")
    assert not safari.path.startswith("//")
