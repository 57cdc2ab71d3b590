"""Tours that begin with proposals alone: what their organisers see, and what everybody does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web

from server.community.people import Role
from server.community.recurrence import in_local
from server.keys import DATABASE
from server.storage.queries import offices, sessions
from tests.server.conftest import Visitors
from tests.server.mailbox import sign_in
from tests.server.organisers_told import ANA, BO
from tests.server.visitors import Visitor
from tests.server.web.test_tour_proposals import ASKED, TOUR, Cast, give, opened
from tests.server.web.test_tours import elsewhere, make


@pytest.fixture
async def begun(house: web.Application, visitors: Visitors) -> Cast:
    """Ana has no session; her tour begins without any. Bo organises « L’Atelier »."""
    ana, bo = visitors(), visitors()
    await sign_in(house, ana, ANA, "Ana")
    await sign_in(house, bo, BO, "Bo")
    there = await elsewhere(house)
    await give(house, ANA, "les-pigistes", Role.ORGANISER)
    await give(house, BO, "atelier", Role.OWNER)
    assert "proposez sa première étape à une autre maison" in await opened(
        ana, "/tournees/nouvelle"
    )
    assert await make(ana) == 200
    assert ana.path == f"{TOUR}?fait=begun"
    async with house[DATABASE].reading() as db:
        session = await sessions.session_by_id(db, there)
        assert session is not None
        kitchen = (await offices.offices_of(db, session.community_id))[0].id
    return Cast(house, ana, bo, there, kitchen)


async def test_a_tour_begins_with_proposals_alone(begun: Cast, visitor: Visitor) -> None:
    assert "Proposez-en maintenant une étape" in begun.ana.text
    assert "étape fixée" not in begun.ana.text
    assert "proposez une première étape à une autre maison" in begun.ana.text
    assert await begun.propose() == 200
    assert await begun.propose(title_fr="Soir chez vous", time="18:00") == 200
    page = await opened(begun.ana, TOUR)
    assert "0 étape fixée · 2 en attente de réponse" in page
    assert "Chaque étape sera ici dès que sa maison dit oui." in page
    where = f"office:{begun.kitchen}"
    assert await begun.bo.send(f"{ASKED}/{await begun.asked()}/accepter", where=where) == 200
    page = await opened(begun.ana, TOUR)
    assert "1 étape fixée · 1 en attente de réponse" in page
    settled, waiting = page.split("Les étapes proposées")
    assert "Midi chez vous" in settled
    assert "Soir chez vous" in waiting
    seen = await opened(visitor, TOUR)
    assert "Midi chez vous" in seen
    assert "Soir chez vous" not in seen
    assert "en attente" not in seen


async def test_everybody_is_invited_kindly_while_nothing_is_settled(
    begun: Cast, visitor: Visitor, visitors: Visitors
) -> None:
    await begun.propose()
    english = visitors(**{"Accept-Language": "en"})
    for who, words in (
        (visitor, "La route se dessine encore."),
        (english, "The route is still being drawn."),
    ):
        seen = await opened(who, TOUR)
        assert words in seen
        assert "Midi chez vous" not in seen
        assert 'name="robots" content="noindex' in who.page
        assert 'href="/tournees"' in who.page
    assert "La grande tournée" not in await opened(visitor, "/tournees")
    mine = await opened(begun.ana, "/tournees")
    assert "La grande tournée" in mine
    assert "cette liste ne la montre qu’à vous" in mine
    assert await visitor.open(f"{TOUR}/calendrier.ics") == 200
    assert "VEVENT" not in visitor.text


async def test_the_house_asked_is_led_to_its_answer(begun: Cast, visitors: Visitors) -> None:
    for title in ("Une", "Deux"):
        await begun.propose(title_fr=title)
    page = await opened(begun.bo, TOUR)
    assert "2 étapes attendent votre réponse" in page
    assert f'href="{ASKED}"' in begun.bo.page
    assert "Les étapes proposées" not in page  # those are its maker's to follow
    for role in (Role.MEMBER, Role.HOST):
        other = visitors()
        await sign_in(begun.house, other, f"{role}@exemple.org", role.value)
        await give(begun.house, f"{role}@exemple.org", "atelier", role)
        assert "votre réponse" not in await opened(other, TOUR)


async def test_a_tour_may_lose_its_last_stop_and_go_on(begun: Cast) -> None:
    day = in_local(datetime.now(UTC) + timedelta(days=1), "Europe/Paris")
    await begun.propose(date=f"{day:%Y-%m-%d}", time="23:00")
    asked = await begun.asked()
    await begun.bo.send(f"{ASKED}/{asked}/accepter", where=f"office:{begun.kitchen}")
    form = [("title_fr", "La grande tournée")]
    assert await begun.ana.send_list(f"{TOUR}/modifier", form) == 200
    assert "choisissez une de vos séances" in await opened(begun.ana, TOUR)
    assert "étape fixée" not in begun.ana.text
