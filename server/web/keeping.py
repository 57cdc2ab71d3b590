"""The page behind the letter to absent members: one button keeps the account."""

from __future__ import annotations

from aiohttp import web

from server.absence import kept_person
from server.i18n import Words
from server.keys import DATABASE, SETTINGS
from server.storage.queries.people import person_by_id
from server.storage.queries.retention import is_warned, keep_member
from server.web.account_views import KeepingView
from server.web.person import check_rate, right_now
from server.web.rate_limits import OWNER_LINKS
from server.web.rendering import render_doorway, words_of


async def keeping_page(request: web.Request) -> web.Response:
    """GET /garder/{token}: a button. Mail scanners follow links: looking keeps nothing."""
    return await _show(request)


async def keep(request: web.Request) -> web.Response:
    """POST /garder/{token}: the account is kept as if its person had come by."""
    check_rate(request, OWNER_LINKS)
    person_id = kept_person(request.app[SETTINGS], request.match_info["token"])
    if person_id is not None:
        async with request.app[DATABASE].writing() as db:
            await keep_member(db, person_id, right_now())
    return await _show(request)


async def _show(request: web.Request) -> web.Response:
    check_rate(request, OWNER_LINKS)
    words = words_of(request)
    person_id = kept_person(request.app[SETTINGS], request.match_info["token"])
    person, waits = None, False
    if person_id is not None:
        async with request.app[DATABASE].reading() as db:
            person = await person_by_id(db, person_id)
            waits = person is not None and await is_warned(db, person_id)
    view = KeepingView(
        state="valid" if waits else "unknown",
        title=_title(person is not None, words),
        explanation=_explanation(person is not None, words),
        accept_url=request.path,
        is_kept=person is not None,
    )
    status = 200 if person is not None else 410
    return await render_doorway(request, "keeping.html", view, view.title, closed_status=status)


def _title(is_there: bool, words: Words) -> str:
    _ = words.gettext
    return _("Votre compte est gardé") if is_there else _("Ce lien n’ouvre plus")


def _explanation(is_there: bool, words: Words) -> str:
    _ = words.gettext
    if is_there:
        return _("Rien ne s’efface. Repassez quand vous voulez : la porte est ouverte.")
    return _("Ce compte n’est plus là, ou le lien n’est pas complet.")
