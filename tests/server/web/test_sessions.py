"""The pages of sessions: making, answering, changing, copying, calling off, as plain HTML."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from aiohttp import web

from tests.server.conftest import Visitors
from tests.server.offices import office_ids
from tests.server.visitors import Visitor
from tests.server.web.test_invitations import invite

LIST = "/c/les-pigistes/seances"


async def form(house: web.Application, **fields: str | list[str]) -> list[tuple[str, str]]:
    """The fields of a session in a week, in the open space."""
    day = (datetime.now(UTC) + timedelta(days=7)).date().isoformat()
    kept: dict[str, str | list[str]] = {
        "title_fr": "Mardi des factures",
        "title_en": "Invoice Tuesday",
        "text_fr": "On facture.\nEnsemble.",
        "theme": "Comptabilité",
        "office": (await office_ids(house))["aire-ouverte"],
        "date": day,
        "time": "09:00",
        "time_zone": "America/Toronto",
        "frequency": "",
        "interval": "1",
        "open_to": "all",
        "phase_kinds": ["arrivals", "focus", "break"],
        "phase_minutes": ["10", "50", "10"],
        **fields,
    }
    return [
        (name, each)
        for name, value in kept.items()
        for each in (value if isinstance(value, list) else [value])
    ]


def chosen(owner: Visitor, name: str) -> str:
    """The id of someone whom the form of a session offers as its host."""
    found = re.search(rf'<option value="([^"]+)"[^>]*>{name}</option>', owner.page)
    assert found is not None
    return found[1]


async def make(house: web.Application, owner: Visitor, **fields: str | list[str]) -> str:
    """The owner announces a session; its address."""
    await owner.send_list(f"{LIST}/nouvelle", await form(house, **fields))
    assert owner.status == 200, owner.text
    return owner.path.partition("?")[0]


async def test_a_session_is_announced_in_both_languages(
    house: web.Application, owner: Visitor, visitors: Visitors
) -> None:
    address = await make(house, owner)
    assert "La séance est annoncée." in owner.text
    english = visitors(**{"Accept-Language": "en"})
    assert await english.open(address) == 200
    assert "Invoice Tuesday" in english.text
    assert "On facture." in english.text  # one language stands for the other
    assert "microphones closed" in english.text
    assert 'property="og:title" content="Invoice Tuesday' in english.page
    french = visitors()
    await french.open(LIST)
    assert "Mardi des factures" in french.text
    month = re.search(r'href="([^"]+mois=[^"]+)"', french.page)
    assert month is not None
    assert await french.open(month[1]) == 200


async def test_months_have_an_end_on_both_sides(house: web.Application, visitor: Visitor) -> None:
    for name, most in (("Mois précédent", 13), ("Mois suivant", 25)):
        await visitor.open(f"{LIST}?mois={datetime.now(ZoneInfo('America/Toronto')):%Y-%m}")
        pages = 0
        while leaf := re.search(rf'rel="nofollow" href="([^"]+)" title="{name}"', visitor.page):
            assert await visitor.open(leaf[1]) == 200
            assert 'name="robots" content="noindex' in visitor.page
            pages += 1
            assert pages < most
        assert pages == most - 1
    assert "Rien d’annoncé ce mois-ci." in visitor.text
    assert await visitor.open(f"{LIST}?mois=2099-01") == 200
    assert "<table" not in visitor.page  # too far: those to come
    assert await visitor.open("/robots.txt") == 200
    assert "Disallow: /c/*?mois=" in visitor.page


async def test_the_green_room_says_where_the_session_is(
    house: web.Application, owner: Visitor
) -> None:
    now = datetime.now(UTC)  # where no hour comes twice
    running = {"phase_kinds": ["focus", "break"], "phase_minutes": ["50", "10"]}
    begin = {"date": f"{now:%Y-%m-%d}", "time": f"{now:%H:%M}", "time_zone": "UTC"}
    await make(house, owner, **begin, **running)
    assert await owner.open("/c/les-pigistes/aire-ouverte/salle") == 200
    green_room = owner.text.partition('id="green-form"')[0]
    assert "Mardi des factures" in green_room
    assert re.search(r"Concentration, pause dans \d+.min", green_room)


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("title_fr", "", "Écrivez quelque chose"),
        ("date", "2001-01-01", "Choisissez un jour à venir"),
        ("date", "mardi", "Écrivez une date"),
        ("office", "of_nowhere", "Choisissez dans la liste"),
        ("time_zone", "Mars/Olympus", "Choisissez dans la liste"),
        ("phase_minutes", "0", "Donnez de 1 à 24 phases"),
        ("capacity", "beaucoup", "Écrivez un nombre entier"),
        ("host", "nobody", "Choisissez dans la liste"),
        ("interval", "99", "Écrivez un nombre entier"),
        ("until", "2001-01-01", "Choisissez une date de fin qui suit la première"),
    ],
)
async def test_what_cannot_be_kept_is_said(
    house: web.Application, owner: Visitor, field: str, value: str, sentence: str
) -> None:
    fields = {"title_en": "", "frequency": "weekly" if field in ("interval", "until") else ""}
    sent = await form(house, **{**fields, field: value})
    assert await owner.send_list(f"{LIST}/nouvelle", sent) == 400
    assert sentence in owner.text
    assert "Comptabilité" in owner.text  # nothing typed is lost
    assert 'aria-invalid="true"' in owner.page


async def test_lines_of_phases_do_not_pile_up(house: web.Application, owner: Visitor) -> None:
    lines = {
        "phase_kinds": ["focus", "focus", "break", "focus", "focus"],
        "phase_minutes": ["50", "999", "10", "", ""],
    }
    for _ in range(2):
        assert await owner.send_list(f"{LIST}/nouvelle", await form(house, **lines)) == 400
        minutes = re.findall(r'name="phase_minutes".*? value="(\d*)"(.*?)>', owner.page)
        assert [value for value, _rest in minutes] == ["50", "999", "10", "", "", ""]
        assert ["aria-invalid" in rest for _value, rest in minutes] == [False, True] + [False] * 4
        lines["phase_minutes"] = [value for value, _rest in minutes]
        lines["phase_kinds"] = ["focus"] * len(minutes)


async def test_a_guest_answers_with_a_name_and_companions(
    house: web.Application, owner: Visitor, visitor: Visitor
) -> None:
    address = await make(house, owner, capacity="3")
    await visitor.open(address)
    await visitor.send(f"{address}/reponse", name="Ana", answer="yes", companions="2")
    assert visitor.status == 200
    assert "Votre réponse est notée." in visitor.text
    assert "3 personnes y seront" in visitor.text
    assert "complet" in visitor.text
    await owner.open(address)
    assert "Ana +2" in owner.text
    await owner.send(f"{address}/reponse", answer="yes")
    assert "liste d’attente" in owner.text
    assert f'href="/connexion?next={address}">Donner mon adresse' in owner.text
    assert re.search(r"3 personnes y seront\s*· complet\s*· 1 en attente", owner.text)
    assert "Enregistrer" in owner.text  # what is chosen after the answer can be kept
    # The guest brings one fewer: the one who waits has a seat.
    await visitor.send(f"{address}/reponse", answer="yes", companions="1")
    await owner.open(address)
    assert "liste d’attente" not in owner.text
    await visitor.send(f"{address}/reponse", answer="yes", companions="5")
    assert visitor.status == 409


def line_of(reader: Visitor) -> list[str]:
    """Those who wait for a seat, as the page of a session shows them."""
    line = reader.text.partition("En attente d’une place")[2].partition("</ol>")[0]
    return re.findall(r"<li>([^<]+?) <time", line)


@dataclass
class Full:
    """A session of one seat: Hana hosts it, Bo has the seat, Cy and two others, then Ana, wait."""

    address: str
    hana: Visitor
    bo: Visitor
    cy: Visitor
    ana: Visitor


@pytest.fixture
async def full(house: web.Application, owner: Visitor, visitors: Visitors) -> Full:
    async def come_in(name: str, role: str) -> Visitor:
        link = await invite(house, owner, max_uses="1", role=role)
        await (made := visitors()).open(link)
        await made.send(link, name=name)
        return made

    hana, bo, cy = [
        await come_in(name, role)
        for name, role in (("Hana", "host"), ("Bo", "host"), ("Cy", "member"))
    ]
    await hana.open(f"{LIST}/nouvelle")
    address = await make(house, hana, capacity="1", host=chosen(hana, "Hana"))
    await bo.send(f"{address}/reponse", answer="yes")
    await cy.send(f"{address}/reponse", answer="yes", companions="2")
    await (ana := visitors()).open(address)
    await ana.send(f"{address}/reponse", name="Ana", answer="yes")
    return Full(address, hana, bo, cy, ana)


async def test_hosts_see_who_waits_for_a_seat_in_order(full: Full, owner: Visitor) -> None:
    now = datetime.now(ZoneInfo("America/Toronto"))
    for reader in (full.hana, owner):
        await reader.open(full.address)
        assert line_of(reader) == ["Cy +2", "Ana"]
        found = re.findall(r'<time class="soft" datetime="([^"]+)">depuis le \d', reader.text)
        since = [datetime.fromisoformat(each) for each in found]
        assert len(since) == 2
        assert all(timedelta(0) <= now - each < timedelta(hours=1) for each in since)
    await full.hana.open(f"{full.address}/presences.csv")
    rows = [row.split(";")[:4] for row in full.hana.page.splitlines()[1:]]
    assert rows == [
        ["Bo", "J’y serai", "0", ""],
        ["Cy", "J’y serai", "2", "oui"],
        ["Ana", "J’y serai", "0", "oui"],
    ]
    # one who leaves the line makes it shorter; a session called off has none
    await full.cy.send(f"{full.address}/reponse", answer="no")
    await full.hana.open(full.address)
    assert line_of(full.hana) == ["Ana"]
    await full.hana.send(f"{full.address}/annuler", reach="this")
    assert line_of(full.hana) == []


async def test_nobody_else_sees_who_waits_for_a_seat(full: Full, visitors: Visitors) -> None:
    for other in (full.bo, full.cy, full.ana, visitors()):  # Bo hosts, though not this session
        await other.open(full.address)
        assert "4 en attente" in other.text
        assert "En attente d’une place" not in other.text
        assert await other.open(f"{full.address}/presences.csv") == 403


async def test_a_stranger_must_give_a_name(
    house: web.Application, owner: Visitor, visitor: Visitor
) -> None:
    address = await make(house, owner)
    await visitor.open(address)
    assert await visitor.send(f"{address}/reponse", answer="yes") == 400
    assert await visitor.send(f"{address}/reponse", name="Ana", answer="perhaps") == 400


async def test_doors_that_are_not_for_everyone(
    house: web.Application, owner: Visitor, visitor: Visitor
) -> None:
    members = await make(house, owner, open_to="members")
    invited = await make(house, owner, open_to="invited", title_fr="Cercle")
    assert await visitor.open(members) == 200
    assert "réservée aux membres" in visitor.text
    assert "Mardi des factures" not in visitor.page.partition("</head>")[0].partition("og:")[2]
    await visitor.send(f"{members}/reponse", name="Ana", answer="yes")
    assert visitor.status == 403
    assert await visitor.open(invited) == 404
    await visitor.open(LIST)
    assert "Cercle" not in visitor.text
    await owner.open(LIST)
    assert "Cercle" in owner.text


async def test_a_series_is_changed_from_one_date_on(house: web.Application, owner: Visitor) -> None:
    address = await make(house, owner, frequency="weekly", count="4")
    assert "Chaque semaine" in owner.text
    dates = re.findall(rf'href="({LIST}/se_[0-9a-f]+)"', owner.page)
    third = dates[1]
    await owner.open(f"{third}/modifier")
    assert "Celle-ci et les suivantes" in owner.text
    day = re.search(r'name="date" type="date" value="([^"]+)"', owner.page)
    assert day is not None
    sent = await form(
        house, title_fr="Nouveau nom", reach="following", frequency="weekly", date=day[1]
    )
    assert await owner.send_list(f"{third}/modifier", sent) == 200
    await owner.open(third)
    assert "Nouveau nom" in owner.text
    await owner.open(address)
    assert "Mardi des factures" in owner.text
    # Then the first is called off, alone.
    await owner.send(f"{address}/reponse", answer="yes")
    assert "1 personne y sera" in owner.text
    await owner.send(f"{address}/annuler", reach="this")
    assert "Cette séance est annulée." in owner.text
    assert "1 personne avait dit oui" in owner.text
    await owner.open(f"{address}/modifier")
    assert owner.status == 409
    await owner.open(f"{LIST}/nouvelle?de={address.rpartition('/')[2]}")
    assert "Mardi des factures" in owner.text


async def test_a_moved_date_says_where_its_series_is(
    house: web.Application, owner: Visitor
) -> None:
    address = await make(house, owner, frequency="weekly", count="4")
    await owner.open(f"{address}/modifier")
    assert "a été déplacée" not in owner.text
    later = (datetime.now(UTC) + timedelta(days=8)).date().isoformat()
    rule = {"frequency": "weekly", "count": "4", "reach": "this"}
    await owner.send_list(f"{address}/modifier", await form(house, date=later, **rule))
    await owner.open(f"{address}/modifier")
    assert "la série la place le" in owner.text


async def test_a_date_that_its_new_rule_leaves_out_leads_to_the_list(
    house: web.Application, owner: Visitor
) -> None:
    await make(house, owner, frequency="weekly", count="4")
    second = re.findall(rf'href="({LIST}/se_[0-9a-f]+)"', owner.page)[0]
    await owner.open(f"{second}/modifier")
    day = re.search(r'name="date" type="date" value="([^"]+)"', owner.page)
    assert day is not None
    rule = {"frequency": "weekly", "interval": "2", "count": "4", "reach": "all"}
    sent = await form(house, date=day[1], **rule)
    assert await owner.send_list(f"{second}/modifier", sent) == 200
    assert owner.path == f"{LIST}?fait=saved"


@pytest.mark.parametrize(("whole", "ends"), [("1", False), ("", True)])
async def test_a_link_leads_to_the_next_date_of_its_series(
    house: web.Application, owner: Visitor, visitor: Visitor, whole: str, ends: bool
) -> None:
    address = await make(house, owner, frequency="weekly", count="4")
    second = re.findall(rf'href="({LIST}/se_[0-9a-f]+)"', owner.page)[0]
    assert "Créer un lien vers toute la série" in owner.text
    session_id = address.rpartition("/")[2]
    await owner.send("/c/les-pigistes/gerer/invitations", session=session_id, whole=whole)
    link = re.search(r'id="new-link"[^>]* value="https?://[^/"]+(/i/[^"]+)"', owner.page)
    assert link is not None
    await visitor.open(link[1])
    assert ("n’a pas de fin prévue" in visitor.text) != ends
    await owner.open(address)
    await owner.send(f"{address}/annuler", reach="this")
    await visitor.open(link[1])
    await visitor.send(link[1], name="Ana")
    assert visitor.path == second


async def test_only_hosts_change_sessions(
    house: web.Application, owner: Visitor, visitor: Visitor
) -> None:
    address = await make(house, owner)
    for path in (f"{LIST}/nouvelle", f"{address}/modifier"):
        assert await visitor.open(path) == 403
    assert await visitor.send(f"{address}/annuler", reach="all") == 403
    assert await visitor.open(f"{LIST}/se_0000000000000000") == 404
