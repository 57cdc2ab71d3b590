"""Every address of the house, in one table."""

from __future__ import annotations

from aiohttp import web

from server.keys import STATIC_FILES
from server.web import (
    account,
    api,
    attendance,
    calendar_pages,
    calendars,
    cards,
    choices,
    figures,
    handover,
    host_feeds,
    houses,
    invitation_pages,
    keeping,
    links,
    live,
    mailbox,
    manage,
    manage_invitations,
    manage_people,
    moderation,
    my_data,
    office_removal,
    pages,
    passkeys,
    privacy,
    push,
    rota,
    session_cancelling,
    session_editing,
    session_lamp,
    sessions,
    sign_in,
    tour_answers,
    tour_editing,
    tour_proposing,
    tours,
    web_app,
)

_OFFICE = "/c/{community}/{office}"
_SESSIONS = "/c/{community}/seances"
_MANAGE = "/c/{community}/gerer"


_HOUSE = [  # The server itself, and its directory.
    web.get("/", pages.directory),
    web.get("/sante", api.health),
    web.get("/confidentialite", privacy.privacy),
    web.get("/robots.txt", pages.robots),
    web.get("/application-{lang:fr|en}.webmanifest", web_app.manifest),
    web.get("/courrier", mailbox.mailbox),
    web.get("/maisons/nouvelle", houses.new_house_page),
    web.post("/maisons/nouvelle", houses.open_house),
]
_PEOPLE = [  # Oneself: name, language, signing in, the account.
    web.post("/langue", choices.choose_language),
    web.post("/nom", choices.choose_name),
    web.post("/sortir", choices.be_forgotten),
    web.get("/connexion", sign_in.sign_in_page),
    web.post("/connexion", sign_in.send_link),
    web.get("/compte", account.account_page),
    web.post("/compte/carte", account.save_card),
    web.post("/compte/courrier", account.save_letters),
    web.post("/compte/cles", passkeys.register),
    web.post("/compte/cles/defi", passkeys.registration_options),
    web.post("/compte/cles/{id}/nommer", passkeys.rename),
    web.post("/compte/cles/{id}/retirer", passkeys.remove),
    web.post("/connexion/defi", passkeys.sign_in_options),
    web.post("/connexion/cle", passkeys.sign_in),
    web.get("/sw.js", push.worker),
    web.get("/compte/notifications", push.state),
    web.post("/compte/notifications", push.subscribe),
    web.post("/compte/notifications/arreter", push.unsubscribe),
    web.post("/compte/calendrier", host_feeds.open_host_feed),
    web.post("/compte/calendrier/fermer", host_feeds.close_host_feed),
    web.post("/compte/donnees", my_data.download),
    web.post("/compte/effacer", my_data.erase),
    web.post("/compte/appareils/sortir", account.end_other_devices),
    web.post("/compte/appareils/{id}/sortir", account.end_device),
]
_LINKS = [  # Links that open something, and what previews of links show.
    web.get("/cartes/{code}.jpg", cards.card_picture),
    web.get("/entree/{token}", sign_in.login_link_page),
    web.post("/entree/{token}", sign_in.use_link),
    web.get("/garder/{token}", keeping.keeping_page),
    web.post("/garder/{token}", keeping.keep),
    web.get("/suite/{token}", handover.handover_page),
    web.post("/suite/{token}", handover.take_over),
    web.get("/i/{token}", links.invitation_page),
    web.post("/i/{token}", links.accept_invitation),
    web.get("/cle/{token}", links.owner_link_page),
    web.post("/cle/{token}", links.use_owner_link),
]
_MANAGEMENT = [  # What those who look after a community do.
    web.get(_MANAGE, manage.manage_page),
    web.get(f"{_MANAGE}/maison", houses.house_page),
    web.post(f"{_MANAGE}/maison", houses.change_house),
    web.get(f"{_MANAGE}/personnes", manage_people.people_page),
    web.post(f"{_MANAGE}/personnes/{{id}}", manage_people.change_role),
    web.post(f"{_MANAGE}/personnes/{{id}}/retirer", manage_people.remove_person),
    web.post(f"{_MANAGE}/expulsions/{{id}}/lever", moderation.readmit),
    web.post(f"{_MANAGE}/offices", manage.add_office),
    web.get(f"{_MANAGE}/offices/{{id}}", manage.office_form_page),
    web.post(f"{_MANAGE}/offices/{{id}}", manage.change_office),
    web.post(f"{_MANAGE}/offices/{{id}}/supprimer", office_removal.remove_office),
    web.post(f"{_MANAGE}/offices/{{id}}/monter", manage.move_up),
    web.post(f"{_MANAGE}/offices/{{id}}/descendre", manage.move_down),
    web.post(f"{_MANAGE}/invitations", manage_invitations.add_invitation),
    web.get(f"{_MANAGE}/invitations/{{id}}", invitation_pages.invitation_details),
    web.post(f"{_MANAGE}/invitations/{{id}}", manage_invitations.change_invitation),
    web.get(f"{_MANAGE}/invitations/{{id}}/affiche", invitation_pages.invitation_poster),
    web.get(f"{_MANAGE}/invitations/{{id}}/code.svg", invitation_pages.invitation_code),
    web.post(f"{_MANAGE}/invitations/{{id}}/revoquer", manage_invitations.revoke_invitation),
]
_GATHERINGS = [  # The sessions of a community.
    web.get(_SESSIONS, sessions.sessions_page),
    web.get(f"{_SESSIONS}/nouvelle", session_editing.new_session_page),
    web.post(f"{_SESSIONS}/nouvelle", session_editing.make_session),
    web.get(f"{_SESSIONS}/animation", rota.rota_page),
    web.post(f"{_SESSIONS}/{{session}}/animation", rota.assign_host),
    web.get(f"{_SESSIONS}/{{session}}", sessions.session_page),
    web.post(f"{_SESSIONS}/{{session}}/reponse", sessions.answer),
    web.get(f"{_SESSIONS}/{{session}}/modifier", session_editing.edit_session_page),
    web.post(f"{_SESSIONS}/{{session}}/modifier", session_editing.change_session),
    web.post(f"{_SESSIONS}/{{session}}/annuler", session_cancelling.cancel_session),
    web.post(f"{_SESSIONS}/{{session}}/retablir", session_cancelling.restore_session),
    web.get(f"{_SESSIONS}/{{session}}/lampe", session_lamp.lamp),
    web.post(f"{_SESSIONS}/{{session}}/lampe", session_lamp.take_lamp),
    web.post(f"{_SESSIONS}/{{session}}/micros", session_lamp.rule_microphones),
    web.post(f"{_SESSIONS}/{{session}}/terminer", session_lamp.end_session),
]
_TOURS = [  # Series of sessions across communities.
    web.get("/tournees", tours.tours_page),
    web.get("/tournees/nouvelle", tour_editing.new_tour_page),
    web.post("/tournees/nouvelle", tour_editing.make_tour),
    web.get("/tournees/{tour}", tours.tour_page),
    web.get("/tournees/{tour}/calendrier.ics", tours.tour_feed),
    web.get("/tournees/{tour}/modifier", tour_editing.edit_tour_page),
    web.post("/tournees/{tour}/modifier", tour_editing.change_tour),
    web.post("/tournees/{tour}/supprimer", tour_editing.remove_tour),
    web.get("/tournees/{tour}/proposer", tour_proposing.propose_page),
    web.post("/tournees/{tour}/proposer", tour_proposing.propose),
    web.post("/tournees/{tour}/propositions/{id}/retirer", tour_proposing.withdraw),
    web.get(f"{_MANAGE}/propositions", tour_answers.asked_page),
    web.post(f"{_MANAGE}/propositions/{{id}}/accepter", tour_answers.accept),
    web.post(f"{_MANAGE}/propositions/{{id}}/decliner", tour_answers.decline),
    web.post(f"{_MANAGE}/propositions/{{id}}/quitter", tour_answers.leave),
]
_CALENDARS = [  # Sessions as other programs read them.
    web.get("/c/{community}/calendrier", calendar_pages.calendar_page),
    web.get("/c/{community}/calendrier.ics", calendars.public_feed),
    web.get(f"{_OFFICE}/calendrier.ics", calendars.public_office_feed),
    web.get(f"{_SESSIONS}/{{session}}/seance.ics", calendars.session_file),
    web.get(f"{_SESSIONS}/{{session}}/serie.ics", calendars.series_file),
    web.get(f"{_SESSIONS}/{{session}}/presences.csv", attendance.session_attendance),
    web.get(f"{_MANAGE}/frequentation.csv", attendance.community_attendance),
    web.get(f"{_MANAGE}/frequentation", figures.figures_page),
    web.post("/calendrier/ouvrir", calendar_pages.open_private_feed),
    web.post("/calendrier/fermer", calendar_pages.close_private_feed),
    web.get("/calendrier/public/{token}.ics", host_feeds.host_feed),
    web.get("/calendrier/{token}.ics", calendars.private_feed),
    web.get("/calendrier/{token}/{community}.ics", calendars.private_community_feed),
    web.get("/calendrier/{token}/{community}/{office}.ics", calendars.private_community_feed),
]
_DOORS = [  # A façade, its doors and its offices; last, for any word may be an office.
    web.get("/c/{community}", pages.facade),
    web.get("/c/{community}/evenements", live.events),
    web.get(_OFFICE, pages.door),
    web.get(f"{_OFFICE}/salle", pages.office_page),
    web.get(f"{_OFFICE}/au-revoir", pages.left),
    web.post(f"{_OFFICE}/entrer", api.enter),
    web.post(f"{_OFFICE}/couper", moderation.mute),
    web.post(f"{_OFFICE}/expulser", moderation.expel),
]


def add_routes(app: web.Application) -> None:
    """Give `app` the house's addresses."""
    for routes in (_HOUSE, _PEOPLE, _LINKS, _MANAGEMENT, _GATHERINGS, _TOURS, _CALENDARS, _DOORS):
        app.router.add_routes(routes)
    app.router.add_get("/static/{version}/{path:.+}", app[STATIC_FILES].serve)
