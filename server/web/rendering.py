"""From a view to a page: languages, templates, and what every page receives."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp_jinja2
import jinja2
from aiohttp import web

from server.cards.card import card_of
from server.community.people import Person, Role
from server.i18n import LANGUAGES, Words, negotiate
from server.keys import CARDS, CATALOGS, COOKIES, SETTINGS, STATIC_FILES
from server.web import cookies
from server.web.compiled_templates import COMPILED
from server.web.person import known_login, known_person
from server.web.user_agents import in_app_browser, is_crawler, way_out
from server.web.views import CardView, DoorwayView, InAppView, MeView
from server.web.way_back import page_shown

ENVIRONMENTS: dict[str, web.AppKey[jinja2.Environment]] = {
    lang: web.AppKey(f"templates_{lang}", jinja2.Environment) for lang in LANGUAGES
}
_NONCE: web.RequestKey[str] = web.RequestKey("csrf_nonce", str)


def set_up_templates(app: web.Application, folder: Path) -> None:
    """Prepare the templates of `folder` in each language."""
    for lang, key in ENVIRONMENTS.items():
        environment = aiohttp_jinja2.setup(
            app,
            app_key=key,
            loader=jinja2.FileSystemLoader(folder),
            bytecode_cache=COMPILED,
            extensions=["jinja2.ext.i18n"],
            trim_blocks=True,
            lstrip_blocks=True,
        )
        words = app[CATALOGS].words(lang)
        install = environment.install_gettext_callables  # type: ignore[attr-defined]
        install(words.gettext, words.ngettext, newstyle=True)


def language(request: web.Request) -> str:
    """The language of this request's answer."""
    return negotiate(
        request.cookies.get(cookies.LANGUAGE), request.headers.get("Accept-Language", "")
    )


def words_of(request: web.Request) -> Words:
    """The words of this request's language."""
    return request.app[CATALOGS].words(language(request))


def csrf_token(request: web.Request) -> str:
    """The token that this browser's forms and scripts send back."""
    kept = request.app[COOKIES]
    nonce = request.get(_NONCE) or kept.csrf_nonce(request) or cookies.new_nonce()
    request[_NONCE] = nonce
    return kept.csrf_token(nonce)


def keep_csrf(request: web.Request, response: web.StreamResponse) -> None:
    """Have this browser keep what `csrf_token` goes with; crawlers are given no cookie."""
    kept = request.app[COOKIES]
    if kept.csrf_nonce(request) is None and not is_crawler(request):
        kept.keep_csrf_nonce(response, request[_NONCE])


def see_other(location: str) -> web.Response:
    """After a change: go on to that page, which a reload will not change again."""
    return web.Response(status=303, headers={"Location": location})


async def render(
    request: web.Request,
    template: str,
    view: object,
    *,
    card: CardView | None = None,
    role: Role = Role.GUEST,
    status: int = 200,
) -> web.Response:
    """The page that `template` makes of `view`."""
    context = await _context(request, view, card, role)
    response = aiohttp_jinja2.render_template(
        template, request, context, app_key=ENVIRONMENTS[context["lang"]], status=status
    )
    response.headers["Cache-Control"] = "no-store" if card and card.noindex else "private, no-cache"
    response.headers["Vary"] = "Cookie, Accept-Language"
    response.headers["Content-Language"] = str(context["lang"])
    keep_csrf(request, response)
    return response


async def render_doorway(
    request: web.Request,
    template: str,
    view: DoorwayView,
    title: str,
    *,
    closed_status: int = 410,
) -> web.Response:
    """The page behind a link that is for one person: its preview tells nothing but `title`."""
    card = CardView(title, "", request.app[SETTINGS].address, noindex=True)
    status = 200 if view.state == "valid" else closed_status
    return await render(request, template, view, card=card, status=status)


async def _context(
    request: web.Request, view: object, card: CardView | None, role: Role
) -> dict[str, Any]:
    lang = language(request)
    address = request.app[SETTINGS].address
    person = await known_person(request)
    return {
        "view": view,
        "lang": lang,
        "csrf_token": csrf_token(request),
        "me": MeView(person.id, person.name, role.value, person.email is not None)
        if person
        else None,
        "path": page_shown(request),
        "static": request.app[STATIC_FILES].url,
        "public_url": address,
        "canonical": card.url if card else "",
        "card": card and _with_picture(request, card, request.app[CATALOGS].words(lang)),
        "in_app": _in_app(request, person, takes_seat=getattr(view, "takes_seat", False)),
        "messages_json": request.app[CATALOGS].script_messages(lang),
    }


def _with_picture(request: web.Request, card: CardView, words: Words) -> CardView:
    """The card with the picture of its place, else with the street that every page has."""
    if card.image:
        return card
    street = card_of("", "Moulin", words.gettext("Des bureaux vidéo qui restent ouverts."))
    image = request.app[SETTINGS].address + request.app[CARDS].path(street)
    return replace(card, image=image)


def _in_app(request: web.Request, person: Person | None, *, takes_seat: bool) -> InAppView | None:
    browser = in_app_browser(request.headers.get("User-Agent", ""))
    if browser is None or request.method != "GET":
        return None
    path, login_id = request.path_qs, known_login(request)
    takes_seat = takes_seat and person is not None and person.email is None
    if takes_seat and login_id is not None:
        # The phone's own browser holds no cookie of this one.
        token = request.app[COOKIES].hand_over(login_id)
        path = f"/suite/{token}?{urlencode({'vers': path})}"
    url = request.app[SETTINGS].address + path
    return InAppView(browser.app, browser.system, way_out(browser, url), url, takes_seat)
