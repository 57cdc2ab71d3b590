"""The owner's page: opening, changing and ordering offices."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from aiohttp import web

from server.community.offices import (
    MOST_OFFICES,
    RESERVED_SLUGS,
    Office,
    OfficeKind,
    Visibility,
    draft_office,
)
from server.community.text import slug_of
from server.i18n import Words
from server.keys import DATABASE, LIVE_PAGES, PRESENCE
from server.storage.queries import invitations, offices
from server.storage.queries.office_sessions import planned_in
from server.web.doors import community_ref, community_url, kind_label, office_view
from server.web.evictions import send_out_uninvited
from server.web.fields import form_fields
from server.web.invitation_rows import invitation_row, role_choices
from server.web.linked_sessions import linked_sessions
from server.web.office_plans import plans_of
from server.web.person import check_rate, right_now
from server.web.place import Place, managed_place
from server.web.rate_limits import CHANGES
from server.web.refused import Refused
from server.web.rendering import render, see_other, words_of
from server.web.tour_proposal_rows import count_waiting
from server.web.views import (
    InvitationForm,
    ManagedOffice,
    ManageOfficeView,
    ManageView,
    OfficeForm,
)


@dataclass(frozen=True)
class Shown:
    """What the owner's page shows besides what there is: forms sent back, and what was done."""

    new_office: OfficeForm = field(default_factory=OfficeForm)
    new_invitation: InvitationForm = field(default_factory=InvitationForm)
    done: str = ""


async def manage_page(request: web.Request) -> web.Response:
    """GET /c/{community}/gerer."""
    place = await managed_place(request)
    return await show(request, place, Shown(done=request.query.get("fait", "")))


async def show(request: web.Request, place: Place, shown: Shown, status: int = 200) -> web.Response:
    """The owner's page, with what was just typed or done."""
    words, base = words_of(request), manage_url(place)
    async with request.app[DATABASE].reading() as db:
        sent = await invitations.invitations_of(db, place.community.id)
        busy = await planned_in(db, [each.id for each in place.offices], right_now())
    now, linked = right_now(), await linked_sessions(request, sent)
    view = ManageView(
        community=community_ref(place, words),
        offices=_managed_offices(request, place, words, busy),
        invitations=[
            invitation_row(request, place, each, words, now, linked.get(each.id)) for each in sent
        ],
        kinds=kind_choices(words),
        new_office=shown.new_office,
        new_office_url=f"{base}/offices",
        new_invitation=shown.new_invitation,
        new_invitation_url=f"{base}/invitations",
        days_choices=days_choices(words),
        role_choices=role_choices(place.standing.role, words),
        notice=notice_of(shown.done, words),
        proposals=await count_waiting(request, place),
    )
    role = place.standing.role
    return await render(request, "manage.html", view, role=role, status=status)


def manage_url(place: Place) -> str:
    """The owner's page of that community."""
    return f"{community_url(place.community)}/gerer"


def _managed_offices(
    request: web.Request, place: Place, words: Words, busy: Collection[str]
) -> list[ManagedOffice]:
    base, last = manage_url(place), len(place.offices) - 1
    return [
        ManagedOffice(
            office=office_view(place, office, request.app[PRESENCE], words),
            edit_url=f"{base}/offices/{office.id}",
            remove_url="" if office.id in busy else f"{base}/offices/{office.id}/supprimer",
            up_url=f"{base}/offices/{office.id}/monter" if index > 0 else "",
            down_url=f"{base}/offices/{office.id}/descendre" if index < last else "",
        )
        for index, office in enumerate(place.offices)
    ]


async def add_office(request: web.Request) -> web.Response:
    """POST …/gerer/offices: open an office."""
    place, form = await _change(request)
    draft, errors = draft_office(form)
    if len(place.offices) >= MOST_OFFICES:
        raise Refused(409, "most_offices")
    if draft is None:
        sent_back = office_form(form, errors, words_of(request))
        return await show(request, place, Shown(new_office=sent_back), status=400)
    taken = RESERVED_SLUGS | {office.slug for office in place.offices}
    slug = slug_of(draft.name.read("fr"), taken, otherwise="bureau")
    async with request.app[DATABASE].writing() as db:
        await offices.add_office(db, place.community.id, slug, draft, right_now())
    return done(request, place, "office-opened")


async def office_form_page(request: web.Request) -> web.Response:
    """GET …/gerer/offices/{id}."""
    place = await managed_place(request)
    return await show_office(request, place, managed_office(request, place))


async def change_office(request: web.Request) -> web.Response:
    """POST …/gerer/offices/{id}: those who lose their right to it are asked out at once."""
    place, form = await _change(request)
    office = managed_office(request, place)
    draft, errors = draft_office(form)
    if draft is None:
        sent_back = office_form(form, errors, words_of(request))
        return await show_office(request, place, office, sent_back, status=400)
    async with request.app[DATABASE].writing() as db:
        await offices.change_office(db, office.id, draft)
    await send_out_uninvited(request.app, place.community)
    return done(request, place, "office-saved")


async def move_up(request: web.Request) -> web.Response:
    """POST …/gerer/offices/{id}/monter."""
    return await _move(request, -1)


async def move_down(request: web.Request) -> web.Response:
    """POST …/gerer/offices/{id}/descendre."""
    return await _move(request, 1)


