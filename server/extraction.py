"""Finds every French text to translate; run as a module, it brings the English catalog up to date.

`python -m server.extraction` adds what is new to server/locales/en (untranslated), drops what is no
longer said, and keeps the rest.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import write_po

from server.i18n import LOCALES, SCRIPT_KEYWORDS, read_messages

HEADER = """\
# English texts of Moulin, which is written in French.
msgid ""
msgstr ""
"Language: en\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"

"""
PROJECT = Path(__file__).resolve().parent.parent
_PAGE_KEYWORDS: dict[str, tuple[int, ...] | None] = {
    "_": None,
    "gettext": None,
    "ngettext": (1, 2),
}
_SOURCES: tuple[tuple[str, str, str, dict[str, tuple[int, ...] | None], dict[str, str]], ...] = (
    ("templates", "**.html", "jinja2", _PAGE_KEYWORDS, {"newstyle_gettext": "true"}),
    ("server", "**.py", "python", _PAGE_KEYWORDS, {}),
    ("static/js", "**.js", "javascript", SCRIPT_KEYWORDS, {}),
)


@dataclass(frozen=True)
class Text:
    """One French text and where it is said; `many` is its plural, "" without one."""

    where: str
    one: str
    many: str = ""


def texts(project: Path = PROJECT) -> Iterator[Text]:
    """Every text of templates, Python and scripts."""
    for folder, pattern, method, keywords, options in _SOURCES:
        found = extract_from_dir(
            project / folder,
            [(pattern, method)],
            options_map={pattern: options},
            keywords=keywords,
        )
        for file, line, message, _comments, _context in found:
            where = f"{folder}/{file}:{line}"
            if isinstance(message, str):
                yield Text(where, message)
            else:
                yield Text(where, str(message[0]), str(message[1]))


def update(locales: Path = LOCALES, project: Path = PROJECT) -> Catalog:
    """The English catalog with exactly the texts that are said, translations kept."""
    known = read_messages(locales, "en")
    fresh = Catalog(locale="en")
    for text in sorted(texts(project), key=lambda each: each.where):
        before = known.get(text.one)
        translation = before.string if before is not None else None
        if text.many:
            kept = translation if isinstance(translation, (tuple, list)) else ("", "")
            fresh.add((text.one, text.many), tuple(kept))
        else:
            fresh.add(text.one, translation if isinstance(translation, str) else "")
    return fresh


def main() -> None:
    """Write the catalog and say how many texts wait for a translation."""
    catalog = update()
    path = LOCALES / "en" / "LC_MESSAGES" / "messages.po"
    with path.open("wb") as file:
        file.write(HEADER.encode())
        write_po(file, catalog, width=100, omit_header=True, sort_output=True)
    waiting = sum(1 for each in catalog if each.id and not _is_translated(each.string))
    print(f"{path}: {len(catalog)} texts, {waiting} without a translation")


def _is_translated(string: object) -> bool:
    return all(string) if isinstance(string, (tuple, list)) else bool(string)


if __name__ == "__main__":
    main()
