"""The letters and notices about proposed stops: to the house asked, and its answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from aiohttp import web

from server.community.communities import Community
from server.community.people import Notification, Person
from server.community.tour_proposals import Proposal, Slot
from server.community.tours import Tour
from server.i18n import Words
from server.keys import CATALOGS, SETTINGS
from server.letters import Letter, queue_letter
from server.push.notices import Notice, queue_notice
from server.storage.database import Transaction
from server.storage.queries import people, tour_proposals
from server.storage.queries.letters import cancel_letters
from server.storage.queries.push_notices import cancel_notices
from server.web.doors import community_url
from server.web.tour_proposal_rows import when_label
from server.web.tour_rows import tour_url

STILL_OF_USE = timedelta(hours=12)
"""How long a notice may wait for a device, however soon its stop is."""


@dataclass(frozen=True)
class Asking:
    """What the letters about one proposal share: the tour, and the house that is asked."""

    app: web.Application
    tour: Tour
    house: Community
    proposal: Proposal
    now: datetime


@dataclass(frozen=True)
class Sent:
    """How a notice leaves: the house's own address, the present, until when it is of use."""

    address: str
    now: datetime
    until: datetime


async def tell_house(db: Transaction, asking: Asking, by: Person) -> None:
    """Tell those who look after the house that a stop is proposed to it."""
    for person in await tour_proposals.organisers_of(db, asking.house.id):
        words = asking.app[CATALOGS].words(person.lang)
        await _send(db, asking, person, asked_letter(asking, by.name, words), words)


async def tell_proposer(
    db: Transaction, asking: Asking, *, accepted: bool, word: str, session_id: str = ""
) -> None:
    """Tell who proposed a stop what the house answered; what waits to ask it is taken back."""
    await take_back(db, asking.proposal.id)
    proposer = asking.proposal.proposed_by
    person = await people.person_by_id(db, proposer) if proposer else None
    if person is None:
        return
    words = asking.app[CATALOGS].words(person.lang)
    letter = declined_letter(asking, word, words)
    if accepted:
        letter = accepted_letter(asking, session_id, words)
    await _send(db, asking, person, letter, words)


async def take_back(db: Transaction, proposal_id: str) -> None:
    """Take back the letters and the notices about a proposal that have not left."""
    await cancel_letters(db, about_proposal(proposal_id))
    await cancel_notices(db, about_proposal(proposal_id))


async def notify(
    db: Transaction, person: Person, letter: Letter, body: str, *, about: str, sent: Sent
) -> None:
    """Say on someone's devices what a letter about tours is about, if they want to know."""
    wants = letter.notification is None or letter.notification in person.notifications
    if person.email is None or not wants or letter.action is None:
        return
    path = letter.action[1].removeprefix(sent.address)
    await queue_notice(
        db,
        person,
        Notice(letter.subject, body, path, person.lang),
        now=sent.now,
        about=about,
        send_at=sent.now,
        expires_at=max(sent.until, sent.now + STILL_OF_USE),
    )


async def _send(
    db: Transaction, asking: Asking, person: Person, letter: Letter, words: Words
) -> None:
    named = about_proposal(asking.proposal.id)
    await queue_letter(db, person, letter, now=asking.now, about=named)
    sent = Sent(_address(asking), asking.now, asking.proposal.slot.starts_at)
    await notify(db, person, letter, _facts(asking, words), about=named, sent=sent)


def asked_letter(asking: Asking, by: str, words: Words) -> Letter:
    """The letter to the house asked."""
    _ = words.gettext
    names = {"name": by, "tour": asking.tour.title.read(words.lang), "house": _house(asking, words)}
    note = asking.proposal.note
    return Letter(
        kind="proposal",
        subject=_("Une étape proposée à %(house)s : %(tour)s") % names,
        paragraphs=(
            _("Bonjour,"),
            _("%(name)s prépare la tournée « %(tour)s », et y verrait bien %(house)s.") % names,
            _facts(asking, words),
            *((_("« %(word)s »") % {"word": note},) if note else ()),
            _("Rien n’est montré à personne avant votre réponse."),
        ),
        action=(
            _("Voir la proposition"),
            f"{_address(asking)}{community_url(asking.house)}/gerer/propositions",
        ),
        why=_("Vous organisez cette maison. Votre compte dit quels courriels vous voulez."),
        notification=Notification.PROPOSALS,
    )


def accepted_letter(asking: Asking, session_id: str, words: Words) -> Letter:
    """The letter that says yes; `session_id`: the session of the house that is now a stop."""
    _ = words.gettext
    names = {"tour": asking.tour.title.read(words.lang), "house": _house(asking, words)}
    page = f"{_address(asking)}{community_url(asking.house)}/seances/{session_id}"
    return Letter(
        kind="proposal",
        subject=_("%(house)s dit oui : %(tour)s") % names,
        paragraphs=(
            _("Bonjour,"),
            _("%(house)s accueille une étape de la tournée « %(tour)s ».") % names,
            _facts(asking, words),
            _("La maison peut encore changer l’heure ou le bureau : la tournée suivra."),
        ),
        action=(_("Voir la tournée"), f"{_address(asking)}{tour_url(asking.tour)}"),
        after=(_("Et sa séance : %(url)s") % {"url": page},),
        why=_why(words),
        notification=Notification.PROPOSALS,
    )


def declined_letter(asking: Asking, word: str, words: Words) -> Letter:
    """The letter that says no, with the house's word."""
    _ = words.gettext
    names = {"tour": asking.tour.title.read(words.lang), "house": _house(asking, words)}
    return Letter(
        kind="proposal",
        subject=_("%(house)s ne peut pas cette fois : %(tour)s") % names,
        paragraphs=(
            _("Bonjour,"),
            _("%(house)s n’accueillera pas cette étape de la tournée « %(tour)s ».") % names,
            _facts(asking, words),
            *((_("« %(word)s »") % {"word": word},) if word else ()),
            _("Un autre moment ou une autre maison conviendrait peut-être."),
        ),
        action=(_("Voir la tournée"), f"{_address(asking)}{tour_url(asking.tour)}"),
        why=_why(words),
        notification=Notification.PROPOSALS,
    )


def _why(words: Words) -> str:
    return words.gettext(
        "Vous avez proposé cette étape. Votre compte dit quels courriels vous voulez."
    )


def _facts(asking: Asking, words: Words) -> str:
    return f"{slot_line(asking.proposal.slot, words)}\n{_house(asking, words)}"


def slot_line(slot: Slot, words: Words) -> str:
    """The title of a stop, and under it when it takes place."""
    return f"{slot.title.read(words.lang)}\n{when_label(slot, words)}"


def _house(asking: Asking, words: Words) -> str:
    return asking.house.name.read(words.lang)


def _address(asking: Asking) -> str:
    return asking.app[SETTINGS].address


def about_proposal(proposal_id: str) -> str:
    """What letters and notices about a proposal are about."""
    return f"proposal:{proposal_id}"
