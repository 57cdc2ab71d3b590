"""What invitations give and count: roles never above the giver's, newcomers, looks; migrations."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from server.community.communities import Community
from server.community.errors import LinkRefused
from server.community.invitations import Invitation, InvitationChange, InvitationDraft
from server.community.people import Role
from server.storage.database import Database
from server.storage.demo_community import open_demo_community
from server.storage.queries.communities import standing_of
from server.storage.queries.invitations import (
    add_invitation,
    change_invitation,
    count_opening,
    invitation_by_id,
    use_invitation,
)
from server.storage.queries.people import add_person, set_role

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
async def community(database: Database) -> Community:
    async with database.writing() as db:
        return await open_demo_community(db, NOW)


async def person(database: Database, community: Community, role: Role = Role.GUEST) -> str:
    """Somebody new of that role; their id."""
    async with database.writing() as db:
        made = await add_person(db, "Zoé", NOW)
        if role is not Role.GUEST:
            await set_role(db, community.id, made.id, role, NOW)
    return made.id


async def invite(
    database: Database, community: Community, giver: str, role: Role = Role.GUEST
) -> Invitation:
    draft = InvitationDraft(None, NOW + timedelta(days=1), 5, "", role)
    async with database.writing() as db:
        return await add_invitation(db, community.id, draft, created_by=giver, now=NOW)


async def use(database: Database, invitation: Invitation, person_id: str) -> Role:
    """Somebody uses the invitation; what they are afterwards."""
    async with database.writing() as db:
        await use_invitation(db, invitation, person_id, NOW)
        return (await standing_of(db, invitation.community_id, person_id, NOW)).role


async def again(database: Database, invitation: Invitation) -> Invitation:
    """The invitation as it is now."""
    async with database.reading() as db:
        found = await invitation_by_id(db, invitation.community_id, invitation.id)
    assert found is not None
    return found


async def test_a_role_is_given_and_never_taken_away(
    database: Database, community: Community
) -> None:
    owner = await person(database, community, Role.OWNER)
    link = await invite(database, community, owner, Role.HOST)
    assert await use(database, link, await person(database, community)) is Role.HOST
    organiser = await person(database, community, Role.ORGANISER)
    assert await use(database, link, organiser) is Role.ORGANISER


async def test_nobody_gives_what_they_no_longer_hold(
    database: Database, community: Community
) -> None:
    giver = await person(database, community, Role.ORGANISER)
    link = await invite(database, community, giver, Role.ORGANISER)
    async with database.writing() as db:
        await set_role(db, community.id, giver, Role.MEMBER, NOW)
    assert await use(database, link, await person(database, community)) is Role.GUEST
    nobody = replace(link, created_by=None)
    assert await use(database, nobody, await person(database, community)) is Role.GUEST


async def test_newcomers_are_counted_once_and_members_never(
    database: Database, community: Community
) -> None:
    owner = await person(database, community, Role.OWNER)
    first = await invite(database, community, owner)
    second = await invite(database, community, owner)
    guest = await person(database, community)
    for link in (first, first, second):
        await use(database, link, guest)
    await use(database, second, await person(database, community, Role.MEMBER))
    counts = [(each.uses, each.first_timers) for each in (await again(database, first),)]
    assert counts == [(1, 1)]
    found = await again(database, second)
    assert (found.uses, found.first_timers) == (2, 0)


async def test_looks_are_counted(database: Database, community: Community) -> None:
    link = await invite(database, community, await person(database, community, Role.OWNER))
    async with database.writing() as db:
        await count_opening(db, link.id)
        await count_opening(db, link.id)
    assert (await again(database, link)).opens == 2


async def test_a_link_is_shortened_but_never_below_those_who_came(
    database: Database, community: Community
) -> None:
    link = await invite(database, community, await person(database, community, Role.OWNER))
    for _ in range(2):
        await use(database, link, await person(database, community))
    late = NOW + timedelta(days=3)
    async with database.writing() as db:
        assert not await change_invitation(db, community.id, link.id, InvitationChange(late, 1, ""))
        assert not await change_invitation(db, "another", link.id, InvitationChange(None, 9, ""))
        assert await change_invitation(
            db, community.id, link.id, InvitationChange(late, 2, "au marché")
        )
    found = await again(database, link)
    assert (found.expires_at, found.max_uses, found.note) == (late, 2, "au marché")
    with pytest.raises(LinkRefused):
        await use(database, link, await person(database, community))


async def test_links_survive_the_migration_down_and_up(
    database: Database, community: Community
) -> None:
    owner = await person(database, community, Role.OWNER)
    link = await invite(database, community, owner, Role.MEMBER)
    await use(database, link, await person(database, community))
    await database.downgrade("0004")
    async with database.connection() as connection:
        kept = (await connection.execute(text("SELECT token, uses FROM invitations"))).all()
    assert [tuple(row) for row in kept] == [(link.token, 1)]
    await database.migrate()
    found = await again(database, link)
    assert (found.token, found.uses, found.role, found.opens) == (link.token, 1, Role.GUEST, 0)
