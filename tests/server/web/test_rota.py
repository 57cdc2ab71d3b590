"""The host rota: taken, left and given, by those who may."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from aiohttp import web

from server.community.people import Role
from server.community.recurrence import Schedule
from server.community.rota import hosted_by, loads, may_assign
from server.keys import DATABASE
from server.storage.queries import people, sessions
from server.storage.queries.communities import list_communities
from tests.server.community.sample_sessions import session_at
from tests.server.conftest import Visitors
from tests.server.mailbox import sign_in
from tests.server.offices import office_ids
from tests.server.visitors import Visitor
from tests.server.web.test_calendars import HOUSE, announce, draft, weekly

ROTA = f"{HOUSE}/seances/animation"
HOSTS = {"me": "Ana", "other": "Bo"}
START = datetime(2026, 9, 8, 13, tzinfo=UTC)
FREE = session_at(START, Schedule(datetime(2026, 9, 8, 9), "America/Toronto"), 1)


@pytest.mark.parametrize(
    ("role", "host", "new", "may"),
    [
        (Role.HOST, None, "me", True),
        (Role.HOST, None, "other", False),
        (Role.HOST, "me", None, True),
        (Role.HOST, "other", None, False),
        (Role.HOST, "other", "me", False),
        (Role.MEMBER, None, "me", False),
        (Role.ORGANISER, "other", "me", True),
        (Role.OWNER, "other", None, True),
        (Role.OWNER, None, "stranger", False),
    ],
)
def test_who_may_take_leave_and_give(
    role: Role, host: str | None, new: str | None, may: bool
) -> None:
    session = replace(FREE, plan=replace(FREE.plan, host_id=host))
    assert may_assign(session, new, "me", role, HOSTS) is may


def test_loads_count_what_takes_place() -> None:
    mine = replace(FREE, plan=replace(FREE.plan, host_id="me"))
    off = replace(mine, cancelled_at=START)
    assert loads([mine, mine, off, FREE], HOSTS) == {"me": 2, "other": 0}


def test_a_co_host_who_becomes_the_host_is_named_once() -> None:
    session = replace(FREE, plan=replace(FREE.plan, co_host_ids=("me", "other")))
    plan = hosted_by(session, "me").plan
    assert (plan.host_id, plan.co_host_ids) == ("me", ("other",))


@pytest.fixture
async def host(house: web.Application, visitors: Visitors) -> Visitor:
    """A member who may host."""
    visitor = visitors()
    await sign_in(house, visitor, "ana@exemple.org", "Ana")
    async with house[DATABASE].writing() as db:
        person = await people.person_by_email(db, "ana@exemple.org")
        assert person is not None
        community = (await list_communities(db))[0]
        await people.set_role(db, community.id, person.id, Role.HOST, datetime.now(UTC))
    return visitor


async def test_a_host_takes_a_date_and_leaves_it(house: web.Application, host: Visitor) -> None:
    office_id = next(iter((await office_ids(house)).values()))
    session_id = await announce(house, weekly(draft(office_id, "Mardi")))
    assert await host.open(ROTA) == 200
    assert "Je l’anime" in host.text
    async with house[DATABASE].reading() as db:
        person = await people.person_by_email(db, "ana@exemple.org")
    assert person is not None
    for wanted in (person.id, ""):
        assert await host.send(f"{HOUSE}/seances/{session_id}/animation", host=wanted) == 200
        async with house[DATABASE].reading() as db:
            session = await sessions.session_by_id(db, session_id)
            assert session is not None
            others = await sessions.sessions_of_series(db, session.series_id)
        assert session.plan.host_id == (wanted or None)
        assert all(each.plan.host_id is None for each in others[1:])
        row = re.search(f'<li class="row" id="{session_id}">.*?</li>', host.text, re.DOTALL)
        assert row
        assert "C’est noté." in row[0]
        assert host.text.count("C’est noté.") == 1


async def test_only_hosts_see_the_rota(
    house: web.Application, visitor: Visitor, owner: Visitor
) -> None:
    office_id = next(iter((await office_ids(house)).values()))
    session_id = await announce(house, draft(office_id, "Mardi"))
    assert await visitor.open(ROTA) == 403
    assert await visitor.send(f"{HOUSE}/seances/{session_id}/animation", host="") == 403
    assert await owner.open(ROTA) == 200
    assert "Confier" in owner.text
    assert await owner.send(f"{HOUSE}/seances/{session_id}/animation", host="nobody") == 403
