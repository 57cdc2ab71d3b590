"""Both languages are complete: every French text is marked, and every marked text is in English."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel.messages.catalog import Message

from server.extraction import PROJECT, Text, texts
from server.i18n import LOCALES, read_messages

TEMPLATES = sorted((PROJECT / "templates").rglob("*.html"))
SCRIPTS = sorted((PROJECT / "static" / "js").rglob("*.js"))
SOURCES = sorted((PROJECT / "server" / "web").glob("*.py"))

SAID_AS_IT_IS = {"Moulin", "English", "Français", "Google", "Outlook", "EN", "FR"}
"""Names, which are the same in both languages."""

_JINJA = re.compile(r"{#.*?#}|{% block body_class %}.*?{% endblock %}|{%.*?%}|{{.*?}}", re.DOTALL)
_PLACEHOLDERS = re.compile(r"%\((\w+)\)|{(\w+)}")
_LETTERS = re.compile(r"[^\W\d_]{2,}")
_FRENCH = re.compile(r"[àâçéèêëîïôùûüœÀÂÇÉÈÊÎÔÛ’]")
_STRING = re.compile(r"""("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`)""")
_LOOSE = re.compile(
    r"[ \t]:(?![\w-]+[\](])"  # a colon that may begin a line, pseudo-classes of CSS aside
    r"|(?<=[^\W\d_]):(?=\s|$)"  # or that nothing parts from its word
    r"|«(?!\u00a0)|(?<!\u00a0)»"
    r"|\s[!?;](?=\s|$)"  # in Québec nothing goes before these three
    r"|(?<=[\d)}s])[ ](?:min|h|%)(?![\w(])"
)
"""What French typography forbids: no-break spaces missing, or spaces too many."""
_COMMENT = re.compile(r"/\*.*?\*/|^\s*//.*?$|\s//\s.*?$", re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def said() -> list[Text]:
    return list(texts())


def test_every_text_is_in_english(said: list[Text]) -> None:
    english = read_messages(LOCALES, "en")
    missing = []
    for text in said:
        message = english.get(text.one)
        forms = _forms(message)
        if message is None or message.fuzzy or not all(forms):
            missing.append(f"{text.where}: {text.one}")
        elif bool(text.many) != (len(forms) == 2):
            missing.append(f"{text.where}: singular or plural? {text.one}")
    assert not missing, "without English:\n" + "\n".join(missing)


def test_english_fills_the_same_blanks(said: list[Text]) -> None:
    english = read_messages(LOCALES, "en")
    wrong = []
    for text in said:
        for form in _forms(english.get(text.one)):
            if _blanks(form) - _blanks(text.many or text.one) or (
                _blanks(text.one) - _blanks(form) - {"n", "num"}
            ):
                wrong.append(f"{text.where}: {text.one} -> {form}")
    assert not wrong, "\n".join(wrong)


def test_nothing_is_translated_that_nobody_says(said: list[Text]) -> None:
    known = {text.one for text in said}
    unused = [
        message.id if isinstance(message.id, str) else message.id[0]
        for message in read_messages(LOCALES, "en")
        if message.id
        and (message.id if isinstance(message.id, str) else message.id[0]) not in known
    ]
    assert not unused, "run python -m server.extraction:\n" + "\n".join(unused)


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.name))
def test_templates_say_nothing_outside_the_catalog(template: Path) -> None:
    reader = _Shown()
    reader.feed(_JINJA.sub(" ", template.read_text(encoding="utf-8")))
    shown = [text for text in reader.shown if _LETTERS.search(text)]
    assert [text for text in shown if text not in SAID_AS_IT_IS] == []


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: str(path.name))
def test_scripts_say_nothing_outside_the_catalog(script: Path, said: list[Text]) -> None:
    known = {form for text in said for form in (text.one, text.many)}
    source = _COMMENT.sub("", script.read_text(encoding="utf-8"))
    strings = [found[1:-1].replace("\\", "") for found in _STRING.findall(source)]
    french = [text for text in strings if _FRENCH.search(text)]
    assert [text for text in french if text not in known] == []


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: str(path.name))
def test_pages_say_nothing_outside_the_catalog(source: Path, said: list[Text]) -> None:
    known = {form for text in said for form in (text.one, text.many)}
    tree = ast.parse(source.read_text(encoding="utf-8"))
    french = [text for text in _strings(tree) if _FRENCH.search(text)]
    assert [text for text in french if text not in known] == []


def test_french_texts_keep_their_punctuation_on_the_line(said: list[Text]) -> None:
    loose = [
        f"{text.where}: {form}"
        for text in said
        for form in (text.one, text.many)
        if _LOOSE.search(form)
    ]
    assert not loose, "write no-break spaces (U+00A0):\n" + "\n".join(loose)


def test_english_texts_have_no_french_spaces(said: list[Text]) -> None:
    english = read_messages(LOCALES, "en")
    forms = [form for text in said for form in _forms(english.get(text.one))]
    assert [form for form in forms if re.search(r"\s[:!?;](?=\s|$)|[«»]", form)] == []


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: str(path.name))
def test_templates_put_no_loose_punctuation_between_texts(template: Path) -> None:
    reader = _Shown()
    # a value stands where Jinja writes one, so that what touches it is seen
    source = re.sub(r"{{.*?}}", "0", template.read_text(encoding="utf-8"), flags=re.DOTALL)
    reader.feed(_JINJA.sub("", source))
    assert [text for text in reader.shown if _LOOSE.search(text)] == []


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: str(path.name))
def test_scripts_put_no_loose_punctuation_between_texts(script: Path) -> None:
    source = _COMMENT.sub("", script.read_text(encoding="utf-8"))
    strings = (found[1:-1] for found in _STRING.findall(source))
    between = [re.sub(r"\$\{.*?\}", "0", string) for string in strings]
    assert [
        text for text in between if re.search(r"[ \t]:[ \t]|[«»]", text) and _LOOSE.search(text)
    ] == []


def _forms(message: Message | None) -> tuple[str, ...]:
    """The English of a text: one form, two for a singular and a plural, none when it is unknown."""
    string = message.string if message is not None else None
    return tuple(map(str, string)) if isinstance(string, tuple | list) else (string or "",)


def _blanks(text: str) -> set[str]:
    return {first or second for first, second in _PLACEHOLDERS.findall(text)}


def _strings(tree: ast.AST) -> Iterator[str]:
    """The strings of a module, docstrings and bare strings left out."""
    bare = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in bare:
            yield node.value


class _Shown(HTMLParser):
    """Collects what a page shows or says: its text, and the attributes that people are read."""

    SAID = frozenset({"alt", "aria-label", "aria-description", "placeholder", "title", "content"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.shown: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "style"):
            self._silent += 1
        attributes = dict(attrs)
        if tag == "meta" and attributes.get("name") not in ("description",):
            return
        self.shown += [(attributes[name] or "").strip() for name in self.SAID if name in attributes]

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style"):
            self._silent -= 1

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.shown += [part.strip() for part in re.split(r"[·\n]", data)]