async def _move(request: web.Request, step: int) -> web.Response:
    place, _form = await _change(request)
    office = managed_office(request, place)
    async with request.app[DATABASE].writing() as db:
        await offices.move_office(db, place.community.id, office.id, step)
    return done(request, place, "office-moved", _pressed_again(place, office, step))


def _pressed_again(place: Place, office: Office, step: int) -> str:
    """The id of the button to go on with: the same one, or at either end the one that goes back."""
    after = [each.id for each in place.offices].index(office.id) + step
    goes_on = 0 <= after + step < len(place.offices)
    return f"{'descendre' if (step > 0) == goes_on else 'monter'}-{office.id}"


async def _change(request: web.Request) -> tuple[Place, Mapping[str, str]]:
    place = await managed_place(request)
    check_rate(request, CHANGES)
    return place, await form_fields(request)


def done(request: web.Request, place: Place, what: str, where: str = "") -> web.Response:
    """Back to the owner's page, which says `what` was done, at the element whose id is `where`."""
    request.app[LIVE_PAGES].doors_changed(place.community.id)
    return see_other(f"{manage_url(place)}?fait={what}{f'#{where}' if where else ''}")


def managed_office(request: web.Request, place: Place) -> Office:
    """The office of this address; raises Refused when there is none."""
    for office in place.offices:
        if office.id == request.match_info["id"]:
            return office
    raise Refused(404, "not_found")


async def show_office(
    request: web.Request,
    place: Place,
    office: Office,
    form: OfficeForm | None = None,
    status: int = 200,
) -> web.Response:
    """One office's page, with what was just typed."""
    words, base = words_of(request), manage_url(place)
    view = ManageOfficeView(
        community=community_ref(place, words),
        office=office_view(place, office, request.app[PRESENCE], words),
        form=form or _form_of(office),
        kinds=kind_choices(words),
        save_url=f"{base}/offices/{office.id}",
        remove_url=f"{base}/offices/{office.id}/supprimer",
        back_url=base,
        plans=await plans_of(request, place, office, words),
    )
    role = place.standing.role
    return await render(request, "manage_office.html", view, role=role, status=status)


def _form_of(office: Office) -> OfficeForm:
    return OfficeForm(
        name_fr=office.name.fr,
        name_en=office.name.en,
        description_fr=office.description.fr,
        description_en=office.description.en,
        kind=office.kind.value,
        capacity=str(office.capacity),
        visibility=office.visibility.value,
        show_names=office.show_names,
    )


def office_form(form: Mapping[str, str], errors: Mapping[str, str], words: Words) -> OfficeForm:
    """What was typed, with a sentence for each thing that is wrong."""
    return OfficeForm(
        name_fr=form.get("name_fr", ""),
        name_en=form.get("name_en", ""),
        description_fr=form.get("description_fr", ""),
        description_en=form.get("description_en", ""),
        kind=form.get("kind", ""),
        capacity=form.get("capacity", ""),
        visibility=form.get("visibility", Visibility.PUBLIC.value),
        show_names=form.get("show_names") == "1",
        errors=field_errors(errors, words),
    )


def field_errors(errors: Mapping[str, str], words: Words) -> dict[str, str]:
    """A sentence for each code of what is wrong with a field."""
    _ = words.gettext
    known = {
        "missing": _("Écrivez quelque chose ici."),
        "too_long": _("C’est trop long : raccourcissez un peu."),
        "not_a_choice": _("Choisissez dans la liste."),
        "limit_needed": _("Un lien qui donne ce rôle doit avoir une limite."),
        "fewer_than_used": _("Plus de monde que cela est déjà entré."),
        "whole_house_only": _(
            "Un rôle vaut pour toute la maison : choisissez « Toute la maison »."
        ),
        "not_a_number": _("Écrivez un nombre entier, plus grand que zéro et pas démesuré."),
    }
    return {name: known[code] for name, code in errors.items()}


def kind_choices(words: Words) -> list[tuple[str, str]]:
    """The kinds of offices, for a list to choose from."""
    return [(kind.value, kind_label(kind, words)) for kind in OfficeKind]


def days_choices(words: Words) -> list[tuple[str, str]]:
    """How long an invitation may open, for a list to choose from."""
    _ = words.gettext
    return [
        ("1", _("Un jour")),
        ("7", _("Une semaine")),
        ("30", _("Un mois")),
        ("90", _("Trois mois")),
        ("", _("Sans fin, jusqu’à ce que je la retire")),
    ]


def notice_of(done: str, words: Words) -> str:
    """What has just been done, in a sentence."""
    _ = words.gettext
    return {
        "house-saved": _("C’est enregistré."),
        "office-opened": _("Le bureau est ouvert."),
        "office-saved": _("C’est enregistré."),
        "office-removed": _("Le bureau est fermé, et son lien n’ouvre plus."),
        "office-removed-moved": _(
            "Le bureau est fermé, et ses séances ont lieu ailleurs. "
            "Les personnes qui avaient répondu l’apprennent."
        ),
        "office-removed-cancelled": _(
            "Le bureau est fermé, et ses séances sont annulées. "
            "Les personnes qui avaient répondu l’apprennent."
        ),
        "office-moved": _("L’ordre des portes a changé."),
        "invitation-made": _("L’invitation est prête : copiez le lien."),
        "invitation-saved": _("C’est enregistré."),
        "invitation-revoked": _("L’invitation n’ouvre plus."),
    }.get(done, "")
