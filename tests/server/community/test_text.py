"""What people type, cleaned."""

from __future__ import annotations

import pytest

from server.community.errors import BadField
from server.community.people import person_id_of, person_name
from server.community.text import Bilingual, clean, slug_of


def test_invisible_characters_go_and_spaces_are_single() -> None:
    assert clean("  Zo\u00e9\u202e \t\n Tremblay\u200b\x00 ") == "Zoé Tremblay"


def test_composed_emoji_stay_whole() -> None:
    assert clean("👩\u200d💻 Léa") == "👩\u200d💻 Léa"


@pytest.mark.parametrize("text", ["", "   ", "\u200d", "\u202e\x00"])
def test_a_name_needs_something_to_see(text: str) -> None:
    with pytest.raises(BadField, match="missing"):
        person_name(text)


def test_a_name_has_an_end() -> None:
    assert person_name("é" * 60) == "é" * 60
    with pytest.raises(BadField, match="too_long"):
        person_name("é" * 61)


def test_either_language_stands_for_the_other() -> None:
    assert Bilingual("Le café", "").read("en") == "Le café"
    assert Bilingual("", "The Café").read("fr") == "The Café"
    assert Bilingual("Le café", "The Café").read("en") == "The Café"


def test_addresses_are_readable_and_never_twice_the_same() -> None:
    assert slug_of("L’Aire ouverte!", frozenset(), "bureau") == "laire-ouverte"
    assert slug_of("Café", {"cafe", "cafe-2"}, "bureau") == "cafe-3"
    assert slug_of("日本", frozenset(), "bureau") == "bureau"


def test_only_our_own_identities_name_a_person() -> None:
    assert person_id_of("g_0123456789abcdef") == "0123456789abcdef"
    assert person_id_of("g_demo1") is None
    assert person_id_of("alice") is None
