"""The letters about sessions whose host went: to who answered, to who hosts now, to organisers.

None of them names who went: they may have been erased.
"""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from server.community.answers import Answer
from server.community.people import Notification
from server.community.sessions import Session
from server.i18n import Words
from server.keys import CATALOGS, SETTINGS
from server.letters import Letter, queue_letter
from server.push.notices import queue_notice
from server.storage.database import Transaction
from server.storage.queries import people, sessions
from server.storage.queries.letters import cancel_letters
from server.storage.queries.session_hosting import HandedOver
from server.storage.queries.tour_proposals import organisers_of
from server.web.hours import hour_label, hours_label
from server.web.session_invitations import Told, why_told
from server.web.session_news import next_of_each
from server.web.session_reminders import notice_of
from server.web.session_words import day_label, zone_label

MOST_LISTED = 12
"""Sessions that one letter lists."""


async def tell_guests(db: Transaction, told: Told, handed: HandedOver) -> None:
    """One letter and one notice a person, about the next of these sessions to which they come."""
    for session, person, answer in await next_of_each(db, told, handed.session_ids):
        if person.id == handed.host_id:
            continue
        words, about = told.app[CATALOGS].words(person.lang), f"host:{session.id}"
        await cancel_letters(db, about, person.id)
        letter = guest_letter(told, session, words, answer, has_host=handed.host_id is not None)
        await queue_letter(db, person, letter, now=told.now, about=about)
        await queue_notice(
            db,
            person,
            notice_of(told, session, words.gettext("Changement : %(title)s"), words),
            now=told.now,
            about=about,
            send_at=told.now,
            expires_at=session.ends_at,
        )


async def tell_heir(
    db: Transaction, told: Told, person_id: str, session_ids: Sequence[str]
) -> None:
    """Tell a co-host that they are the host now, of which sessions."""
    person = await people.person_by_id(db, person_id)
    if person is not None:
        found = await sessions.sessions_by_ids(db, session_ids)
        letter = heir_letter(told, found, told.app[CATALOGS].words(person.lang))
        await queue_letter(db, person, letter, now=told.now)


async def tell_organisers(db: Transaction, told: Told, session_ids: Sequence[str]) -> None:
    """Tell those who look after a house which of its sessions have no host any more."""
    found = await sessions.sessions_by_ids(db, session_ids)
    for person in await organisers_of(db, told.community.id):
        letter = orphans_letter(told, found, told.app[CATALOGS].words(person.lang))
        await queue_letter(db, person, letter, now=told.now)


def guest_letter(
    told: Told, session: Session, words: Words, answer: Answer | None, *, has_host: bool
) -> Letter:
    """The letter to someone who answered a session whose host went, or who helps to host it."""
    _ = words.gettext
    zone = ZoneInfo(session.time_zone)
    begin, end = session.starts_at.astimezone(zone), session.ends_at.astimezone(zone)
    title, day = session.plan.title.read(words.lang), day_label(begin, words)
    hours = f"{day}, {hours_label(begin, end, words)} ({zone_label(begin, words)})"
    now_led = _("La séance a lieu : à l’heure dite, quiconque est là peut prendre la lampe.")
    if has_host:
        now_led = _("La séance a lieu : une autre personne l’anime maintenant.")
    more = (_("Il en va de même des dates suivantes."),) if session.recurs else ()
    return Letter(
        kind="session",
        subject=_("Changement : %(title)s") % {"title": f"{title}, {day}"},
        paragraphs=(
            _("Bonjour,"),
            _("La personne qui devait animer cette séance n’y sera pas."),
            f"{title}\n{hours}\n{told.community.name.read(words.lang)}",
            now_led,
            *more,
        ),
        action=(_("Voir la séance"), told.app[SETTINGS].address + told.page(session)),
        why=why_told(words, has_answered=answer is not None),
        notification=Notification.CHANGES,
    )


def heir_letter(told: Told, found: Sequence[Session], words: Words) -> Letter:
    """The letter to a co-host who is the host now."""
    _ = words.gettext
    return Letter(
        kind="hosting",
        subject=_("Vous animez maintenant : %(title)s")
        % {"title": found[0].plan.title.read(words.lang) if found else ""},
        paragraphs=(
            _("Bonjour,"),
            _(
                "La personne qui devait animer ces séances n’y sera pas. "
                "Vous les coanimiez : c’est à vous que la lampe revient."
            ),
            listed(found, words),
        ),
        action=(_("Voir le calendrier d’animation"), rota_address(told)),
        after=(_("Cela ne vous va pas? Vous pouvez y laisser une date à quelqu’un d’autre."),),
        why=_("Vous coanimiez ces séances."),
    )


def orphans_letter(told: Told, found: Sequence[Session], words: Words) -> Letter:
    """The letter to those who look after a house, some of whose sessions have no host."""
    _ = words.gettext
    house = told.community.name.read(words.lang)
    return Letter(
        kind="hosting",
        subject=_("Des séances sans personne pour les animer, %(house)s") % {"house": house},
        paragraphs=(
            _("Bonjour,"),
            _(
                "La personne qui devait animer ces séances n’y sera pas. Elles ont lieu : "
                "quiconque est là peut prendre la lampe. Vous pouvez aussi les confier à quelqu’un."
            ),
            listed(found, words),
        ),
        action=(_("Voir le calendrier d’animation"), rota_address(told)),
        why=_("Vous organisez cette maison."),
    )


def rota_address(told: Told) -> str:
    """The whole address of a house's host rota."""
    return f"{told.app[SETTINGS].address}/c/{told.community.slug}/seances/animation"


def listed(found: Sequence[Session], words: Words, most: int = MOST_LISTED) -> str:
    """The next sessions, a line each, and how many more there are."""
    lines = []
    for session in found[:most]:
        begin = session.starts_at.astimezone(ZoneInfo(session.time_zone))
        title = session.plan.title.read(words.lang)
        lines.append(f"{title}, {day_label(begin, words)}, {hour_label(begin, words)}")
    left = len(found) - most
    if left > 0:
        more = words.ngettext("et %(num)d autre", "et %(num)d autres", left)
        lines.append(more % {"num": left})
    return "\n".join(lines)
