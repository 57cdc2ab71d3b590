"""Where a request is: the community of its address, its doors, and what the person holds there."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from server.community.communities import Community
from server.community.entry import STRANGER, Standing
from server.community.offices import Office
from server.community.people import Person, may_manage
from server.keys import DATABASE
from server.storage.database import Transaction
from server.storage.queries import communities, offices
from server.web.person import known_person, right_now
from server.web.refused import Refused


@dataclass(frozen=True)
class Place:
    """A community as one person stands in it."""

    community: Community
    offices: list[Office]
    person: Person | None
    standing: Standing

    @property
    def can_manage(self) -> bool:
        """Whether the person looks after this community."""
        return may_manage(self.standing.role)

    def office(self, slug: str) -> Office:
        """The office at that piece of address; raises Refused."""
        for office in self.offices:
            if office.slug == slug:
                return office
        raise Refused(404, "not_found")


async def place_of(request: web.Request) -> Place:
    """The place of /c/{community}/…; raises Refused when there is no such community."""
    person = await known_person(request)
    async with request.app[DATABASE].reading() as db:
        return await place_at(db, request.match_info["community"], person)


async def public_place(request: web.Request) -> Place:
    """`place_of` as a stranger stands there, whoever asks: for what is shown alike to everyone."""
    async with request.app[DATABASE].reading() as db:
        return await place_at(db, request.match_info["community"], None)


async def place_at(db: Transaction, slug: str, person: Person | None) -> Place:
    """The community of that address as `person` stands there; raises Refused without one."""
    community = await communities.community_by_slug(db, slug)
    if community is None:
        raise Refused(404, "not_found")
    doors = await offices.offices_of(db, community.id)
    standing = STRANGER
    if person is not None:
        standing = await communities.standing_of(db, community.id, person.id, right_now())
    return Place(community, doors, person, standing)


async def managed_place(request: web.Request) -> Place:
    """`place_of` for those who look after the community; raises Refused for others."""
    place = await place_of(request)
    if not place.can_manage:
        raise Refused(403, "owner_only")
    return place


async def standing_of(request: web.Request, community: Community) -> Standing:
    """What this request's person holds in a community."""
    person = await known_person(request)
    if person is None:
        return STRANGER
    async with request.app[DATABASE].reading() as db:
        return await communities.standing_of(db, community.id, person.id, right_now())
