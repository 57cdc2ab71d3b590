"""Façade, doors and entering, as visitors meet them."""

from __future__ import annotations

import time

from aiohttp import web

from rooms.presence import Present
from server.keys import PRESENCE, SETTINGS
from server.signalling.tokens import verify
from tests.server.conftest import Visitors
from tests.server.offices import change_office, office_ids
from tests.server.visitors import Visitor

CAFE = "/c/les-pigistes/cafe"


async def seat(house: web.Application, office: str, *names: str) -> None:
    """Put people in an office, as the rooms would."""
    room = (await office_ids(house))[office]
    for number, name in enumerate(names):
        await house[PRESENCE].enter(
            Present(room, f"m_{number:016x}", name, since=1_700_000_000.0 + number)
        )


async def test_the_only_community_is_the_home_page(visitor: Visitor) -> None:
    assert await visitor.open("/") == 200
    assert visitor.path == "/c/les-pigistes"
    assert "Les Pigistes" in visitor.text
    for door in ("Le café", "Le bureau tranquille", "L’aire ouverte"):
        assert door in visitor.text


async def test_a_door_tells_names_only_where_the_office_shows_them(
    house: web.Application, visitor: Visitor
) -> None:
    await seat(house, "cafe", "Zoé", "Amadou")
    await seat(house, "aire-ouverte", "Bernadette")
    await visitor.open(CAFE)
    assert "2 personnes" in visitor.text
    assert "Zoé" in visitor.text
    await visitor.open("/c/les-pigistes/aire-ouverte")
    assert "1 personne" in visitor.text
    assert "Bernadette" not in visitor.text


async def test_a_stranger_gives_a_name_at_the_door_and_reaches_the_green_room(
    visitor: Visitor,
) -> None:
    await visitor.open(CAFE)
    status = await visitor.send("/nom", name="  Zoé\u202e Tremblay ", next=f"{CAFE}/salle")
    assert status == 200
    assert visitor.path == f"{CAFE}/salle"
    assert "Zoé Tremblay" in visitor.text


async def test_entering_gives_a_token_for_that_office_alone(
    house: web.Application, visitor: Visitor
) -> None:
    status, entry = await visitor.enter(f"{CAFE}/entrer", name="Zoé")
    assert status == 200
    settings = house[SETTINGS]
    claims = verify(entry["token"], {settings.api_key: settings.api_secret}, time.time())
    assert claims.room == entry["room"] == (await office_ids(house))["cafe"]
    assert claims.identity == entry["identity"]
    assert claims.identity.startswith("g_")
    assert claims.name == entry["name"] == "Zoé"
    assert claims.attributes == {"role": "guest"}
    assert not claims.room_admin
    assert entry["url"] == settings.address.replace("http", "ws")


async def test_entering_again_is_the_same_person_who_may_change_name(visitor: Visitor) -> None:
    _, first = await visitor.enter(f"{CAFE}/entrer", name="Zoé")
    _, second = await visitor.enter(f"{CAFE}/entrer", name="Zoé T.")
    _, third = await visitor.enter(f"{CAFE}/entrer")
    assert first["identity"] == second["identity"] == third["identity"]
    assert third["name"] == "Zoé T."


async def test_entering_needs_a_name(visitor: Visitor) -> None:
    for name in ("", " \u202e ", "x" * 61):
        status, refused = await visitor.enter(f"{CAFE}/entrer", name=name)
        assert status == 400
        assert refused["error"] in ("name_required", "name_too_long")
        assert refused["message"].endswith(".")


async def test_entering_refuses_what_is_not_asked(visitor: Visitor) -> None:
    assert (await visitor.enter(f"{CAFE}/entrer", name=3))[0] == 400
    assert (await visitor.enter("/c/les-pigistes/cave/entrer", name="Zoé"))[0] == 404


