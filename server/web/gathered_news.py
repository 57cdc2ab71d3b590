"""What a change of sessions tells those who answered or host: of many dates, one letter a person.

A date has a UID of its own for ever, and RFC 5546 (3.2.2) allows one UID to a REQUEST: a letter
about several dates carries a file for each, every one a whole message of RFC 6047 (4.5). That of
the soonest also stands beside the text, as mail programs act by themselves on one there: Outlook
takes no second event of a part, and events of several UIDs in one part are guesswork elsewhere. So
a few dates are a letter each, which every calendar follows by itself, and only many are gathered.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from server.community.answers import Answer, newly_seated, seat
from server.community.people import Notification, Person
from server.community.sessions import Session
from server.i18n import Words
from server.keys import CATALOGS, SETTINGS
from server.letters import Letter, queue_letter
from server.storage.database import Transaction
from server.storage.queries import calendars, people, session_answers, sessions
from server.storage.queries.letters import Attachment, cancel_letters, letters_waiting
from server.web.hours import hours_label
from server.web.session_invitations import (
    News,
    Told,
    batches,
    invitation_file,
    news_about,
    queue_news,
)
from server.web.session_words import day_label, zone_label

FEW = 3
"""Dates that are told by a letter each: more are one letter, whose files must be opened."""

_UID = re.compile(rb"^UID:(se_[0-9a-z]+)@", re.MULTILINE)
_ORDER = (
    News.CHANGED,
    News.CHANGED_WAITING,
    News.SEATED,
    News.RESTORED,
    News.RESTORED_WAITING,
    News.RESTORED_HOSTED,
    News.CANCELLED,
)


@dataclass(frozen=True)
class Item:
    """One date in a letter: what is new of it, for someone who gave that answer.

    `answer`: None of a host who gave none. `is_gone`: nothing is left of it to look at.
    """

    session: Session
    answer: Answer | None
    news: News
    is_gone: bool = False


async def tell_everyone(
    db: Transaction,
    told: Told,
    news: Mapping[str, News],
    before: Collection[Session] = (),
    gone: Collection[str] = (),
) -> None:
    """Tell those who answered, and the hosts, what is new of these sessions, by id.

    `before`: sessions as they were, of those whose seats may be others now: who waited and has one
    learns it, and who waits too. `gone`: those of them of which nothing is left. Who decides it and
    has answered is written to as well, for their calendar; a host who has not answered is not.
    """
    items: dict[str, list[Item]] = {}
    known: dict[str, Person] = {}
    capacities = {each.id: each.plan.capacity for each in before}
    for some in batches(news):
        by_id = {each.id: each for each in await sessions.sessions_by_ids(db, some)}
        line = await _line(db, list(by_id.values()), capacities)
        for session_id, person, answer in await calendars.concerned_by(db, list(by_id)):
            session, own = by_id[session_id], news[session_id]
            if session.ends_at <= told.now or (answer is None and person.id == told.by_id):
                continue
            if own is News.CHANGED:
                own = line.get((session_id, person.id), own)
            elif own is News.RESTORED:
                waits = (session_id, person.id) in line
                own = News.RESTORED_WAITING if waits else own
                own = News.RESTORED_HOSTED if answer is None else own
            known[person.id] = person
            items.setdefault(person.id, []).append(Item(session, answer, own))
    for session, person in await hosts_of_gone(db, told, before, gone):
        known[person.id] = person
        item = Item(session, None, News.CANCELLED, is_gone=True)
        items.setdefault(person.id, []).append(item)
    for person_id, person in known.items():
        await tell_person(db, told, person, items[person_id])


async def hosts_of_gone(
    db: Transaction, told: Told, before: Collection[Session], gone: Collection[str]
) -> list[tuple[Session, Person]]:
    """Of those `before`, the sessions that are gone, as called off, each with hosts to tell."""
    known: dict[str, Person | None] = {}
    found = []
    for session in before:
        if session.id not in gone or session.ends_at <= told.now:
            continue
        sequence = session.sequence + 1
        off = replace(session, cancelled_at=told.now, changed_at=told.now, sequence=sequence)
        for host_id in session.host_ids:
            if host_id not in known:
                known[host_id] = await people.person_by_id(db, host_id)
            person = known[host_id]
            if person is not None and person.email is not None and host_id != told.by_id:
                found.append((off, person))
    return found


async def _line(
    db: Transaction, found: Collection[Session], capacities: Mapping[str, int | None]
) -> dict[tuple[str, str], News]:
    """Who has more to learn of a change: those in line for a seat, by session and person.

    `capacities`: how many seats there were, by session, where there may be others now.
    """
    line: dict[tuple[str, str], News] = {}
    for session in found:
        capacity = session.plan.capacity
        before = capacities.get(session.id, capacity)
        if capacity is None and before is None:
            continue
        replies = [each.reply for each in await session_answers.replies_to(db, session.id)]
        for each in seat(replies, capacity).waiting:
            line[session.id, each.person_id] = News.CHANGED_WAITING
        for person_id in newly_seated(replies, replies, before, capacity):
            line[session.id, person_id] = News.SEATED
    return line


async def tell_person(db: Transaction, told: Told, person: Person, items: list[Item]) -> None:
    """A few dates make a letter each; more, with those that wait to be told, are listed in one."""
    if Notification.CHANGES not in person.notifications:
        return
    items = sorted(
        await _with_what_waits(db, told, person, items),
        key=lambda each: (each.session.starts_at, each.session.id),
    )
    if len(items) <= FEW:
        for each in items:
            leads = replace(told, pages_go=True) if each.is_gone else told
            await queue_news(db, leads, each.session, person, each.answer, each.news)
        return
    for each in items:
        await cancel_letters(db, news_about(each.session), person.id)
    words = told.app[CATALOGS].words(person.lang)
    letter, files = gathered_letter(told, items, words), _files(told, person, items)
    about = _about(told, of_seats=all(each.news is News.SEATED for each in items))
    await queue_letter(db, person, letter, now=told.now, about=about, attachments=files)


async def _with_what_waits(
    db: Transaction, told: Told, person: Person, items: Sequence[Item]
) -> list[Item]:
    """The `items`, and what letters about several dates that have not left say of others, as it is.

    Those letters are taken back: they are out of date. A seat that one of them was to tell is told.
    """
    seats = await _taken_back(db, _about(told, of_seats=True), person)
    changes = await _taken_back(db, _about(told), person)
    ids = (seats | changes) - {each.session.id for each in items}
    answers = {
        session_id: answer
        for some in batches(ids)
        for session_id, other, answer in await calendars.concerned_by(db, some)
        if other.id == person.id
    }
    found = [
        *items,
        *(
            Item(each, answers[each.id], News.CANCELLED if each.cancelled_at else News.CHANGED)
            for each in await sessions.sessions_by_ids(db, list(answers))
            if each.ends_at > told.now
        ),
    ]
    return [
        replace(each, news=News.SEATED)
        if each.news is News.CHANGED and each.session.id in seats
        else each
        for each in found
    ]


async def _taken_back(db: Transaction, about: str, person: Person) -> set[str]:
    """Take back a letter about several dates that has not left: the ids of its sessions."""
    waiting = await letters_waiting(db, about, person.id)
    await cancel_letters(db, about, person.id)
    return {
        session_id.decode()
        for letter in waiting
        for file in letter.attachments
        for session_id in _UID.findall(file.content)
    }


def _files(told: Told, person: Person, items: Sequence[Item]) -> list[Attachment]:
    names: set[str] = set()
    files = []
    for each in items:
        begin = each.session.starts_at.astimezone(ZoneInfo(each.session.time_zone))
        name = f"{begin:%Y-%m-%d}"
        name = f"{begin:%Y-%m-%d-%H%M}-{len(names)}" if name in names else name
        names.add(name)
        name = f"seance-{name}.ics"
        files.append(invitation_file(told, each.session, person, each.answer, each.news, name))
    return files


def gathered_letter(told: Told, items: Sequence[Item], words: Words) -> Letter:
    """The letter that lists several dates, in its reader's language; `items` by start."""
    _, kinds = words.gettext, [each for each in _ORDER if each in {item.news for item in items}]
    style = _Style.of(told, items, words)
    parts = []
    for kind in kinds:
        listed = [each.session for each in items if each.news is kind]
        parts.append(_sentence(kind, len(listed), words))
        parts.append("\n".join(style.line(each) for each in listed))
    dates = words.ngettext("%(num)d date", "%(num)d dates", len(items)) % {"num": len(items)}
    house = f"{told.app[SETTINGS].address}/c/{told.community.slug}"
    followed = _(
        "Si votre agenda n’a suivi que la première, ouvrez les autres fichiers. Votre calendrier "
        "personnel suit tout de lui-même, sans courriel : il suffit de s’y abonner une fois."
    )
    return Letter(
        kind="session",
        subject=_subject(kinds, words) % {"title": f"{style.name}, {dates}"},
        paragraphs=(
            _("Bonjour,"),
            *parts,
            style.facts,
            _("Chaque date a son fichier joint, qui la met à jour dans votre agenda."),
        ),
        action=(_("Voir les séances"), f"{house}/seances"),
        after=(f"{followed}\n{house}/calendrier",),
        why=_why(items, words),
        notification=Notification.CHANGES,
    )


