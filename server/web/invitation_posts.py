"""What an invitation is shared with: a post to paste, the words of a poster, a QR code."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO

import segno
from markupsafe import Markup

from server.community.invitations import Invitation
from server.community.offices import Office
from server.i18n import Words
from server.web.invitation_views import PosterSide, PostView
from server.web.linked_sessions import Linked
from server.web.links import local_date
from server.web.place import Place

INK = "#22262a"


def post(
    place: Place,
    office: Office | None,
    invitation: Invitation,
    url: str,
    words: Words,
    linked: Linked | None = None,
) -> PostView:
    """A post that says where, what it takes, until when, and the link; `linked`: to a session."""
    _ = words.gettext
    where = _where(place, office, words)
    if linked is not None:
        told = {"title": linked.title.read(words.lang), "when": linked.when(words)}
        what = _("On se retrouve pour « %(title)s » : %(when)s.") % told
        where = f"{what} {_session_place(place, office, words)}"
    described = (office or place.community).description.read(words.lang)
    limits = ""
    if invitation.expires_at is not None:
        date = local_date(invitation.expires_at, place.community, words)
        limits = _("Le lien ouvre jusqu’au %(date)s.") % {"date": date}
    parts = [
        _("Envie de travailler en bonne compagnie, sans sortir de chez vous?"),
        f"{where} {described}".strip(),
        _("Un nom suffit : ni compte, ni application. Caméra et micro seulement si vous voulez."),
        f"{url}\n{limits}".strip(),
    ]
    label = {"fr": _("En français"), "en": _("En anglais")}[words.lang]
    return PostView(words.lang, label, "\n\n".join(parts))


def poster_side(
    place: Place,
    invitation: Invitation,
    office: Office | None,
    words: Words,
    linked: Linked | None = None,
) -> PosterSide:
    """The words of a poster, in one language."""
    _, until = words.gettext, ""
    if invitation.expires_at is not None:
        until = _("Jusqu’au %(date)s") % {
            "date": local_date(invitation.expires_at, place.community, words)
        }
    said = PosterSide(
        lang=words.lang,
        title=(office or place.community).name.read(words.lang),
        description=(office or place.community).description.read(words.lang),
        promise=_("Poussez la porte, installez-vous, travaillez à côté des autres."),
        scan=_("Visez ce code avec votre téléphone. Un nom suffit."),
        until=until,
    )
    if linked is None:
        return said
    when = linked.when(words)
    return replace(
        said,
        title=linked.title.read(words.lang),
        description="",  # of the office: the sheet is for the session, and has no more room
        when=when[:1].upper() + when[1:],
        where=_session_place(place, office, words),
    )


def _where(place: Place, office: Office | None, words: Words) -> str:
    """Where one meets by a link that is to no session."""
    _, community = words.gettext, place.community.name.read(words.lang)
    if office is None:
        said = _("On se retrouve chez « %(community)s » : poussez une porte, installez-vous.")
        return said % {"community": community}
    names = {"office": office.name.read(words.lang), "community": community}
    return _("On se retrouve dans « %(office)s », chez « %(community)s ».") % names


def _session_place(place: Place, office: Office | None, words: Words) -> str:
    """Where a session takes place; `office` None: its door is gone."""
    if office is None:
        return ""
    return words.gettext("C’est dans « %(office)s », chez « %(community)s ».") % {
        "office": office.name.read(words.lang),
        "community": place.community.name.read(words.lang),
    }


def code_element(url: str) -> Markup:
    """The QR code of an address, as an svg element of the page."""
    made = segno.make(url, error="m", micro=False)
    return Markup(made.svg_inline(border=2, dark=INK, light="#ffffff", omitsize=True, scale=4))


def code_file(url: str) -> bytes:
    """The QR code of an address, as an SVG file."""
    out = BytesIO()
    segno.make(url, error="m", micro=False).save(out, kind="svg", scale=8, border=4, dark=INK)
    return out.getvalue()
