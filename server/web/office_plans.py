"""What is planned in an office, as its owner sees it before the office goes."""

from __future__ import annotations

from aiohttp import web

from server.community.offices import Office, Visibility
from server.i18n import Words
from server.keys import DATABASE
from server.storage.queries.office_sessions import Planned, planned_in
from server.web.person import right_now
from server.web.place import Place
from server.web.views import OfficePlans

CALL_OFF = "cancel"
"""In the form that removes an office: its sessions are called off. Else: the id of another."""


async def plans_of(
    request: web.Request, place: Place, office: Office, words: Words
) -> OfficePlans | None:
    """What is to come there, and what may become of it; None when nothing is."""
    async with request.app[DATABASE].reading() as db:
        planned = (await planned_in(db, [office.id], right_now())).get(office.id)
    if planned is None:
        return None
    _ = words.gettext
    count = words.ngettext(
        "%(num)d séance à venir doit s’y tenir.",
        "%(num)d séances à venir doivent s’y tenir.",
        planned.sessions,
    ) % {"num": planned.sessions}
    people = words.ngettext(
        "%(num)d personne y a répondu et l’apprendra.",
        "%(num)d personnes y ont répondu et l’apprendront.",
        planned.people,
    ) % {"num": planned.people}
    moved = _("Elles ont lieu dans « %(office)s »")
    return OfficePlans(
        sentence=f"{count} {people}" if planned.people else count,
        choices=[
            *(
                (each.id, moved % {"office": each.name.read(words.lang)})
                for each in other_offices(place, office, planned)
            ),
            (CALL_OFF, _("Elles sont annulées")),
        ],
    )


def other_offices(place: Place, office: Office, planned: Planned) -> list[Office]:
    """The offices where what is planned in one may take place.

    What is open to everyone needs a door that is.
    """
    return [
        each
        for each in place.offices
        if each.id != office.id
        and (each.visibility is Visibility.PUBLIC or not planned.open_to_all)
    ]
