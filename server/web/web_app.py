"""What browsers need to install the house as an application (W3C, Web Application Manifest)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aiohttp import web

from server.i18n import Words
from server.keys import CATALOGS, STATIC_FILES

PAPER = "#FBF7F0"
_AN_HOUR = "public, max-age=3600"


async def manifest(request: web.Request) -> web.Response:
    """GET /application-{lang}.webmanifest. Asked for without cookies: the address tells the
    language."""
    words = request.app[CATALOGS].words(request.match_info["lang"])
    return web.json_response(
        manifest_of(words, request.app[STATIC_FILES].url),
        content_type="application/manifest+json",
        headers={"Cache-Control": _AN_HOUR, "Content-Language": words.lang},
    )


def manifest_of(words: Words, static: Callable[[str], str]) -> dict[str, Any]:
    """The manifest in one language; `static` makes the address of a file.

    `id` never changes: by it a browser knows the application again, in either language.
    """
    return {
        "id": "/",
        "name": "Moulin",
        "short_name": "Moulin",
        "description": words.gettext("Moulin, pour travailler ensemble chacun chez soi."),
        "lang": "fr-CA" if words.lang == "fr" else "en-CA",
        "dir": "ltr",
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "theme_color": PAPER,
        "background_color": PAPER,
        "categories": ["productivity", "business"],
        "icons": [
            _icon(static("img/icon-192.png"), 192, "any"),
            _icon(static("img/icon-512.png"), 512, "any"),
            _icon(static("img/icon-maskable-512.png"), 512, "maskable"),
        ],
    }


def _icon(address: str, pixels: int, purpose: str) -> dict[str, str]:
    size = f"{pixels}x{pixels}"
    return {"src": address, "sizes": size, "type": "image/png", "purpose": purpose}
