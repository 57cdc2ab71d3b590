"""A link to a series that was edited "from this date on": it leads on, counts, unfurls, closes."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

import pytest
from aiohttp import web

from server.community.recurrence import Frequency, Recurrence, Schedule
from server.extraction import PROJECT
from server.i18n import LANGUAGES, LOCALES, Catalogs
from server.web.session_words import day_label, often_label, repeats_label
from tests.server.agents import CRAWLERS
from tests.server.conftest import Visitors
from tests.server.offices import MANAGE, change_office, office_ids
from tests.server.visitors import Visitor
from tests.server.web.test_sessions import LIST, form, make

CAFE = "/c/les-pigistes/cafe"


async def rename_from_second(house: web.Application, owner: Visitor, open_to: str) -> str:
    """A link to a series; from its second date on, it has another name and is in the café.

    The first is called off. The address of the second; the owner is on the link's page.
    """
    address = await make(house, owner, frequency="weekly", count="4")
    second: str = re.findall(rf'href="({LIST}/se_[0-9a-f]+)"', owner.page)[0]
    session_id = address.rpartition("/")[2]
    await owner.send(f"{MANAGE}/invitations", session=session_id, whole="1")
    page = owner.path.partition("?")[0]
    await owner.open(f"{second}/modifier")
    day = re.search(r'name="date" type="date" value="([^"]+)"', owner.page)
    assert day is not None
    cafe = (await office_ids(house))["cafe"]
    edit = {"title_fr": "Jeudi du café", "title_en": "", "open_to": open_to, "office": cafe}
    rule = {"reach": "following", "frequency": "weekly", "count": "4", "date": day[1]}
    await owner.send_list(f"{second}/modifier", await form(house, **edit, **rule))
    assert owner.path == f"{second}?fait=saved"
    await owner.open(address)
    assert second in owner.page  # among the next dates, though of a series of its own
    await owner.send(f"{address}/annuler", reach="this")
    await owner.open(page)
    return second


@pytest.fixture(scope="module")
def catalogs() -> Catalogs:
    return Catalogs(LOCALES, PROJECT / "static" / "js")


def next_tuesday() -> date:
    """A Tuesday of the week after next at the soonest: not even a moved date is over."""
    today = datetime.now(UTC).date()
    return today + timedelta(days=15 - today.weekday())


def series_link(owner: Visitor, other: str) -> str:
    """Of the two links that the owner's page lists, the page of the one that is not `other`."""
    listed = re.findall(rf'class="row-title"><a href="({MANAGE}/invitations/\w+)"', owner.page)
    [found] = [each for each in listed if each != other]
    return str(found)


def link_on(owner: Visitor) -> str:
    found = re.search(r'id="new-link"[^>]* value="https?://[^/"]+(/i/[^"]+)"', owner.page)
    assert found is not None
    return found[1]


async def test_an_old_link_leads_to_what_became_of_its_series(
    house: web.Application, owner: Visitor, visitors: Visitors
) -> None:
    second = await rename_from_second(house, owner, "all")
    page, link = owner.path, link_on(owner)
    assert "Jeudi du café" in owner.text
    assert "Mardi des factures" not in owner.text

    crawler = visitors(**{"User-Agent": CRAWLERS["facebook"]})
    assert await crawler.open(link) == 200
    assert 'property="og:title" content="Jeudi du café' in crawler.text

    guest = visitors()
    await guest.open(link)
    assert "Le café" in guest.text
    await guest.send("/langue", lang="en", next=link)
    day = re.search(r"<strong>(\w+, \w+) \d", guest.page)
    assert day is not None
    assert day[1].istitle()  # "Tuesday, December", never "Tuesday, december"
    await guest.send("/langue", lang="fr", next=link)
    await guest.send(link, name="Ana")
    assert guest.path == second

    await owner.open(page)
    assert "1 entrée" in owner.text
    await owner.open(MANAGE)
    row = owner.text.partition("data-invitation")[2].partition("</li>")[0]
    assert "Jeudi du café" in row
    assert "1 ouverture" in row


