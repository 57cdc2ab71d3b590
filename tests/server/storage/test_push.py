"""Notices and devices, on both databases: spread, tried again, given up, gone with their person."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from server.community.people import Person
from server.community.retention import Kind, kept_for
from server.push.notices import LONGEST_WAIT, Notice, PushQueue, queue_notice
from server.push.sender import Answer, Outcome
from server.retention import apply_retention
from server.storage.database import Database, Transaction
from server.storage.queries.logins import add_login, end_login
from server.storage.queries.people import add_person
from server.storage.queries.person_data import erase_person, gather_person, merge_people
from server.storage.queries.push_notices import DueNotice, cancel_notices
from server.storage.queries.push_subscriptions import (
    end_subscription,
    is_subscribed,
    is_wanted,
    put_subscription,
    turn_off,
)
from server.storage.tables import PushNoticeRow, PushSubscriptionRow

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class Service:
    """Answers as it is told to, by endpoint, and remembers what it was sent."""

    def __init__(self) -> None:
        self.outcomes: dict[str, Outcome] = {}
        self.wait: timedelta | None = None
        self.meanwhile: Callable[[], Awaitable[None]] | None = None
        self.sent: list[str] = []

    async def send(self, notice: DueNotice) -> Answer:
        self.sent.append(notice.endpoint)
        if self.meanwhile is not None:
            await self.meanwhile()
        return Answer(self.outcomes.get(notice.endpoint, Outcome.TAKEN), wait=self.wait)


@pytest.fixture
async def lea(database: Database) -> Person:
    async with database.writing() as db:
        return await add_person(db, "Léa", NOW, email="lea@exemple.org")


async def devices(database: Database, person: Person, *names: str) -> list[str]:
    """Devices of a person that want notices; their logins."""
    logins = []
    async with database.writing() as db:
        for name in names:
            login = await add_login(db, person.id, device=name, method="link", now=NOW)
            await subscribe(db, login, person.id, name)
            logins.append(login)
    return logins


async def subscribe(db: Transaction, login: str, person_id: str, name: str) -> None:
    await put_subscription(
        db, login, person_id, endpoint=name, public_key=b"k", secret=b"s", now=NOW
    )


async def queue(
    database: Database, person: Person, at: datetime = NOW, of_use: timedelta = 15 * MINUTE
) -> None:
    async with database.writing() as db:
        notice = Notice("Bientôt", "à midi", "/", "fr")
        await queue_notice(
            db,
            person,
            notice,
            now=NOW,
            about="reminder:x",
            send_at=at,
            expires_at=at + of_use,
        )


async def counts(database: Database) -> Sequence[int]:
    """How many devices want notices, and how many notices wait."""
    async with database.reading() as db:
        return [
            await db.scalar(select(func.count()).select_from(table)) or 0
            for table in (PushSubscriptionRow, PushNoticeRow)
        ]


async def test_a_notice_reaches_every_device_once_it_is_due(
    database: Database, lea: Person
) -> None:
    service = Service()
    await devices(database, lea, "a", "b")
    await queue(database, lea, NOW + MINUTE)
    assert await PushQueue(database, service, lambda: NOW).send_due() == 0
    assert await PushQueue(database, service, lambda: NOW + MINUTE).send_due() == 2
    assert sorted(service.sent) == ["a", "b"]
    assert await counts(database) == [2, 0]


async def test_failures_are_tried_again_then_given_up(database: Database, lea: Person) -> None:
    service = Service()
    service.outcomes["a"] = Outcome.LATER
    await devices(database, lea, "a", "b")
    await queue(database, lea)
    for minute in range(14):
        await PushQueue(database, service, lambda at=minute: NOW + at * MINUTE).send_due()  # type: ignore[misc]
    assert service.sent.count("a") == 4
    assert service.sent.count("b") == 1
    assert await counts(database) == [2, 0]


@pytest.mark.parametrize(
    ("asked", "waits"),
    [
        (timedelta(), [MINUTE, 2 * MINUTE, 5 * MINUTE]),
        (4 * MINUTE, [4 * MINUTE, 4 * MINUTE, 5 * MINUTE]),
        (timedelta(days=9), [LONGEST_WAIT] * 3),
    ],
)
async def test_a_push_service_is_left_alone_for_as_long_as_it_asks_within_bounds(
    database: Database, lea: Person, asked: timedelta, waits: list[timedelta]
) -> None:
    service, clock = Service(), [NOW]
    sending = PushQueue(database, service, lambda: clock[0])
    service.outcomes["a"], service.wait = Outcome.LATER, asked
    await devices(database, lea, "a")
    await queue(database, lea, of_use=timedelta(days=1))
    for tries, wait in enumerate(waits, start=1):
        await sending.send_due()
        clock[0] += wait - timedelta(seconds=1)
        await sending.send_due()
        assert service.sent == ["a"] * tries
        clock[0] += timedelta(seconds=1)
    await sending.send_due()
    assert (service.sent, await counts(database)) == (["a"] * 4, [1, 0])


@pytest.mark.parametrize("outcome", [Outcome.LATER, Outcome.GONE])
async def test_a_new_address_is_kept_and_gets_what_waited_for_the_old_one(
    database: Database, lea: Person, outcome: Outcome
) -> None:
    service = Service()
    [login] = await devices(database, lea, "old")

    async def moves() -> None:
        async with database.writing() as db:
            await subscribe(db, login, lea.id, "new")

    service.outcomes["old"], service.meanwhile = outcome, moves
    await queue(database, lea)
    await PushQueue(database, service, lambda: NOW).send_due()
    await PushQueue(database, service, lambda: NOW + MINUTE).send_due()
    assert (service.sent[0], await counts(database)) == ("old", [1, 0])
    assert service.sent[1:] == (["new"] if outcome is Outcome.LATER else [])


async def test_what_is_too_late_is_not_sent(database: Database, lea: Person) -> None:
    service = Service()
    await devices(database, lea, "a")
    await queue(database, lea)
    service.outcomes["a"] = Outcome.LATER
    await PushQueue(database, service, lambda: NOW).send_due()
    await queue(database, lea)
    assert await PushQueue(database, service, lambda: NOW + 15 * MINUTE).send_due() == 0
    assert service.sent == ["a"]
    assert await counts(database) == [1, 0]


async def test_a_device_that_is_gone_is_forgotten(database: Database, lea: Person) -> None:
    service = Service()
    service.outcomes |= {"a": Outcome.GONE, "b": Outcome.REFUSED}
    gone, refused = await devices(database, lea, "a", "b")
    await queue(database, lea)
    await PushQueue(database, service, lambda: NOW).send_due()
    assert await counts(database) == [1, 0]
    async with database.reading() as db:
        assert not await is_subscribed(db, gone)
        assert await is_wanted(db, gone)
        assert await is_subscribed(db, refused)
    async with database.writing() as db:
        await turn_off(db, refused)
        assert not await is_wanted(db, refused)
        assert await is_wanted(db, gone)


async def test_a_browser_is_one_persons_device_at_a_time(database: Database, lea: Person) -> None:
    (before,) = await devices(database, lea, "a")
    async with database.writing() as db:
        zoe = await add_person(db, "Zoé", NOW, email="zoe@exemple.org")
    (after,) = await devices(database, zoe, "a")
    async with database.writing() as db:
        assert not await is_subscribed(db, before)
        assert await is_subscribed(db, after)
        await end_subscription(db, after)
    assert await counts(database) == [0, 0]


async def test_notices_are_taken_back(database: Database, lea: Person) -> None:
    await queue(database, lea)
    async with database.writing() as db:
        await cancel_notices(db, "reminder:x", "someone else")
        await cancel_notices(db, "reminder:y")
    assert await counts(database) == [0, 1]
    async with database.writing() as db:
        await cancel_notices(db, "reminder:x", lea.id)
    assert await counts(database) == [0, 0]


async def test_signing_a_device_out_ends_its_notices(database: Database, lea: Person) -> None:
    login, _other = await devices(database, lea, "a", "b")
    async with database.writing() as db:
        await end_login(db, lea.id, login)
    assert await counts(database) == [1, 0]


async def test_merging_exporting_and_erasing(database: Database, lea: Person) -> None:
    async with database.writing() as db:
        guest = await add_person(db, "Zoé", NOW)
    await devices(database, guest, "guest")
    await devices(database, lea, "a")
    await queue(database, lea)
    async with database.writing() as db:
        await merge_people(db, guest.id, lea.id, NOW)
        kept = await gather_person(db, lea.id)
        assert [each["endpoint"] for each in kept["push_subscriptions"]] == ["a"]
        assert not {"secret", "public_key"} & set(kept["push_subscriptions"][0])
        assert len(kept["push_notices"]) == 1
        await erase_person(db, lea.id, lea.email)
    assert await counts(database) == [0, 0]


async def test_time_takes_a_device_not_seen_any_more(database: Database, lea: Person) -> None:
    await devices(database, lea, "a")
    late = NOW + kept_for(Kind.LOGINS) + MINUTE
    await apply_retention(database, lambda: late)
    assert await counts(database) == [0, 0]


async def test_devices_that_get_notices_are_taken_to_want_them(
    database: Database, lea: Person
) -> None:
    gets, does_not = await devices(database, lea, "a", "b")
    async with database.writing() as db:
        await end_subscription(db, does_not)
    await database.downgrade("0016")
    await database.migrate()
    async with database.reading() as db:
        assert await is_wanted(db, gets)
        assert not await is_wanted(db, does_not)


async def test_the_tables_go_and_come_back_with_rows_in_them(
    database: Database, lea: Person
) -> None:
    await devices(database, lea, "a")
    await queue(database, lea)
    await database.downgrade("0006")
    await database.migrate()
    assert await counts(database) == [0, 0]
    async with database.reading() as db:
        assert "logins" in await gather_person(db, lea.id)
