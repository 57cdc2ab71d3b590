"""The account page: one's name, card, letters, devices and data."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from aiohttp import web

from server.community.accounts import LANGUAGES, Card, draft_card, wanted_notifications
from server.community.people import Notification, Person, Role, may_manage
from server.i18n import Words
from server.keys import DATABASE, PUSH, SETTINGS
from server.storage.queries import logins, member_cards, members, passkeys, push_subscriptions
from server.storage.queries.logins import Login
from server.storage.queries.passkeys import Passkey
from server.web.account_views import AccountView, CardForm, DeviceRow, PasskeyRow, PushView
from server.web.calendar_pages import host_feed_view
from server.web.fields import form_fields
from server.web.hours import date_label
from server.web.manage import field_errors
from server.web.passkey_host import passkey_host
from server.web.person import check_rate, known_login, known_person, right_now
from server.web.rate_limits import CHANGES
from server.web.refused import Refused
from server.web.rendering import render, see_other, words_of
from server.web.role_words import role_name
from server.web.views import CardView

ACCOUNT = "/compte"


async def someone(request: web.Request) -> Person:
    """The person this browser belongs to; strangers are sent to sign in."""
    person = await known_person(request)
    if person is None:
        raise web.HTTPSeeOther(f"/connexion?next={ACCOUNT}")
    return person


async def member(request: web.Request) -> Person:
    """`someone` who has an account, about to change it; raises Refused for a guest."""
    person = await someone(request)
    check_rate(request, CHANGES)
    if person.email is None:
        raise Refused(403, "members_only")
    return person


async def account_page(request: web.Request) -> web.Response:
    """GET /compte."""
    return await show_account(request, await someone(request))


async def show_account(
    request: web.Request, person: Person, *, card: CardForm | None = None, status: int = 200
) -> web.Response:
    """The account page, with what was just typed in the card's form."""
    words = words_of(request)
    async with request.app[DATABASE].reading() as db:
        kept = await member_cards.card_of(db, person.id)
        devices = await logins.logins_of(db, person.id)
        places = await members.places_of(db, person.id)
        keys = await passkeys.passkeys_of(db, person.id)
        pushed = await push_subscriptions.is_subscribed(db, known_login(request) or "")
    view = AccountView(
        name=person.name,
        email=person.email or "",
        card=card or _card_form(kept),
        lang=person.lang,
        letters=_letters(person, words, organises=any(may_manage(each.role) for each in places)),
        devices=[_device(each, known_login(request), words) for each in devices],
        places=[
            (
                each.community.name.read(words.lang),
                f"/c/{each.community.slug}",
                role_name(each.role, words),
            )
            for each in places
        ],
        opens_communities=person.keeps_server,
        sole_owner_of=[
            each.community.name.read(words.lang)
            for each in places
            if each.role is Role.OWNER and each.owners == 1
        ],
        passkeys=[_key(each, words) for each in keys] if _may_have_keys(request, person) else None,
        push=PushView(pushed, request.app[PUSH].public_key),
        host_feed=await host_feed_view(request, person),
        notice=_notice(request.query.get("fait", ""), words),
    )
    title = words.gettext("Mon compte")
    head = CardView(title, "", request.app[SETTINGS].address + ACCOUNT, noindex=True)
    return await render(request, "account.html", view, card=head, status=status)


def _card_form(card: Card) -> CardForm:
    return CardForm(**asdict(card))


def _letters(person: Person, words: Words, *, organises: bool) -> list[tuple[str, str, bool]]:
    """The kinds of letters; one without a label is kept as it is, for it concerns organisers."""
    _ = words.gettext
    proposals = _(
        "Me dire quand on propose une étape de tournée, ce qu’on répond aux miennes, "
        "et ce qui s’annule"
    )
    labels = {
        Notification.REMINDERS: _("Me rappeler les séances auxquelles je viens"),
        Notification.CHANGES: _("Me dire quand une de mes séances change ou n’a plus lieu"),
        Notification.PROPOSALS: proposals if organises else "",
    }
    return [(kind.value, labels[kind], kind in person.notifications) for kind in Notification]


