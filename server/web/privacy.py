"""The privacy page: what is kept and for how long, drawn from the rules that the job applies."""

from __future__ import annotations

from datetime import timedelta

from aiohttp import web

from server.community.retention import NOTICE, Kind, kept_for
from server.i18n import Words
from server.keys import SETTINGS
from server.web.account_views import PrivacyView
from server.web.rendering import render, words_of


async def privacy(request: web.Request) -> web.Response:
    """GET /confidentialite: what is kept, and who answers for it."""
    view = PrivacyView(
        officer=request.app[SETTINGS].privacy_officer,
        kept=kept_rows(words_of(request)),
        notice=spell(NOTICE, words_of(request)),
        just_erased=request.query.get("fait") == "efface",
    )
    return await render(request, "privacy.html", view)


def kept_rows(words: Words) -> list[tuple[str, str]]:
    """What is kept, each with how long, in words."""
    rows = [*_of_accounts(words), *_of_links(words), *_of_stays(words)]
    return [(what, how % {"time": spell(kept_for(kind), words)}) for what, how, kind in rows]


def _of_accounts(words: Words) -> list[tuple[str, str, Kind]]:
    _ = words.gettext
    return [
        (
            _("Le nom d’une personne de passage, et ce que ses invitations lui ouvrent"),
            _("%(time)s après sa dernière visite"),
            Kind.GUESTS,
        ),
        (
            _("Le compte d’un membre : nom, adresse, carte, rôles, réponses aux séances"),
            _("%(time)s après sa dernière visite"),
            Kind.MEMBERS,
        ),
        (
            _("Un appareil connecté : ce que le navigateur dit de lui, première et dernière fois"),
            _("%(time)s après sa dernière visite"),
            Kind.LOGINS,
        ),
        (
            _("L’adresse où un appareil reçoit ses notifications, si vous les demandez"),
            _("%(time)s après sa dernière visite"),
            Kind.LOGINS,
        ),
    ]


def _of_links(words: Words) -> list[tuple[str, str, Kind]]:
    _ = words.gettext
    return [
        (_("Un lien de connexion envoyé par courriel"), "%(time)s", Kind.LOGIN_LINKS),
        (
            _("Le fait qu’un courriel a été envoyé; son texte est effacé dès qu’il est parti"),
            "%(time)s",
            Kind.LETTERS,
        ),
        (
            _("Une invitation"),
            _("%(time)s après qu’elle n’ouvre plus"),
            Kind.INVITATIONS,
        ),
    ]


def _of_stays(words: Words) -> list[tuple[str, str, Kind]]:
    _ = words.gettext
    return [
        (
            _(
                "Vos visites : dans quel bureau, de quand à quand. Qui tient la maison en voit les "
                "totaux, et qui était à une séance"
            ),
            "%(time)s",
            Kind.VISITS,
        ),
        (
            _("Le fait qu’on vous a fait sortir d’un bureau pour la journée"),
            _("%(time)s après que vous pouvez y revenir"),
            Kind.EXPULSIONS,
        ),
        (
            _("Une étape de tournée proposée à une maison, tant qu’elle n’est pas acceptée"),
            _("%(time)s après qu’elle a été proposée"),
            Kind.PROPOSALS,
        ),
    ]


def spell(length: timedelta, words: Words) -> str:
    """A length of days or years in words."""
    days = length.days
    if days % 365 == 0:
        return words.ngettext("%(num)d an", "%(num)d ans", days // 365) % {"num": days // 365}
    return words.ngettext("%(num)d jour", "%(num)d jours", days) % {"num": days}
