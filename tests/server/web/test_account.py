"""The account page: devices, card, letters; one's data in a file, and erased."""

from __future__ import annotations

import io
import json
import re
import zipfile
from pathlib import Path

import jwt
from aiohttp import web

from server.community.accounts import Card
from server.community.people import Notification
from server.keys import DATABASE, SETTINGS
from server.storage.queries.member_cards import card_of
from server.storage.queries.people import person_by_email
from tests.server.conftest import Visitors
from tests.server.mailbox import LEA, letters, mailed_link, sign_in
from tests.server.visitors import Visitor

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1"


async def test_a_stranger_is_asked_to_sign_in(visitor: Visitor) -> None:
    await visitor.open("/compte")
    assert visitor.path == "/connexion?next=/compte"


async def test_a_guest_sees_what_becoming_a_member_brings(visitor: Visitor) -> None:
    await visitor.send("/nom", name="Zoé", next="/compte")
    assert "Devenir membre" in visitor.text
    back = re.findall(r'action="/nom".*?name="next" value="([^"]+)"', visitor.page, re.DOTALL)
    await visitor.send("/nom", name="Zoé-Anne", next=back[-1])  # the first is the header's menu
    assert "c’est ce nom que les autres verront" in visitor.text
    assert "/compte/carte" not in visitor.page
    assert await visitor.send("/compte/carte", title="Traductrice") == 403


async def test_devices_are_listed_and_signed_out_one_by_one(
    house: web.Application, visitors: Visitors
) -> None:
    desk = visitors(**{"User-Agent": FIREFOX})
    phone = visitors(**{"User-Agent": IPHONE})
    await sign_in(house, desk)
    await sign_in(house, phone)
    await desk.open("/compte")
    assert "Firefox, Linux" in desk.text
    assert "Safari, iPhone" in desk.text
    rows = re.findall(r'<li class="row">.*?</li>', desk.page, re.DOTALL)
    other = next(row for row in rows if "iPhone" in row)
    end = re.search(r'action="(/compte/appareils/\w+/sortir)"', other)
    assert end
    await desk.send(end[1])
    assert "Safari, iPhone" not in desk.text
    await phone.open("/compte")
    assert phone.path.startswith("/connexion")


async def test_every_other_device_is_signed_out_at_once(
    house: web.Application, visitors: Visitors
) -> None:
    here, there, elsewhere = visitors(), visitors(), visitors()
    for each in (there, elsewhere, here):
        await sign_in(house, each)
    await here.send("/compte/appareils/sortir")
    assert here.path == "/compte?fait=appareils"
    for each in (there, elsewhere):
        await each.open("/compte")
        assert each.path.startswith("/connexion")


async def test_nobody_signs_out_someone_else(house: web.Application, visitors: Visitors) -> None:
    lea, zoe = visitors(), visitors()
    await sign_in(house, lea)
    await sign_in(house, zoe, "zoe@exemple.org", "Zoé")
    await lea.open("/compte")
    end = re.search(r'action="(/compte/appareils/\w+/sortir)"', lea.page)
    assert end
    await zoe.send(end[1])
    assert await lea.open("/compte") == 200
    assert lea.path == "/compte"


async def test_signing_out_keeps_the_account(house: web.Application, visitor: Visitor) -> None:
    await sign_in(house, visitor)
    await visitor.send("/sortir")
    await visitor.open("/compte")
    assert visitor.path.startswith("/connexion")
    await sign_in(house, visitor)
    assert "Léa" in visitor.text


async def test_a_card_is_kept_and_hidden_until_shown(
    house: web.Application, visitor: Visitor
) -> None:
    await sign_in(house, visitor)
    await visitor.send("/compte/carte", title="Traductrice", can_help="l’anglais")
    assert visitor.path == "/compte?fait=carte"
    assert await lea_card(house) == Card(title="Traductrice", can_help="l’anglais")
    assert "card_title" not in await attributes(visitor)
    await visitor.send("/compte/carte", title="Traductrice", shown="1")
    assert (await lea_card(house)).shown
    assert (await attributes(visitor))["card_title"] == "Traductrice"
    assert await visitor.send("/compte/carte", title="Traductrice", link="javascript:x") == 400
    assert "https://exemple.org" in visitor.text
    assert 'value="javascript:x"' in visitor.page


