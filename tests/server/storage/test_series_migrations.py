"""What migrations make of series and links that older versions kept, up and down, in both."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from server.community.answers import Answer
from server.community.invitations import InvitationDraft
from server.community.recurrence import in_local
from server.community.series_edits import Reach
from server.community.sessions import SessionDraft
from server.storage.database import Database, Transaction
from server.storage.queries import (
    invitations,
    session_answers,
    session_cancelling,
    session_changes,
    sessions,
)
from server.storage.queries.people import add_person
from server.storage.tables import SessionSeriesRow
from tests.server.storage.test_lineages import FOREVER
from tests.server.storage.test_sessions import NOW, all_of, make

DAY = timedelta(days=1)


async def lineages_of(database: Database) -> list[tuple[str, str]]:
    """The series in the order in which they were made, each with its lineage."""
    async with database.reading() as db:
        query = select(SessionSeriesRow).order_by(SessionSeriesRow.created_at)
        return [(row.id, row.lineage) for row in await db.scalars(query)]


async def forget_lineages(database: Database) -> None:
    """Come from before lineages were kept, when each series stood alone."""
    async with database.writing() as db:
        await db.execute(update(SessionSeriesRow).values(lineage=SessionSeriesRow.id))
    await database.downgrade("0015")
    await database.migrate()


async def edit(
    db: Transaction,
    session_id: str,
    days: int,
    reach: Reach = Reach.FOLLOWING,
    title: str = "Mardi matin",
) -> None:
    """Edit a date and those that follow it, or all, so many days after the series was made."""
    session = await sessions.session_by_id(db, session_id)
    assert session is not None
    series = await sessions.series_by_id(db, session.series_id)
    assert series is not None
    start = in_local(session.starts_at, FOREVER.time_zone)
    if reach is Reach.ALL:
        start = series.schedule.start
    plan = replace(session.plan, theme=f"n° {days}", title=replace(session.plan.title, fr=title))
    draft = SessionDraft(plan, replace(series.schedule, start=start))
    await session_changes.change_session(db, session, draft, reach, NOW + days * DAY)


async def test_series_split_twice_are_one_again(database: Database) -> None:
    async with database.writing() as db:
        community_id, _, _ = await make(db, FOREVER)
        found = await all_of(db, community_id)
        await edit(db, found[3].id, 1)
        await edit(db, found[6].id, 2)
    before = await lineages_of(database)
    assert len({lineage for _, lineage in before}) == 1
    await forget_lineages(database)
    assert await lineages_of(database) == before
    await database.downgrade("0014")
    await database.migrate()
    assert await lineages_of(database) == before


@pytest.mark.parametrize("proof", ["answer", "link"])
async def test_what_is_older_than_its_series_proves_it_after_other_edits(
    database: Database, proof: str
) -> None:
    async with database.writing() as db:
        community_id, _, draft = await make(db, FOREVER)
        moved = (await all_of(db, community_id))[3]
        if proof == "answer":
            ana = await add_person(db, "Ana", NOW)
            await session_answers.put_answer(db, moved.id, None, ana.id, Answer.YES, 0, None, NOW)
        else:
            invited = InvitationDraft(draft.plan.office_id, None, None, "", session_id=moved.id)
            await invitations.add_invitation(db, community_id, invited, created_by=None, now=NOW)
        await edit(db, moved.id, 1)
        await edit(db, moved.id, 2, Reach.ALL)
    before = await lineages_of(database)
    await forget_lineages(database)
    assert await lineages_of(database) == before


async def test_what_only_looks_alike_stays_alone(database: Database) -> None:
    async with database.writing() as db:
        community_id, _, draft = await make(db, FOREVER)
        found = await all_of(db, community_id)
        await session_cancelling.cancel_session(db, found[3], Reach.FOLLOWING, NOW + DAY)
        start = in_local(found[3].starts_at, FOREVER.time_zone)
        again = replace(draft, schedule=replace(FOREVER, start=start))
        await session_changes.add_session(db, community_id, again, None, NOW + 2 * DAY)
    await forget_lineages(database)
    assert all(each == lineage for each, lineage in await lineages_of(database))


async def test_what_took_another_name_stays_alone(database: Database) -> None:
    async with database.writing() as db:
        community_id, _, _ = await make(db, FOREVER)
        await edit(db, (await all_of(db, community_id))[3].id, 1, title="Jeudi")
    await forget_lineages(database)
    assert all(each == lineage for each, lineage in await lineages_of(database))


async def test_where_two_could_be_meant_neither_is(database: Database) -> None:
    async with database.writing() as db:
        community_id, _, draft = await make(db, FOREVER)
        await session_changes.add_session(db, community_id, draft, None, NOW + DAY)
        fourth = [each.id for each in (await all_of(db, community_id))[6:8]]
        for days, session_id in enumerate(fourth, 2):
            await edit(db, session_id, days)
    await forget_lineages(database)
    assert len(await lineages_of(database)) == 4
    assert all(each == lineage for each, lineage in await lineages_of(database))


async def test_links_without_an_end_are_those_to_a_series(database: Database) -> None:
    async with database.writing() as db:
        community_id, first_id, draft = await make(db, FOREVER)
        once = replace(draft, schedule=replace(FOREVER, recurrence=None))
        once_id = await session_changes.add_session(db, community_id, once, None, NOW)
        office = draft.plan.office_id
        drafts = {
            "série": InvitationDraft(office, None, None, "série", session_id=first_id, whole=True),
            "date": InvitationDraft(office, NOW + DAY, None, "date", session_id=first_id),
            "seule": InvitationDraft(office, None, None, "seule", session_id=once_id),
            "bureau": InvitationDraft(office, None, None, "bureau"),
        }
        for each in drafts.values():
            await invitations.add_invitation(db, community_id, each, created_by=None, now=NOW)
    await database.downgrade("0014")
    await database.migrate()
    async with database.reading() as db:
        found = await invitations.invitations_of(db, community_id)
    assert {each.note: each.whole for each in found} == {note: note == "série" for note in drafts}
