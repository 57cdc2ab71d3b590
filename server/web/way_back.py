"""Where a reader was and goes on to: addresses of this server alone, whatever was asked for."""

from __future__ import annotations

from urllib.parse import urlsplit

from aiohttp import web

from server.keys import SETTINGS


def safe_next(text: object) -> str:
    """An address of this server to go on to; "/" for anything that leads elsewhere."""
    is_ours = (
        isinstance(text, str)
        and text.startswith("/")
        and not text.startswith(("//", "/\\"))
        and text.isprintable()
    )
    return str(text) if is_ours else "/"


def is_here(request: web.Request, url: str) -> bool:
    """Whether a whole address is one of this server's, as asked for or as it is known outside."""
    try:
        host = urlsplit(url).netloc
    except ValueError:  # such as "http://["
        return False
    return host in (request.host, urlsplit(request.app[SETTINGS].address).netloc)


def page_shown(request: web.Request) -> str:
    """The page that this request is for, or that its form stood on; "/" when that is not known."""
    if request.method == "GET":
        return request.path_qs
    sent_from = request.headers.get("Referer", "")
    if not is_here(request, sent_from):
        return "/"
    page = urlsplit(sent_from)
    return safe_next(page.path + (f"?{page.query}" if page.query else ""))
