"""Who owns one house gets nowhere in another, by any address of the table, with any id of it."""

from __future__ import annotations

import re
from typing import Any

from aiohttp import web
from sqlalchemy import select

from server.community.people import Role
from server.keys import DATABASE
from server.storage.tables.base import Table
from tests.server.conftest import Visitors
from tests.server.offices import FORM
from tests.server.visitors import Visitor
from tests.server.web.test_moderation import come
from tests.server.web.test_sessions import form

MINE, THEIRS = "les-pigistes", "autre"
HOUSE = {"name_fr": "Autre", "name_en": "Other", "slug": THEIRS, "time_zone": "America/Toronto"}
VOLATILE = frozenset({"logins", "leases"})
PUBLIC = {  # its façade and its doors, and what is announced there
    "/c/{community}",
    "/c/{community}/{office}",
    "/c/{community}/{office}/salle",
    "/c/{community}/{office}/au-revoir",
    "/c/{community}/{office}/calendrier.ics",
    "/c/{community}/calendrier",
    "/c/{community}/calendrier.ics",
    "/c/{community}/seances",
    "/c/{community}/seances/{session}",
    "/c/{community}/seances/{session}/seance.ics",
    "/c/{community}/seances/{session}/serie.ics",
}
SAID_TWICE = "/c/{community}/gerer/invitations/{id}/revoquer"  # as if it had been done before
BY_SCRIPT = ("entrer", "couper", "expulser", "lampe", "micros", "terminer")


async def kept(house: web.Application) -> dict[str, list[str]]:
    """All that the database holds, but for when people were last seen."""
    async with house[DATABASE].reading() as db:
        return {
            table.name: sorted(
                str([value for key, value in row.items() if key != "seen_at"])
                for row in (await db.execute(select(table))).mappings()
            )
            for table in Table.metadata.sorted_tables
            if table.name not in VOLATILE
        }


async def latest(house: web.Application, table: str) -> Any:
    """The row of a table that was written last."""
    async with house[DATABASE].reading() as db:
        rows = (await db.execute(select(Table.metadata.tables[table]))).mappings().all()
        return rows[-1]


async def furnish(house: web.Application, owner: Visitor, guest: Visitor) -> dict[str, str]:
    """Another house with one of everything, none of it public; their ids, by address."""
    await owner.send("/maisons/nouvelle", **HOUSE)
    manage = f"/c/{THEIRS}/gerer"
    await owner.send(f"{manage}/offices", **{**FORM, "visibility": "public"})
    office = await latest(house, "offices")
    await guest.enter(f"/c/{THEIRS}/{office['slug']}/entrer", name="Zoé")
    person = (await latest(house, "people"))["id"]
    identity = {"identity": f"g_{person}"}
    await owner.enter(f"/c/{THEIRS}/{office['slug']}/expulser", **identity)
    await owner.send(f"{manage}/offices/{office['id']}", **{**FORM, "visibility": "invitation"})
    await owner.send(f"{manage}/invitations", office=office["id"], days="7")
    fields = await form(house, office=office["id"], open_to="members")
    await owner.send_list(f"/c/{THEIRS}/seances/nouvelle", fields)
    return {
        "office": office["slug"],
        "session": (await latest(house, "sessions"))["id"],
        "offices": office["id"],
        "invitations": (await latest(house, "invitations"))["id"],
        "expulsions": (await latest(house, "expulsions"))["id"],
        "personnes": person,
    }


def addresses(house: web.Application, ids: dict[str, str]) -> list[tuple[str, str, str, str]]:
    """(method, pattern, house asked, address) with the other house's ids, in either house."""
    found = []
    for route in house.router.routes():
        pattern = route.resource.canonical if route.resource is not None else ""
        if "{community}" not in pattern or "{token}" in pattern or route.method == "HEAD":
            continue
        if pattern.endswith("/evenements"):
            continue  # stays open; test_live.py
        kind = re.search(r"/gerer/(\w+)/{id}", pattern)
        names = {**ids, "id": ids.get(kind[1], "x") if kind else "x"}
        for community in (MINE, THEIRS):
            if community == MINE and not re.search("{(id|session)}", pattern):
                continue  # nothing of the other house is in it
            filled = pattern.format(**{**names, "community": community})
            found.append((route.method, pattern, community, filled))
    return found


async def test_a_closed_door_does_not_tell_who_holds_the_lamp_behind_it(
    house: web.Application, owner: Visitor, visitors: Visitors
) -> None:
    """Who holds it is there: presence in an office by invitation is for those who may enter."""
    ids = await furnish(house, owner, visitors())
    stranger, lamp = visitors(), f"/c/{THEIRS}/seances/{ids['session']}/lampe"
    assert await stranger.open(lamp) == 403
    assert await owner.open(lamp) == 200
    await owner.send(f"/c/{THEIRS}/gerer/offices/{ids['offices']}", **FORM)
    assert await stranger.open(lamp) == 200


async def test_an_owner_gets_nowhere_in_another_house(
    house: web.Application, owner: Visitor, visitors: Visitors
) -> None:
    ids = await furnish(house, owner, visitors())
    mallory = visitors()
    await come(house, mallory, Role.OWNER, name="Mallory")
    before, met = await kept(house), set()
    fields = {**FORM, **HOUSE, **dict(await form(house, office=ids["offices"]))}
    fields |= {"role": "owner", "sure": "1", "days": "7", "answer": "yes"}
    for method, pattern, community, path in addresses(house, ids):
        if method == "GET":
            status = await mallory.open(path)
        elif pattern.endswith(BY_SCRIPT):
            status = (await mallory.enter(path, identity=f"g_{ids['personnes']}"))[0]
        else:
            status = await mallory.send(path, **fields)
        if status == 200 and pattern != SAID_TWICE:
            assert (community, method) == (THEIRS, "GET"), path
            met.add(pattern)
    assert met == PUBLIC
    assert await kept(house) == before
