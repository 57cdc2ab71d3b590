"""Stops proposed to other houses: asked, seen by those it concerns alone, accepted or declined."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web
from sqlalchemy import update

from server.community.people import Notification, Person, Role
from server.community.recurrence import in_local
from server.community.tour_proposals import MOST_PROPOSALS
from server.keys import DATABASE
from server.storage.queries import communities, offices, people, sessions
from server.storage.queries.member_cards import choose_letters
from server.storage.tables import CommunityRow
from tests.server.conftest import Visitors
from tests.server.mailbox import letters, sign_in
from tests.server.offices import office_ids
from tests.server.organisers_told import ANA, BO, CY, plain
from tests.server.visitors import Visitor
from tests.server.web.test_calendars import announce, draft, summaries
from tests.server.web.test_tours import elsewhere, make

TOUR = "/tournees/la-grande-tournee"
ASKED = "/c/atelier/gerer/propositions"


async def give(house: web.Application, email: str, slug: str, role: Role) -> Person:
    """Give someone a role in a house."""
    async with house[DATABASE].writing() as db:
        person = await people.person_by_email(db, email)
        community = await communities.community_by_slug(db, slug)
        assert person is not None
        assert community is not None
        await people.set_role(db, community.id, person.id, role, datetime.now(UTC))
        return person


async def hide(house: web.Application) -> None:
    """L’Atelier leaves the public list."""
    async with house[DATABASE].writing() as db:
        await db.execute(
            update(CommunityRow).where(CommunityRow.slug == "atelier").values(listed=False)
        )


@dataclass
class Cast:
    """Ana, who made a tour in « Les Pigistes », and Bo, who organises « L’Atelier »."""

    house: web.Application
    ana: Visitor
    bo: Visitor
    theirs: str
    kitchen: str

    async def propose(self, **fields: str) -> int:
        """Ana proposes a moment to L’Atelier, or what `fields` say instead."""
        day = in_local(datetime.now(UTC) + timedelta(days=3), "Europe/Paris")
        moment = {"title_fr": "Midi chez vous", "date": f"{day:%Y-%m-%d}", "time": "12:00"}
        fields = {"house": "atelier", **({} if "session" in fields else moment), **fields}
        return await self.ana.send(f"{TOUR}/proposer", **fields)

    async def asked(self) -> str:
        """What L’Atelier is asked first: the id of the proposal, read by Bo."""
        assert await self.bo.open(ASKED) == 200
        found: list[str] = re.findall(r"/propositions/(\w+)/accepter", self.bo.page)
        return found[0]


@pytest.fixture
async def cast(house: web.Application, visitors: Visitors) -> Cast:
    ana, bo = visitors(), visitors()
    await sign_in(house, ana, ANA, "Ana")
    await sign_in(house, bo, BO, "Bo")
    cafe = next(iter((await office_ids(house)).values()))
    here, there = await announce(house, draft(cafe, "Chez nous")), await elsewhere(house)
    await give(house, ANA, "les-pigistes", Role.ORGANISER)
    await give(house, BO, "atelier", Role.OWNER)
    assert await make(ana, here) == 200
    async with house[DATABASE].reading() as db:
        session = await sessions.session_by_id(db, there)
        assert session is not None
        kitchen = (await offices.offices_of(db, session.community_id))[0].id
    return Cast(house, ana, bo, there, kitchen)


async def shown_to_all(stranger: Visitor, words: str) -> list[str]:
    """The public pages where a stop would be seen, that say these words."""
    found = []
    for path in (TOUR, f"{TOUR}/calendrier.ics", "/tournees", "/", "/c/atelier/seances"):
        assert await stranger.open(path) == 200
        if words in stranger.text:
            found.append(path)
    return found


async def test_a_moment_is_proposed_accepted_and_only_then_shown(
    cast: Cast, visitor: Visitor
) -> None:
    assert "Proposer une étape à une autre maison" in (await opened(cast.ana, TOUR))
    page = await opened(cast.ana, f"{TOUR}/proposer")
    assert "L’Atelier" in page
    assert "Les Pigistes" not in re.findall(r"<select.*?</select>", page, re.S)[0]
    assert "Chez eux" in (await opened(cast.ana, f"{TOUR}/proposer?maison=atelier"))
    assert await cast.propose(note="On arrive à <b>six</b>.") == 200
    assert cast.ana.path == f"{TOUR}?fait=proposed"
    assert "En attente de réponse" in cast.ana.text
    for words in ("Midi chez vous", "Les étapes proposées"):
        assert await shown_to_all(visitor, words) == []

    for path in ("/c/atelier", "/c/atelier/gerer"):
        assert "1 étape proposée" in await opened(cast.bo, path)
        assert "étape proposée" not in await opened(visitor, "/c/atelier")
    accepting = f"{ASKED}/{await cast.asked()}/accepter"
    assert "Midi chez vous" in cast.bo.text
    assert "On arrive à &lt;b&gt;six" in cast.bo.page
    assert "Proposé par Ana" in cast.bo.text
    for elsewhere_ in ("", "office:" + next(iter((await office_ids(cast.house)).values()))):
        assert await cast.bo.send(accepting, where=elsewhere_) == 400
    assert await cast.bo.send(accepting, where=f"office:{cast.kitchen}") == 200
    assert "Midi chez vous" in cast.bo.text
    assert "12 h à 14 h" in cast.bo.text.replace("\u00a0", " ")
    assert TOUR in cast.bo.page
    assert await cast.bo.send(accepting, where=f"office:{cast.kitchen}") == 404  # a stop by now
    assert await shown_to_all(visitor, "Midi chez vous") == [
        TOUR,
        f"{TOUR}/calendrier.ics",
        "/c/atelier/seances",
    ]
    assert summaries_of(visitor, await visitor.open(f"{TOUR}/calendrier.ics")) == [
        "Chez nous",
        "Midi chez vous",
    ]
    assert "étape proposée" not in await opened(cast.bo, "/c/atelier")
    (told,) = [each for each in await letters(cast.house, ANA) if each.kind == "proposal"]
    assert told.subject == "L’Atelier dit oui\u00a0: La grande tournée"


def summaries_of(visitor: Visitor, status: int) -> list[str]:
    assert status == 200
    return summaries(visitor)


async def opened(visitor: Visitor, path: str) -> str:
    assert await visitor.open(path) == 200, visitor.text
    return visitor.text


async def test_the_organisers_are_written_to_in_their_language_if_they_wish(
    cast: Cast, visitors: Visitors
) -> None:
    wanted = frozenset(Notification)
    for name, role, lang, kinds in (
        ("cy", Role.ORGANISER, "en", wanted),
        ("di", Role.ORGANISER, "fr", wanted - {Notification.PROPOSALS}),
        ("ed", Role.HOST, "fr", wanted),
    ):
        await sign_in(cast.house, visitors(), f"{name}@exemple.org", name)
        person = await give(cast.house, f"{name}@exemple.org", "atelier", role)
        async with cast.house[DATABASE].writing() as db:
            await choose_letters(db, person.id, lang, kinds)
    await cast.propose(note="On arrive à six.")
    told = {}
    for name in ("ana", "bo", "cy", "di", "ed"):
        found = await letters(cast.house, f"{name}@exemple.org")
        told[name] = [each for each in found if each.kind == "proposal"]
    assert {name: len(each) for name, each in told.items()} == {
        **dict.fromkeys(("ana", "di", "ed"), 0),
        **dict.fromkeys(("bo", "cy"), 1),
    }
    (french,), (english,) = told["bo"], told["cy"]
    assert french.subject == "Une étape proposée à L’Atelier\u00a0: La grande tournée"
    assert english.subject == "A stop proposed to L’Atelier: The grand tour"
    for each in (french, english):
        assert "On arrive à six." in each.text
        assert f"{ASKED}\n" in each.text
    assert "Paris" not in french.text
    assert "Midi chez vous" in english.text


async def test_a_session_of_theirs_is_declined_with_a_word_and_proposed_again(
    cast: Cast, visitor: Visitor
) -> None:
    assert await cast.propose(session=cast.theirs, note="La vôtre nous irait.") == 200
    assert "Chez eux" in cast.ana.text
    assert await visitor.open(f"/c/atelier/seances/{cast.theirs}") == 200
    assert TOUR not in visitor.page
    asked = await cast.asked()
    assert "La vôtre nous irait." in cast.bo.text
    assert await cast.bo.send(f"{ASKED}/{asked}/decliner", word="n" * 501) == 400
    assert "raccourcissez" in cast.bo.text
    assert await cast.bo.send(f"{ASKED}/{asked}/decliner", word="On est en travaux.") == 200
    assert "Rien n’attend votre réponse" in cast.bo.text
    assert "On est en travaux." in await opened(cast.ana, TOUR)
    assert "Déclinée" in cast.ana.text
    told = (await letters(cast.house, ANA))[0]
    assert told.subject.startswith("L’Atelier ne peut pas cette fois")
    assert "«\u00a0On est en travaux.\u00a0»" in told.text
    waits = [each.kind for each in await letters(cast.house, BO)]
    assert "proposal" not in waits  # what had not left was out of date

    assert await cast.propose(session=cast.theirs) == 200
    assert await cast.bo.send(f"{ASKED}/{await cast.asked()}/accepter") == 200
    assert cast.bo.path == f"/c/atelier/seances/{cast.theirs}?fait=saved"
    assert "Chez eux" in await opened(visitor, TOUR)
    assert await cast.propose(session=cast.theirs) == 400  # it is a stop


async def test_a_moment_may_be_a_session_that_the_house_had_announced(cast: Cast) -> None:
    day = in_local(datetime.now(UTC) + timedelta(days=1), "Europe/Paris")
    await cast.propose(date=f"{day:%Y-%m-%d}")
    asked = await cast.asked()
    assert f'value="session:{cast.theirs}"' in cast.bo.page
    where = f"session:{cast.theirs}"
    assert await cast.bo.send(f"{ASKED}/{asked}/accepter", where=where) == 200
    assert "Chez eux" in await opened(cast.ana, TOUR)
    assert "Midi chez vous" not in cast.ana.text
    assert "Chez eux" in (await letters(cast.house, ANA))[0].text


async def test_a_moment_lasts_as_long_as_was_proposed(cast: Cast) -> None:
    page = await opened(cast.ana, f"{TOUR}/proposer?maison=atelier")
    assert page  # two hours, unless one says otherwise
    assert '<option value="120" selected>2\u00a0h</option>' in cast.ana.page
    assert await cast.propose(minutes="7") == 400
    assert "Choisissez dans la liste." in cast.ana.text
    assert await cast.propose(minutes="90") == 200
    hours = "12 h à 13 h 30"
    asked = await cast.asked()
    assert "1 h 30 min" in plain(cast.bo.text)
    (told,) = [each for each in await letters(cast.house, BO) if each.kind == "proposal"]
    assert await cast.bo.send(f"{ASKED}/{asked}/accepter", where=f"office:{cast.kitchen}") == 200
    (answer,) = [each for each in await letters(cast.house, ANA) if each.kind == "proposal"]
    tour = await opened(cast.ana, TOUR)
    for words in (cast.bo.text, told.text, answer.text, tour):
        assert hours in plain(words)


async def test_nobody_answers_for_another_house(cast: Cast) -> None:
    await cast.propose()
    asked = await cast.asked()
    for answer in ("accepter", "decliner"):
        own = f"/c/les-pigistes/gerer/propositions/{asked}/{answer}"
        assert await cast.ana.send(own, where=f"office:{cast.kitchen}") == 404
    assert await cast.asked() == asked


async def test_what_is_withdrawn_is_asked_no_more(cast: Cast) -> None:
    await cast.propose()
    asked = await cast.asked()
    assert await cast.ana.send(f"{TOUR}/propositions/{asked}/retirer") == 200
    assert "La proposition est retirée" in cast.ana.text
    assert "Midi chez vous" not in cast.ana.text
    where = f"office:{cast.kitchen}"
    assert await cast.bo.send(f"{ASKED}/{asked}/accepter", where=where) == 404
    assert "proposal" not in [each.kind for each in await letters(cast.house, BO)]
    assert "étape proposée" not in await opened(cast.bo, "/c/atelier")


async def test_who_erases_their_account_asks_nothing_more(cast: Cast) -> None:
    await cast.propose()
    assert "proposal" in [each.kind for each in await letters(cast.house, BO)]
    await cast.ana.send("/compte/effacer", sure="1")
    assert "proposal" not in [each.kind for each in await letters(cast.house, BO)]


ALLOWED: dict[str, tuple[int | str, ...]] = {
    # who: proposes, accepts, declines, withdraws
    "stranger": ("sign in", 403, 403, "sign in"),
    "guest": (403, 403, 403, 404),
    "member": (403, 403, 403, 404),
    "host": (403, 403, 403, 404),
    "organiser": (403, 200, 200, 404),
    "owner": (403, 200, 200, 404),
    "organiser elsewhere": (403, 403, 403, 404),
    "keeper": (200, 403, 403, 200),
    "maker": (200, 403, 403, 200),
}


async def test_who_may_do_what(cast: Cast, visitors: Visitors) -> None:
    found: dict[str, tuple[int | str, ...]] = {}
    for number, who in enumerate(ALLOWED):
        browser = cast.ana if who == "maker" else visitors()
        if who not in ("maker", "stranger"):
            await come_as(cast, browser, who, f"{number}@exemple.org")
        found[who] = tuple([await tried(cast, browser, each) for each in range(4)])
    assert found == ALLOWED


async def come_as(cast: Cast, browser: Visitor, who: str, email: str) -> None:
    """Sign in as someone who is that to L’Atelier, or elsewhere."""
    await sign_in(cast.house, browser, email, who)
    if who in tuple(Role) and who != "guest":
        await give(cast.house, email, "atelier", Role(who))
    elif who == "organiser elsewhere":
        await give(cast.house, email, "les-pigistes", Role.ORGANISER)
    elif who == "keeper":
        person = await give(cast.house, email, "les-pigistes", Role.MEMBER)
        async with cast.house[DATABASE].writing() as db:
            await people.keep_server(db, person.id)


async def tried(cast: Cast, browser: Visitor, action: int) -> int | str:
    """Propose, accept, decline or withdraw, with something to answer: what came of it."""
    await cast.propose()
    asked = await cast.asked()
    path = (
        f"{TOUR}/proposer",
        f"{ASKED}/{asked}/accepter",
        f"{ASKED}/{asked}/decliner",
        f"{TOUR}/propositions/{asked}/retirer",
    )[action]
    fields = {"where": f"office:{cast.kitchen}", "house": "atelier", "session": cast.theirs}
    status = await browser.send(path, **fields)
    return "sign in" if browser.path.startswith("/connexion") else status


async def test_a_private_house_is_asked_by_its_members_alone(
    cast: Cast, visitors: Visitors
) -> None:
    await hide(cast.house)
    answers = []
    for slug in ("atelier", "nulle-part"):
        page = await opened(cast.ana, f"{TOUR}/proposer?maison={slug}")
        answers.append(page.replace(slug, "…"))
        assert await cast.propose(house=slug, session=cast.theirs) == 400
        answers.append(cast.ana.text.replace(slug, "…"))
    without_tokens = [re.sub(r'value="[^"]{30,}"', "", each) for each in answers]
    assert without_tokens[:2] == without_tokens[2:]
    assert "L’Atelier" not in "".join(answers)
    assert "Proposer une étape" not in await opened(cast.ana, TOUR)  # no house is left to ask

    await give(cast.house, ANA, "atelier", Role.MEMBER)
    assert "L’Atelier" in await opened(cast.ana, f"{TOUR}/proposer")
    assert await cast.propose() == 200
    keeper = visitors()
    await sign_in(cast.house, keeper, CY, "Cy")
    person = await give(cast.house, CY, "les-pigistes", Role.ORGANISER)
    async with cast.house[DATABASE].writing() as db:
        await people.keep_server(db, person.id)
    # Who keeps the server changes the tour, and learns nothing of the private house by it.
    assert "L’Atelier" not in await opened(keeper, TOUR)
    asked = await cast.asked()
    assert "n’est pas dans la liste publique" in cast.bo.text
    assert await keeper.send(f"{TOUR}/propositions/{asked}/retirer") == 404


async def test_a_tour_has_so_many_proposals_and_the_same_is_asked_once(cast: Cast) -> None:
    for number in range(MOST_PROPOSALS):
        for _ in range(2 if number == 0 else 1):
            assert await cast.propose(title_fr=f"Étape {number}") == 200
    assert len([each for each in await letters(cast.house, BO) if each.kind == "proposal"]) == (
        MOST_PROPOSALS
    )
    assert await cast.propose(title_fr="Une de trop") == 409
    assert "déjà beaucoup de propositions" in cast.ana.text
    await cast.bo.send(f"{ASKED}/{await cast.asked()}/accepter", where=f"office:{cast.kitchen}")
    assert await cast.propose(title_fr="Une de trop") == 200


async def test_the_empty_list_invites_who_may_act(house: web.Application, visitor: Visitor) -> None:
    await opened(visitor, "/tournees")
    assert "Aucune tournée n’est annoncée" in visitor.text
    assert "/tournees/nouvelle" not in visitor.page
    await sign_in(house, visitor, ANA, "Ana")
    await give(house, ANA, "les-pigistes", Role.ORGANISER)
    await opened(visitor, "/tournees")
    assert "La route est encore à tracer" in visitor.text
    assert visitor.page.count('href="/tournees/nouvelle"') == 1


async def test_the_letters_about_proposals_are_chosen_by_organisers(
    house: web.Application, visitor: Visitor
) -> None:
    await sign_in(house, visitor, ANA, "Ana")
    assert 'type="hidden" name="proposals" value="1"' in visitor.page
    assert "étape de tournée" not in visitor.text
    await give(house, ANA, "les-pigistes", Role.ORGANISER)
    await opened(visitor, "/compte")
    assert 'type="checkbox" name="proposals" value="1" checked' in visitor.page
    await visitor.send("/compte/courrier", lang="fr", changes="1")
    assert 'type="checkbox" name="proposals" value="1">' in visitor.page
