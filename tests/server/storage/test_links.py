"""Invitations and owner links as records: nobody gets in once too often."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from server.community.communities import Community
from server.community.errors import LinkRefused
from server.community.invitations import Invitation, InvitationDraft, LinkState
from server.community.people import Role
from server.storage.database import Database
from server.storage.demo_community import open_demo_community
from server.storage.queries.communities import has_owner, standing_of
from server.storage.queries.invitations import (
    add_invitation,
    invitation_by_token,
    revoke_invitation,
    use_invitation,
)
from server.storage.queries.offices import offices_of, remove_office
from server.storage.queries.owner_links import add_owner_link, owner_link_state, use_owner_link
from server.storage.queries.people import add_person, forget_guest, person_by_id, set_role

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(days=2)


@pytest.fixture
async def community(database: Database) -> Community:
    async with database.writing() as db:
        return await open_demo_community(db, NOW)


async def invite(
    database: Database,
    community: Community,
    *,
    office_id: str | None = None,
    max_uses: int | None = None,
) -> Invitation:
    draft = InvitationDraft(office_id, NOW + timedelta(days=1), max_uses, "")
    async with database.writing() as db:
        return await add_invitation(db, community.id, draft, created_by=None, now=NOW)


async def come(database: Database, invitation: Invitation, now: datetime = NOW) -> str | None:
    """A new person tries the invitation; their id, or None when it does not open."""
    try:
        async with database.writing() as db:
            person = await add_person(db, "Zoé", now)
            await use_invitation(db, invitation, person.id, now)
            return person.id
    except LinkRefused:
        return None


async def uses(database: Database, invitation: Invitation) -> int:
    async with database.reading() as db:
        found = await invitation_by_token(db, invitation.token)
    assert found is not None
    return found.uses


async def test_people_at_once_never_exceed_the_uses(
    database: Database, community: Community
) -> None:
    invitation = await invite(database, community, max_uses=3)
    came = await asyncio.gather(*(come(database, invitation) for _ in range(10)))
    assert sum(1 for each in came if each) == 3
    assert await uses(database, invitation) == 3


async def test_coming_again_uses_nothing_up(database: Database, community: Community) -> None:
    invitation = await invite(database, community, max_uses=1)
    person_id = await come(database, invitation)
    assert person_id is not None
    async with database.writing() as db:
        await use_invitation(db, invitation, person_id, NOW)
    assert await uses(database, invitation) == 1


async def test_an_expired_invitation_lets_nobody_in(
    database: Database, community: Community
) -> None:
    invitation = await invite(database, community)
    assert await come(database, invitation, LATER) is None
    assert await uses(database, invitation) == 0


async def test_a_revoked_invitation_takes_back_what_it_opened(
    database: Database, community: Community
) -> None:
    async with database.reading() as db:
        office = (await offices_of(db, community.id))[0]
    invitation = await invite(database, community, office_id=office.id)
    person_id = await come(database, invitation)
    assert person_id is not None
    async with database.writing() as db:
        standing = await standing_of(db, community.id, person_id, NOW)
        assert standing.office_ids == {office.id}
        assert not standing.whole_community
        assert await revoke_invitation(db, community.id, invitation.id, NOW)
        standing = await standing_of(db, community.id, person_id, NOW)
        assert standing.office_ids == frozenset()
        assert not await revoke_invitation(db, community.id, invitation.id, NOW)
    assert await come(database, invitation) is None


async def test_only_the_community_itself_revokes_its_invitations(
    database: Database, community: Community
) -> None:
    invitation = await invite(database, community)
    async with database.writing() as db:
        assert not await revoke_invitation(db, "another", invitation.id, NOW)


async def test_removing_an_office_removes_its_invitations(
    database: Database, community: Community
) -> None:
    async with database.reading() as db:
        office = (await offices_of(db, community.id))[0]
    invitation = await invite(database, community, office_id=office.id)
    assert await come(database, invitation)
    async with database.writing() as db:
        await remove_office(db, office.id)
    async with database.reading() as db:
        assert await invitation_by_token(db, invitation.token) is None


async def test_an_owner_link_is_used_once(database: Database, community: Community) -> None:
    async with database.writing() as db:
        token = await add_owner_link(db, community.id, NOW)

    async def use() -> str | None:
        async with database.writing() as db:
            return await use_owner_link(db, token, NOW)

    used = await asyncio.gather(*(use() for _ in range(6)))
    assert sorted(each or "" for each in used) == [*[""] * 5, community.id]
    async with database.reading() as db:
        assert (await owner_link_state(db, token, NOW))[0] is LinkState.USED_UP


async def test_an_owner_link_expires_and_a_new_one_replaces_it(
    database: Database, community: Community
) -> None:
    async with database.writing() as db:
        first = await add_owner_link(db, community.id, NOW)
        assert await use_owner_link(db, first, LATER) is None
        second = await add_owner_link(db, community.id, NOW)
        assert (await owner_link_state(db, first, NOW))[0] is LinkState.UNKNOWN
        assert (await owner_link_state(db, second, NOW))[0] is LinkState.VALID


async def test_a_guest_can_be_erased_and_a_member_cannot(
    database: Database, community: Community
) -> None:
    invitation = await invite(database, community)
    guest_id = await come(database, invitation)
    assert guest_id is not None
    async with database.writing() as db:
        owner = await add_person(db, "Odile", NOW)
        await set_role(db, community.id, owner.id, Role.OWNER, NOW)
        assert await forget_guest(db, guest_id)
        assert not await forget_guest(db, owner.id)
        assert await person_by_id(db, guest_id) is None
        assert await has_owner(db, community.id)