@dataclass(frozen=True)
class _Style:
    """How dates are written: what all of them share is said once, `name` and `facts`."""

    told: Told
    words: Words
    name: str
    facts: str
    titled: bool
    placed: bool
    zoned: bool

    @classmethod
    def of(cls, told: Told, items: Sequence[Item], words: Words) -> _Style:
        """The style of a letter about these."""
        found = [each.session for each in items]
        house = told.community.name.read(words.lang)
        titles = {each.plan.title.read(words.lang) for each in found}
        places = {_place(told, each, words) for each in found}
        zones = {_zone(each, words) for each in found}
        title = titles.copy().pop() if len(titles) == 1 else ""
        where = ", ".join([*filter(None, places if len(places) == 1 else ()), house])
        facts = [title, f"{where} ({zones.copy().pop()})" if len(zones) == 1 else where]
        several = [len(each) > 1 for each in (titles, places, zones)]
        return cls(told, words, title or house, "\n".join(filter(None, facts)), *several)

    def line(self, session: Session) -> str:
        """One date."""
        words, zone = self.words, ZoneInfo(session.time_zone)
        begin, end = session.starts_at.astimezone(zone), session.ends_at.astimezone(zone)
        said = f"{day_label(begin, words)}, {hours_label(begin, end, words)}"
        said += f" ({_zone(session, words)})" if self.zoned else ""
        title = session.plan.title.read(words.lang) if self.titled else ""
        place = _place(self.told, session, words) if self.placed else ""
        return ", ".join(filter(None, (title, said, place)))


