"""What tours keep to those whom it concerns: private houses, their offices, sessions for some."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from aiohttp import web
from sqlalchemy import update

from server.community.people import Role
from server.community.series_edits import Reach
from server.community.sessions import OpenTo
from server.community.text import Bilingual
from server.keys import DATABASE
from server.storage.queries import offices, session_changes, sessions
from server.storage.tables import OfficeRow
from tests.server.conftest import Visitors
from tests.server.mailbox import letters
from tests.server.organisers_told import ANA, plain
from tests.server.visitors import Visitor
from tests.server.web.test_calendars import draft
from tests.server.web.test_tour_proposals import (
    ASKED,
    TOUR,
    Cast,
    cast,
    come_as,
    give,
    hide,
    opened,
)

__all__ = ["cast"]
EVERYWHERE = (TOUR, f"{TOUR}?lang=en", f"{TOUR}/calendrier.ics", "/tournees", "/")


async def close_door(house: web.Application, office_id: str) -> None:
    """That office opens by invitation."""
    async with house[DATABASE].writing() as db:
        closed = update(OfficeRow).where(OfficeRow.id == office_id)
        await db.execute(closed.values(visibility="invitation"))


async def keep_for_some(cast: Cast, session_id: str, title: str) -> None:
    """L’Atelier gives a session that title, and keeps it for those invited."""
    async with cast.house[DATABASE].writing() as db:
        session = await sessions.session_by_id(db, session_id)
        assert session is not None
        plan = replace(session.plan, title=Bilingual(title), open_to=OpenTo.INVITED)
        wanted = replace(draft(cast.kitchen, ""), plan=plan)
        await session_changes.change_session(db, session, wanted, Reach.THIS, datetime.now(UTC))


async def said(visitor: Visitor, *words: str) -> set[str]:
    """Which of these words the public pages about the tour say to someone."""
    found = set()
    for path in EVERYWHERE:
        assert await visitor.open(path) == 200
        found |= {each for each in words if each in visitor.page + visitor.text}
    return found


SECRETS = ("L’Atelier", "La cuisine", "Midi chez vous", "/c/atelier")


async def test_a_private_house_and_its_office_are_shown_to_its_own_alone(
    cast: Cast, visitors: Visitors, visitor: Visitor
) -> None:
    await give(cast.house, ANA, "atelier", Role.MEMBER)
    await hide(cast.house)
    await close_door(cast.house, cast.kitchen)
    assert await cast.propose() == 200
    asked = await cast.asked()
    assert "La cuisine, sur invitation : pour les membres" in plain(cast.bo.text)
    assert "ne la nomme qu’à ses membres et à ses invités" in cast.bo.text
    assert await cast.bo.send(f"{ASKED}/{asked}/accepter", where=f"office:{cast.kitchen}") == 200
    assert await said(visitor, *SECRETS) == set()
    for number, (who, sees) in enumerate(
        [("guest", False), ("organiser elsewhere", False), ("member", True), ("host", True)]
    ):
        browser = visitors()
        await come_as(cast, browser, who, f"p{number}@exemple.org")
        assert ("Midi chez vous" in await opened(browser, TOUR)) is sees, who
        assert ("La cuisine" in browser.text) is sees
    # Its maker was a member when she asked. Afterwards the tour goes on without her seeing it.
    assert "Midi chez vous" in await opened(cast.ana, TOUR)
    await leave(cast.house)
    assert "Midi chez vous" not in await opened(cast.ana, TOUR)
    assert "Midi chez vous" not in await opened(cast.ana, f"{TOUR}/modifier")


async def leave(house: web.Application) -> None:
    """Ana is no member of L’Atelier any more."""
    await give(house, ANA, "atelier", Role.GUEST)


async def test_what_a_private_house_announces_for_all_is_shown_to_all(
    cast: Cast, visitor: Visitor
) -> None:
    await give(cast.house, ANA, "atelier", Role.MEMBER)
    await hide(cast.house)
    assert await cast.propose() == 200
    where = f"office:{cast.kitchen}"
    assert await cast.bo.send(f"{ASKED}/{await cast.asked()}/accepter", where=where) == 200
    assert "Midi chez vous" in await opened(visitor, TOUR)


async def test_who_proposes_learns_no_office_before_the_yes(cast: Cast) -> None:
    await close_door(cast.house, cast.kitchen)
    page = await opened(cast.ana, f"{TOUR}/proposer?maison=atelier")
    assert "Chez eux" in page
    await cast.propose(note="Entre nous.")
    asked = await cast.asked()
    assert "La cuisine" not in page + await opened(cast.ana, TOUR)
    await cast.bo.send(f"{ASKED}/{asked}/decliner", word="Complet.")
    await cast.propose()
    where = f"office:{cast.kitchen}"
    await cast.bo.send(f"{ASKED}/{await cast.asked()}/accepter", where=where)
    told = [each for each in await letters(cast.house, ANA) if each.kind == "proposal"]
    assert told
    for each in told:
        assert "La cuisine" not in each.text + each.html + each.subject


async def test_a_session_closed_since_it_was_proposed_is_told_no_more(cast: Cast) -> None:
    await cast.propose(session=cast.theirs)
    asked = await cast.asked()
    await keep_for_some(cast, cast.theirs, "Un secret")
    page = await opened(cast.ana, TOUR)
    assert "Un secret" not in page
    assert "Une séance que sa maison a réservée depuis" in page
    assert "Un secret" not in await opened(cast.ana, f"{TOUR}/proposer?maison=atelier")
    # Nor does its house make a stop of it, which nobody would see.
    assert "Un secret" in await opened(cast.bo, ASKED)
    assert "réservée à ses invités" in cast.bo.text
    assert f"{asked}/accepter" not in cast.bo.page
    assert await cast.bo.send(f"{ASKED}/{asked}/accepter") == 400
    assert [each for each in await letters(cast.house, ANA) if each.kind == "proposal"] == []
    assert await cast.ana.send(f"{TOUR}/propositions/{asked}/retirer") == 200


async def test_an_office_that_went_meanwhile_is_no_choice(cast: Cast) -> None:
    await cast.propose()
    asked = await cast.asked()
    async with cast.house[DATABASE].writing() as db:
        await offices.remove_office(db, cast.kitchen)
    where = f"office:{cast.kitchen}"
    assert await cast.bo.send(f"{ASKED}/{asked}/accepter", where=where) == 400


async def test_who_sees_what_waits_for_an_answer(cast: Cast, visitors: Visitors) -> None:
    await cast.propose(note="Entre nous.")
    found = {}
    for number, who in enumerate(
        ("stranger", "member", "host", "organiser", "organiser elsewhere", "keeper", "maker")
    ):
        browser = cast.ana if who == "maker" else visitors()
        if who not in ("maker", "stranger"):
            await come_as(cast, browser, who, f"w{number}@exemple.org")
        page = await opened(browser, TOUR)
        answers = await browser.open(ASKED)
        note = answers == 200 and "Entre nous." in browser.text
        found[who] = ("Midi chez vous" in page, "attend votre réponse" in page, note)
    assert found == {
        # who: follows it on the tour's page, is led to answer it, reads it in the house
        "stranger": (False, False, False),
        "member": (False, False, False),
        "host": (False, False, False),
        "organiser": (False, True, True),
        "organiser elsewhere": (False, False, False),
        "keeper": (True, False, False),
        "maker": (True, False, False),
    }


async def test_a_closed_door_is_chosen_by_its_own_house_alone(cast: Cast) -> None:
    """Bo may not put a stop in an office of another house, whatever he is there."""
    await give(cast.house, "bo@exemple.org", "les-pigistes", Role.HOST)
    async with cast.house[DATABASE].reading() as db:
        theirs = await sessions.session_by_id(db, cast.theirs)
        assert theirs is not None
        every = await offices.offices_of(db, theirs.community_id)
    assert [each.id for each in every] == [cast.kitchen]
    await cast.propose()
    asked = await cast.asked()
    for where in ("office:", "office:inconnu", f"session:{theirs.series_id}", cast.kitchen):
        assert await cast.bo.send(f"{ASKED}/{asked}/accepter", where=where) == 400
