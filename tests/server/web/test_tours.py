"""Tours in pages: made by organisers, seen by everyone as far as each session lets them."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web
from icalendar import Calendar

from server.community.offices import OfficeDraft
from server.community.people import Role
from server.community.sessions import OpenTo
from server.community.text import Bilingual
from server.community.tours import MOST_STOPS, draft_tour
from server.keys import DATABASE
from server.storage.queries import communities, offices, people, session_changes
from tests.server.conftest import Visitors
from tests.server.mailbox import sign_in
from tests.server.offices import office_ids
from tests.server.visitors import Visitor
from tests.server.web.test_calendars import HOUSE, announce, draft, summaries

NEW = "/tournees/nouvelle"
ANA = "ana@exemple.org"


@pytest.mark.parametrize(
    ("form", "errors"),
    [
        ({"title_en": ["Tour"], "stops": ["a"]}, {}),
        ({"stops": ["a"]}, {"title_fr": "missing"}),
        ({"title_fr": ["T"]}, {}),  # its stops will be proposed
        ({"title_fr": ["T"], "stops": ["elsewhere"]}, {}),
        ({"title_fr": ["T" * 101], "stops": ["a"]}, {"title_fr": "too_long"}),
        ({"title_fr": ["T"], "text_fr": ["t" * 2001], "stops": ["a"]}, {"text_fr": "too_long"}),
        (
            {"title_fr": ["T"], "stops": list("abcdefghijklmnopqrstuvwxyz")},
            {"stops": "too_many_stops"},
        ),
    ],
)
def test_the_form_of_a_tour(form: dict[str, list[str]], errors: dict[str, str]) -> None:
    offered = "abcdefghijklmnopqrstuvwxyz"
    assert len(offered) > MOST_STOPS
    made, found = draft_tour(form, offered)
    assert found == errors
    assert (made is None) == bool(errors)
    assert made is None or made.session_ids == frozenset(form.get("stops", ())) & set(offered)


async def elsewhere(house: web.Application) -> str:
    """Another community on the same server, with one session of tomorrow: its id."""
    now = datetime.now(UTC)
    async with house[DATABASE].writing() as db:
        made = await communities.add_community(
            db,
            slug="atelier",
            name=Bilingual("L’Atelier"),
            description=Bilingual(""),
            time_zone="Europe/Paris",
            now=now,
        )
        first = (await communities.list_communities(db))[0]
        like = (await offices.offices_of(db, first.id))[0]
        door = await offices.add_office(
            db,
            made.id,
            "cuisine",
            OfficeDraft(
                like.kind, Bilingual("La cuisine"), Bilingual(""), 12, like.visibility, True
            ),
            now,
        )
        wanted = draft(door.id, "Chez eux")
        earlier = replace(wanted.schedule, start=wanted.schedule.start - timedelta(hours=2))
        wanted = replace(wanted, schedule=earlier)
        return await session_changes.add_session(db, made.id, wanted, None, now)


@pytest.fixture
async def organiser(house: web.Application, visitors: Visitors) -> Visitor:
    """A member who organises in every community."""
    visitor = visitors()
    await sign_in(house, visitor, ANA, "Ana")
    await organise(house)
    return visitor


async def organise(house: web.Application) -> None:
    async with house[DATABASE].writing() as db:
        person = await people.person_by_email(db, ANA)
        assert person is not None
        for each in await communities.list_communities(db):
            await people.set_role(db, each.id, person.id, Role.ORGANISER, datetime.now(UTC))


async def make(organiser: Visitor, *stops: str) -> int:
    """Send the form of a new tour."""
    fields = [("title_fr", "La grande tournée"), ("title_en", "The grand tour")]
    fields += [("text_fr", "Deux maisons."), *(("stops", each) for each in stops)]
    return await organiser.send_list(NEW, fields)


async def test_a_tour_goes_through_two_houses(
    house: web.Application, organiser: Visitor, visitors: Visitors
) -> None:
    cafe = next(iter((await office_ids(house)).values()))
    here, there = await announce(house, draft(cafe, "Chez nous")), await elsewhere(house)
    await organise(house)
    assert await organiser.open(NEW) == 200
    assert "Chez nous" in organiser.text
    assert "Chez eux" in organiser.text
    assert await make(organiser, here, there) == 200
    assert organiser.path == "/tournees/la-grande-tournee?fait=made"
    assert "Modifier" in organiser.text
    assert re.search(r"2 étapes fixées\s*</p>", organiser.text)  # and no word of proposals

    stranger = visitors(**{"Accept-Language": "en"})
    assert await stranger.open("/tournees/la-grande-tournee") == 200
    assert "The grand tour" in stranger.text
    assert stranger.text.index("Chez eux (EN)") < stranger.text.index("Chez nous (EN)")
    assert "L’Atelier" in stranger.text
    assert "Modifier" not in stranger.text
    assert 'property="og:title" content="The grand tour"' in stranger.page
    picture = re.search(r'property="og:image" content="([^"]+/cartes/[^"]+)"', stranger.page)
    assert picture is not None
    async with stranger.client.get(picture[1]) as answer:
        assert answer.content_type == "image/jpeg"
    assert await stranger.open(f"{HOUSE}/seances/{here}") == 200
    assert "/tournees/la-grande-tournee" in stranger.page
    await find_it_in_each_house(stranger)
    assert await stranger.open("/") == 200
    assert "The grand tour" in stranger.text
    assert await stranger.open("/tournees") == 200
    assert "The grand tour" in stranger.text

    assert await stranger.open("/tournees/la-grande-tournee/calendrier.ics") == 200
    assert summaries(stranger) == ["Chez eux", "Chez nous"]
    calendar = Calendar.from_ical(stranger.page)
    assert calendar["X-WR-CALNAME"] == "La grande tournée"
    assert {str(each["UID"]).split("@")[0] for each in calendar.walk("VEVENT")} == {here, there}


async def find_it_in_each_house(stranger: Visitor) -> None:
    """Those who live in one house alone come upon the tour there."""
    for path in (f"{HOUSE}/seances", "/c/atelier/seances"):
        assert await stranger.open(path) == 200
        assert 'href="/tournees/la-grande-tournee"' in stranger.page
        assert 'href="/tournees"' in stranger.page


async def test_one_tap_answers_a_stop(house: web.Application, organiser: Visitor) -> None:
    cafe = next(iter((await office_ids(house)).values()))
    here = await announce(house, draft(cafe, "Chez nous"))
    await make(organiser, here)
    assert f'action="{HOUSE}/seances/{here}/reponse"' in organiser.page
    assert await organiser.send(f"{HOUSE}/seances/{here}/reponse", answer="yes") == 200
    await organiser.open("/tournees/la-grande-tournee")
    assert f'action="{HOUSE}/seances/{here}/reponse"' not in organiser.page
    assert "J’y serai" in organiser.text


async def test_a_session_for_some_is_shown_to_them_alone(
    house: web.Application, organiser: Visitor, visitor: Visitor
) -> None:
    cafe = next(iter((await office_ids(house)).values()))
    secret = draft(cafe, "Entre nous")
    secret = replace(secret, plan=replace(secret.plan, open_to=OpenTo.INVITED))
    await make(organiser, await announce(house, secret))
    assert "Entre nous" in organiser.text
    assert await visitor.open("/tournees/la-grande-tournee") == 200
    assert "Entre nous" not in visitor.page
    assert 'name="robots" content="noindex' in visitor.page
    await visitor.open("/tournees/la-grande-tournee/calendrier.ics")
    assert summaries(visitor) == []
    for path in ("/tournees", f"{HOUSE}/seances"):
        await visitor.open(path)
        assert "La grande tournée" not in visitor.text


async def test_only_organisers_make_tours_and_only_their_maker_changes_one(
    house: web.Application, organiser: Visitor, visitors: Visitors
) -> None:
    cafe = next(iter((await office_ids(house)).values()))
    here = await announce(house, draft(cafe, "Chez nous"))
    await make(organiser, here)
    other = visitors()
    await other.open(NEW)
    assert other.path.startswith("/connexion")
    await sign_in(house, other, "bo@exemple.org", "Bo")
    assert await other.open(NEW) == 403
    assert await make(other, here) == 403
    page = "/tournees/la-grande-tournee"
    assert await other.open(f"{page}/modifier") == 403
    assert await other.send(f"{page}/supprimer") == 403

    assert await organiser.send_list(f"{page}/modifier", [("stops", here)]) == 400
    assert "Écrivez quelque chose ici." in organiser.text
    fields = [("title_fr", "Autre"), ("stops", here)]
    assert await organiser.send_list(f"{page}/modifier", fields) == 200
    assert (organiser.path, "Autre" in organiser.text) == (f"{page}?fait=saved", True)
    assert await organiser.send(f"{page}/supprimer") == 200
    assert organiser.path == "/tournees?fait=removed"
    assert await organiser.open(page) == 404
