"""Becoming a member by a mailed link, and coming back as one."""

from __future__ import annotations

from datetime import timedelta

import pytest
from aiohttp import web

from server.community.people import Role
from server.keys import DATABASE, RATE_LIMITS
from server.storage.queries.communities import list_communities, standing_of
from server.storage.queries.people import person_by_email
from server.web import person
from tests.server.conftest import Visitors
from tests.server.mailbox import LEA, letters, mailed_link, sign_in
from tests.server.offices import change_office
from tests.server.visitors import Visitor
from tests.server.web.test_invitations import invite

CAFE = "/c/les-pigistes/cafe"


async def test_a_stranger_becomes_a_member(house: web.Application, visitor: Visitor) -> None:
    link = await mailed_link(house, visitor)
    assert "Regardez vos courriels" in visitor.text
    assert await visitor.open(link) == 200
    assert LEA in visitor.text
    await visitor.send(link, name="Léa")
    assert visitor.path == "/compte"
    assert "Léa" in visitor.text


async def test_the_answer_is_the_same_for_a_known_and_an_unknown_address(
    house: web.Application, visitors: Visitors
) -> None:
    await sign_in(house, visitors())
    answers = []
    for address in (LEA, "zoe@exemple.org"):
        asking = visitors()
        await asking.open("/connexion")
        status = await asking.send("/connexion", email=address, next="/compte")
        page = asking.text.replace(address, "…").replace(asking.csrf_token, "…")
        answers.append((status, page.replace(address.replace("@", "%40"), "…")))
        assert len(await letters(house, address)) >= 1
    assert answers[0] == answers[1]


async def test_looking_at_a_link_uses_nothing_up(
    house: web.Application, visitors: Visitors
) -> None:
    asking, scanner = visitors(), visitors()
    link = await mailed_link(house, asking)
    for _ in range(3):
        assert await scanner.open(link) == 200
    assert scanner.cookie("moulin_login") == ""
    await asking.open(link)
    await asking.send(link, name="Léa")
    assert asking.path == "/compte"


async def test_a_link_signs_in_once(house: web.Application, visitors: Visitors) -> None:
    first, second = visitors(), visitors()
    link = await mailed_link(house, first)
    await first.open(link)
    await second.open(link)
    await first.send(link, name="Léa")
    assert await second.send(link, name="Eve") == 410
    assert "déjà servi" in second.text
    assert second.cookie("moulin_login") == ""


async def test_a_link_opens_for_fifteen_minutes(
    house: web.Application, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = await mailed_link(house, visitor)
    later = person.right_now() + timedelta(minutes=15)
    monkeypatch.setattr("server.web.sign_in.right_now", lambda: later)
    assert await visitor.open(link) == 410
    assert await visitor.send(link, name="Léa") == 410
    assert "15 minutes" in visitor.text


async def test_a_guest_who_becomes_a_member_stays_the_same(
    house: web.Application, owner: Visitor, visitor: Visitor
) -> None:
    await change_office(house, owner, "cafe", visibility="invitation")
    link = await invite(house, owner, "cafe")
    await visitor.open(link)
    await visitor.send(link, name="Zoé")
    before = (await visitor.enter(f"{CAFE}/entrer"))[1]["identity"]
    await sign_in(house, visitor)
    status, entry = await visitor.enter(f"{CAFE}/entrer")
    assert (status, entry["identity"], entry["name"]) == (200, before, "Zoé")


async def test_a_guest_who_comes_back_brings_what_they_hold(
    house: web.Application, owner: Visitor, visitors: Visitors
) -> None:
    await change_office(house, owner, "cafe", visibility="invitation")
    desk, phone = visitors(), visitors()
    await sign_in(house, desk)
    link = await invite(house, owner, "cafe")
    await phone.open(link)
    await phone.send(link, name="Léa au téléphone")
    assert (await desk.enter(f"{CAFE}/entrer"))[0] == 403
    mailed = await mailed_link(house, phone)
    await phone.open(mailed)
    assert "Léa au téléphone" in phone.text
    await phone.send(mailed)
    assert (await desk.enter(f"{CAFE}/entrer"))[0] == 200
    entry = (await phone.enter(f"{CAFE}/entrer"))[1]
    assert entry["name"] == "Léa"


async def test_an_invitation_to_the_house_makes_a_member_of_who_signs_in(
    house: web.Application, owner: Visitor, visitor: Visitor
) -> None:
    link = await invite(house, owner)
    await visitor.open(link)
    await visitor.send(link, name="Léa")
    await sign_in(house, visitor)
    assert await role_of(house) is Role.MEMBER


async def test_signing_in_gives_no_role_by_itself(house: web.Application, visitor: Visitor) -> None:
    await sign_in(house, visitor)
    assert await role_of(house) is Role.GUEST


async def test_an_owner_without_an_address_gets_one_and_stays_the_owner(
    house: web.Application, owner: Visitor
) -> None:
    await sign_in(house, owner)
    assert await role_of(house) is Role.OWNER
    assert await owner.open("/c/les-pigistes/gerer") == 200


async def test_two_members_on_one_device_are_not_merged(
    house: web.Application, visitor: Visitor
) -> None:
    await sign_in(house, visitor)
    await sign_in(house, visitor, "zoe@exemple.org", "Zoé")
    async with house[DATABASE].reading() as db:
        lea = await person_by_email(db, LEA)
        zoe = await person_by_email(db, "zoe@exemple.org")
    assert lea is not None
    assert zoe is not None
    assert (lea.name, zoe.name) == ("Léa", "Zoé")


async def test_an_address_is_not_flooded(house: web.Application, visitors: Visitors) -> None:
    for _ in range(8):
        asking = visitors()
        await asking.open("/connexion")
        assert await asking.send("/connexion", email=LEA, next="/") == 200
        assert "Regardez vos courriels" in asking.text
    assert len(await letters(house)) == 5


async def test_one_machine_cannot_write_to_everybody(
    house: web.Application, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(house[RATE_LIMITS], "_now", lambda: 0.0)  # however long all this takes
    statuses = [
        await visitor.send("/connexion", email=f"a{number}@exemple.org", next="/")
        for number in range(34)
    ]
    assert statuses[0] == 200
    assert statuses[-1] == 429


async def test_a_wrong_address_says_so(house: web.Application, visitor: Visitor) -> None:
    await visitor.open("/connexion")
    assert await visitor.send("/connexion", email="léa", next="/") == 400
    assert "lea@exemple.org" in visitor.text


async def test_the_link_leads_nowhere_else(house: web.Application, visitor: Visitor) -> None:
    await visitor.open("/connexion?next=https://ailleurs.example")
    assert 'name="next" value="/"' in visitor.page


async def role_of(house: web.Application, address: str = LEA) -> Role:
    """What someone is in « Les Pigistes »."""
    async with house[DATABASE].reading() as db:
        community = (await list_communities(db))[0]
        found = await person_by_email(db, address)
        assert found is not None
        return (await standing_of(db, community.id, found.id, person.right_now())).role
