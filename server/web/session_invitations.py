"""Mailed invitations: what an answer, a change or a cancellation does in people's own calendars.

Each letter carries the session as a calendar reads it (RFC 5546), always under the same UID: the
first one puts it there, the following ones change it or take it away in place.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from zoneinfo import ZoneInfo

from aiohttp import web

from server.community.answers import Answer
from server.community.calendar_events import session_event
from server.community.calendar_words import describing, domain_of
from server.community.calendars import Guest, Method, Organiser, invitation_of
from server.community.communities import Community
from server.community.offices import Office
from server.community.people import Notification, Person
from server.community.sessions import Session
from server.i18n import Words
from server.keys import CATALOGS, SETTINGS
from server.letters import Letter, queue_letter
from server.mail import sender_address
from server.storage.database import Transaction
from server.storage.queries import communities, offices
from server.storage.queries.letters import Attachment, cancel_letters
from server.web.hours import hours_label
from server.web.session_words import day_label, zone_label

AT_ONCE = 50
"""Sessions whose answers are read at once."""


class News(Enum):
    """What a letter has to say of a session."""

    COMING = auto()
    WAITING = auto()
    NOT_COMING = auto()
    CHANGED = auto()
    CHANGED_WAITING = auto()
    SEATED = auto()
    CANCELLED = auto()
    RESTORED = auto()
    RESTORED_WAITING = auto()
    RESTORED_HOSTED = auto()


_REMOVES = frozenset({News.NOT_COMING, News.CANCELLED})
_WAITS = frozenset({News.WAITING, News.CHANGED_WAITING, News.RESTORED_WAITING})


@dataclass(frozen=True)
class Told:
    """What the letters about sessions of one community share.

    `pages_go`: the sessions' own pages go with what is told, so that letters lead to the list.
    `by_id`: who decided what is told, where that matters.
    """

    app: web.Application
    community: Community
    offices: list[Office]
    now: datetime
    pages_go: bool = False
    by_id: str = ""

    def page(self, session: Session) -> str:
        """The page that tells more of a session, as a path."""
        listed = f"/c/{self.community.slug}/seances"
        return listed if self.pages_go else f"{listed}/{session.id}"


async def told_of(
    db: Transaction, app: web.Application, community_id: str, now: datetime
) -> Told | None:
    """What letters about a community need; None when it is gone."""
    community = await communities.community_by_id(db, community_id)
    if community is None:
        return None
    return Told(app, community, await offices.offices_of(db, community_id), now)


async def tell_answer(
    db: Transaction,
    told: Told,
    session: Session,
    person: Person,
    before: Answer | None,
    answer: Answer,
    is_waiting: bool,
) -> None:
    """Put in someone's calendar what they just answered, or take it away."""
    if answer is not Answer.NO:
        await queue_news(
            db, told, session, person, answer, News.WAITING if is_waiting else News.COMING
        )
    elif before in (Answer.YES, Answer.MAYBE):
        await queue_news(db, told, session, person, answer, News.NOT_COMING)


async def tell_seated(db: Transaction, told: Told, session: Session, person: Person) -> None:
    """Someone who waited has a seat."""
    await queue_news(db, told, session, person, Answer.YES, News.SEATED)


def batches(session_ids: Collection[str]) -> Iterator[list[str]]:
    """The ids, so many at a time that all who answered them are read at once."""
    ids = list(session_ids)
    return (ids[start : start + AT_ONCE] for start in range(0, len(ids), AT_ONCE))


async def queue_news(
    db: Transaction,
    told: Told,
    session: Session,
    person: Person,
    answer: Answer | None,
    news: News,
) -> None:
    """One letter about one date, in the place of what was to be said of it.

    The answer is None for a host who gave none.
    """
    about = news_about(session)
    await cancel_letters(db, about, person.id)  # what has not left yet is out of date
    words = told.app[CATALOGS].words(person.lang)
    letter = letter_of(told, session, news, words, has_answered=answer is not None)
    file = invitation_file(told, session, person, answer, news)
    await queue_letter(db, person, letter, now=told.now, about=about, attachments=[file])


def news_about(session: Session) -> str:
    """What a letter about one date is about, so that the next may take its place."""
    return f"calendar:{session.id}"


