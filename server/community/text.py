"""Text written in French, English or both, and the cleaning of what people type."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from server.community.errors import BadField

_SPACES = re.compile(r"\s+")
ACCENTED = "àâäáãçéèêëíîïñóôöùûüúÿœæÀÂÄÁÃÇÉÈÊËÍÎÏÑÓÔÖÙÛÜÚŸŒÆ"
PLAIN = "aaaaaceeeeiiinooouuuuyoa" * 2
"""The accented letters of French and its neighbours, and the letter that each sorts with."""
_ACCENTS = str.maketrans(ACCENTED, PLAIN)


@dataclass(frozen=True)
class Bilingual:
    """A text in French, English or both; whichever is there stands for the other."""

    fr: str
    en: str = ""

    def read(self, lang: str) -> str:
        """The text in `lang` ("fr" or "en"), else in the other language."""
        return (self.en or self.fr) if lang == "en" else (self.fr or self.en)


def clean(text: str) -> str:
    """`text` without invisible characters, on one line, with single spaces.

    Control, format (such as direction overrides) and unassigned characters go; the joiner that
    makes composed emoji stays.
    """
    kept = (
        " " if character.isspace() else character
        for character in unicodedata.normalize("NFC", text)
        if character.isspace()
        or character == "\u200d"
        or not unicodedata.category(character).startswith("C")
    )
    return _SPACES.sub(" ", "".join(kept)).strip()


def unaccented(text: str) -> str:
    """`text` in small letters, without the accents of French: how people type a name in a hurry."""
    return text.translate(_ACCENTS).lower()


def cleaned(field: str, text: str, *, longest: int, required: bool = False) -> str:
    """`clean(text)`; raises BadField when it is missing or longer than `longest` characters."""
    kept = clean(text)
    if required and not kept.replace("\u200d", ""):
        raise BadField(field, "missing")
    if len(kept) > longest:
        raise BadField(field, "too_long")
    return kept


def cleaned_lines(field: str, text: str, *, longest: int) -> str:
    """`clean` line by line; raises BadField when it is longer than `longest` characters."""
    kept = "\n".join(clean(line) for line in text.splitlines()).strip()
    if len(kept) > longest:
        raise BadField(field, "too_long")
    return kept


def slug_of(text: str, taken: frozenset[str] | set[str], otherwise: str) -> str:
    """A readable piece of URL made from `text`, unlike any of `taken`."""
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii")
    base = re.sub(r"[^a-z0-9]+", "-", ascii_text.lower()).strip("-")[:40].strip("-") or otherwise
    slug, number = base, 1
    while slug in taken:
        number += 1
        slug = f"{base}-{number}"
    return slug
