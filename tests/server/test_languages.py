"""French and English: which one is chosen, and their grammar."""

from __future__ import annotations

import json

import pytest

from server.app import PROJECT
from server.i18n import LOCALES, Catalogs, negotiate
from tests.server.conftest import Visitors
from tests.server.visitors import Visitor


@pytest.mark.parametrize(
    ("chosen", "accepted", "expected"),
    [
        (None, "", "fr"),
        (None, "de", "fr"),
        (None, "en-US,en;q=0.9", "en"),
        (None, "fr-CA,fr;q=0.9,en;q=0.8", "fr"),
        (None, "en;q=0.4, fr;q=0.6", "fr"),
        (None, "de, en;q=0.5, fr;q=0", "en"),
        (None, "en;q=nonsense, fr", "fr"),
        ("en", "fr", "en"),
        ("fr", "en", "fr"),
        ("de", "en", "en"),
        (None, "," * 10_000, "fr"),
    ],
)
def test_the_language(chosen: str | None, accepted: str, expected: str) -> None:
    assert negotiate(chosen, accepted) == expected


@pytest.mark.parametrize(
    ("count", "french", "english"),
    [(0, "0 entrée", "0 entries"), (1, "1 entrée", "1 entry"), (2, "2 entrées", "2 entries")],
)
def test_zero_is_singular_in_french_and_plural_in_english(
    count: int, french: str, english: str
) -> None:
    catalogs = Catalogs(LOCALES, PROJECT / "static" / "js")
    for lang, expected in (("fr", french), ("en", english)):
        said = catalogs.words(lang).ngettext("%(num)d entrée", "%(num)d entrées", count)
        assert said % {"num": count} == expected


def test_scripts_get_their_texts_and_nothing_that_closes_their_element() -> None:
    catalogs = Catalogs(LOCALES, PROJECT / "static" / "js")
    said = catalogs.script_messages("en")
    assert json.loads(said)
    assert "<" not in said
    assert catalogs.script_messages("fr") == "{}"


async def test_the_browser_chooses_then_the_person(visitors: Visitors) -> None:
    visitor: Visitor = visitors(**{"Accept-Language": "en-CA,en;q=0.8"})
    await visitor.open("/c/les-pigistes/cafe")
    assert '<html lang="en-CA"' in visitor.page
    assert "The Café" in visitor.text
    assert visitor.headers["Content-Language"] == "en"
    await visitor.send("/langue", lang="fr", next="/c/les-pigistes/cafe")
    assert visitor.path == "/c/les-pigistes/cafe"
    assert '<html lang="fr-CA"' in visitor.page
    assert "Le café" in visitor.text
    await visitor.send("/langue", lang="klingon", next="/c/les-pigistes/cafe")
    assert "Le café" in visitor.text


async def test_refusals_speak_the_same_language(visitors: Visitors) -> None:
    visitor = visitors(**{"Accept-Language": "en"})
    status, refused = await visitor.enter("/c/les-pigistes/cafe/entrer")
    assert status == 400
    assert refused["message"].startswith("Your name is missing")
