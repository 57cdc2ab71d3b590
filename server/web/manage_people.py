"""The people of a community, as those who look after it see and change them."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode, urlsplit

from aiohttp import web

from server.community.moderation import Act, may_act
from server.community.people import Role, may_manage
from server.community.roles import choices, leaves_no_owner, may_change
from server.i18n import Words
from server.keys import DATABASE
from server.storage.queries import expulsions, members, people
from server.storage.queries.expulsions import Expulsion
from server.storage.queries.members import PAGE, Belonging
from server.storage.queries.session_hosting import hand_over
from server.web.account_views import ExpelledRow, PeopleView, PersonRow
from server.web.doors import community_ref, community_url
from server.web.evictions import send_out_uninvited, tell_role
from server.web.farewells import tell_handed_over
from server.web.fields import form_fields
from server.web.hours import date_label
from server.web.person import check_rate, right_now
from server.web.place import Place, managed_place
from server.web.rate_limits import CHANGES
from server.web.refused import Refused
from server.web.rendering import render, see_other, words_of
from server.web.role_words import role_name
from server.web.seat_news import leave_what_is_closed
from server.web.session_news import wake
from server.web.tour_farewells import withdraw_of_former
from server.web.way_back import page_shown


async def people_page(request: web.Request) -> web.Response:
    """GET …/gerer/personnes: fifty at a time, by name; ?nom= searches."""
    place, words = await managed_place(request), words_of(request)
    named = request.query.get("nom", "").strip()[:60]
    page = (
        max(1, min(int(text), 10_000)) if (text := request.query.get("page", "")).isdecimal() else 1
    )
    async with request.app[DATABASE].reading() as db:
        found, total = await members.people_of(
            db, place.community.id, named=named, after=(page - 1) * PAGE
        )
        kept_out = await expulsions.expulsions_of(db, place.community.id, right_now())
    base = f"{community_url(place.community)}/gerer/personnes"
    view = PeopleView(
        community=community_ref(place, words),
        people=[_row(each, place, base, words) for each in found],
        total=total,
        named=named,
        search_url=base,
        back_url=f"{community_url(place.community)}/gerer",
        page=page,
        last_page=max(1, -(-total // PAGE)),
        expelled=[_expelled(each, place, words) for each in kept_out],
        notice=_notice(request.query.get("fait", ""), words),
        changed_id=request.query.get("fait", ""),
    )
    return await render(request, "manage_people.html", view, role=place.standing.role)


def _row(each: Belonging, place: Place, base: str, words: Words) -> PersonRow:
    giver = place.standing.role
    return PersonRow(
        id=each.person_id,
        name=each.name,
        role=each.role.value,
        role_label=role_name(each.role, words),
        has_account=each.has_account,
        since=date_label(each.since.date(), words),
        roles=[(role.value, role_name(role, words)) for role in choices(giver, each.role)],
        change_url=f"{base}/{each.person_id}",
        remove_url=f"{base}/{each.person_id}/retirer"
        if may_change(giver, each.role, Role.GUEST)
        else "",
    )


def _expelled(each: Expulsion, place: Place, words: Words) -> ExpelledRow:
    names = {office.id: office.name.read(words.lang) for office in place.offices}
    may_undo = may_act(place.standing.role, each.role, Act.EXPEL)
    url = f"{community_url(place.community)}/gerer/expulsions/{each.id}/lever"
    return ExpelledRow(each.name, names.get(each.office_id, ""), url if may_undo else "")


def _notice(done: str, words: Words) -> str:
    _ = words.gettext
    return {
        "retire": _("Cette personne ne fait plus partie de la maison."),
        "leve": _("Cette personne peut revenir."),
    }.get(done, "")


async def change_role(request: web.Request) -> web.Response:
    """POST …/gerer/personnes/{id}: give another role."""
    form = await form_fields(request)
    wanted = form.get("role", "")
    if wanted not in {role.value for role in Role} - {Role.GUEST.value}:
        raise Refused(400, "bad_request")
    return await _change(request, Role(wanted))


async def remove_person(request: web.Request) -> web.Response:
    """POST …/gerer/personnes/{id}/retirer: role and entries end, and they are out at once.

    The sessions that they host in the house are handed over.
    """
    return await _change(request, Role.GUEST)


async def _change(request: web.Request, after: Role) -> web.Response:
    place = await managed_place(request)
    check_rate(request, CHANGES)
    community, person_id = place.community, request.match_info["id"]
    async with request.app[DATABASE].writing() as db:
        before = await people.role_of(db, community.id, person_id)
        if await people.person_by_id(db, person_id) is None:
            raise Refused(404, "not_found")
        if before is Role.GUEST and not await members.is_of(db, community.id, person_id):
            raise Refused(404, "not_found")  # nobody is brought in without being invited
        if not may_change(place.standing.role, before, after):
            raise Refused(403, "role_out_of_reach")
        if leaves_no_owner(before, after, await members.count_owners(db, community.id)):
            raise Refused(409, "last_owner")
        if after is Role.GUEST:
            await members.remove_from(db, community.id, person_id)
            handed = await hand_over(db, person_id, right_now(), community.id)
            await tell_handed_over(request.app, db, handed, right_now())
            await leave_what_is_closed(request.app, db, person_id, community.id, right_now())
        else:
            await people.set_role(db, community.id, person_id, after, right_now())
        if may_manage(before) and not may_manage(after):
            await withdraw_of_former(request.app, db, person_id, right_now())
    wake(request.app)
    await send_out_uninvited(request.app, community)
    await tell_role(request.app, community, person_id, after)
    return see_other(_back(request, place, "" if after is Role.GUEST else person_id))


def _back(request: web.Request, place: Place, person_id: str) -> str:
    """The same page of the same search, at the row of whom it is about; "" once it is gone."""
    stood_on = urlsplit(page_shown(request)).query
    kept = [(name, text) for name, text in parse_qsl(stood_on) if name in ("nom", "page")]
    asked = urlencode([*kept, ("fait", person_id or "retire")])
    return f"{community_url(place.community)}/gerer/personnes?{asked}#{person_id}"
