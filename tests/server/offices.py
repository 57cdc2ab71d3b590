"""The offices of the demo community, as tests find and change them."""

from __future__ import annotations

from aiohttp import web

from server.keys import DATABASE
from server.storage.queries.communities import list_communities
from server.storage.queries.offices import offices_of
from tests.server.visitors import Visitor

FORM = {
    "name_fr": "Le café",
    "name_en": "The Café",
    "description_fr": "On jase.",
    "description_en": "Chat.",
    "kind": "cafe",
    "capacity": "12",
    "visibility": "public",
}
MANAGE = "/c/les-pigistes/gerer"


async def office_ids(house: web.Application) -> dict[str, str]:
    """The ids of the offices of the first community, by their piece of address."""
    async with house[DATABASE].reading() as db:
        community = (await list_communities(db))[0]
        return {office.slug: office.id for office in await offices_of(db, community.id)}


async def change_office(house: web.Application, owner: Visitor, office: str, **fields: str) -> None:
    """The owner saves an office's form with these fields changed."""
    office_id = (await office_ids(house))[office]
    await owner.send(f"{MANAGE}/offices/{office_id}", **{**FORM, **fields})
    assert owner.path == f"{MANAGE}?fait=office-saved", owner.text
