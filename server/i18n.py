"""The two languages: French, in which everything is written, and its English catalog."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from babel.core import negotiate_locale
from babel.messages.catalog import Catalog as Messages
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from markupsafe import Markup

LANGUAGES = ("fr", "en")
DEFAULT_LANGUAGE = "fr"
LOCALES = Path(__file__).with_name("locales")
SCRIPT_KEYWORDS: dict[str, tuple[int, ...] | None] = {"t": None, "tn": (1, 2)}


@dataclass(frozen=True)
class Words:
    """One language: what a French text becomes in it."""

    lang: str
    single: Mapping[str, str]
    plural: Mapping[str, tuple[str, str]]

    def gettext(self, text: str) -> str:
        """`text`, which is French, in this language."""
        return self.single.get(text, text)

    def ngettext(self, one: str, many: str, count: int) -> str:
        """`one` or `many`, which are French, in this language, as `count` asks.

        Zero is singular in French ("0 personne") and plural in English.
        """
        is_one = abs(count) < 2 if self.lang == "fr" else count == 1
        one, many = self.plural.get(one, (one, many))
        return one if is_one else many

    @property
    def locale(self) -> str:
        """The name of the language as Babel and og:locale write it."""
        return "fr_CA" if self.lang == "fr" else "en_CA"


class Catalogs:
    """Both languages, read once, and the share of them that the page's scripts need."""

    def __init__(self, locales: Path, scripts: Path) -> None:
        self._words = {"fr": Words("fr", {}, {}), "en": _read(locales, "en")}
        self._scripts = scripts

    def words(self, lang: str) -> Words:
        """The words of "fr" or "en"."""
        return self._words[lang]

    def script_messages(self, lang: str) -> Markup:
        """The JSON of what static/js says, from French to `lang`, safe inside a script element."""
        return self._english_for_scripts if lang == "en" else Markup("{}")

    @cached_property
    def _english_for_scripts(self) -> Markup:
        words = self._words["en"]
        found: dict[str, str | list[str]] = {}
        for text in script_texts(self._scripts):
            if isinstance(text, tuple):
                found[text[0]] = list(words.plural.get(text[0], text))
            else:
                found[text] = words.gettext(text)
        return Markup(json.dumps(found, ensure_ascii=False).replace("<", "\\u003c"))


def script_texts(folder: Path) -> Iterator[str | tuple[str, str]]:
    """The French texts in the scripts of `folder`: t("…"), and tn("one", "many", n) as pairs."""
    found = extract_from_dir(folder, [("**.js", "javascript")], keywords=SCRIPT_KEYWORDS)
    for _file, _line, message, _comments, _context in found:
        yield message if isinstance(message, str) else (str(message[0]), str(message[1]))


def read_messages(locales: Path, lang: str) -> Messages:
    """The catalog that stands in locales/`lang`/LC_MESSAGES/messages.po."""
    with (locales / lang / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file, locale=lang)


def negotiate(chosen: str | None, accept_language: str) -> str:
    """The language to answer in: what was `chosen` before, else the browser's, else French."""
    if chosen in LANGUAGES:
        return chosen
    wanted = [(_quality(part), part.split(";")[0].strip()) for part in accept_language.split(",")]
    wanted = sorted((each for each in wanted[:20] if each[0] > 0), key=lambda each: -each[0])
    names = [name.replace("-", "_") for _, name in wanted if name and name != "*"]
    return negotiate_locale(names, LANGUAGES) or DEFAULT_LANGUAGE


def _quality(part: str) -> float:
    parameter = part.partition(";")[2].strip()
    if not parameter.startswith("q="):
        return 1.0
    try:
        return float(parameter[2:])
    except ValueError:
        return 0.0


def _read(locales: Path, lang: str) -> Words:
    single: dict[str, str] = {}
    plural: dict[str, tuple[str, str]] = {}
    for message in read_messages(locales, lang):
        if not message.id or message.fuzzy:
            continue
        if isinstance(message.id, str):
            if message.string:
                single[message.id] = str(message.string)
            continue
        forms = [str(form) for form in message.string or ()]
        if len(forms) == 2 and all(forms):
            plural[message.id[0]] = (forms[0], forms[1])
    return Words(lang, single, plural)
