"""Phases made real, under a clock of the test's own: microphones, exceptions, and what is told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from rooms.errors import NotAllowed
from rooms.participant import Participant
from server.community.phases import read_phases
from server.community.recurrence import Frequency, Recurrence, Schedule
from server.community.series_edits import Reach
from server.community.sessions import Microphones, OpenTo, Plan, SessionDraft
from server.community.text import Bilingual
from server.storage.database import Database
from server.storage.demo_community import open_demo_community
from server.storage.queries.lineages import following_dates
from server.storage.queries.offices import offices_of
from server.storage.queries.people import add_person
from server.storage.queries.session_changes import add_session, change_session, rule_live
from server.storage.queries.sessions import session_by_id
from server.web.live import LivePages
from server.web.session_clock import SessionClock
from tests.rooms.seating import Seating, adding

START = datetime(2026, 9, 1, 13, tzinfo=UTC)


class Scene:
    """One office with a session of arrivals 10, focus 20, break 10, and a clock at `minutes`."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.seating = Seating()
        self.now = START
        self.office = self.community = self.host = self.session = ""
        self.clock = self.fresh_clock()

    def fresh_clock(self) -> SessionClock:
        """The clock of a process that has just started."""
        pages = LivePages(self.seating.presence)
        return SessionClock(self.database, self.seating.rooms, pages, lambda: self.now)

    async def announce(self, open_to: OpenTo = OpenTo.ALL) -> None:
        async with self.database.writing() as db:
            community = await open_demo_community(db, START)
            self.community = community.id
            self.office = (await offices_of(db, community.id))[0].id
            self.host = (await add_person(db, "Odile", START)).id
            plan = Plan(
                title=Bilingual("Mardi", "Tuesday"),
                text=Bilingual(""),
                theme="",
                office_id=self.office,
                host_id=self.host,
                co_host_ids=(),
                phases=read_phases("arrivals 10, focus 20, break 10"),
                capacity=None,
                open_to=open_to,
            )
            draft = SessionDraft(plan, Schedule(START.replace(tzinfo=None), "UTC"))
            self.session = await add_session(db, community.id, draft, None, START)

    async def at(self, minutes: float) -> None:
        """Let the clock look at that minute of the session."""
        self.now = START + timedelta(minutes=minutes)
        await self.clock.read()
        self.clock.tick()

    def join(self, identity: str) -> Participant:
        return self.seating.join(identity, room=self.office)[0]

    def phase(self) -> str | None:
        told = self.clock.told(self.community).get(self.office)
        return told["phase"] and told["phase"]["kind"] if told else None


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'moulin.sqlite3'}")
    await database.migrate()
    made = Scene(database)
    await made.announce()
    yield made
    await database.close()


def may_speak(participant: Participant) -> bool:
    """Whether the server takes a microphone from that participant."""
    try:
        participant.publish(adding(cid=f"cid-{id(participant)}-{participant.permissions}"))
    except NotAllowed:
        return False
    return True


async def test_microphones_follow_the_phases(scene: Scene) -> None:
    guest, stranger = scene.join("g_00000000000000aa"), scene.join("robot")
    host = scene.join("m_" + scene.host)
    for minutes, phase, allowed in (
        (5, "arrivals", True),
        (10, "focus", False),
        (29.9, "focus", False),
        (30, "break", True),
        (40, None, True),
    ):
        await scene.at(minutes)
        assert scene.phase() == phase
        assert may_speak(guest) is allowed, minutes
        assert may_speak(stranger) is allowed, minutes
        assert may_speak(host)  # the lamp's holder may always say a word


async def test_a_microphone_that_was_open_is_taken_down(scene: Scene) -> None:
    guest = scene.join("g_00000000000000aa")
    await scene.at(5)
    scene.seating.offer(guest)
    guest.publish(adding())
    await scene.at(12)
    assert [track for track in guest.publications if track.info.name == "microphone"] == []


