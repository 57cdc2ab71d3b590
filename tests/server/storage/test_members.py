"""People, logins, letters and leases as records, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from server.community.people import Notification
from server.letters import Address, Letter, next_try, queue_letter
from server.storage.database import Database
from server.storage.queries.leases import return_lease, take_lease
from server.storage.queries.letters import (
    CLAIM,
    Attachment,
    cancel_letters,
    latest_letters,
    letter_failed,
    letter_left,
    take_due_letters,
)
from server.storage.queries.logins import (
    add_login,
    end_login,
    end_logins,
    logins_of,
    person_of_login,
)
from server.storage.queries.people import add_person, person_by_email

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
A_MINUTE = timedelta(minutes=1)
HELLO = Letter("hello", "Bonjour", ("Ça va?",), notification=Notification.REMINDERS)
CALENDAR = Attachment("seance.ics", "text/calendar; method=REQUEST", b"BEGIN:VCALENDAR")


async def test_the_members_migration_keeps_the_people_it_finds(database: Database) -> None:
    await database.downgrade("0001")
    async with database.writing() as db:
        await db.execute(
            text(
                "INSERT INTO people (id, name, login_version, created_at) "
                "VALUES ('abc', 'Zoé', 3, '2026-01-02 03:04:05.000000+00')"
            )
        )
        await db.execute(
            text(
                "INSERT INTO communities (id, slug, name_fr, name_en, description_fr, "
                "description_en, time_zone, created_at) "
                "VALUES ('c', 'c', 'C', '', '', '', 'UTC', '2026-01-02 03:04:05.000000+00')"
            )
        )
        await db.execute(
            text(
                "INSERT INTO memberships (person_id, community_id, role, created_at) "
                "VALUES ('abc', 'c', 'owner', '2026-01-02 03:04:05.000000+00')"
            )
        )
    await database.migrate()
    await database.downgrade("0001")
    await database.migrate()
    async with database.reading() as db:
        found = (await db.execute(text("SELECT name, email, lang, seen_at FROM people"))).one()
        roles = (await db.execute(text("SELECT role FROM memberships"))).all()
    assert found[:3] == ("Zoé", None, "fr")
    assert str(found[3]).startswith("2026-01-02 03:04:05")
    assert [role for (role,) in roles] == ["owner"]


async def test_a_login_is_one_device_and_ends_alone_or_with_the_others(database: Database) -> None:
    async with database.writing() as db:
        zoe = await add_person(db, "Zoé", NOW, email="zoe@exemple.org")
        phone, desk, old = [
            await add_login(db, zoe.id, device=device, method="link", now=NOW)
            for device in ("Safari, iPhone", "Firefox, Linux", "Chrome, Windows")
        ]
        await end_login(db, zoe.id, old)
        await end_login(db, "someone else", phone)
    async with database.writing() as db:
        assert {each.id for each in await logins_of(db, zoe.id)} == {phone, desk}
        assert await person_of_login(db, phone) == (zoe, NOW)
        assert await person_of_login(db, old) is None
        await end_logins(db, zoe.id, but=desk)
        assert [each.id for each in await logins_of(db, zoe.id)] == [desk]
        await end_logins(db, zoe.id)
        assert await person_of_login(db, desk) is None
        assert await person_by_email(db, "zoe@exemple.org") == zoe


async def test_a_letter_is_taken_once_and_its_words_go_with_it(database: Database) -> None:
    async with database.writing() as db:
        to = Address("amadou@exemple.org", "fr")
        assert await queue_letter(db, to, HELLO, now=NOW, attachments=[CALENDAR])
    async with database.writing() as db:
        (letter,) = await take_due_letters(db, NOW, 10)
        assert await take_due_letters(db, NOW, 10) == []
        assert letter.attachments == (CALENDAR,)
        assert (letter.address, letter.attempts) == ("amadou@exemple.org", 1)
    async with database.writing() as db:  # the first process died: another tries again
        (again,) = await take_due_letters(db, NOW + CLAIM, 10)
        await letter_left(db, again.id, NOW)
    async with database.reading() as db:
        kept = (
            await db.execute(text("SELECT subject, text, html, attachments FROM letters"))
        ).one()
        assert tuple(kept) == ("", "", "", "[]")
        assert await latest_letters(db, 10) == []


async def test_a_letter_that_fails_waits_longer_each_time_then_is_given_up(
    database: Database,
) -> None:
    async with database.writing() as db:
        await queue_letter(db, Address("a@exemple.org", "fr"), HELLO, now=NOW)
    now, attempts = NOW, 0
    for _ in range(20):
        async with database.writing() as db:
            for letter in await take_due_letters(db, now, 10):
                attempts = letter.attempts
                later = next_try(letter.attempts, now)
                await letter_failed(db, letter.id, now, "closed", later)
                now = later or now
    assert attempts == 9
    assert now - NOW < timedelta(days=3)


async def test_letters_about_something_can_be_taken_back(database: Database) -> None:
    async with database.writing() as db:
        people = [
            await add_person(db, name, NOW, email=f"{name}@exemple.org") for name in ("a", "b")
        ]
        for person in people:
            await queue_letter(db, person, HELLO, now=NOW, about="se_1")
        await cancel_letters(db, "se_1", people[0].id)
        assert [each.address for each in await latest_letters(db, 9)] == ["b@exemple.org"]
        await cancel_letters(db, "se_1")
        assert await latest_letters(db, 9) == []


async def test_a_guest_and_a_member_who_wants_none_get_no_letter(database: Database) -> None:
    async with database.writing() as db:
        guest = await add_person(db, "Zoé", NOW)
        assert not await queue_letter(db, guest, HELLO, now=NOW)
        member = await add_person(db, "Amadou", NOW, email="a@exemple.org")
        assert await queue_letter(db, member, HELLO, now=NOW)


async def test_one_process_at_a_time_holds_a_lease(database: Database) -> None:
    until = NOW + A_MINUTE
    async with database.writing() as db:
        assert await take_lease(db, "mail", "one", until=until, now=NOW)
        assert not await take_lease(db, "mail", "two", until=until, now=NOW)
        assert await take_lease(db, "mail", "one", until=until + A_MINUTE, now=NOW)
        assert not await take_lease(db, "mail", "two", until=until, now=until)
        assert await take_lease(db, "other", "two", until=until, now=NOW)
        assert await take_lease(db, "mail", "two", until=until, now=until + A_MINUTE)
        await return_lease(db, "mail", "one")  # not its own any more
        assert not await take_lease(db, "mail", "one", until=until, now=NOW)
        await return_lease(db, "mail", "two")
        assert await take_lease(db, "mail", "one", until=until, now=NOW)
