"""Who proposed stops goes, or organises no house any more: what waits is withdrawn, and told."""

from __future__ import annotations

import pytest
from aiohttp import web
from sqlalchemy import select

from server.community.people import Role
from server.keys import DATABASE
from server.storage.queries import people
from server.storage.tables import LetterRow, TourStopRow
from tests.server.organisers_told import (
    ANA,
    BO,
    CY,
    all_left,
    both,
    letter_to,
    notified,
    plain,
    written,
)
from tests.server.visitors import Visitor
from tests.server.web.test_manage_people import PEOPLE
from tests.server.web.test_tour_news import staff
from tests.server.web.test_tour_proposals import ASKED, TOUR, Cast, cast, give, opened
from tests.server.web.test_tours import make

__all__ = ["cast", "staff"]
WITHDRAWN = both(
    BO,
    CY,
    title="Proposition retirée : La grande tournée",
    english="Proposal withdrawn: The grand tour",
)


async def states(house: web.Application) -> list[str]:
    """The states of the stops that are, or were, proposed."""
    query = select(TourStopRow.state).where(TourStopRow.proposed_by.is_not(None))
    async with house[DATABASE].reading() as db:
        return sorted(await db.scalars(query))


async def ask_three(staff: Cast) -> None:
    """Ana asks L’Atelier for two stops, and for a third that nobody read of yet."""
    for title in ("Midi", "Souper"):
        assert await staff.propose(title_fr=title) == 200
    await all_left(staff.house)
    assert await staff.propose(title_fr="Personne ne l’a lue") == 200


async def change_role(house: web.Application, owner: Visitor, role: str) -> None:
    """Odile, who owns « Les Pigistes », gives Ana that role, or none."""
    async with house[DATABASE].reading() as db:
        person = await people.person_by_email(db, ANA)
    assert person is not None
    row = f"{PEOPLE}/{person.id}"
    await owner.open(PEOPLE)
    assert await (owner.send(row, role=role) if role else owner.send(f"{row}/retirer")) == 200


async def test_what_someone_asked_before_they_erased_themselves_is_withdrawn(staff: Cast) -> None:
    await ask_three(staff)
    await staff.ana.send("/compte/effacer", sure="1")
    house = staff.house
    assert (await written(house), await notified(house)) == (WITHDRAWN, WITHDRAWN)
    letter = await letter_to(house, BO)
    assert "ne propose plus ces étapes à L’Atelier" in plain(letter.text)
    assert "no longer proposes these stops" in (await letter_to(house, CY)).text
    for title, is_told in (("Midi", True), ("Souper", True), ("Personne ne l’a lue", False)):
        assert (f"{title}\n" in letter.text) is is_told
    assert await states(house) == []
    assert "Rien n’attend votre réponse" in await opened(staff.bo, ASKED)
    async with house[DATABASE].reading() as db:
        waiting = select(LetterRow.text).where(LetterRow.sent_at.is_(None))
        assert not [each for each in await db.scalars(waiting) if "Ana" in each]


async def test_a_tour_that_goes_with_its_maker_withdraws_what_it_asked(staff: Cast) -> None:
    assert await make(staff.ana) == 200
    other = staff.ana.path.partition("?")[0]
    assert other != TOUR
    day = {"house": "atelier", "session": staff.theirs}
    assert await staff.ana.send(f"{other}/proposer", **day) == 200
    await all_left(staff.house)
    await staff.ana.send("/compte/effacer", sure="1")
    assert await staff.bo.open(other) == 404
    assert await written(staff.house) == WITHDRAWN
    letter = await letter_to(staff.house, BO)
    assert "cette étape" in letter.text
    assert f"{ASKED}\n" in letter.text  # that page stands


@pytest.mark.parametrize("role", ["member", ""])
async def test_who_organises_no_house_any_more_proposes_nothing(
    staff: Cast, owner: Visitor, role: str
) -> None:
    house = staff.house
    assert await staff.propose(title_fr="Non merci") == 200
    assert await staff.bo.send(f"{ASKED}/{await staff.asked()}/decliner", word="Complet.") == 200
    await ask_three(staff)
    await change_role(house, owner, role)
    hers = {ANA: ["Proposition retirée : La grande tournée"]}
    told = {**WITHDRAWN, **hers}
    assert (await written(house), await notified(house)) == (told, told)
    letter = await letter_to(house, ANA)
    assert "Pour en proposer, il faut organiser une maison." in letter.text
    assert f"{TOUR}\n" in letter.text
    assert await states(house) == ["declined"]
    assert "Rien n’attend votre réponse" in await opened(staff.bo, ASKED)
    assert "Complet." in await opened(staff.ana, TOUR)


async def test_who_organises_another_house_still_proposes(staff: Cast, owner: Visitor) -> None:
    await ask_three(staff)
    before = await written(staff.house)
    await give(staff.house, ANA, "atelier", Role.ORGANISER)
    await change_role(staff.house, owner, "member")
    assert await written(staff.house) == before
    assert await states(staff.house) == ["proposed"] * 3


async def test_another_role_that_organises_withdraws_nothing(staff: Cast, owner: Visitor) -> None:
    await ask_three(staff)
    await change_role(staff.house, owner, "owner")
    assert await states(staff.house) == ["proposed"] * 3
