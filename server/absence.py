"""The letter that comes before an absent member's account is erased, and the link that keeps it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime

import structlog
from babel.dates import format_date
from itsdangerous import BadData, URLSafeSerializer

from server.community.people import Person
from server.community.retention import NOTICE, WARNED_AFTER
from server.i18n import Catalogs, Words
from server.letters import Letter, queue_letter
from server.settings import Settings
from server.storage.database import Database
from server.storage.queries.retention import AT_ONCE, absent_members, mark_warned

log = structlog.stdlib.get_logger("server.absence")

EVERY_SECONDS = 3600.0


class AbsenceLetters:
    """Tells each absent member once, `NOTICE` before their account goes."""

    def __init__(
        self,
        database: Database,
        catalogs: Catalogs,
        settings: Settings,
        now: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._catalogs = catalogs
        self._settings = settings
        self._now = now

    async def send(self) -> int:
        """Queue the letters that are due, in small transactions; how many."""
        count, last = 0, AT_ONCE
        while last == AT_ONCE:
            now = self._now()
            async with self._database.writing() as db:
                absent = await absent_members(db, now - WARNED_AFTER)
                for person in absent:
                    words = self._catalogs.words(person.lang)
                    url = keeping_url(self._settings, person.id)
                    letter = absence_letter(person, url, (now + NOTICE).date(), words)
                    await queue_letter(db, person, letter, now=now, about="absence")
                await mark_warned(db, [each.id for each in absent], now)
            last = len(absent)
            count += last
        if count:
            log.info("told absent members", count=count)
        return count


def absence_letter(person: Person, url: str, until: date, words: Words) -> Letter:
    """The letter itself; `url` keeps the account, `until` is the day it goes otherwise."""
    _ = words.gettext
    return Letter(
        kind="absence",
        subject=_("Votre compte Moulin s’effacera bientôt"),
        paragraphs=(
            _("Bonjour %(name)s,") % {"name": person.name},
            _(
                "Voilà presque deux ans que vous n’êtes pas passé·e. Nous ne gardons pas ce qui ne "
                "sert plus : le %(date)s, votre compte et tout ce que ce serveur garde de vous "
                "s’effaceront."
            )
            % {"date": format_date(until, "d MMMM y", locale=words.locale)},
        ),
        action=(_("Garder mon compte"), url),
        after=(_("Vous préférez qu’on vous oublie? Il n’y a rien à faire."),),
        why=_("Nous l’écrivons une seule fois, 30 jours avant d’effacer un compte."),
    )


def keeping_url(settings: Settings, person_id: str) -> str:
    """Where that person says that they keep their account; it opens nothing else."""
    return f"{settings.address}/garder/{_serializer(settings).dumps(person_id)}"


def kept_person(settings: Settings, token: str) -> str | None:
    """The person of a link made by `keeping_url`; None for any other text."""
    try:
        person_id = _serializer(settings).loads(token)
    except BadData:
        return None
    return person_id if isinstance(person_id, str) else None


def _serializer(settings: Settings) -> URLSafeSerializer:
    return URLSafeSerializer(settings.secret_key, salt="moulin.keep")
