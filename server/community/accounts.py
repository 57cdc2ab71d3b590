"""Accounts: addresses, links that sign in, and the card a member may show."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit

from server.community.errors import BadField
from server.community.people import Notification
from server.community.text import cleaned

LOGIN_LINK_LIFE = timedelta(minutes=15)
MOST_LINKS_AN_HOUR = 5
"""How many links one address gets in an hour; more are not sent, and nobody is told."""
LONGEST_EMAIL = 254
LANGUAGES = ("fr", "en")
_EMAIL = re.compile(
    r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@"
    r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]"
)


def email_address(text: str) -> str:
    """The address someone typed, as it is kept and compared: in lower case; raises BadField.

    Two spellings that differ by case reach the same person with every provider in use, and a
    second account made by a capital letter would surprise its owner.
    """
    address = text.strip().lower()
    name, _, domain = address.rpartition("@")
    try:
        address = f"{name}@{domain.encode('idna').decode('ascii')}"
    except UnicodeError:
        raise BadField("email", "not_an_address") from None
    if len(address) > LONGEST_EMAIL or not _EMAIL.fullmatch(address) or ".." in name:
        raise BadField("email", "not_an_address")
    return address


@dataclass(frozen=True)
class Card:
    """What a member says of their work; others see it only when `shown`."""

    title: str = ""
    skills: str = ""
    can_help: str = ""
    looks_for: str = ""
    link: str = ""
    languages: str = ""
    shown: bool = False


_LONGEST = {"title": 80, "skills": 200, "can_help": 200, "looks_for": 200, "languages": 80}


def draft_card(form: Mapping[str, str]) -> tuple[Card | None, dict[str, str]]:
    """Read a card's form: the card (None when something is wrong), codes by field."""
    errors: dict[str, str] = {}
    texts: dict[str, str] = {}
    for name, longest in _LONGEST.items():
        try:
            texts[name] = cleaned(name, form.get(name, ""), longest=longest)
        except BadField as error:
            errors[name] = error.code
    try:
        texts["link"] = web_address(form.get("link", ""))
    except BadField as error:
        errors["link"] = error.code
    if errors:
        return None, errors
    return Card(**texts, shown=form.get("shown") == "1"), {}


def web_address(text: str) -> str:
    """The page someone typed, with its https://; "" for none; raises BadField."""
    kept = cleaned("link", text, longest=250)
    if not kept:
        return ""
    if "://" not in kept:
        kept = "https://" + kept
    try:
        parts = urlsplit(kept)
        host = parts.hostname or ""
    except ValueError:
        host, parts = "", urlsplit("")
    if parts.scheme not in ("http", "https") or "." not in host or " " in kept or parts.username:
        raise BadField("link", "not_a_page")
    return kept


def wanted_notifications(form: Mapping[str, str]) -> frozenset[Notification]:
    """The kinds of letters that are ticked in a form."""
    return frozenset(kind for kind in Notification if form.get(kind.value) == "1")