async def test_latecomers_are_quiet_from_the_start(scene: Scene) -> None:
    await scene.at(15)
    assert not scene.clock.may_speak(scene.office, "00000000000000aa")
    assert scene.clock.may_speak(scene.office, scene.host)
    late = scene.join("g_00000000000000aa")
    scene.clock.tick()
    assert not may_speak(late)
    await scene.at(35)
    assert scene.clock.may_speak(scene.office, "00000000000000aa")


async def test_the_hosts_word_and_the_lamp_survive_a_restart(scene: Scene) -> None:
    guest = scene.join("g_00000000000000aa")
    async with scene.database.writing() as db:
        await rule_live(db, scene.session, microphones=Microphones.OPEN)
    await scene.at(15)
    assert may_speak(guest)
    async with scene.database.writing() as db:
        await rule_live(db, scene.session, microphones=Microphones.PHASES)
        someone = await add_person(db, "Ana", START)
        await rule_live(db, scene.session, lamp_id=someone.id)
    holder = scene.join("g_" + someone.id)
    scene.clock = scene.fresh_clock()
    await scene.at(16)
    assert not may_speak(guest)
    assert may_speak(holder)
    # Quietened by a process that is gone, they speak again all the same.
    scene.clock = scene.fresh_clock()
    await scene.at(31)
    assert may_speak(guest)


async def test_a_session_may_end_before_its_hour(scene: Scene) -> None:
    guest = scene.join("g_00000000000000aa")
    await scene.at(15)
    assert not may_speak(guest)
    async with scene.database.writing() as db:
        await rule_live(db, scene.session, ended_at=START + timedelta(minutes=16))
    await scene.at(17)
    assert may_speak(guest)
    assert scene.phase() is None


async def test_rights_that_others_set_are_left_alone(scene: Scene) -> None:
    await scene.at(5)
    watcher = scene.seating.join("robot", room=scene.office, can_publish=False)[0]
    before = replace(watcher.permissions)
    await scene.at(15)
    await scene.at(35)
    assert watcher.permissions == before


async def test_a_session_by_invitation_is_not_named_in_the_street(tmp_path: Path) -> None:
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'moulin.sqlite3'}")
    await database.migrate()
    scene = Scene(database)
    await scene.announce(OpenTo.INVITED)
    await scene.at(15)
    told = scene.clock.told(scene.community)[scene.office]
    assert (told["id"], told["title"]["fr"]) == ("", "")
    assert told["phase"]["quiet"]
    await database.close()


async def test_at_its_end_the_next_date_of_its_own_series_is_told(scene: Scene) -> None:
    """Not another session of the office that comes sooner; also when the series was changed since.

    A session alone in its series tells the next of the office.
    """
    async with scene.database.writing() as db:
        alone = await session_by_id(db, scene.session)
        assert alone is not None
        weekly = Recurrence(Frequency.WEEKLY, (START.weekday(),))
        other = replace(alone.plan, office_id=(await offices_of(db, scene.community))[1].id)
        begin = START.replace(tzinfo=None)
        series = SessionDraft(other, Schedule(begin, "UTC", weekly))
        first_id = await add_session(db, scene.community, series, None, START)
        first = await session_by_id(db, first_id)
        assert first is not None
        second, *_ = await following_dates(db, first, START, 1)
        moved = SessionDraft(
            replace(other, theme="Autre"), Schedule(begin + timedelta(days=8), "UTC", weekly)
        )
        await change_session(db, second, moved, Reach.FOLLOWING, START)
        for plan in (other, alone.plan):
            sooner = SessionDraft(plan, Schedule(begin + timedelta(days=2), "UTC"))
            await add_session(db, scene.community, sooner, None, START)
    await scene.at(35)
    told = scene.clock.told(scene.community)
    assert told[other.office_id]["phase"]["kind"] == "break"
    assert told[other.office_id]["phase"]["next"] is None
    next_of = {
        office: START.timestamp() * 1000 + days * 86_400_000
        for office, days in ((other.office_id, 8), (scene.office, 2))
    }
    assert {office: each["following"] for office, each in told.items()} == next_of
