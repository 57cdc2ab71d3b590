"""What a link to a session shows elsewhere: title and date, or nothing when it is not for all."""

from __future__ import annotations

from aiohttp import web

from server.community.entry import STRANGER, is_invited
from server.community.offices import Office
from server.community.sessions import OpenTo, Session
from server.i18n import Words
from server.web.place import Place
from server.web.place_cards import place_card, untold_card
from server.web.session_views import SessionView
from server.web.views import CardView


def is_for_all(session: Session, office: Office) -> bool:
    """Whether a stranger may know of the session."""
    return session.plan.open_to is OpenTo.ALL and is_invited(STRANGER, office)


def session_card(
    request: web.Request,
    place: Place,
    session: Session,
    view: SessionView,
    words: Words,
    *,
    invited: bool = False,
) -> CardView:
    """The card of a session's page, or (`invited`) of an invitation to it."""
    _ = words.gettext
    name = place.community.name.read(words.lang)
    office = next(each for each in place.offices if each.id == session.plan.office_id)
    above, path = _("Vous êtes invité·e"), request.path
    if not invited:
        above, path = " · ".join(filter(None, (view.theme, name))), view.url
    if not is_for_all(session, office):
        return untold_card(request, place, words, path, _("Une séance") + f" · {name}")
    when = f"{view.day}, {view.when} ({view.zone})"
    first_line = view.text.split("\n", 1)[0]
    description = " ".join(filter(None, (when + ".", view.theme and f"{view.theme}.", first_line)))
    return place_card(
        request,
        place,
        words,
        path=path,
        office=office,
        above=above,
        heading=view.title,
        below=when[:1].upper() + when[1:],
        title=f"{view.title} · {name}",
        description=description[:300],
        noindex=invited,
    )
