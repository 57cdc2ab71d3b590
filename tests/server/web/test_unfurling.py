"""What links unfurl into: every crawler gets its tags and its picture, and leaves no trace."""

from __future__ import annotations

import asyncio
import re
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path

import pytest
from aiohttp import web
from PIL import Image

from server.cards.card import Card, Front, card_of
from server.cards.drawing import draw_card
from server.keys import CARDS, DATABASE, SETTINGS
from server.storage.queries.communities import list_communities
from server.storage.queries.invitations import invitations_of
from server.web.cards import Cards
from tests.server.agents import BROWSERS, CRAWLERS
from tests.server.conftest import Visitors
from tests.server.offices import MANAGE, change_office, office_ids
from tests.server.visitors import Visitor
from tests.server.web.test_invitations import invite

FACADE = "/c/les-pigistes"
CAFE = f"{FACADE}/cafe"
WANTED = {
    *("og:title", "og:description", "og:url", "og:type", "og:site_name", "og:locale"),
    *("og:image", "og:image:type", "og:image:width", "og:image:height", "og:image:alt"),
    *("twitter:card", "description"),
}


class Tags(HTMLParser):
    """The meta tags of a page's first 32 KB, as a crawler reads them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: dict[str, str] = {}
        self.feed(page.encode()[:32_768].decode("utf-8", "ignore"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        fields = dict(attrs)
        name = fields.get("property") or fields.get("name")
        if tag == "meta" and name:
            self.found[name] = fields.get("content") or ""


async def counts(house: web.Application) -> list[tuple[int, int, int]]:
    async with house[DATABASE].reading() as db:
        community = (await list_communities(db))[0]
        found = await invitations_of(db, community.id)
    return [(each.opens, each.uses, each.first_timers) for each in found]


async def tags_of(visitor: Visitor, path: str) -> dict[str, str]:
    assert await visitor.open(path) == 200
    return Tags(visitor.page).found


@pytest.mark.parametrize("crawler", CRAWLERS)
async def test_each_crawler_reads_everything_and_leaves_no_trace(
    house: web.Application, owner: Visitor, visitors: Visitors, crawler: str
) -> None:
    link = await invite(house, owner, "cafe", max_uses="1")
    looking = visitors(**{"User-Agent": CRAWLERS[crawler], "Accept": "*/*"})
    at = house[SETTINGS].address
    for path in (FACADE, CAFE, link):
        async with looking.client.get(at + path, allow_redirects=False) as answer:
            page = await answer.text()
            assert answer.status == 200
            assert "Set-Cookie" not in answer.headers
        found = Tags(page).found
        assert set(found) >= WANTED
        assert found["twitter:card"] == "summary_large_image"
        assert ("noindex" in found.get("robots", "")) == (path == link)
        assert not re.search(r"\d", found["og:title"])
        async with looking.client.get(found["og:image"]) as answer:
            picture = await answer.read()
            assert (answer.status, answer.content_type) == (200, found["og:image:type"])
            assert "Set-Cookie" not in answer.headers
            assert "immutable" in answer.headers["Cache-Control"]
        assert len(picture) < 300_000
        size = tuple(int(found[f"og:image:{side}"]) for side in ("width", "height"))
        assert Image.open(BytesIO(picture)).size == size == (1200, 630)
    assert await counts(house) == [(0, 0, 0)]


async def test_a_look_counts_once_and_never_the_keepers_own(
    house: web.Application, owner: Visitor, visitors: Visitors
) -> None:
    link = await invite(house, owner)
    await owner.open(link)
    guest = visitors()
    for _ in range(3):
        await guest.open(link)
    await visitors(**{"User-Agent": BROWSERS["safari"]}).open(link)
    await visitors(**{"Sec-Purpose": "prefetch", "User-Agent": BROWSERS["chrome"]}).open(link)
    async with guest.client.head(house[SETTINGS].address + link) as answer:
        assert answer.status == 200
    assert await counts(house) == [(2, 0, 0)]
    await guest.send(link, name="Zoé")
    assert await counts(house) == [(2, 1, 1)]


async def test_a_private_office_is_never_named(
    house: web.Application, owner: Visitor, visitors: Visitors
) -> None:
    await change_office(house, owner, "cafe", visibility="invitation")
    link = await invite(house, owner, "cafe")
    crawler = visitors(**{"User-Agent": CRAWLERS["facebook"]})
    for path in (CAFE, link):
        found = await tags_of(crawler, path)
        assert not any("café" in each.lower() for each in found.values())
        assert "noindex" in found["robots"]
        card = house[CARDS].read(found["og:image"].rpartition("/")[2].removesuffix(".jpg"))
        assert card is not None
        assert card.title == "Les Pigistes"
        assert all("café" not in front.sign.lower() for front in card.fronts)
    card = house[CARDS].read(
        (await tags_of(crawler, FACADE))["og:image"].rpartition("/")[2].removesuffix(".jpg")
    )
    assert card is not None
    assert [front.sign for front in card.fronts] == ["Le bureau tranquille", "L’aire ouverte"]


async def test_a_page_of_no_house_shows_the_street_in_the_readers_language(
    house: web.Application, visitors: Visitors
) -> None:
    said = {}
    for lang in ("fr", "en"):
        crawler = visitors(**{"User-Agent": CRAWLERS["facebook"], "Accept-Language": lang})
        found = await tags_of(crawler, "/connexion")
        card = house[CARDS].read(found["og:image"].rpartition("/")[2].removesuffix(".jpg"))
        assert card is not None
        assert (card.title, card.fronts) == ("Moulin", ())
        async with crawler.client.get(found["og:image"]) as answer:
            assert (answer.status, answer.content_type) == (200, "image/jpeg")
        said[lang] = card.below
    assert said["fr"] != said["en"]


async def test_a_new_name_is_a_new_picture_and_the_old_one_stays(
    house: web.Application, owner: Visitor, visitor: Visitor
) -> None:
    before = (await tags_of(visitor, CAFE))["og:image"]
    await change_office(house, owner, "cafe", name_fr="La cuisine")
    after = (await tags_of(visitor, CAFE))["og:image"]
    assert before != after
    for address in (before, after):
        async with visitor.client.get(address) as answer:
            assert answer.status == 200


async def test_nobody_else_has_anything_drawn(house: web.Application, visitor: Visitor) -> None:
    forged = Cards(Path("/nonexistent"), "another key of thirty-two characters")
    card = card_of("", "Publicité", "", [Front("cafe", "Gratuit")])
    for path in (forged.path(card), "/cartes/x.jpg", f"/cartes/{'x' * 3000}.jpg"):
        assert await visitor.open(path) == 404
    assert house[CARDS].read("") is None


async def test_a_card_is_drawn_once_for_many_and_found_again_on_disk(
    house: web.Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[str] = []
    card = card_of("Café", "Le café", "Mardi 14 avril", [Front("cafe", "Le café")])
    cards = house[CARDS]
    code = cards.path(card).removeprefix("/cartes/").removesuffix(".jpg")

    def draw(asked: Card) -> bytes:
        drawn.append(asked.title)
        return draw_card(asked)

    monkeypatch.setattr("server.web.cards.draw_card", draw)
    pictures = await asyncio.gather(*(cards.picture(code, card) for _ in range(20)))
    assert len(set(pictures)) == 1
    settings = house[SETTINGS]
    again = Cards(settings.data_dir / "cards", settings.secret_key)
    assert await again.picture(code, card) == pictures[0]
    assert drawn == ["Le café"]


@pytest.mark.parametrize(
    "title",
    ["", "🎉🎉", "a" * 400, "Séance du mardi 日本 " * 20, "\u202e\0\n", "Ł’Œuvre à Noël"],
)
async def test_any_name_makes_a_card(house: web.Application, title: str) -> None:
    card = card_of(title, title, title, [Front("focus", title)] * 6)
    code = house[CARDS].path(card).removeprefix("/cartes/").removesuffix(".jpg")
    picture = await house[CARDS].picture(code, card)
    assert Image.open(BytesIO(picture)).size == (1200, 630)
    assert len(picture) < 300_000


async def test_the_owner_changes_limits_and_shares(
    house: web.Application, owner: Visitor, visitor: Visitor
) -> None:
    await invite(house, owner, max_uses="5", note="marché")
    page = owner.path.partition("?")[0]
    assert owner.text.count("<svg") > 1
    assert "Envie de travailler en bonne compagnie" in owner.text
    assert "Feel like working in good company" in owner.text
    await owner.send(page, days="1", max_uses="0", note="")
    assert owner.status == 400
    await owner.send(page, days="keep", max_uses="3", note="jeudi")
    assert "sur 3" in owner.text
    assert "jeudi" in owner.text
    assert await owner.open(f"{page}/affiche") == 200
    assert "Jusqu’au " in owner.text
    assert "Until " in owner.text
    assert "localhost" in owner.text or "127.0.0.1" in owner.text
    assert await owner.open(f"{page}/code.svg") == 200
    assert owner.page.startswith("<?xml")
    for path in (page, f"{page}/affiche", f"{page}/code.svg"):
        assert await visitor.open(path) == 403
    assert await owner.open(f"{MANAGE}/invitations/nothing") == 404


async def test_a_role_is_given_by_a_link_with_limits_only(
    house: web.Application, owner: Visitor, visitor: Visitor
) -> None:
    await owner.send(f"{MANAGE}/invitations", office="", days="", max_uses="", role="organiser")
    assert owner.status == 400
    assert "doit avoir une limite" in owner.text
    cafe = (await office_ids(house))["cafe"]
    await owner.send(f"{MANAGE}/invitations", office=cafe, days="7", role="member")
    assert "toute la maison" in owner.text
    await owner.send(f"{MANAGE}/invitations", office="", days="7", max_uses="2", role="owner")
    assert owner.status == 400
    link = await invite(house, owner, max_uses="2", role="organiser")
    await visitor.open(link)
    assert "organiser la maison" in visitor.text
    assert await visitor.open(MANAGE) == 403
    await visitor.open(link)
    await visitor.send(link, name="Zoé")
    assert await visitor.open(MANAGE) == 200