async def test_a_link_to_a_session_that_is_called_off_says_so(
    house: web.Application, owner: Visitor, visitor: Visitor
) -> None:
    address = await make(house, owner)
    await owner.send(f"{MANAGE}/invitations", session=address.rpartition("/")[2])
    link = link_on(owner)
    await visitor.open(link)
    assert "On vous invite" in visitor.text
    assert "Cette séance est annulée." not in visitor.text
    await owner.send(f"{address}/annuler", reach="this")
    assert await visitor.open(link) == 200
    assert "Cette séance est annulée." in visitor.text


async def test_it_opens_the_private_office_where_the_series_went_until_it_is_revoked(
    house: web.Application, owner: Visitor, visitor: Visitor
) -> None:
    await change_office(house, owner, "cafe", visibility="invitation")
    second = await rename_from_second(house, owner, "invited")
    link = link_on(owner)
    await visitor.open(link)
    await visitor.send(link, name="Ana")
    assert visitor.path == second
    assert (await visitor.enter(f"{CAFE}/entrer"))[0] == 200
    await owner.open(MANAGE)
    revoke = re.search(r'action="([^"]+/revoquer)"', owner.page)
    assert revoke is not None
    await owner.send(revoke[1])
    assert await visitor.open(link) == 410
    assert "Jeudi du café" not in visitor.text
    assert (await visitor.enter(f"{CAFE}/entrer"))[0] == 403
    assert await visitor.open(second) == 404


async def test_a_link_to_a_series_says_so_wherever_it_is_read(
    house: web.Application, owner: Visitor, visitor: Visitor
) -> None:
    rule = {"frequency": "weekly", "weekdays": "1"}
    address = await make(house, owner, date=f"{next_tuesday()}", **rule)
    for fields in ({"whole": "1"}, {}):
        await owner.send(f"{MANAGE}/invitations", session=address.rpartition("/")[2], **fields)
    to_date, link = owner.path.partition("?")[0], link_on(owner)
    assert "Invitation\N{NO-BREAK SPACE}: Mardi des factures" in owner.text
    assert "tous les mardis" not in owner.text
    await visitor.open(link)
    assert "tous les mardis" not in visitor.text
    series = "Série\N{NO-BREAK SPACE}: Mardi des factures, tous les mardis"
    await owner.open(MANAGE)
    assert f">{series}</a>" in owner.text
    assert ">Mardi des factures</a>" in owner.text
    to_series = series_link(owner, to_date)
    await owner.open(to_series)
    assert f"<h1>{series}</h1>" in owner.text
    await visitor.open(link_on(owner))
    assert "La séance revient tous les mardis" in visitor.text
    # an end given to it later makes no other link of it
    await owner.send(to_series, days="30", max_uses="", note="")
    assert f"<h1>{series}</h1>" in owner.text


async def test_posts_and_posters_say_what_session_when_and_how_often(
    house: web.Application, owner: Visitor, catalogs: Catalogs
) -> None:
    tuesday = next_tuesday()
    rule = {"frequency": "weekly", "weekdays": "1"}
    address = await make(house, owner, date=f"{tuesday}", **rule)
    for fields in ({"whole": "1"}, {}):
        await owner.send(f"{MANAGE}/invitations", session=address.rpartition("/")[2], **fields)
    to_date = owner.path.partition("?")[0]
    await owner.open(MANAGE)
    to_series = series_link(owner, to_date)
    french, english = (day_label(tuesday, catalogs.words(lang)) for lang in LANGUAGES)
    at = f"{french}, 9 h à 10 h 10 (heure de l’Est)"
    in_english = f"{english}, 9 a.m. to 10:10 a.m. (Eastern Time)"
    often = (f"tous les mardis, à partir du {at}", f"every Tuesday, starting {in_english}")
    for page, when in ((to_date, (at, in_english)), (to_series, often)):
        await owner.open(page)
        said = owner.text.replace("\N{NO-BREAK SPACE}", " ")
        assert f"On se retrouve pour « Mardi des factures » : {when[0]}. C’est dans « " in said
        assert f"Join us for “Invoice Tuesday”: {when[1]}. It takes place in “" in said
        await owner.open(f"{page}/affiche")
        said = owner.text.replace("\N{NO-BREAK SPACE}", " ")
        assert "<h1>Mardi des factures</h1>" in said
        assert ">Invoice Tuesday</p>" in said
        for each in when:
            assert f">{each[:1].upper()}{each[1:]}</p>" in said


