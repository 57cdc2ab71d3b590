"""How long each kind of data is kept: one table, which the privacy page shows and a job applies."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class Kind(StrEnum):
    """The kinds of data that time erases."""

    GUESTS = "guests"
    MEMBERS = "members"
    LOGINS = "logins"
    LOGIN_LINKS = "login_links"
    LETTERS = "letters"
    INVITATIONS = "invitations"
    OWNER_LINKS = "owner_links"
    CHALLENGES = "challenges"
    VISITS = "visits"
    EXPULSIONS = "expulsions"
    PROPOSALS = "proposals"


@dataclass(frozen=True)
class Rule:
    """`after` so long from the moment that the job looks at (see `server.storage.queries`)."""

    kind: Kind
    after: timedelta


RULES = (
    Rule(Kind.GUESTS, timedelta(days=180)),  # since they were last seen
    Rule(Kind.MEMBERS, timedelta(days=730)),  # since they were last seen
    Rule(Kind.LOGINS, timedelta(days=180)),  # since the device was last seen
    Rule(Kind.LOGIN_LINKS, timedelta(days=1)),  # since it was asked for
    Rule(Kind.LETTERS, timedelta(days=30)),  # since it was written
    Rule(Kind.INVITATIONS, timedelta(days=90)),  # since it no longer opens
    Rule(Kind.OWNER_LINKS, timedelta(days=90)),  # since it no longer opens
    Rule(Kind.CHALLENGES, timedelta(0)),  # since it no longer serves
    Rule(Kind.VISITS, timedelta(days=365)),  # since the end of the visit
    Rule(Kind.EXPULSIONS, timedelta(days=1)),  # since they may come back
    Rule(Kind.PROPOSALS, timedelta(days=365)),  # since it was proposed, unless it is a stop by now
)


NOTICE = timedelta(days=30)
"""How long before their account goes an absent member is told; without that, it stays."""


def kept_for(kind: Kind) -> timedelta:
    """How long data of that kind is kept."""
    return next(rule.after for rule in RULES if rule.kind is kind)


WARNED_AFTER = kept_for(Kind.MEMBERS) - NOTICE
