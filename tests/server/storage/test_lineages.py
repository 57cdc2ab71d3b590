"""A series that was split again and again is still one to those who hold its links, in both."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from server.community.invitations import InvitationDraft
from server.community.recurrence import in_local
from server.community.series_edits import Reach
from server.community.sessions import SessionDraft
from server.storage.database import Database, Transaction
from server.storage.queries import invitations, lineages, session_changes, sessions
from server.storage.queries.communities import standing_of
from server.storage.queries.offices import offices_of
from server.storage.queries.people import add_person
from tests.server.storage.test_sessions import FIRST, NOW, WEEKLY, all_of, make

FOREVER = replace(FIRST, recurrence=replace(WEEKLY, count=None))


async def split(db: Transaction, community_id: str, at: int, office_id: str = "") -> None:
    """Edit the date of that number and those after it."""
    session = (await all_of(db, community_id))[at]
    series = await sessions.series_by_id(db, session.series_id)
    assert series is not None
    plan = replace(session.plan, theme=f"n° {at}")
    if office_id:
        plan = replace(plan, office_id=office_id)
    start = in_local(session.starts_at, FOREVER.time_zone)
    schedule = replace(series.schedule, start=start)
    draft = SessionDraft(plan, schedule)
    await session_changes.change_session(db, session, draft, Reach.FOLLOWING, NOW)


async def test_what_is_over_gives_way_across_every_split(database: Database) -> None:
    async with database.writing() as db:
        community_id, first_id, _ = await make(db, FOREVER)
        for at in (3, 2, 5, 4):  # never the same end of the chain
            await split(db, community_id, at)
        found = await all_of(db, community_id)
        first = await sessions.session_by_id(db, first_id)
        assert first is not None
        assert len({each.series_id for each in found}) == 5
        for at in range(8):
            now = found[at].starts_at
            assert await lineages.date_to_come(db, first, now) == found[at]
        followers = await lineages.following_dates(db, found[1], NOW, 4)
        starts = await lineages.following_starts(db, [found[1].id, found[4].id], NOW)
    assert followers == [found[0], *found[2:5]]
    assert starts == {found[1].id: found[2].starts_at, found[4].id: found[5].starts_at}


async def test_other_series_are_none_of_its_business(database: Database) -> None:
    async with database.writing() as db:
        community_id, first_id, draft = await make(db)
        later = replace(draft, schedule=replace(FIRST, start=datetime(2027, 1, 5, 9)))
        await session_changes.add_session(db, community_id, later, None, NOW)
        first = await sessions.session_by_id(db, first_id)
        assert first is not None
        over = NOW + timedelta(days=90)
        assert await lineages.date_to_come(db, first, over) == first
        assert await lineages.following_starts(db, [first_id], over) == {}


@pytest.mark.parametrize("revoked", [False, True])
async def test_an_invitation_opens_the_office_where_its_series_goes(
    database: Database, revoked: bool
) -> None:
    async with database.writing() as db:
        community_id, first_id, draft = await make(db, FOREVER)
        other = (await offices_of(db, community_id))[1].id
        invited = InvitationDraft(draft.plan.office_id, None, None, "", session_id=first_id)
        link = await invitations.add_invitation(db, community_id, invited, created_by=None, now=NOW)
        guest = await add_person(db, "Ana", NOW)
        await invitations.use_invitation(db, link, guest.id, NOW)
        before = await standing_of(db, community_id, guest.id, NOW)
        await split(db, community_id, 2, other)
        if revoked:
            await invitations.revoke_invitation(db, community_id, link.id, NOW)
        after = await standing_of(db, community_id, guest.id, NOW)
    assert before.office_ids == {draft.plan.office_id}
    assert after.office_ids == (set() if revoked else {draft.plan.office_id, other})


async def test_a_date_to_which_a_link_leads_is_called_off_rather_than_removed(
    database: Database,
) -> None:
    async with database.writing() as db:
        community_id, _, draft = await make(db)
        last = (await all_of(db, community_id))[4]
        invited = InvitationDraft(draft.plan.office_id, None, None, "", session_id=last.id)
        await invitations.add_invitation(db, community_id, invited, created_by=None, now=NOW)
        first = (await all_of(db, community_id))[0]
        fewer = replace(draft, schedule=replace(FIRST, recurrence=replace(WEEKLY, count=2)))
        await session_changes.change_session(db, first, fewer, Reach.ALL, NOW)
        kept = await sessions.session_by_id(db, last.id)
        assert kept is not None
        assert kept.cancelled_at == NOW
        assert (await lineages.date_to_come(db, kept, NOW)).id == first.id
