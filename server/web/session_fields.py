"""The words of a session's form: its choices, and a sentence for each thing that is wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from zoneinfo import available_timezones

from server.community.recurrence import Frequency
from server.community.series_edits import Reach
from server.i18n import Words

_REGIONS = ("Africa/", "America/", "Asia/", "Atlantic/", "Australia/", "Europe/", "Indian/")
_MORE = ("Pacific/", "UTC")


def frequency_choices(words: Words) -> list[tuple[str, str]]:
    """How a session may come back."""
    _ = words.gettext
    return [
        ("", _("Une seule fois")),
        (Frequency.WEEKLY.value, _("Chaque semaine")),
        (Frequency.MONTHLY.value, _("Chaque mois, le même jour de la semaine")),
    ]


def reach_choices(words: Words) -> list[tuple[str, str]]:
    """How far an edit may reach."""
    _ = words.gettext
    return [
        (Reach.THIS.value, _("Cette séance seulement")),
        (Reach.FOLLOWING.value, _("Celle-ci et les suivantes")),
        (Reach.ALL.value, _("Toutes celles à venir")),
    ]


def reach_of(fields: Mapping[str, Sequence[str]]) -> Reach:
    """How far a form asks to reach; this date alone when it does not say."""
    asked = next(iter(fields.get("reach", ())), "")
    return Reach(asked) if asked in set(map(str, Reach)) else Reach.THIS


TOGETHER = "together"


def restore_choices(together: int, words: Words) -> list[tuple[str, str]]:
    """Which sessions take place after all: one, or all those called off with it."""
    all_of_them = words.ngettext(
        "La date annulée en même temps", "Les %(num)s dates annulées en même temps", together
    )
    return [
        (Reach.THIS.value, words.gettext("Cette séance seulement")),
        (TOGETHER, all_of_them % {"num": together}),
    ]


def zone_choices(*first: str) -> list[str]:
    """The zones of places, the given ones before the others."""
    places = sorted(zone for zone in available_timezones() if zone.startswith(_REGIONS + _MORE))
    return list(dict.fromkeys((*filter(None, first), *places)))


def field_sentences(errors: Mapping[str, str], words: Words) -> dict[str, str]:
    """A sentence for each code of what is wrong with a field."""
    _ = words.gettext
    known = {
        "missing": _("Écrivez quelque chose ici."),
        "too_long": _("C’est trop long : raccourcissez un peu."),
        "not_a_choice": _("Choisissez dans la liste."),
        "not_a_number": _("Écrivez un nombre entier, plus grand que zéro et pas démesuré."),
        "too_many_hosts": _("Huit coanimateurs ou coanimatrices au plus."),
        "not_a_date": _("Écrivez une date et une heure."),
        "not_a_date_near": _("Choisissez un jour à venir, d’ici deux ans."),
        "in_the_past": _("Ce moment est déjà passé : choisissez-en un à venir."),
        "not_an_end": _("Choisissez une date de fin qui suit la première, d’ici dix ans."),
        "until_or_count": _("Choisissez une date de fin ou un nombre de fois, pas les deux."),
        "not_phases": _("Donnez de 1 à 24 phases, de 1 à 240 minutes chacune."),
        "office_is_closed": _(
            "Ce bureau s’ouvre sur invitation : réservez la séance aux membres ou aux invités."
        ),
    }
    return {name: known[code] for name, code in errors.items()}
