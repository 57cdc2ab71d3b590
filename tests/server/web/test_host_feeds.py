"""A host's public calendar: theirs to open, shows only what anyone may find, gone when closed."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from aiohttp import web
from icalendar import Calendar
from sqlalchemy import update

from server.community.people import Role
from server.community.sessions import OpenTo, Plan
from server.keys import DATABASE
from server.storage.queries import communities, people
from server.storage.tables import CommunityRow
from tests.server.conftest import Visitors
from tests.server.mailbox import sign_in
from tests.server.offices import office_ids
from tests.server.visitors import Visitor
from tests.server.web.test_calendars import announce, draft, summaries

BO = "bo@exemple.org"


@pytest.fixture
async def host(house: web.Application, visitors: Visitors) -> Visitor:
    """A member of the house, not yet one of its hosts."""
    visitor = visitors()
    await sign_in(house, visitor, BO, "Bo")
    return visitor


async def make_host(house: web.Application) -> str:
    """Give that member the role; their id."""
    async with house[DATABASE].writing() as db:
        person = await people.person_by_email(db, BO)
        assert person is not None
        community = (await communities.list_communities(db))[0]
        await people.set_role(db, community.id, person.id, Role.HOST, datetime.now(UTC))
    return person.id


def address_in(visitor: Visitor) -> str:
    found = re.search(r'id="host-feed"[^>]* value="https?://[^/]+(/[^"]+)"', visitor.page)
    assert found is not None
    return found[1]


async def announce_some(house: web.Application, me: str) -> None:
    """Sessions of theirs and not, for all and not."""
    cafe = (await office_ids(house))["aire-ouverte"]

    def plan(title: str) -> Plan:
        return replace(draft(cafe, title).plan, host_id=me)

    for wanted in (
        plan("Ouverte"),
        replace(plan("Avec"), host_id=None, co_host_ids=(me,)),
        replace(plan("Réservée"), open_to=OpenTo.MEMBERS),
        replace(plan("Secrète"), open_to=OpenTo.INVITED),
        replace(plan("D’une autre"), host_id=None),
    ):
        await announce(house, replace(draft(cafe, ""), plan=wanted))


async def test_a_host_gives_out_what_anyone_may_find_and_takes_it_back(
    house: web.Application, host: Visitor, visitor: Visitor
) -> None:
    await host.open("/compte")
    assert "Votre calendrier public" not in host.text
    assert await host.send("/compte/calendrier") == 403
    me = await make_host(house)
    await announce_some(house, me)

    await host.open("/compte")
    assert "Ouvrir mon calendrier public" in host.text
    assert "host-feed" not in re.findall(r'id="([^"]+)"', host.page)
    await host.send("/compte/calendrier")
    address = address_in(host)
    assert await visitor.open(address) == 200
    assert summaries(visitor) == ["Avec", "Ouverte"]
    assert Calendar.from_ical(visitor.page)["X-WR-CALNAME"] == "Les séances de Bo"
    assert await visitor.open(f"{address}?lang=en") == 200
    assert summaries(visitor) == ["Avec (EN)", "Ouverte (EN)"]

    # A house that is not on the public list is not told of.
    async with house[DATABASE].writing() as db:
        await db.execute(update(CommunityRow).values(listed=False))
    assert await visitor.open(address) == 200
    assert summaries(visitor) == []

    await host.open("/compte")
    await host.send("/compte/calendrier")
    assert await visitor.open(address) == 404
    second = address_in(host)
    assert await visitor.open(second) == 200
    await host.send("/compte/calendrier/fermer")
    assert "est fermé" in host.text
    assert await visitor.open(second) == 404


async def test_a_stranger_is_asked_to_sign_in(house: web.Application, visitor: Visitor) -> None:
    assert await visitor.send("/compte/calendrier") == 200
    assert visitor.path.startswith("/connexion")
