"""The refusals that people may meet, each a code, a status and sentences that say what to do."""

from __future__ import annotations

from dataclasses import dataclass

from server.i18n import Words


class Refused(Exception):
    """A request that is turned down: shown as a page, or as JSON to a script."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(f"{status} {code}")
        self.status = status
        self.code = code


@dataclass(frozen=True)
class Sentences:
    """A refusal's title, and what to do about it."""

    title: str
    what_to_do: str


STATUS_CODES = {
    400: "bad_request",
    403: "not_allowed",
    404: "not_found",
    405: "bad_request",
    413: "too_large",
    429: "too_many",
}


def sentences(code: str, words: Words) -> Sentences:
    """What to tell someone who met the refusal `code`."""
    _ = words.gettext
    failed = (
        _("Quelque chose s’est brisé de notre côté"),
        _("Rechargez la page. Si cela continue, prévenez la personne qui s’occupe du serveur."),
    )
    known = {**_at_the_door(words), **_of_a_form(words)}
    known |= {**_of_a_tour(words), **_of_people(words), **_of_the_server(words)}
    return Sentences(*known.get(code, failed))


def _at_the_door(words: Words) -> dict[str, tuple[str, str]]:
    _ = words.gettext
    return {
        "not_found": (
            _("Cette page n’existe pas"),
            _("L’adresse a peut-être changé. Revenez à l’accueil et choisissez une porte."),
        ),
        "not_allowed": (
            _("Cette porte ne vous est pas ouverte"),
            _("Demandez un lien d’invitation à la personne qui s’occupe de ce bureau."),
        ),
        "expelled": (
            _("On vous a fait sortir de ce bureau pour aujourd’hui"),
            _("Vous pourrez revenir demain. D’ici là, parlez-en à qui s’occupe de la maison."),
        ),
        "owner_only": (
            _("Cette page est réservée à qui s’occupe de la maison"),
            _("Si c’est vous, connectez-vous, ou ouvrez ici votre lien de propriétaire."),
        ),
        "full": (
            _("Ce bureau est plein"),
            _("Revenez un peu plus tard, ou choisissez une autre porte."),
        ),
        "name_required": (
            _("Il manque votre nom"),
            _("Écrivez le nom que les autres verront, puis entrez."),
        ),
        "name_too_long": (
            _("Ce nom est trop long"),
            _("Écrivez un nom plus court, de 60 caractères au plus."),
        ),
    }


def _of_a_form(words: Words) -> dict[str, tuple[str, str]]:
    _ = words.gettext
    return {
        "csrf": (
            _("Cette page est restée ouverte trop longtemps"),
            _("Rechargez la page, puis recommencez."),
        ),
        "bad_request": (
            _("Cette demande n’a pas été comprise"),
            _("Revenez à la page d’avant, puis recommencez."),
        ),
        "too_large": (
            _("C’est trop long"),
            _("Raccourcissez ce que vous envoyez, puis recommencez."),
        ),
        "hosts_only": (
            _("Cette page est réservée aux personnes qui animent"),
            _("Demandez à qui s’occupe de la maison de vous confier l’animation."),
        ),
        "lamp_taken": (
            _("Quelqu’un tient déjà la lampe"),
            _("La personne qui anime est là, ou quelqu’un a pris sa place."),
        ),
        "session_over": (
            _("Cette séance ne se change plus"),
            _("Elle est terminée ou annulée. Sa page permet d’en annoncer une semblable."),
        ),
        "most_offices": (
            _("La maison ne peut pas avoir plus de bureaux"),
            _("Retirez un bureau qui ne sert plus, puis recommencez."),
        ),
        "most_invitations": (
            _("Il y a trop d’invitations ouvertes"),
            _("Révoquez celles qui ne servent plus, puis recommencez."),
        ),
    }


def _of_a_tour(words: Words) -> dict[str, tuple[str, str]]:
    _ = words.gettext
    return {
        "organisers_only": (
            _("Cette page est réservée à qui organise des séances"),
            _("Demandez à qui s’occupe de la maison de vous confier l’organisation."),
        ),
        "tour_maker_only": (
            _("Cette tournée n’est pas à vous"),
            _("Demandez à la personne qui l’a composée de la changer."),
        ),
        "most_proposals": (
            _("Cette tournée a déjà beaucoup de propositions"),
            _("Retirez-en une, sans réponse ou déclinée, puis recommencez."),
        ),
        "tour_full": (
            _("Cette tournée ne peut pas avoir plus d’étapes"),
            _("Qui l’a composée peut en enlever une."),
        ),
        "proposal_gone": (
            _("Cette proposition n’attend plus de réponse"),
            _("Quelqu’un y a répondu, on l’a retirée, ou sa date est passée."),
        ),
        "most_tours": (
            _("Ce serveur ne peut pas avoir plus de tournées"),
            _("Retirez une tournée passée, puis recommencez."),
        ),
    }


def _of_people(words: Words) -> dict[str, tuple[str, str]]:
    _ = words.gettext
    return {
        "keeper_only": (
            _("Seule la personne qui tient le serveur ouvre des maisons"),
            _("Demandez-lui d’en ouvrir une, et de vous en donner la clé."),
        ),
        "most_communities": (
            _("Ce serveur ne peut pas avoir plus de maisons"),
            _("Parlez-en à la personne qui tient le serveur."),
        ),
        "role_out_of_reach": (
            _("Ce rôle n’est pas à vous de le donner ou de le retirer"),
            _("Demandez à la personne qui tient la maison."),
        ),
        "person_out_of_reach": (
            _("Vous ne pouvez pas faire cela à cette personne"),
            _("Il faut animer ou tenir la maison, et avoir un rôle plus haut que le sien."),
        ),
        "person_gone": (
            _("Cette personne n’est plus dans le bureau"),
            _("Elle vient peut-être de sortir. Il n’y a rien de plus à faire."),
        ),
        "last_owner": (
            _("Il faut que quelqu’un tienne la maison"),
            _("Donnez-en d’abord la clé à une autre personne, puis recommencez."),
        ),
        "passkey_unknown": (
            _("Cette clé d’accès n’a pas été reconnue"),
            _("Recommencez, ou demandez un lien par courriel."),
        ),
        "most_passkeys": (
            _("Vous avez beaucoup de clés d’accès"),
            _("Enlevez celles qui ne servent plus, puis recommencez."),
        ),
        "members_only": (
            _("Il faut être membre pour cela"),
            _("Demandez d’abord votre lien dans « Devenir membre »."),
        ),
    }


def _of_the_server(words: Words) -> dict[str, tuple[str, str]]:
    _ = words.gettext
    return {
        "too_many": (
            _("Trop d’essais d’affilée"),
            _("Attendez une minute, puis recommencez."),
        ),
        "closing": (
            _("Le serveur redémarre"),
            _("Attendez quelques secondes, puis rechargez la page."),
        ),
    }
