"""Letters that no mail server takes away: a page that only the machine itself may read."""

from __future__ import annotations

import re
from datetime import UTC
from ipaddress import ip_address

from aiohttp import web

from server.i18n import Words
from server.keys import DATABASE, SETTINGS
from server.settings import LOCAL_HOSTS
from server.storage.queries.letters import StoredLetter, latest_letters
from server.web.account_views import KeptLetter, MailboxView
from server.web.hours import moment_label
from server.web.rendering import render, words_of
from server.web.views import CardView

MOST_SHOWN = 50
PROXY_HEADERS = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Via")


def comes_from_this_machine(request: web.Request) -> bool:
    """Whether nobody stands between: loopback, asked for by a local name, through no proxy.

    The name matters: a page of another site whose name leads to 127.0.0.1 must read nothing.
    """
    try:
        is_loopback = ip_address((request.remote or "").partition("%")[0]).is_loopback
    except ValueError:
        return False
    host = request.url.host or ""
    return (
        is_loopback
        and host in LOCAL_HOSTS
        and not any(name in request.headers for name in PROXY_HEADERS)
    )


async def mailbox(request: web.Request) -> web.Response:
    """GET /courrier: the letters that wait; 404 to everybody else, and once mail is sent."""
    if request.app[SETTINGS].smtp_url or not comes_from_this_machine(request):
        raise web.HTTPNotFound
    words = words_of(request)
    async with request.app[DATABASE].reading() as db:
        found = await latest_letters(db, MOST_SHOWN)
    view = MailboxView([_kept(each, words) for each in found])
    card = CardView(words.gettext("Le courrier"), "", "", noindex=True)
    return await render(request, "mailbox.html", view, card=card)


def _kept(letter: StoredLetter, words: Words) -> KeptLetter:
    link = re.search(r"^https?://\S+$", letter.text, re.MULTILINE)
    return KeptLetter(
        to=letter.address,
        subject=letter.subject,
        when=f"{moment_label(letter.created_at.astimezone(UTC), words)} UTC",
        text=letter.text,
        action_url=link[0] if link else "",
    )
