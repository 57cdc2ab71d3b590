"""What hosts are to be told is gathered until it is due, and kept no longer, in both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from server.community.rota import GATHERING, Duty, DutyChange
from server.storage.database import Database
from server.storage.queries import host_news, person_data
from server.storage.queries.people import add_person
from tests.server.storage.test_sessions import NOW, all_of, make


async def test_news_wait_for_more_and_are_taken_once(database: Database) -> None:
    due = NOW + GATHERING
    async with database.writing() as db:
        community_id, _first, _draft = await make(db)
        ana = await add_person(db, "Ana", NOW, email="ana@exemple.org")
        found = [
            replace(each, plan=replace(each.plan, host_id=ana.id))
            for each in await all_of(db, community_id)
        ]
        for minutes, session in enumerate(found[:3]):
            later = due + timedelta(minutes=minutes)
            await host_news.put_off(db, ana.id, community_id, NOW, later)
            await host_news.note_change(db, DutyChange(ana.id, session, Duty.NONE), later)
        nobody = replace(found[2], plan=replace(found[2].plan, host_id=None))
        taken_back = DutyChange(ana.id, nobody, Duty.HOST)
        await host_news.note_change(db, taken_back, later)
    async with database.writing() as db:
        assert await host_news.take_due_news(db, due) == []
        [news] = await host_news.take_due_news(db, later)
        assert (news.person, news.community_id) == (ana, community_id)
        assert news.before == dict.fromkeys([found[0].id, found[1].id], Duty.NONE)
        assert await host_news.take_due_news(db, later) == []


async def test_nothing_stays_about_who_went(database: Database) -> None:
    async with database.writing() as db:
        community_id, _first, _draft = await make(db)
        ana = await add_person(db, "Ana", NOW)
        [session, *_] = await all_of(db, community_id)
        await host_news.note_change(db, DutyChange(ana.id, session, Duty.HOST), NOW)
        await person_data.erase_person(db, ana.id, None)
        assert await host_news.take_due_news(db, NOW) == []