def invitation_file(
    told: Told,
    session: Session,
    person: Person,
    answer: Answer | None,
    news: News,
    name: str = "seance.ics",
) -> Attachment:
    """The calendar of one date, as an invitation to that person or what takes it back.

    A host who gave no answer is expected there, as one who said yes.
    """
    settings = told.app[SETTINGS]
    domain = domain_of(settings.address)
    sender = sender_address(settings.mail_from or f"Moulin <moulin@{domain}>")
    describe = describing(settings.address, told.community, told.offices, person.lang)
    method = Method.CANCEL if news in _REMOVES else Method.REQUEST
    status = Answer.MAYBE if news in _WAITS else answer or Answer.YES
    content = invitation_of(
        session_event(session, describe, domain),
        method,
        Organiser(sender.addr_spec, told.community.name.read(person.lang)),
        Guest(person.email or "", person.name, status),
        told.now,
    )
    return Attachment(name, f"text/calendar; method={method.value}", content)


def letter_of(
    told: Told, session: Session, news: News, words: Words, *, has_answered: bool = True
) -> Letter:
    """What the letter says, in its reader's language; to a host who did not answer, or others."""
    _ = words.gettext
    zone = ZoneInfo(session.time_zone)
    begin, end = session.starts_at.astimezone(zone), session.ends_at.astimezone(zone)
    title, day = session.plan.title.read(words.lang), day_label(begin, words)
    office = next((each for each in told.offices if each.id == session.plan.office_id), None)
    hours = f"{day}, {hours_label(begin, end, words)} ({zone_label(begin, words)})"
    where = f"{office.name.read(words.lang)}, " if office else ""
    facts = f"{title}\n{hours}\n{where}{told.community.name.read(words.lang)}"
    subject, sentences = _said(news, words)
    colon = " : " if words.lang == "fr" else ": "
    page = told.app[SETTINGS].address + told.page(session)
    return Letter(
        kind="session",
        subject=f"{subject}{colon}{title}, {day}",
        paragraphs=(_("Bonjour,"), sentences[0], facts, *sentences[1:]),
        action=(_("Voir les séances") if told.pages_go else _("Voir la séance"), page),
        why=why_told(words, has_answered=has_answered),
        notification=Notification.CHANGES,
    )


def why_told(words: Words, *, has_answered: bool) -> str:
    """Why someone hears of a session: they answered it, or else they host it."""
    _ = words.gettext
    if has_answered:
        return _("Vous avez répondu à cette séance. Votre compte dit quels courriels vous voulez.")
    return _("Vous animez cette séance. Votre compte dit quels courriels vous voulez.")


def _said(news: News, words: Words) -> tuple[str, tuple[str, ...]]:
    _ = words.gettext
    keeps = _("L’invitation jointe la met dans votre agenda, et l’y changera si la date change.")
    removes = _("Le fichier joint l’enlève de votre agenda.")
    changes = _("Le fichier joint la change aussi dans votre agenda.")
    changed = _("Cette séance a changé. Voici ce qu’elle est maintenant.")
    takes_place = _(
        "Cette séance avait été annulée : elle aura lieu. Votre réponse tient toujours."
    )
    waits_still = _(
        "Cette séance avait été annulée : elle aura lieu. Vous y attendez encore une place."
    )
    hosts_still = _("Cette séance avait été annulée : elle aura lieu, et vous l’animez toujours.")
    puts_back = _("Le fichier joint la remet dans votre agenda.")
    return {
        News.COMING: (_("C’est noté"), (_("Votre réponse est notée."), keeps)),
        News.WAITING: (
            _("Sur la liste d’attente"),
            (_("C’est complet pour l’instant : vous êtes sur la liste d’attente."), keeps),
        ),
        News.NOT_COMING: (_("C’est noté"), (_("Vous ne venez pas, c’est noté."), removes)),
        News.CHANGED: (_("Changement"), (changed, changes)),
        News.CHANGED_WAITING: (
            _("Changement"),
            (changed, _("Vous êtes sur la liste d’attente."), changes),
        ),
        News.SEATED: (
            _("Une place pour vous"),
            (
                _("Vous étiez sur la liste d’attente : une place est libre, et elle est à vous."),
                keeps,
            ),
        ),
        News.CANCELLED: (_("Annulée"), (_("Cette séance n’aura pas lieu."), removes)),
        News.RESTORED: (_("Rétablie"), (takes_place, puts_back)),
        News.RESTORED_WAITING: (_("Rétablie"), (waits_still, puts_back)),
        News.RESTORED_HOSTED: (_("Rétablie"), (hosts_still, puts_back)),
    }[news]
