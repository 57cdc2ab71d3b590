"""A month of a busy community, to try the server with: the same people and answers each time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from itertools import product
from random import Random

from server.community.answers import Answer
from server.community.offices import OfficeDraft, OfficeKind, Visibility
from server.community.people import Person, Role
from server.community.phases import read_phases
from server.community.recurrence import Frequency, Recurrence, Schedule, place_in_month
from server.community.sessions import OpenTo, Plan, SessionDraft
from server.community.text import Bilingual
from server.storage.database import Transaction
from server.storage.queries.communities import add_community, community_by_slug
from server.storage.queries.offices import add_office
from server.storage.queries.people import add_person, set_role
from server.storage.queries.session_changes import add_session
from server.storage.queries.sessions import sessions_between
from server.storage.seed_visits import month_of_visits
from server.storage.tables import SessionAnswerRow

SLUG = "le-grand-moulin"
TIME_ZONE = "America/Toronto"
PAST = timedelta(weeks=4)
ANSWERED = timedelta(weeks=2)
"""How far ahead people have answered."""

_FIRST_NAMES = (
    "Ana Amadou Béatrice Camille Denis Élodie Fatou Gabriel Hélène Inès Jean Karim Léa Mathieu "
    "Nadia Olivier Paul Quentin Rosalie Samuel Thérèse Ulysse Valérie William Xavier Yasmine "
    "Zoé Maëlle Étienne Solène"
)
_LAST_NAMES = (
    "Tremblay Gagnon Roy Côté Bouchard Gauthier Morin Lavoie Fortin Gagné Ouellet Pelletier "
    "Bélanger Lévesque Bergeron Leblanc Paquette Girard Simard Boucher Diallo Nguyen Haddad "
    "Traoré Cloutier Poirier Dubois Nadeau Savard Lapointe"
)
_OFFICES = (
    ("place", "La place", "The Square", OfficeKind.OPEN_SPACE, 60),
    ("tranquille", "Le bureau tranquille", "The Quiet Office", OfficeKind.FOCUS, 30),
    ("four", "Le four à pain", "The Bread Oven", OfficeKind.CAFE, 16),
    ("grenier", "Le grenier", "The Attic", OfficeKind.FOCUS, 20),
)
_LONG = "arrivals 10, focus 50, break 10, focus 50, debrief 10"
_SHORT = "arrivals 5, focus 25, break 5, focus 25, debrief 5"
_TALK = "arrivals 10, talk 40, break 10, debrief 20"
_SERIES = (
    # Title, theme, office, weekdays ("m": monthly), hour, phases, seats, open to.
    ("Le lundi des factures", "Comptabilité", 1, "0", 9, _LONG, None, OpenTo.ALL),
    ("Matinée d’écriture", "Écriture", 1, "124", 8, _LONG, 12, OpenTo.ALL),
    ("Le mardi des factures en retard", "Comptabilité", 3, "1", 13, _LONG, 20, OpenTo.ALL),
    ("Pomodoros du midi", "Concentration", 0, "01234", 12, _SHORT, None, OpenTo.ALL),
    ("Design en paix", "Design", 3, "2", 14, _LONG, 10, OpenTo.MEMBERS),
    ("Le mercredi du code", "Code", 0, "2", 9, _LONG, 40, OpenTo.ALL),
    ("Café des nouvelles personnes", "Accueil", 2, "3", 10, _TALK, 16, OpenTo.ALL),
    ("Soirée des projets personnels", "Projets", 0, "3", 19, _LONG, None, OpenTo.ALL),
    ("Le vendredi des bilans", "Bilan", 2, "4", 15, _SHORT, 16, OpenTo.MEMBERS),
    ("Samedi lent", "Concentration", 1, "5", 10, _LONG, 30, OpenTo.ALL),
    ("Rencontre du mois", "Communauté", 0, "m", 17, _TALK, None, OpenTo.ALL),
    ("Cercle d’organisation", "Organisation", 3, "m", 11, _TALK, 8, OpenTo.INVITED),
)


class AlreadySeeded(Exception):
    """There is such a community already."""


@dataclass(frozen=True)
class Seeded:
    """What was made."""

    slug: str
    members: int
    sessions: int
    answers: int


async def seed_community(db: Transaction, members: int, now: datetime) -> Seeded:
    """Open a community of that many members with its sessions; raises AlreadySeeded."""
    if await community_by_slug(db, SLUG) is not None:
        raise AlreadySeeded(f"there is a community at /c/{SLUG} already")
    chance = Random(700)
    community = await add_community(
        db,
        slug=SLUG,
        name=Bilingual("Le Grand Moulin", "Le Grand Moulin"),
        description=Bilingual(
            "Les pigistes de la région, chaque jour ensemble.",
            "The region’s freelancers, together every day.",
        ),
        time_zone=TIME_ZONE,
        now=now - PAST,
    )
    offices = [
        (await add_office(db, community.id, slug, _office(fr, en, kind, seats), now - PAST)).id
        for slug, fr, en, kind, seats in _OFFICES
    ]
    people = await _add_members(db, community.id, members, chance, now)
    await _add_series(db, community.id, offices, people, now)
    found = await sessions_between(db, community.id, now - PAST, now + ANSWERED)
    answers = 0
    for session in found:
        likely = chance.choice((0.5, 1.0, 1.6))
        size = min(len(people), int(likely * (session.plan.capacity or 22)))
        for person in chance.sample(people, size):
            db.add(_answer(session.id, person, session.starts_at, chance, now))
            answers += 1
    ids = [each.id for each in people]
    db.add_all(month_of_visits(found, offices, ids, TIME_ZONE, now - PAST, now, chance))
    await db.flush()
    return Seeded(SLUG, len(people), len(found), answers)


def _office(fr: str, en: str, kind: OfficeKind, capacity: int) -> OfficeDraft:
    return OfficeDraft(
        kind=kind,
        name=Bilingual(fr, en),
        description=Bilingual("", ""),
        capacity=capacity,
        visibility=Visibility.PUBLIC,
        show_names=False,
    )


async def _add_members(
    db: Transaction, community_id: str, members: int, chance: Random, now: datetime
) -> list[Person]:
    """People in order of arrival; the first ones look after the house and host."""
    names = [
        f"{first} {last}" for first, last in product(_FIRST_NAMES.split(), _LAST_NAMES.split())
    ]
    chance.shuffle(names)
    people = []
    for number in range(members):
        name = names[number % len(names)] + (f" {number}" if number >= len(names) else "")
        came = now - PAST * chance.random()
        person = await add_person(db, name, came, email=f"membre{number}@exemple.invalid")
        role = Role.OWNER if number == 0 else Role.ORGANISER if number < 3 else Role.HOST
        await set_role(db, community_id, person.id, role if number < 12 else Role.MEMBER, came)
        people.append(person)
    return people


async def _add_series(
    db: Transaction, community_id: str, offices: list[str], people: list[Person], now: datetime
) -> None:
    first_day = (now - PAST).date()
    for number, (title, theme, office, days, hour, phases, seats, open_to) in enumerate(_SERIES):
        hosts = [people[(number + each) % min(12, len(people))].id for each in range(2)]
        plan = Plan(
            title=Bilingual(title),
            text=Bilingual("On dit ce qu’on fait, on le fait, on se le raconte."),
            theme=theme,
            office_id=offices[office],
            host_id=hosts[0],
            co_host_ids=tuple(hosts[1:]) if hosts[1] != hosts[0] else (),
            phases=read_phases(phases),
            capacity=seats,
            open_to=open_to,
        )
        rule = (
            Recurrence(Frequency.MONTHLY, (first_day.weekday(),), ordinal=place_in_month(first_day))
            if days == "m"
            else Recurrence(Frequency.WEEKLY, tuple(int(day) for day in days))
        )
        schedule = Schedule(datetime.combine(first_day, time(hour)), TIME_ZONE, rule)
        await add_session(db, community_id, SessionDraft(plan, schedule), hosts[0], now - PAST)


def _answer(
    session_id: str, person: Person, starts_at: datetime, chance: Random, now: datetime
) -> SessionAnswerRow:
    said = chance.choices((Answer.YES, Answer.MAYBE, Answer.NO), (7, 2, 1))[0]
    at = min(starts_at, now) - timedelta(hours=72) * chance.random()
    return SessionAnswerRow(
        session_id=session_id,
        person_id=person.id,
        answer=said.value,
        companions=1 if said is Answer.YES and chance.random() < 0.1 else 0,
        placed_at=at,
        changed_at=at,
        remind_minutes=None,
    )
