"""Absent members are told once before their account goes, and keep it by a press or by coming."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from server.absence import AbsenceLetters, kept_person
from server.community.people import Person, Role
from server.community.retention import NOTICE, WARNED_AFTER, Kind
from server.i18n import LOCALES, Catalogs
from server.retention import apply_retention
from server.settings import Settings, load_settings
from server.storage.database import Database
from server.storage.demo_community import open_demo_community
from server.storage.queries.letters import StoredLetter, latest_letters
from server.storage.queries.logins import add_login
from server.storage.queries.people import add_person, keep_server, person_by_id, set_role
from server.storage.queries.retention import is_warned, keep_member

THEN = datetime(2026, 3, 1, 12, tzinfo=UTC)
A_SECOND = timedelta(seconds=1)
TWO_YEARS = timedelta(days=730)


class Clock:
    """The hour that the test says it is."""

    def __init__(self) -> None:
        self.now = THEN

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = load_settings(data_dir=tmp_path, public_url="https://moulin.exemple.org")
    return made.model_copy(update={"secret_key": "a key"})


@pytest.fixture
async def lea(database: Database) -> Person:
    async with database.writing() as db:
        return await add_person(db, "Léa", THEN, email="lea@exemple.org")


@pytest.fixture
def letters(database: Database, settings: Settings, clock: Clock) -> AbsenceLetters:
    return AbsenceLetters(database, Catalogs(LOCALES, Path("static/js")), settings, clock)


async def written(database: Database) -> list[StoredLetter]:
    async with database.reading() as db:
        return await latest_letters(db, 9)


async def is_there(database: Database, person: Person) -> bool:
    async with database.reading() as db:
        return await person_by_id(db, person.id) is not None


async def erased(database: Database, clock: Callable[[], datetime]) -> int:
    return (await apply_retention(database, clock))[Kind.MEMBERS]


async def test_one_letter_thirty_days_before_then_the_account_goes(
    database: Database, lea: Person, letters: AbsenceLetters, clock: Clock, settings: Settings
) -> None:
    clock.now = THEN + WARNED_AFTER
    assert await letters.send() == 0
    clock.now += A_SECOND
    assert [await letters.send(), await letters.send()] == [1, 0]
    (letter,) = await written(database)
    assert (letter.address, letter.kind) == ("lea@exemple.org", "absence")
    assert "29 février 2028" in letter.text
    _before, _, token = letter.text.partition("https://moulin.exemple.org/garder/")
    assert kept_person(settings, token.split()[0]) == lea.id
    clock.now = THEN + TWO_YEARS
    assert await erased(database, clock) == 0
    clock.now += 2 * A_SECOND
    assert await erased(database, clock) == 1
    assert not await is_there(database, lea)


async def test_nobody_goes_without_having_been_told_in_time(
    database: Database, lea: Person, letters: AbsenceLetters, clock: Clock
) -> None:
    clock.now = THEN + 2 * TWO_YEARS  # the server slept
    assert await erased(database, clock) == 0
    assert await letters.send() == 1
    clock.now += NOTICE
    assert await erased(database, clock) == 0
    clock.now += A_SECOND
    assert await erased(database, clock) == 1


@pytest.mark.parametrize("how", ["press", "login"])
async def test_who_answers_or_comes_back_is_kept_two_years_more_and_told_anew(
    database: Database, lea: Person, letters: AbsenceLetters, clock: Clock, how: str
) -> None:
    clock.now = THEN + WARNED_AFTER + A_SECOND
    await letters.send()
    async with database.writing() as db:
        if how == "press":
            await keep_member(db, lea.id, clock.now)
        else:
            await add_login(db, lea.id, device="", method="link", now=clock.now)
        assert not await is_warned(db, lea.id)
    back = clock.now
    clock.now = back + WARNED_AFTER
    assert await letters.send() + await erased(database, clock) == 0
    clock.now += A_SECOND
    assert await letters.send() == 1


async def test_keeping_is_for_those_who_were_told(database: Database, lea: Person) -> None:
    async with database.writing() as db:
        await keep_member(db, lea.id, THEN + TWO_YEARS)
    async with database.reading() as db:
        row = await person_by_id(db, lea.id)
    assert row is not None
    assert await erased(database, lambda: THEN + TWO_YEARS) == 0


async def test_owners_keepers_and_guests_are_not_told(
    database: Database, letters: AbsenceLetters, clock: Clock
) -> None:
    async with database.writing() as db:
        community = await open_demo_community(db, THEN)
        owner = await add_person(db, "Odile", THEN, email="odile@exemple.org")
        await set_role(db, community.id, owner.id, Role.OWNER, THEN)
        keeper = await add_person(db, "Karim", THEN, email="karim@exemple.org")
        await keep_server(db, keeper.id)
        await add_person(db, "de passage", THEN)
    clock.now = THEN + 2 * TWO_YEARS
    assert await letters.send() == 0


async def test_the_letter_is_in_its_readers_language(
    database: Database, letters: AbsenceLetters, clock: Clock
) -> None:
    async with database.writing() as db:
        await add_person(db, "Liam", THEN, email="liam@example.org", lang="en")
    clock.now = THEN + TWO_YEARS
    await letters.send()
    (letter,) = await written(database)
    assert "Hello Liam," in letter.text
    assert "two years" in letter.text


@pytest.mark.parametrize("token", ["", "x", "ImUi.AAAA", "é"])
def test_what_we_did_not_sign_keeps_nobody(settings: Settings, token: str) -> None:
    assert kept_person(settings, token) is None