async def test_a_full_office_says_so_but_not_to_those_inside_nor_to_the_owner(
    house: web.Application, owner: Visitor, visitors: Visitors
) -> None:
    inside, late = visitors(), visitors()
    _, entry = await inside.enter(f"{CAFE}/entrer", name="Zoé")
    await house[PRESENCE].enter(Present(entry["room"], entry["identity"], "Zoé", 1.0))
    await change_office(house, owner, "cafe", capacity="1")
    status, refused = await late.enter(f"{CAFE}/entrer", name="Amadou")
    assert (status, refused["error"]) == (409, "full")
    await late.open(CAFE)
    assert "plein" in late.text
    assert (await inside.enter(f"{CAFE}/entrer"))[0] == 200
    assert (await owner.enter(f"{CAFE}/entrer"))[0] == 200


async def test_a_private_office_shows_its_door_and_keeps_it_shut(
    house: web.Application, owner: Visitor, visitor: Visitor
) -> None:
    await change_office(house, owner, "cafe", visibility="invitation")
    assert await visitor.open(f"{CAFE}/salle") == 200
    assert visitor.path == CAFE
    assert "invitation" in visitor.text
    status, refused = await visitor.enter(f"{CAFE}/entrer", name="Zoé")
    assert (status, refused["error"]) == (403, "not_allowed")


async def test_an_owner_enters_as_one(house: web.Application, owner: Visitor) -> None:
    _, entry = await owner.enter(f"{CAFE}/entrer")
    settings = house[SETTINGS]
    claims = verify(entry["token"], {settings.api_key: settings.api_secret}, time.time())
    assert claims.identity.startswith("m_")
    assert claims.attributes["role"] == "owner"
    assert claims.room_admin


async def test_leaving_says_why_and_shows_the_way_back(visitor: Visitor) -> None:
    await visitor.open(f"{CAFE}/au-revoir?raison=replaced")
    assert "autre appareil" in visitor.text
    assert f'href="{CAFE}/salle"' in visitor.page
    await visitor.open(f"{CAFE}/au-revoir?raison=<script>")
    assert visitor.status == 200
    await visitor.open("/c/les-pigistes/cave/au-revoir?raison=ended")
    assert visitor.path == "/c/les-pigistes"


async def test_what_does_not_exist_says_what_to_do(visitor: Visitor) -> None:
    for path in ("/c/nulle-part", "/c/les-pigistes/cave", "/nulle-part", "/static/x/../y"):
        assert await visitor.open(path) == 404
        assert "accueil" in visitor.text


async def test_a_link_preview_never_tells_who_is_in(
    house: web.Application, visitor: Visitor
) -> None:
    await seat(house, "cafe", "Zoé")
    await visitor.open(CAFE)
    head = visitor.text.partition("</head>")[0]
    assert '<meta property="og:title" content="Le café · Les Pigistes">' in head
    assert "1 personne" not in head
    assert "Zoé" not in head
    assert f'<meta property="og:url" content="{house[SETTINGS].address}{CAFE}">' in head


async def test_being_forgotten_erases_a_guest(visitor: Visitor) -> None:
    _, before = await visitor.enter(f"{CAFE}/entrer", name="Zoé")
    stolen = visitor.cookie("moulin_login")
    await visitor.send("/sortir")
    assert visitor.cookie("moulin_login") == ""
    assert (await visitor.enter(f"{CAFE}/entrer"))[0] == 400
    visitor.steal_cookie("moulin_login", stolen)
    assert (await visitor.enter(f"{CAFE}/entrer"))[0] == 400
    _, after = await visitor.enter(f"{CAFE}/entrer", name="Zoé")
    assert after["identity"] != before["identity"]


async def test_privacy_names_who_answers(visitor: Visitor) -> None:
    assert await visitor.open("/confidentialite") == 200
    assert "vie.privee@exemple.org" in visitor.text


async def test_health(visitor: Visitor) -> None:
    assert await visitor.open("/sante") == 200
    assert visitor.page == '{"status": "ok"}'
