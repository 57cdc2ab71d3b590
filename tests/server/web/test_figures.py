"""The organisers' page of figures and the files of attendance: true, safe, and for organisers."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from aiohttp import web

from rooms.presence import Present
from server.community.answers import Answer
from server.keys import DATABASE, PRESENCE
from server.storage.queries import session_answers, sessions, visits
from server.storage.queries.people import add_person
from server.storage.tables import SessionRow, VisitRow
from server.visit_book import note_who_is_in
from server.web.charts import Column, bar_chart, scale_top
from tests.server.offices import MANAGE, office_ids
from tests.server.visitors import Visitor
from tests.server.web.test_calendars import HOUSE, announce, draft


def table(visitor: Visitor) -> list[list[str]]:
    text = visitor.page.removeprefix("\ufeff")
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=";"))


async def held_session(house: web.Application, *names: str) -> str:
    """A session that took place yesterday, where these people were for forty minutes."""
    office_id = next(iter((await office_ids(house)).values()))
    session_id = await announce(house, draft(office_id, "=CMD()"))
    async with house[DATABASE].writing() as db:
        session = await sessions.session_by_id(db, session_id)
        assert session is not None
        row = await db.get_one(SessionRow, session_id)
        row.starts_at = row.original_start = session.starts_at - timedelta(days=2)
        row.ends_at = session.ends_at - timedelta(days=2)
        for name in names:
            person = await add_person(db, name, datetime.now(UTC))
            db.add(
                VisitRow(
                    id=name[:8],
                    community_id=session.community_id,
                    office_id=office_id,
                    person_id=person.id,
                    came_at=row.starts_at + timedelta(minutes=5),
                    seen_at=row.starts_at + timedelta(minutes=45),
                )
            )
    return session_id


async def test_a_sessions_file_says_who_came(house: web.Application, owner: Visitor) -> None:
    session_id = await held_session(house, "=Ana", "Bo")
    assert await owner.open(f"{HOUSE}/seances/{session_id}/presences.csv") == 200
    assert owner.headers["Content-Type"] == "text/csv; charset=utf-8"
    head, *rows = table(owner)
    assert head[0] == "Nom"
    assert sorted((row[0], row[-1]) for row in rows) == [("'=Ana", "40"), ("Bo", "40")]


async def test_the_communitys_file_counts_each_session(
    house: web.Application, owner: Visitor
) -> None:
    session_id = await held_session(house, "Ana", "Bo")
    async with house[DATABASE].writing() as db:
        person = await add_person(db, "Cy", datetime.now(UTC))
        await session_answers.put_answer(
            db, session_id, None, person.id, Answer.YES, 0, None, datetime.now(UTC)
        )
    assert await owner.open(f"{MANAGE}/frequentation.csv") == 200
    _head, row = table(owner)
    assert (row[3], row[-4:]) == ("'=CMD()", ["1", "0", "0", "2"])


async def test_only_those_who_look_after_it_see_figures(
    house: web.Application, visitor: Visitor
) -> None:
    session_id = await held_session(house, "Ana")
    for path in (
        f"{MANAGE}/frequentation",
        f"{MANAGE}/frequentation.csv",
        f"{HOUSE}/seances/{session_id}/presences.csv",
    ):
        assert await visitor.open(path) == 403


async def test_the_page_draws_what_there_is(house: web.Application, owner: Visitor) -> None:
    assert await owner.open(f"{MANAGE}/frequentation") == 200
    assert "Encore rien à compter" in owner.text
    await held_session(house, "Anastasia", "Bo")
    assert await owner.open(f"{MANAGE}/frequentation") == 200
    assert owner.page.count('<svg class="chart"') == 3
    assert "2 personnes, 2 visites" in owner.text
    # these two may still return: the note below is led to from the chart, and from its table
    assert re.findall(r'chart-value"[^>]*>([^<]+)<', owner.page) == ["2", "2*"]
    assert "dont 0 revenues (le mois pour revenir n’est pas fini)" in owner.text
    assert "Anastasia" not in owner.text  # three letters may be part of a token
    assert "style=" not in owner.page


async def test_who_is_in_is_noted(house: web.Application, owner: Visitor) -> None:
    office_id = next(iter((await office_ids(house)).values()))
    now = datetime.now(UTC)
    async with house[DATABASE].writing() as db:
        person = await add_person(db, "Ana", now)
    await house[PRESENCE].enter(Present(office_id, f"g_{person.id}", "Ana", now.timestamp(), {}))
    await house[PRESENCE].enter(Present(office_id, "someone-with-an-sdk", "X", 0.0, {}))
    for minute in range(3):
        moment = now + timedelta(minutes=minute)
        await note_who_is_in(house[DATABASE], house[PRESENCE], partial(max, moment, now))
    async with house[DATABASE].reading() as db:
        [visit] = await visits.visits_going_on(db, now + timedelta(minutes=3))
    assert (visit.person_id, visit.seen_at - visit.came_at) == (person.id, timedelta(minutes=2))


@pytest.mark.parametrize(
    ("largest", "top"), [(0, 2), (2, 2), (3, 4), (9, 10), (11, 20), (271, 300), (401, 500)]
)
def test_scales_are_round(largest: int, top: int) -> None:
    assert scale_top(largest) == top


def test_bars_stand_on_their_base_and_labels_keep_apart() -> None:
    chart = bar_chart([Column(str(number), number, "", part=number) for number in range(12)])
    assert all(bar.y + bar.height == pytest.approx(chart.base, abs=0.1) for bar in chart.bars)
    assert [bar.label for bar in chart.bars if bar.label] == ["1", "3", "5", "7", "9", "11"]
    assert bar_chart([]).bars == []