async def test_letters_are_wanted_or_not_and_in_which_language(
    house: web.Application, visitor: Visitor
) -> None:
    await sign_in(house, visitor)
    await visitor.send("/compte/courrier", lang="en", changes="1")
    async with house[DATABASE].reading() as db:
        lea = await person_by_email(db, LEA)
    assert lea is not None
    assert (lea.lang, lea.notifications) == ("en", frozenset({Notification.CHANGES}))


async def test_all_of_ones_data_comes_in_a_file(house: web.Application, visitor: Visitor) -> None:
    await sign_in(house, visitor)
    await visitor.send("/compte/carte", title="Traductrice")
    data = await download(house, visitor)
    assert data["people"][0]["name"] == "Léa"
    assert data["people"][0]["email"] == LEA
    assert data["people"][0]["title"] == "Traductrice"
    assert len(data["logins"]) == 1
    assert "token" not in json.dumps(data)


async def test_erasing_leaves_nothing_not_even_in_the_file(
    house: web.Application, visitor: Visitor
) -> None:
    address, name = "kassandra.unique@exemple.org", "Kassandra Unique"
    await sign_in(house, visitor, address, name)
    await visitor.send("/compte/effacer")
    assert visitor.path == "/compte"  # not without the box
    await visitor.send("/compte/effacer", sure="1")
    assert "ne garde plus rien de vous" in visitor.text
    await visitor.open("/compte")
    assert visitor.path.startswith("/connexion")
    assert await letters(house, address) == []
    assert_nowhere(house, "kassandra.unique", "Kassandra Unique")


async def test_a_guest_who_is_forgotten_leaves_nothing_either(
    house: web.Application, visitor: Visitor
) -> None:
    await visitor.send("/nom", name="Kassandra Unique", next="/")
    await visitor.send("/sortir")
    assert_nowhere(house, "Kassandra Unique")


def assert_nowhere(house: web.Application, *traces: str) -> None:
    """None of those is in the database's file, nor in its log, while the server runs on."""
    files = list(Path(house[SETTINGS].data_dir).glob("moulin.sqlite3*"))
    assert len(files) == 3  # the file, its log and the log's index
    for file in files:
        content = file.read_bytes()
        assert [each for each in traces if each.encode() in content] == [], file


async def test_the_privacy_page_says_what_is_kept_and_who_answers(visitor: Visitor) -> None:
    await visitor.open("/confidentialite")
    assert "Léa Tremblay" in visitor.text
    for length in ("180 jours", "2 ans", "30 jours", "90 jours", "1 jour"):
        assert length in visitor.text


async def test_letters_are_shown_to_this_machine_alone(
    house: web.Application, visitors: Visitors
) -> None:
    here = visitors()
    await mailed_link(house, here)
    assert await here.open("/courrier") == 200
    assert LEA in here.text
    for header in ("X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"):
        assert await here.open("/courrier", **{header: "203.0.113.7"}) == 404
    assert await here.open("/courrier", Host="moulin.example.org") == 404


async def attributes(visitor: Visitor) -> dict[str, str]:
    """What others in the café would see of a visitor."""
    _status, entry = await visitor.enter("/c/les-pigistes/cafe/entrer")
    claims = jwt.decode(entry["token"], options={"verify_signature": False})
    return dict(claims["attributes"])


async def lea_card(house: web.Application) -> Card:
    """The card of Léa."""
    async with house[DATABASE].reading() as db:
        lea = await person_by_email(db, LEA)
        assert lea is not None
        return await card_of(db, lea.id)


async def download(house: web.Application, visitor: Visitor) -> dict[str, list[dict[str, str]]]:
    """What the button of the account page gives."""
    await visitor.open("/compte")
    url = house[SETTINGS].address + "/compte/donnees"
    async with visitor.client.post(url, data={"csrf_token": visitor.csrf_token}) as answer:
        assert answer.content_type == "application/zip"
        archive = zipfile.ZipFile(io.BytesIO(await answer.read()))
    found = json.loads(archive.read("moulin.json"))
    assert isinstance(found, dict)
    return found