def _device(login: Login, current: str | None, words: Words) -> DeviceRow:
    return DeviceRow(
        name=login.device or words.gettext("Un navigateur"),
        since=_day(login.created_at, words),
        seen=_day(login.seen_at, words),
        is_this=login.id == current,
        end_url=f"{ACCOUNT}/appareils/{login.id}/sortir",
    )


def _may_have_keys(request: web.Request, person: Person) -> bool:
    return person.email is not None and bool(passkey_host(request.app[SETTINGS]))


def _key(key: Passkey, words: Words) -> PasskeyRow:
    return PasskeyRow(
        name=key.name or words.gettext("Un navigateur"),
        since=_day(key.created_at, words),
        used=_day(key.used_at, words) if key.used_at else "",
        rename_url=f"{ACCOUNT}/cles/{key.id}/nommer",
        remove_url=f"{ACCOUNT}/cles/{key.id}/retirer",
    )


def _day(moment: datetime, words: Words) -> str:
    return date_label(moment.date(), words)


def _notice(done: str, words: Words) -> str:
    _ = words.gettext
    return {
        "nom": _("C’est noté : c’est ce nom que les autres verront."),
        "carte": _("Votre carte est enregistrée."),
        "courrier": _("C’est noté : nous vous écrirons comme vous le voulez."),
        "appareil": _("Cet appareil n’est plus connecté."),
        "appareils": _("Vous n’êtes plus connecté·e que sur cet appareil."),
        "cle-faite": _("La clé d’accès est ajoutée."),
        "cle-nommee": _("La clé d’accès a son nouveau nom."),
        "cle": _("La clé d’accès est enlevée."),
        "calendrier": _("Votre calendrier public est ouvert : son adresse est plus bas."),
        "calendrier-ferme": _(
            "Votre calendrier public est fermé : son adresse ne montre plus rien."
        ),
    }.get(done, "")


def done(what: str) -> web.Response:
    """Back to the account page, which says what was done."""
    return see_other(f"{ACCOUNT}?fait={what}")


async def save_card(request: web.Request) -> web.Response:
    """POST /compte/carte."""
    person, form = await member(request), await form_fields(request)
    card, errors = draft_card(form)
    if card is None:
        told = field_errors(
            {name: code for name, code in errors.items() if code != "not_a_page"},
            words_of(request),
        )
        if "link" in errors and "link" not in told:
            told["link"] = words_of(request).gettext(
                "Écrivez l’adresse d’une page, comme https://exemple.org."
            )
        names = [name for name in asdict(Card()) if name != "shown"]
        typed = {name: form.get(name, "") for name in names}
        sent_back = CardForm(**typed, shown=form.get("shown") == "1", errors=told)
        return await show_account(request, person, card=sent_back, status=400)
    async with request.app[DATABASE].writing() as db:
        await member_cards.change_card(db, person.id, card, right_now())
    return done("carte")


async def save_letters(request: web.Request) -> web.Response:
    """POST /compte/courrier: the language to be written to in, and the letters wanted."""
    person, form = await member(request), await form_fields(request)
    lang = form.get("lang", "")
    if lang not in LANGUAGES:
        raise Refused(400, "bad_request")
    async with request.app[DATABASE].writing() as db:
        await member_cards.choose_letters(db, person.id, lang, wanted_notifications(form))
    return done("courrier")


async def end_device(request: web.Request) -> web.Response:
    """POST /compte/appareils/{id}/sortir: one device is signed out, maybe this one."""
    person = await someone(request)
    check_rate(request, CHANGES)
    login_id = request.match_info["id"]
    async with request.app[DATABASE].writing() as db:
        await logins.end_login(db, person.id, login_id)
    return see_other("/") if login_id == known_login(request) else done("appareil")


async def end_other_devices(request: web.Request) -> web.Response:
    """POST /compte/appareils/sortir: every device but this one is signed out."""
    person = await someone(request)
    check_rate(request, CHANGES)
    async with request.app[DATABASE].writing() as db:
        await logins.end_logins(db, person.id, but=known_login(request))
    return done("appareils")
