"""Every address of the house, in one table."""

from __future__ import annotations

from aiohttp import web

from server.keys import STATIC_FILES
from server.web import (
    api,
    cards,
    choices,
    invitation_pages,
    links,
    live,
    manage,
    manage_invitations,
    pages,
)

_OFFICE = "/c/{community}/{office}"
_MANAGE = "/c/{community}/gerer"


def add_routes(app: web.Application) -> None:
    """Give `app` the house's addresses."""
    app.router.add_routes(
        [
            web.get("/", pages.directory),
            web.get("/sante", api.health),
            web.get("/confidentialite", pages.privacy),
            web.get("/robots.txt", pages.robots),
            web.get("/cartes/{code}.jpg", cards.card_picture),
            web.get("/static/{version}/{path:.+}", app[STATIC_FILES].serve),
            web.post("/langue", choices.choose_language),
            web.post("/nom", choices.choose_name),
            web.post("/sortir", choices.be_forgotten),
            web.get("/i/{token}", links.invitation_page),
            web.post("/i/{token}", links.accept_invitation),
            web.get("/cle/{token}", links.owner_link_page),
            web.post("/cle/{token}", links.use_owner_link),
            web.get("/c/{community}", pages.facade),
            web.get("/c/{community}/evenements", live.events),
            web.get(_MANAGE, manage.manage_page),
            web.post(f"{_MANAGE}/offices", manage.add_office),
            web.get(f"{_MANAGE}/offices/{{id}}", manage.office_form_page),
            web.post(f"{_MANAGE}/offices/{{id}}", manage.change_office),
            web.post(f"{_MANAGE}/offices/{{id}}/supprimer", manage.remove_office),
            web.post(f"{_MANAGE}/offices/{{id}}/monter", manage.move_up),
            web.post(f"{_MANAGE}/offices/{{id}}/descendre", manage.move_down),
            web.post(f"{_MANAGE}/invitations", manage_invitations.add_invitation),
            web.get(f"{_MANAGE}/invitations/{{id}}", invitation_pages.invitation_details),
            web.post(f"{_MANAGE}/invitations/{{id}}", manage_invitations.change_invitation),
            web.get(f"{_MANAGE}/invitations/{{id}}/affiche", invitation_pages.invitation_poster),
            web.get(f"{_MANAGE}/invitations/{{id}}/code.svg", invitation_pages.invitation_code),
            web.post(
                f"{_MANAGE}/invitations/{{id}}/revoquer", manage_invitations.revoke_invitation
            ),
            web.get(_OFFICE, pages.door),
            web.get(f"{_OFFICE}/salle", pages.office_page),
            web.get(f"{_OFFICE}/au-revoir", pages.left),
            web.post(f"{_OFFICE}/entrer", api.enter),
        ]
    )
