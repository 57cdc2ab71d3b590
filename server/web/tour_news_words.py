"""The words of the letters that tell organisers what becomes of the stops of tours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

from server.community.communities import Community
from server.community.people import Notification
from server.community.text import Bilingual
from server.community.tour_proposals import Slot
from server.i18n import Words
from server.letters import Letter
from server.web.tour_letters import slot_line


class StopNews(Enum):
    """What becomes of stops."""

    WITHDRAWN = auto()
    LEFT_OUT = auto()
    LEFT = auto()
    CALLED_OFF = auto()
    RESTORED = auto()
    TOUR_GONE = auto()


@dataclass(frozen=True)
class Telling:
    """What the letters about stops of one tour in one house say.

    `path` is the page they lead to; `is_house`: they go to those who look after the `house`, which
    is None in what tells a maker that their tour is gone.
    """

    news: StopNews
    tour_title: Bilingual
    path: str
    house: Community | None
    is_house: bool = False


def stop_letter(telling: Telling, slots: Sequence[Slot], address: str, words: Words) -> Letter:
    """The letter about those stops; `address` is the house's own."""
    _ = words.gettext
    house = telling.house.name.read(words.lang) if telling.house else ""
    names = {"tour": telling.tour_title.read(words.lang), "house": house}
    after = _after(telling, len(slots), words)
    composes = _("Vous composez cette tournée. Votre compte dit quels courriels vous voulez.")
    organises = _("Vous organisez cette maison. Votre compte dit quels courriels vous voulez.")
    page = _("Voir la tournée")
    if telling.house is None:
        page = _("Voir les tournées")
    elif telling.path.endswith("/propositions"):
        page = _("Voir les étapes de la maison")
    return Letter(
        kind="proposal",
        subject=_subject(telling.news, words) % names,
        paragraphs=(
            _("Bonjour,"),
            _lead(telling, len(slots), words) % names,
            *(f"{slot_line(each, words)}\n{house}" for each in slots if house),
            *((after,) if after else ()),
        ),
        action=(page, address + telling.path),
        why=organises if telling.is_house else composes,
        notification=Notification.PROPOSALS,
    )


def _subject(news: StopNews, words: Words) -> str:
    _ = words.gettext
    return {
        StopNews.WITHDRAWN: _("Proposition retirée : %(tour)s"),
        StopNews.LEFT_OUT: _("Une étape de moins : %(tour)s"),
        StopNews.LEFT: _("Une étape de moins : %(tour)s"),
        StopNews.CALLED_OFF: _("Étape annulée : %(tour)s"),
        StopNews.RESTORED: _("Étape rétablie : %(tour)s"),
        StopNews.TOUR_GONE: _("La tournée est retirée : %(tour)s"),
    }[news]


def _lead(telling: Telling, count: int, words: Words) -> str:
    """What happened, with blanks for the names of the tour and of the house."""
    _, ngettext = words.gettext, words.ngettext
    if telling.house is None:
        return _("La tournée « %(tour)s » a été retirée par qui tient ce serveur.")
    return {
        StopNews.WITHDRAWN: ngettext(
            "La tournée « %(tour)s » ne propose plus cette étape à %(house)s.",
            "La tournée « %(tour)s » ne propose plus ces étapes à %(house)s.",
            count,
        ),
        StopNews.LEFT_OUT: ngettext(
            "La tournée « %(tour)s » ne s’arrête plus à cette séance de %(house)s.",
            "La tournée « %(tour)s » ne s’arrête plus à ces séances de %(house)s.",
            count,
        ),
        StopNews.LEFT: _("%(house)s retire cette étape de la tournée « %(tour)s »."),
        StopNews.CALLED_OFF: ngettext(
            "%(house)s annule cette étape de la tournée « %(tour)s ».",
            "%(house)s annule ces étapes de la tournée « %(tour)s ».",
            count,
        ),
        StopNews.RESTORED: ngettext(
            "À %(house)s, cette étape de la tournée « %(tour)s » a lieu après tout.",
            "À %(house)s, ces étapes de la tournée « %(tour)s » ont lieu après tout.",
            count,
        ),
        StopNews.TOUR_GONE: _(
            "La tournée « %(tour)s » est retirée. Voici ce qu’elle montrait de %(house)s, "
            "ou lui proposait :"
        ),
    }[telling.news]


def _after(telling: Telling, count: int, words: Words) -> str:
    _ = words.gettext
    if telling.house is None:
        return _("Les séances et les réponses restent.")
    stays = words.ngettext(
        "La séance reste à sa maison, avec ses réponses.",
        "Les séances restent à leur maison, avec leurs réponses.",
        count,
    )
    another = _("Un autre moment ou une autre maison conviendrait peut-être.")
    return {
        StopNews.WITHDRAWN: _("Vous n’avez plus à répondre.")
        if telling.is_house
        else _("Pour en proposer, il faut organiser une maison. La tournée reste la vôtre."),
        StopNews.LEFT_OUT: stays,
        StopNews.LEFT: stays,
        StopNews.CALLED_OFF: _("Qui compose la tournée l’apprend aussi.")
        if telling.is_house
        else another,
        StopNews.RESTORED: "",
        StopNews.TOUR_GONE: _(
            "Les séances annoncées restent à votre maison; le reste ne demande plus de réponse."
        ),
    }[telling.news]
