"""What organisers learn of the stops of tours, by letter and on their devices."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from server.community.people import Notification, Role
from server.community.series_edits import Reach
from server.community.sessions import OpenTo
from server.community.text import Bilingual
from server.community.tours import TourDraft
from server.keys import DATABASE
from server.storage.queries import people, session_changes, sessions, tour_stops, tours
from server.storage.queries.leases import take_lease
from server.storage.queries.member_cards import choose_letters
from tests.server.conftest import Visitors
from tests.server.mailbox import sign_in
from tests.server.organisers_told import (
    ANA,
    BO,
    CY,
    DI,
    ED,
    all_left,
    both,
    letter_to,
    notices,
    notified,
    plain,
    written,
)
from tests.server.visitors import Visitor
from tests.server.web.test_calendars import draft, weekly
from tests.server.web.test_tour_proposals import ASKED, TOUR, Cast, cast, give, opened

__all__ = ["cast"]
LATER = datetime(9000, 1, 1, tzinfo=UTC)


@pytest.fixture
async def staff(cast: Cast, visitors: Visitors) -> Cast:
    """With Cy, who organises L’Atelier in English, Di who wants no such news, and Ed, a host.

    Notices stay where they are queued: another process answers for them.
    """
    everything = frozenset(Notification)
    for email, role, lang, wanted in (
        (CY, Role.ORGANISER, "en", everything),
        (DI, Role.ORGANISER, "fr", everything - {Notification.PROPOSALS}),
        (ED, Role.HOST, "fr", everything),
    ):
        await sign_in(cast.house, visitors(), email, email[:2])
        person = await give(cast.house, email, "atelier", role)
        async with cast.house[DATABASE].writing() as db:
            await choose_letters(db, person.id, lang, wanted)
    async with cast.house[DATABASE].writing() as db:
        assert await take_lease(db, "notices", "elsewhere", until=LATER, now=LATER)
    return cast


async def accepted(staff: Cast, **fields: str) -> str:
    """A stop at L’Atelier, by Bo’s yes, of which nothing waits any more: its session."""
    assert await staff.propose(**fields) == 200
    accepting = f"{ASKED}/{await staff.asked()}/accepter"
    assert await staff.bo.send(accepting, where=f"office:{staff.kitchen}") == 200
    await all_left(staff.house)
    return staff.bo.path.split("?", 1)[0].rsplit("/", 1)[1]


ASKS = both(
    BO,
    CY,
    title="Une étape proposée à L’Atelier : La grande tournée",
    english="A stop proposed to L’Atelier: The grand tour",
)


async def test_devices_tell_what_is_proposed_and_answered(staff: Cast) -> None:
    house = staff.house
    await staff.propose(note="Entre nous.")
    assert (await notified(house), await written(house)) == (ASKS, ASKS)
    (_, french), (_, english) = await notices(house)
    assert (french["path"], french["lang"], english["lang"]) == (ASKED, "fr", "en")
    assert "Midi chez vous" in french["body"]
    assert "12 h à 14 h" in plain(french["body"])
    assert "L’Atelier" in french["body"]
    assert "Entre nous" not in french["body"]  # it may be read over a shoulder

    asked = await staff.asked()
    await staff.bo.send(f"{ASKED}/{asked}/decliner", word="Complet.")
    told = both(ANA, title="L’Atelier ne peut pas cette fois : La grande tournée")
    assert (await notified(house), await written(house)) == (told, told)
    await all_left(house)
    await staff.propose()
    asked = await staff.asked()
    await staff.bo.send(f"{ASKED}/{asked}/accepter", where=f"office:{staff.kitchen}")
    told = both(ANA, title="L’Atelier dit oui : La grande tournée")
    assert (await notified(house), await written(house)) == (told, told)
    ((_, notice),) = await notices(house)
    assert notice["path"] == TOUR


async def test_what_is_withdrawn_is_told_to_whom_the_question_had_reached(staff: Cast) -> None:
    house = staff.house
    for has_left in (False, True):
        await staff.propose()
        asked = await staff.asked()
        if has_left:
            await all_left(house)
        assert await staff.ana.send(f"{TOUR}/propositions/{asked}/retirer") == 200
        told = both(
            *((BO, CY) if has_left else ()),
            title="Proposition retirée : La grande tournée",
            english="Proposal withdrawn: The grand tour",
        )
        assert (await notified(house), await written(house)) == (told, told)
    assert "Midi chez vous" in (await letter_to(house, BO)).text
    assert "The tour “The grand tour” no longer proposes" in (await letter_to(house, CY)).text


async def test_taking_a_no_off_the_list_tells_nobody(staff: Cast) -> None:
    await staff.propose()
    asked = await staff.asked()
    await staff.bo.send(f"{ASKED}/{asked}/decliner")
    await all_left(staff.house)
    assert await staff.ana.send(f"{TOUR}/propositions/{asked}/retirer") == 200
    assert (await notified(staff.house), await written(staff.house)) == ({}, {})


async def test_a_stop_called_off_and_restored_is_told_to_both_sides(staff: Cast) -> None:
    house, session_id = staff.house, await accepted(staff)
    page = f"/c/atelier/seances/{session_id}"
    assert await staff.bo.send(f"{page}/annuler", reach="this") == 200
    told = both(
        ANA,
        CY,
        title="Étape annulée : La grande tournée",
        english="Stop called off: The grand tour",
    )
    assert (await notified(house), await written(house)) == (told, told)
    letter = await letter_to(house, ANA)
    assert "L’Atelier annule cette étape de la tournée" in plain(letter.text)
    assert "Midi chez vous\n" in letter.text
    assert f"{TOUR}\n" in letter.text
    await all_left(house)
    assert await staff.bo.send(f"{page}/retablir") == 200
    told = both(
        ANA, CY, title="Étape rétablie : La grande tournée", english="Stop on again: The grand tour"
    )
    assert (await notified(house), await written(house)) == (told, told)


async def test_a_session_proposed_and_called_off_is_told_to_who_proposed_it(staff: Cast) -> None:
    await staff.propose(session=staff.theirs)
    await all_left(staff.house)
    assert await staff.bo.send(f"/c/atelier/seances/{staff.theirs}/annuler", reach="this") == 200
    told = both(ANA, title="Étape annulée : La grande tournée")
    assert (await notified(staff.house), await written(staff.house)) == (told, told)
    assert "Chez eux" in (await letter_to(staff.house, ANA)).text


async def test_who_calls_off_a_stop_of_their_own_tour_is_told_nothing(staff: Cast) -> None:
    async with staff.house[DATABASE].reading() as db:
        tour = await tours.tour_by_slug(db, "la-grande-tournee")
    assert tour is not None
    (own,) = tour.session_ids
    page = f"/c/les-pigistes/seances/{own}"
    assert await staff.ana.send(f"{page}/annuler", reach="this") == 200
    assert (await notified(staff.house), await written(staff.house)) == ({}, {})
    # Somebody else of her house does it: she learns it.
    await staff.ana.send(f"{page}/retablir")
    await give(staff.house, BO, "les-pigistes", Role.ORGANISER)
    assert await staff.bo.send(f"{page}/annuler", reach="this") == 200
    assert await written(staff.house) == both(ANA, title="Étape annulée : La grande tournée")


async def test_a_stop_left_out_is_told_to_its_house(staff: Cast) -> None:
    house, session_id = staff.house, await accepted(staff)
    async with house[DATABASE].reading() as db:
        tour = await tours.tour_by_slug(db, "la-grande-tournee")
    assert tour is not None
    everything = [("stops", each) for each in sorted(tour.session_ids)]
    form = [("title_fr", "La grande tournée"), ("title_en", "The grand tour")]
    assert await staff.ana.send_list(f"{TOUR}/modifier", [*form, *everything]) == 200
    assert await written(house) == {}
    own = [each for each in everything if each[1] != session_id]
    assert await staff.ana.send_list(f"{TOUR}/modifier", [*form, *own]) == 200
    told = both(
        BO,
        CY,
        title="Une étape de moins : La grande tournée",
        english="One stop fewer: The grand tour",
    )
    assert (await notified(house), await written(house)) == (told, told)
    assert "La séance reste à sa maison" in (await letter_to(house, BO)).text
    assert await staff.bo.open(f"/c/atelier/seances/{session_id}") == 200


async def test_a_tour_that_goes_is_told_once_to_the_houses_that_it_asked(staff: Cast) -> None:
    house = staff.house
    await accepted(staff, title_fr="Un oui")
    await staff.propose(title_fr="Une question")
    await all_left(house)
    await staff.propose(title_fr="Une question que personne n’a reçue")
    assert await staff.ana.send(f"{TOUR}/supprimer") == 200
    told = both(
        BO,
        CY,
        title="La tournée est retirée : La grande tournée",
        english="Tour removed: The grand tour",
    )
    assert (await notified(house), await written(house)) == (told, told)
    text = (await letter_to(house, BO)).text
    assert "Un oui\n" in text
    assert "Une question\n" in text
    assert "personne n’a reçue" not in text


async def test_a_tour_removed_by_who_keeps_the_server_is_told_to_its_maker(
    staff: Cast, visitors: Visitors
) -> None:
    keeper = visitors()
    await sign_in(staff.house, keeper, "kim@exemple.org", "Kim")
    async with staff.house[DATABASE].writing() as db:
        person = await people.person_by_email(db, "kim@exemple.org")
        assert person is not None
        await people.keep_server(db, person.id)
    assert await keeper.send(f"{TOUR}/supprimer") == 200
    told = both(ANA, title="La tournée est retirée : La grande tournée")
    assert (await notified(staff.house), await written(staff.house)) == (told, told)
    assert "par qui tient ce serveur" in (await letter_to(staff.house, ANA)).text


async def test_a_house_leaves_a_tour_and_keeps_its_session(staff: Cast, visitor: Visitor) -> None:
    house, session_id = staff.house, await accepted(staff)
    await opened(staff.bo, "/c/atelier/gerer")
    assert f'href="{ASKED}"' in staff.bo.page
    page = await opened(staff.bo, ASKED)
    assert "Les tournées s’arrêtent ici" in page
    assert "Midi chez vous" in page
    assert "Midi chez vous" in await opened(visitor, TOUR)
    async with house[DATABASE].reading() as db:
        (stop,) = await tour_stops.stops_at(db, [session_id])
    own = f"/c/les-pigistes/gerer/propositions/{stop.id}/quitter"
    assert await staff.ana.send(own) == 404
    assert await staff.ana.send(f"{ASKED}/{stop.id}/quitter") == 403
    assert await staff.bo.send(f"{ASKED}/{stop.id}/quitter") == 200
    assert "La tournée ne s’arrête plus ici" in staff.bo.text
    assert "Les tournées s’arrêtent ici" not in staff.bo.text
    told = both(
        ANA,
        CY,
        title="Une étape de moins : La grande tournée",
        english="One stop fewer: The grand tour",
    )
    assert (await notified(house), await written(house)) == (told, told)
    assert "Midi chez vous" not in await opened(visitor, TOUR)
    assert "Midi chez vous" in await opened(visitor, f"/c/atelier/seances/{session_id}")
    assert await staff.bo.send(f"{ASKED}/{stop.id}/quitter") == 404


async def a_series(staff: Cast) -> list[str]:
    """A session of L’Atelier that comes back each week, of which a tour stops at the fifth."""
    now = datetime.now(UTC)
    async with staff.house[DATABASE].writing() as db:
        theirs = await sessions.session_by_id(db, staff.theirs)
        assert theirs is not None
        first = await session_changes.add_session(
            db, theirs.community_id, weekly(draft(staff.kitchen, "Chaque semaine")), None, now
        )
        session = await sessions.session_by_id(db, first)
        assert session is not None
        found = [each.id for each in await sessions.sessions_of_series(db, session.series_id)]
    assert await staff.propose(session=found[4]) == 200
    await staff.bo.send(f"{ASKED}/{await staff.asked()}/accepter")
    await all_left(staff.house)
    return found


async def test_a_stop_without_a_place_in_its_series_is_called_off_not_lost(staff: Cast) -> None:
    found = await a_series(staff)
    async with staff.house[DATABASE].reading() as db:
        session = await sessions.session_by_id(db, found[0])
        assert session is not None
        series = await sessions.series_by_id(db, session.series_id)
    assert series is not None
    ends = (session.starts_at + timedelta(days=8)).date()
    fields = [
        ("title_fr", "Chaque semaine"),
        ("office", staff.kitchen),
        ("open_to", "all"),
        ("date", f"{series.schedule.start:%Y-%m-%d}"),
        ("time", f"{series.schedule.start:%H:%M}"),
        ("time_zone", series.schedule.time_zone),
        ("frequency", "weekly"),
        ("weekdays", str(series.schedule.start.weekday())),
        ("until", f"{ends:%Y-%m-%d}"),
        ("phase_kinds", "focus"),
        ("phase_minutes", "60"),
        ("reach", Reach.ALL.value),
    ]
    page = f"/c/atelier/seances/{found[0]}/modifier"
    assert await staff.bo.send_list(page, fields) == 200, staff.bo.text
    assert await staff.bo.open(f"/c/atelier/seances/{found[3]}") == 404
    assert (await written(staff.house))[ANA] == ["Étape annulée : La grande tournée"]
    assert "Chaque semaine" in await opened(staff.ana, TOUR)
    assert "Annulée" in staff.ana.text


async def test_a_stop_goes_with_its_office_and_is_told(staff: Cast) -> None:
    await accepted(staff)
    removing = f"/c/atelier/gerer/offices/{staff.kitchen}/supprimer"
    assert await staff.bo.send(removing, sessions="cancel") == 200, staff.bo.text
    told = both(
        ANA,
        CY,
        title="Étape annulée : La grande tournée",
        english="Stop called off: The grand tour",
    )
    assert (await notified(staff.house), await written(staff.house)) == (told, told)
    assert "Midi chez vous" not in await opened(staff.ana, TOUR)


async def test_nobody_reads_of_a_session_that_became_private(staff: Cast) -> None:
    session_id = await accepted(staff)
    async with staff.house[DATABASE].writing() as db:
        session = await sessions.session_by_id(db, session_id)
        assert session is not None
        plan = replace(session.plan, title=Bilingual("Un secret"), open_to=OpenTo.INVITED)
        wanted = replace(draft(staff.kitchen, ""), plan=plan)
        await session_changes.change_session(db, session, wanted, Reach.THIS, datetime.now(UTC))
    assert await staff.bo.send(f"/c/atelier/seances/{session_id}/annuler", reach="this") == 200
    assert await written(staff.house) == both(
        CY, title="", english="Stop called off: The grand tour"
    )
    assert "Un secret" not in await opened(staff.ana, TOUR)


async def test_a_letter_a_tour_however_many_stops(staff: Cast) -> None:
    """Two tours that stop at the same session: each maker learns of theirs, once."""
    session_id = await accepted(staff)
    async with staff.house[DATABASE].writing() as db:
        ed = await people.person_by_email(db, ED)
        assert ed is not None
        other = TourDraft(Bilingual("Une autre"), Bilingual(""), frozenset({session_id}))
        await tours.add_tour(db, other, ed.id, datetime.now(UTC))
    assert await staff.bo.send(f"/c/atelier/seances/{session_id}/annuler", reach="this") == 200
    assert await written(staff.house) == {
        ANA: ["Étape annulée : La grande tournée"],
        CY: ["Stop called off: The grand tour"],
        ED: ["Étape annulée : Une autre"],
    }
