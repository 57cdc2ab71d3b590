"""Signing in by a mailed link: the form, the letter, and the button that uses the link."""

from __future__ import annotations

from dataclasses import replace

from aiohttp import web

from server.community.accounts import MOST_LINKS_AN_HOUR, email_address
from server.community.errors import BadField
from server.community.invitations import LinkState
from server.community.merging import Arrival, Outcome, arrive
from server.community.people import Person
from server.i18n import Words
from server.keys import DATABASE, JOBS, SETTINGS
from server.letters import Address, Letter, queue_letter
from server.storage.database import Transaction
from server.storage.queries import login_links, logins, people
from server.web.account_views import LoginLinkView, SignInView
from server.web.fields import form_fields
from server.web.passkey_host import passkey_host
from server.web.person import (
    check_rate,
    known_login,
    known_person,
    log_in,
    right_now,
    typed_name,
)
from server.web.rate_limits import LOGIN_LINKS, OWNER_LINKS
from server.web.rendering import language, render, render_doorway, see_other, words_of
from server.web.seat_news import merge_and_tell
from server.web.views import CardView
from server.web.way_back import safe_next


async def sign_in_page(request: web.Request) -> web.Response:
    """GET /connexion: one form, to become a member or to come back as one."""
    view = SignInView(next=safe_next(request.query.get("next", "/compte")))
    return await _show(request, view)


async def send_link(request: web.Request) -> web.Response:
    """POST /connexion: mail a link. The answer is the same whether or not the address is known."""
    check_rate(request, LOGIN_LINKS)
    form, words = await form_fields(request), words_of(request)
    typed, target = form.get("email", "")[:300], safe_next(form.get("next"))
    try:
        email = email_address(typed)
    except BadField:
        error = words.gettext("Écrivez une adresse de courriel, comme lea@exemple.org.")
        return await _show(request, SignInView(typed, target, error), status=400)
    settings, now = request.app[SETTINGS], right_now()
    async with request.app[DATABASE].writing() as db:
        if await login_links.count_recent_links(db, email, now) < MOST_LINKS_AN_HOUR:
            token = await login_links.add_login_link(db, email, target, now)
            letter = login_letter(f"{settings.address}/entree/{token}", words)
            to = Address(email, language(request))
            await queue_letter(db, to, letter, now=now, about="login")
    request.app[JOBS].wake("letters")
    view = SignInView(email, target, sent=True, kept_here=not settings.smtp_url)
    return await _show(request, view)


async def _show(request: web.Request, view: SignInView, status: int = 200) -> web.Response:
    view = replace(view, passkeys=bool(passkey_host(request.app[SETTINGS])))
    title = words_of(request).gettext("Se connecter ou devenir membre")
    card = CardView(title, "", request.app[SETTINGS].address + "/connexion", noindex=True)
    return await render(request, "sign_in.html", view, card=card, status=status)


def login_letter(url: str, words: Words) -> Letter:
    """The letter that carries a link to sign in with."""
    _ = words.gettext
    return Letter(
        kind="login",
        subject=_("Votre lien pour entrer dans Moulin"),
        paragraphs=(
            _("Bonjour,"),
            _("Voici le lien que vous avez demandé. Il ouvre pendant 15 minutes, une seule fois."),
        ),
        action=(_("Entrer"), url),
        after=(_("Vous n’avez rien demandé? Laissez ce courriel : personne n’entrera sans lui."),),
        why=_("Quelqu’un a écrit cette adresse dans la page de connexion de Moulin."),
    )


async def login_link_page(request: web.Request) -> web.Response:
    """GET /entree/{token}: a button. Mail scanners follow links: looking uses nothing up."""
    check_rate(request, OWNER_LINKS)
    return await _link_page(request)


async def _link_page(request: web.Request) -> web.Response:
    words, here = words_of(request), await known_person(request)
    async with request.app[DATABASE].reading() as db:
        state, link = await login_links.login_link_state(
            db, request.match_info["token"], right_now()
        )
        is_open = link is not None and state is LinkState.VALID
        known = await people.person_by_email(db, link.email) if link and is_open else None
    outcome = arrive(here, known)
    view = LoginLinkView(
        state=state.value,
        explanation="" if is_open else _why_not(state, words),
        accept_url=request.path,
        email=link.email if link and is_open else "",
        needs_name=is_open and outcome.arrival is Arrival.NEW,
        merges=outcome.goes.name if is_open and outcome.goes else "",
    )
    title = words.gettext("Votre lien pour entrer")
    return await render_doorway(request, "login_link.html", view, title)


def _why_not(state: LinkState, words: Words) -> str:
    _ = words.gettext
    if state is LinkState.USED_UP:
        return _("Il a déjà servi, et ne sert qu’une fois. Demandez-en un autre.")
    if state is LinkState.EXPIRED:
        return _("Il n’ouvrait que 15 minutes. Demandez-en un autre.")
    return _("Vérifiez qu’il est complet, ou demandez-en un autre.")


async def use_link(request: web.Request) -> web.Response:
    """POST /entree/{token}: the first to press the button is signed in."""
    check_rate(request, OWNER_LINKS)
    here, now = await known_person(request), right_now()
    posted = (await form_fields(request)).get("name")
    async with request.app[DATABASE].writing() as db:
        link = await login_links.use_login_link(db, request.match_info["token"], now)
        if link is not None:
            outcome = arrive(here, await people.person_by_email(db, link.email))
            name = typed_name(posted) if outcome.arrival is Arrival.NEW else ""
            person = await settle(db, request, outcome, link.email, name)
    if link is None:
        return await _link_page(request)
    response = see_other(safe_next(link.next_path))
    await log_in(request, response, person, "link")
    return response


async def settle(
    db: Transaction, request: web.Request, outcome: Outcome, email: str, name: str
) -> Person:
    """Write who this browser is from now on, in the transaction that proved it."""
    now, lang = right_now(), language(request)
    if outcome.stays is None:
        return await people.add_person(db, name, now, email=email, lang=lang)
    person = outcome.stays
    if outcome.arrival is Arrival.BECOME:
        await people.become_member(db, person.id, email, lang)
        await logins.end_logins(db, person.id, but=known_login(request))
    if outcome.goes is not None:
        await merge_and_tell(request.app, db, outcome.goes.id, person.id, now)
    await people.join_where_admitted(db, person.id, now)
    return person
