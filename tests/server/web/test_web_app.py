"""The house as an application: its manifest in each language, its icons, linked on every page."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer
from PIL import Image, ImageChops

from server.cards.mark import FOLDER, ICONS, RIVER, Icon, draw_icon
from tests.server.visitors import Visitor

TEMPLATES = Path(__file__).resolve().parents[3] / "templates"


@pytest.mark.parametrize("lang", ["fr", "en"])
async def test_the_manifest_is_that_of_the_pages_language(visitor: Visitor, lang: str) -> None:
    await visitor.open("/", **{"Accept-Language": lang})
    linked = re.search(r'<link rel="manifest" href="([^"]+)">', visitor.page)
    assert linked
    assert "manifest-src 'self'" in visitor.headers["Content-Security-Policy"]
    assert await visitor.open(linked[1]) == 200
    assert visitor.headers["Content-Type"].startswith("application/manifest+json")
    said = json.loads(visitor.page)
    assert said["lang"].startswith(lang)
    assert said["description"].startswith("Moulin, pour" if lang == "fr" else "Moulin, for")
    assert (said["id"], said["start_url"], said["display"]) == ("/", "/", "standalone")


async def test_the_icons_are_served_at_the_size_they_claim(
    server: TestServer, visitor: Visitor
) -> None:
    await visitor.open("/application-fr.webmanifest")
    icons = json.loads(visitor.page)["icons"]
    await visitor.open("/")
    apple = re.search(r'<link rel="apple-touch-icon" href="([^"]+)">', visitor.page)
    assert apple
    told = [(each["src"], each["sizes"]) for each in icons] + [(apple[1], "180x180")]
    for address, size in told:
        async with visitor.client.get(server.make_url(address)) as answer:
            picture = Image.open(io.BytesIO(await answer.read()))
            assert (answer.status, answer.content_type) == (200, "image/png")
        assert f"{picture.width}x{picture.height}" == size
    assert {each["purpose"] for each in icons} == {"any", "maskable"}


async def test_no_other_language_has_a_manifest(visitor: Visitor) -> None:
    assert await visitor.open("/application-de.webmanifest") == 404


@pytest.mark.parametrize("icon", ICONS, ids=lambda icon: str(icon.name))
def test_the_files_are_what_is_drawn(icon: Icon) -> None:
    drawn, kept = draw_icon(icon), Image.open(FOLDER / icon.name)
    assert kept.mode == drawn.mode
    furthest = max(ImageChops.difference(drawn, kept).tobytes())
    assert furthest <= 2, "run python -m server.cards.mark"


def test_what_launchers_may_cut_away_holds_nothing_of_the_mark() -> None:
    """Everything outside the middle circle, 40% of the side in radius, is background."""
    (icon,) = (each for each in ICONS if "maskable" in each.name)
    picture = draw_icon(icon)
    ground, middle = picture.getpixel((0, 0)), icon.pixels / 2
    assert ground == tuple(bytes.fromhex(RIVER[1:]))
    for x in range(0, icon.pixels, 4):
        for y in range(0, icon.pixels, 4):
            if (x - middle) ** 2 + (y - middle) ** 2 > (0.41 * icon.pixels) ** 2:
                assert picture.getpixel((x, y)) == ground, (x, y)


@pytest.mark.parametrize(
    "template", sorted(TEMPLATES.glob("[!_]*.html")), ids=lambda path: str(path.name)
)
def test_every_page_links_it(template: Path) -> None:
    parents = ('extends "base.html"', 'extends "doorway.html"')
    assert template.name == "base.html" or any(each in template.read_text() for each in parents)
