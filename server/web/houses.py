"""Opening a community, and what its owner decides about the whole of it."""

from __future__ import annotations

from aiohttp import web

from server.community.communities import (
    TIME_ZONES,
    Community,
    CommunityDraft,
    draft_community,
)
from server.community.people import Person, Role
from server.keys import DATABASE
from server.storage.queries import communities, people
from server.web.account import someone
from server.web.account_views import CommunityForm, CommunityFormView
from server.web.doors import community_ref, community_url
from server.web.fields import form_fields
from server.web.manage import field_errors
from server.web.person import check_rate, right_now
from server.web.place import Place, managed_place
from server.web.rate_limits import CHANGES
from server.web.refused import Refused
from server.web.rendering import render, see_other, words_of

MOST_COMMUNITIES = 200


async def _keeper(request: web.Request) -> Person:
    person = await someone(request)
    if not person.keeps_server:
        raise Refused(403, "keeper_only")
    return person


async def new_house_page(request: web.Request) -> web.Response:
    """GET /maisons/nouvelle: for those who keep the server."""
    await _keeper(request)
    return await _show(request, CommunityForm(time_zone=TIME_ZONES[0], listed=True))


async def open_house(request: web.Request) -> web.Response:
    """POST /maisons/nouvelle: open a community, of which one is the owner."""
    person = await _keeper(request)
    check_rate(request, CHANGES)
    form = await form_fields(request)
    draft, errors = draft_community(form)
    if draft is None:
        return await _show(request, _sent_back(request, form, errors), status=400)
    now = right_now()
    async with request.app[DATABASE].writing() as db:
        if await communities.count_communities(db) >= MOST_COMMUNITIES:
            raise Refused(409, "most_communities")
        made = await communities.add_community(
            db,
            slug=await communities.free_slug(db, draft.name.read("fr")),
            name=draft.name,
            description=draft.description,
            time_zone=draft.time_zone,
            listed=draft.listed,
            now=now,
        )
        await people.set_role(db, made.id, person.id, Role.OWNER, now)
    return see_other(f"{community_url(made)}/gerer")


async def house_page(request: web.Request) -> web.Response:
    """GET …/gerer/maison: name, description, time zone, directory."""
    place = await managed_place(request)
    return await _show(request, _form_of(place.community), place)


async def change_house(request: web.Request) -> web.Response:
    """POST …/gerer/maison."""
    place = await managed_place(request)
    check_rate(request, CHANGES)
    form = await form_fields(request)
    draft, errors = draft_community(form)
    if draft is None:
        return await _show(request, _sent_back(request, form, errors), place, status=400)
    await _save(request, place.community, draft)
    return see_other(f"{community_url(place.community)}/gerer?fait=house-saved")


async def _save(request: web.Request, community: Community, draft: CommunityDraft) -> None:
    async with request.app[DATABASE].writing() as db:
        await communities.change_community(db, community.id, draft)


def _form_of(community: Community) -> CommunityForm:
    return CommunityForm(
        name_fr=community.name.fr,
        name_en=community.name.en,
        description_fr=community.description.fr,
        description_en=community.description.en,
        time_zone=community.time_zone,
        listed=community.listed,
    )


def _sent_back(request: web.Request, form: dict[str, str], errors: dict[str, str]) -> CommunityForm:
    return CommunityForm(
        name_fr=form.get("name_fr", ""),
        name_en=form.get("name_en", ""),
        description_fr=form.get("description_fr", ""),
        description_en=form.get("description_en", ""),
        time_zone=form.get("time_zone", ""),
        listed=form.get("listed") == "1",
        errors=field_errors(errors, words_of(request)),
    )


async def _show(
    request: web.Request, form: CommunityForm, place: Place | None = None, status: int = 200
) -> web.Response:
    ref = community_ref(place, words_of(request)) if place else None
    view = CommunityFormView(
        community=ref,
        form=form,
        time_zones=list(TIME_ZONES),
        save_url=f"{ref.url}/gerer/maison" if ref else "/maisons/nouvelle",
        back_url=f"{ref.url}/gerer" if ref else "/compte",
    )
    role = place.standing.role if place else Role.GUEST
    return await render(request, "community_form.html", view, role=role, status=status)