async def test_a_date_changed_by_itself_does_not_tell_the_hours_and_the_name_of_its_series(
    house: web.Application, owner: Visitor
) -> None:
    rule = {"frequency": "weekly", "weekdays": "1"}
    address = await make(house, owner, date=f"{next_tuesday()}", **rule)
    await owner.send(f"{MANAGE}/invitations", session=address.rpartition("/")[2], whole="1")
    to_series = owner.path.partition("?")[0]
    moved = {"date": f"{next_tuesday() + timedelta(days=1)}", "time": "14:00"}
    edit = await form(house, title_fr="Mercredi spécial", title_en="", reach="this", **moved)
    await owner.send_list(f"{address}/modifier", edit)
    assert owner.path == f"{address}?fait=saved"
    await owner.open(to_series)
    said = owner.text.replace("\N{NO-BREAK SPACE}", " ")
    assert "Série : Mardi des factures, tous les mardis" in said
    assert (
        "On se retrouve pour « Mardi des factures » : "
        "tous les mardis, 9 h à 10 h 10 (heure de l’Est). " in said
    )
    await owner.open(f"{to_series}/affiche")
    assert "Mercredi spécial" not in owner.text


@pytest.mark.parametrize(
    ("rule", "french", "english"),
    [
        (Recurrence(Frequency.WEEKLY, (1,)), "tous les mardis", "every Tuesday"),
        (
            Recurrence(Frequency.WEEKLY, (0, 3)),
            "tous les lundis et jeudis",
            "every Monday and Thursday",
        ),
        (Recurrence(Frequency.WEEKLY, (1,), 2), "un mardi sur deux", "every other Tuesday"),
        (
            Recurrence(Frequency.WEEKLY, (1, 4), 2),
            "toutes les 2 semaines, mardi et vendredi",
            "every 2 weeks, Tuesday and Friday",
        ),
        (
            Recurrence(Frequency.MONTHLY, (1,), ordinal=-1),
            "le dernier mardi du mois",
            "the last Tuesday of the month",
        ),
        (
            Recurrence(Frequency.MONTHLY, (6,), 3, ordinal=1),
            "le premier dimanche, tous les 3 mois",
            "the first Sunday, every 3 months",
        ),
    ],
)
def test_how_often_reads_within_a_sentence(
    catalogs: Catalogs, rule: Recurrence, french: str, english: str
) -> None:
    assert [often_label(rule, catalogs.words(lang)) for lang in LANGUAGES] == [french, english]


@pytest.mark.parametrize(
    ("rule", "french", "english"),
    [
        (None, "", ""),
        (Recurrence(Frequency.WEEKLY, (1,)), "Chaque semaine : mardi", "Every week: Tuesday"),
        (
            Recurrence(Frequency.WEEKLY, (1, 3), 2, count=8),
            "Toutes les 2 semaines : mardi, jeudi (8 fois en tout)",
            "Every 2 weeks: Tuesday, Thursday (8 times in all)",
        ),
        (
            Recurrence(Frequency.WEEKLY, (0,), until=date(2027, 6, 1)),
            "Chaque semaine : lundi (jusqu’au 1er juin 2027)",
            "Every week: Monday (until June 1, 2027)",
        ),
        (
            Recurrence(Frequency.MONTHLY, (1,), ordinal=3, count=1),
            "Chaque mois : le troisième mardi (1 fois en tout)",
            "Every month: the third Tuesday (1 time in all)",
        ),
        (
            Recurrence(Frequency.MONTHLY, (1,), 2, ordinal=3),
            "Tous les 2 mois : le troisième mardi",
            "Every 2 months: the third Tuesday",
        ),
        (
            Recurrence(Frequency.MONTHLY, (6,), 12, ordinal=-1, until=date(2030, 12, 31)),
            "Tous les 12 mois : le dernier dimanche (jusqu’au 31 décembre 2030)",
            "Every 12 months: the last Sunday (until December 31, 2030)",
        ),
    ],
)
def test_how_a_series_comes_back_on_its_own_line(
    catalogs: Catalogs, rule: Recurrence | None, french: str, english: str
) -> None:
    schedule = Schedule(datetime(2026, 11, 3, 9), "America/Toronto", rule)
    said = [repeats_label(schedule, catalogs.words(lang)) for lang in LANGUAGES]
    assert [each.replace("\N{NO-BREAK SPACE}", " ") for each in said] == [french, english]