def _place(told: Told, session: Session, words: Words) -> str:
    office = next((each for each in told.offices if each.id == session.plan.office_id), None)
    return office.name.read(words.lang) if office else ""


def _zone(session: Session, words: Words) -> str:
    return zone_label(session.starts_at.astimezone(ZoneInfo(session.time_zone)), words)


def _subject(kinds: Sequence[News], words: Words) -> str:
    """With a blank for what it is about."""
    _ = words.gettext
    several, restored = _("Changement : %(title)s"), _("Rétablies : %(title)s")
    subjects = {
        News.SEATED: _("Des places pour vous : %(title)s"),
        News.RESTORED: restored,
        News.RESTORED_WAITING: restored,
        News.RESTORED_HOSTED: restored,
        News.CANCELLED: _("Annulées : %(title)s"),
    }
    said = {subjects.get(each, several) for each in kinds}
    return said.pop() if len(said) == 1 else several


def _why(items: Sequence[Item], words: Words) -> str:
    _ = words.gettext
    if all(each.answer is not None for each in items):
        return _("Vous avez répondu à ces séances. Votre compte dit quels courriels vous voulez.")
    if all(each.answer is None for each in items):
        return _("Vous animez ces séances. Votre compte dit quels courriels vous voulez.")
    return _(
        "Vous avez répondu à ces séances, ou vous les animez. "
        "Votre compte dit quels courriels vous voulez."
    )


def _sentence(kind: News, count: int, words: Words) -> str:
    """What is new of `count` dates that are listed below it."""
    if kind is News.CHANGED:
        return words.ngettext(
            "Cette date a changé. La voici maintenant.",
            "Ces dates ont changé. Les voici maintenant.",
            count,
        )
    if kind is News.CHANGED_WAITING:
        return words.ngettext(
            "Cette date a changé, et vous y êtes sur la liste d’attente.",
            "Ces dates ont changé, et vous y êtes sur la liste d’attente.",
            count,
        )
    if kind is News.SEATED:
        return words.ngettext(
            "Vous étiez sur la liste d’attente de cette date : une place y est à vous.",
            "Vous étiez sur la liste d’attente de ces dates : une place y est à vous.",
            count,
        )
    if kind is News.RESTORED:
        return words.ngettext(
            "Cette date avait été annulée : elle aura lieu. Votre réponse tient toujours.",
            "Ces dates avaient été annulées : elles auront lieu. Vos réponses tiennent toujours.",
            count,
        )
    if kind is News.RESTORED_WAITING:
        return words.ngettext(
            "Cette date avait été annulée : elle aura lieu. Vous y attendez encore une place.",
            "Ces dates avaient été annulées : elles auront lieu. Vous y attendez encore une place.",
            count,
        )
    if kind is News.RESTORED_HOSTED:
        return words.ngettext(
            "Cette date avait été annulée : elle aura lieu, et vous l’animez toujours.",
            "Ces dates avaient été annulées : elles auront lieu, et vous les animez toujours.",
            count,
        )
    return words.ngettext("Cette date n’aura pas lieu.", "Ces dates n’auront pas lieu.", count)


def _about(told: Told, *, of_seats: bool = False) -> str:
    return f"{'seats' if of_seats else 'calendars'}:{told.community.id}"
