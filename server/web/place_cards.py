"""What a link to a place shows elsewhere: its words and its picture, never who is in.

A private office is never named: previews stay in places that its owner does not know of.
"""

from __future__ import annotations

from aiohttp import web

from server.cards.card import Front, card_of
from server.community.offices import Office, Visibility
from server.i18n import Words
from server.keys import CARDS, SETTINGS
from server.web.doors import community_url, kind_label, office_url
from server.web.place import Place
from server.web.views import CardView


def facade_card(request: web.Request, place: Place, words: Words) -> CardView:
    """The card of a community."""
    description = place.community.description.read(words.lang)
    return place_card(
        request,
        place,
        words,
        path=community_url(place.community),
        below=description,
        description=description or words.gettext("Une maison de bureaux vidéo, sur Moulin."),
    )


def office_card(request: web.Request, place: Place, office: Office, words: Words) -> CardView:
    """The card of an office; of its house alone when the office is private."""
    _ = words.gettext
    path = office_url(place.community, office)
    community = place.community.name.read(words.lang)
    if office.visibility is not Visibility.PUBLIC:
        title = _("Un bureau sur invitation · %(community)s") % {"community": community}
        return untold_card(request, place, words, path, title)
    name = office.name.read(words.lang)
    description = office.description.read(words.lang)
    return place_card(
        request,
        place,
        words,
        path=path,
        office=office,
        above=f"{kind_label(office.kind, words)} · {community}",
        below=description,
        title=f"{name} · {community}",
        description=description or place.community.description.read(words.lang),
    )


def invitation_card(
    request: web.Request, place: Place, office: Office | None, words: Words
) -> CardView:
    """The card of an invitation that opens: to a public office, else to the house."""
    _ = words.gettext
    shown = office if office is not None and office.visibility is Visibility.PUBLIC else None
    name = (shown.name if shown else place.community.name).read(words.lang)
    description = shown.description.read(words.lang) if shown else ""
    default = _("Un lieu de cotravail en ligne : poussez une porte, travaillez à côté des autres.")
    return place_card(
        request,
        place,
        words,
        path=request.path,
        office=shown,
        above=_("Vous êtes invité·e"),
        below=description or default,
        title=_("Vous êtes invité·e : %(place)s") % {"place": name},
        description=description or default,
        noindex=True,
    )


def untold_card(
    request: web.Request, place: Place, words: Words, path: str, title: str
) -> CardView:
    """The card of what is not for all: that there is something (`title`), and in which house."""
    _ = words.gettext
    return place_card(
        request,
        place,
        words,
        path=path,
        above=_("Sur invitation"),
        title=title,
        description=_("Cette porte s’ouvre avec un lien d’invitation."),
        noindex=True,
    )


def place_card(
    request: web.Request,
    place: Place,
    words: Words,
    *,
    path: str,
    description: str = "",
    office: Office | None = None,
    above: str = "",
    below: str = "",
    title: str = "",
    heading: str = "",
    noindex: bool = False,
) -> CardView:
    """A card of this place: `heading` and `below` are drawn, `title` and `description` written."""
    shown = (office.name if office else place.community.name).read(words.lang)
    public = [each for each in place.offices if each.visibility is Visibility.PUBLIC]
    fronts = [
        Front(each.kind.value, each.name.read(words.lang))
        for each in ([office] if office is not None else public)
    ]
    drawn = card_of(above, heading or shown, below, fronts)
    address = request.app[SETTINGS].address
    alt = words.gettext("Au crépuscule, une maison aux fenêtres allumées : %(name)s.")
    return CardView(
        title=title or shown,
        description=description,
        url=address + path,
        noindex=noindex,
        image=address + request.app[CARDS].path(drawn),
        image_alt=alt % {"name": heading or shown},
    )
