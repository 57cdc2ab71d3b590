"""What is kept about a person: moved, gathered, erased, and gone when its time has come."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from server.community.communities import Community
from server.community.invitations import InvitationDraft
from server.community.people import Person, Role
from server.community.retention import RULES, WARNED_AFTER, Kind, kept_for
from server.community.visits import Seen
from server.letters import Address, Letter, queue_letter
from server.retention import apply_retention
from server.storage.database import Database
from server.storage.demo_community import open_demo_community
from server.storage.queries.communities import standing_of
from server.storage.queries.expulsions import expel
from server.storage.queries.invitations import add_invitation, invitations_of, use_invitation
from server.storage.queries.letters import latest_letters
from server.storage.queries.login_links import add_login_link, count_recent_links
from server.storage.queries.logins import add_login, logins_of
from server.storage.queries.members import people_of, places_of, remove_from
from server.storage.queries.offices import offices_of
from server.storage.queries.owner_links import add_owner_link, owner_link_state
from server.storage.queries.people import add_person, person_by_id, set_role
from server.storage.queries.person_data import (
    columns_about_people,
    erase_person,
    gather_person,
    merge_people,
)
from server.storage.queries.retention import absent_members, mark_warned
from server.storage.queries.sessions import possible_hosts
from server.storage.queries.visits import note_visits
from tests.server.storage.test_tour_proposals import moment, propose, tour_of

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
A_SECOND = timedelta(seconds=1)


@pytest.fixture
async def community(database: Database) -> Community:
    async with database.writing() as db:
        return await open_demo_community(db, NOW)


@pytest.fixture
async def lea(database: Database) -> Person:
    async with database.writing() as db:
        person = await add_person(db, "Léa", NOW, email="lea@exemple.org")
        await add_login(db, person.id, device="Firefox", method="link", now=NOW)
        return person


async def admit(database: Database, community: Community, person: Person) -> None:
    """Let someone in by an invitation to the whole community."""
    draft = InvitationDraft(None, None, None, "")
    async with database.writing() as db:
        link = await add_invitation(db, community.id, draft, created_by=None, now=NOW)
        await use_invitation(db, link, person.id, NOW)


async def test_a_merge_moves_all_but_logins(
    database: Database, community: Community, lea: Person
) -> None:
    async with database.writing() as db:
        guest = await add_person(db, "Zoé", NOW)
        await add_login(db, guest.id, device="Chrome", method="name", now=NOW)
        await set_role(db, community.id, guest.id, Role.HOST, NOW)
        await set_role(db, community.id, lea.id, Role.MEMBER, NOW)
    await admit(database, community, guest)
    await admit(database, community, lea)
    async with database.writing() as db:
        (link, *_others) = await invitations_of(db, community.id)
        await use_invitation(db, link, guest.id, NOW)  # both hold this one
        await merge_people(db, guest.id, lea.id, NOW)
        assert await person_by_id(db, guest.id) is None
        standing = await standing_of(db, community.id, lea.id, NOW)
        assert (standing.role, standing.whole_community) == (Role.HOST, True)
        assert [each.device for each in await logins_of(db, lea.id)] == ["Firefox"]
        assert len((await gather_person(db, lea.id))["admissions"]) == 2


async def test_erasing_takes_every_row_and_keeps_what_is_the_communitys(
    database: Database, community: Community, lea: Person
) -> None:
    draft = InvitationDraft(None, None, None, "")
    async with database.writing() as db:
        await set_role(db, community.id, lea.id, Role.ORGANISER, NOW)
        await add_invitation(db, community.id, draft, created_by=lea.id, now=NOW)
        await queue_letter(db, lea, Letter("hello", "Bonjour", ("Allô",)), now=NOW)
        await queue_letter(
            db, Address("lea@exemple.org", "fr"), Letter("hello", "Bonjour", ("Allô",)), now=NOW
        )
        await add_login_link(db, "lea@exemple.org", "/", NOW)
        await erase_person(db, lea.id, lea.email)
    async with database.reading() as db:
        assert await gather_person(db, lea.id) == {"people": []}
        assert await latest_letters(db, 9) == []
        assert await count_recent_links(db, "lea@exemple.org", NOW) == 0
        assert len(await invitations_of(db, community.id)) == 1


async def test_what_was_asked_for_with_an_address_is_gathered_without_its_words(
    database: Database, lea: Person
) -> None:
    hello = Letter("login", "Bonjour", ("https://moulin.exemple.org/entree/AAAA",))
    async with database.writing() as db:
        for address in ("lea@exemple.org", "zoe@exemple.org"):
            await queue_letter(db, Address(address, "fr"), hello, now=NOW)
            await add_login_link(db, address, "/", NOW)
        found = await gather_person(db, lea.id, lea.email)
    assert [each["address"] for each in found["letters"]] == ["lea@exemple.org"]
    assert [each["email"] for each in found["login_links"]] == ["lea@exemple.org"]
    assert "entree" not in str(found)
    assert "token_hash" not in str(found)


def test_every_row_about_someone_goes_with_them_or_loses_their_name() -> None:
    for table, column in columns_about_people():
        (key,) = column.foreign_keys
        assert key.ondelete in ("CASCADE", "SET NULL"), f"{table.name}.{column.name}"


async def test_the_people_of_a_community_are_listed_by_name(
    database: Database, community: Community, lea: Person
) -> None:
    async with database.writing() as db:
        await set_role(db, community.id, lea.id, Role.OWNER, NOW)
        guest = await add_person(db, "amadou_1", NOW)
        await add_person(db, "Personne", NOW)
    await admit(database, community, guest)
    await admit(database, community, guest)
    async with database.writing() as db:
        found, total = await people_of(db, community.id)
        assert [(each.name, each.role) for each in found] == [
            ("amadou_1", Role.GUEST),
            ("Léa", Role.OWNER),
        ]
        assert total == 2
        assert (await people_of(db, community.id, named="OU_"))[1] == 1
        assert (await people_of(db, community.id, named="%"))[1] == 0
        assert (await people_of(db, community.id, named="lea"))[1] == 1
        assert (await people_of(db, community.id, named="LÉA"))[1] == 1
        await set_role(db, community.id, (await add_person(db, "Zoé", NOW)).id, Role.HOST, NOW)
        await set_role(db, community.id, (await add_person(db, "Éloi", NOW)).id, Role.HOST, NOW)
        names = [each.name for each in (await people_of(db, community.id))[0]]
        assert names == ["amadou_1", "Éloi", "Léa", "Zoé"]
        assert list((await possible_hosts(db, community.id)).values())[:2] == ["Éloi", "Léa"]
        (place,) = await places_of(db, lea.id)
        assert (place.role, place.owners) == (Role.OWNER, 1)
        await remove_from(db, community.id, guest.id)
        assert (await people_of(db, community.id))[1] == 3
        assert not (await standing_of(db, community.id, guest.id, NOW)).whole_community


async def seed(database: Database, community: Community) -> dict[Kind, int]:
    """One thing of each kind, and those that time never takes; the count by kind."""
    day = InvitationDraft(None, NOW, None, "")
    forever = InvitationDraft(None, None, None, "")
    async with database.writing() as db:
        await add_person(db, "de passage", NOW)
        await add_person(db, "membre", NOW, email="membre@exemple.org")
        for name, email in (("sans adresse", None), ("tient la maison", "t@exemple.org")):
            owner = await add_person(db, name, NOW, email=email)
            await set_role(db, community.id, owner.id, Role.OWNER, NOW)
        await add_login(db, owner.id, device="", method="link", now=NOW)
        await add_login_link(db, "x@exemple.org", "/", NOW)
        await queue_letter(
            db, Address("x@exemple.org", "fr"), Letter("hello", "Bonjour", ("Allô",)), now=NOW
        )
        await add_invitation(db, community.id, day, created_by=None, now=NOW)
        await add_invitation(db, community.id, forever, created_by=None, now=NOW)
        await add_owner_link(db, community.id, NOW - timedelta(days=2))
        office = (await offices_of(db, community.id))[0]
        await note_visits(db, [], [Seen(community.id, office.id, owner.id)], NOW)
        await expel(db, owner.id, office.id, until=NOW, now=NOW)
        await propose(db, await tour_of(db, owner.id), community.id, moment(), NOW)
    return dict.fromkeys(set(Kind) - {Kind.CHALLENGES}, 1)


async def test_each_kind_of_data_goes_when_its_time_has_come_and_not_before(
    database: Database, community: Community
) -> None:
    expected = await seed(database, community)
    async with database.writing() as db:
        told = await absent_members(db, NOW + WARNED_AFTER + A_SECOND)
        await mark_warned(db, [each.id for each in told], NOW)
    erased: dict[Kind, int] = {}
    for rule in sorted(RULES, key=lambda rule: rule.after):
        just_before, after = NOW + rule.after, NOW + rule.after + A_SECOND
        found = await apply_retention(database, lambda at=just_before: at)  # type: ignore[misc]
        assert found[rule.kind] == 0, rule.kind
        found = await apply_retention(database, lambda at=after: at)  # type: ignore[misc]
        for kind, count in found.items():
            erased[kind] = erased.get(kind, 0) + count
    assert {kind: count for kind, count in erased.items() if count} == expected
    async with database.reading() as db:
        assert (await people_of(db, community.id))[1] == 2
        assert len(await invitations_of(db, community.id)) == 1
        assert (await owner_link_state(db, "x", NOW))[1] is None


def test_every_kind_has_its_rule() -> None:
    assert {rule.kind for rule in RULES} == set(Kind)
    assert kept_for(Kind.LOGIN_LINKS) == timedelta(days=1)
