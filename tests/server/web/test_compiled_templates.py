"""A template is compiled once for both languages, and anew when its file changes."""

from __future__ import annotations

from pathlib import Path

import jinja2
import pytest

from server.web.compiled_templates import CompiledTemplates


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The templates that were compiled, in their order."""
    names: list[str] = []
    generate = jinja2.Environment._generate  # noqa: SLF001

    def note(self: jinja2.Environment, *args: str, **options: bool) -> str:
        names.append(args[1])
        return generate(self, *args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(jinja2.Environment, "_generate", note)
    return names


def environment(folder: Path, cache: CompiledTemplates, greeting: str) -> jinja2.Environment:
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        bytecode_cache=cache,
        extensions=["jinja2.ext.i18n"],
    )
    install = made.install_gettext_callables  # type: ignore[attr-defined]
    install(lambda text: greeting, lambda one, many, count: one, newstyle=True)
    return made


def test_both_languages_share_what_was_compiled(tmp_path: Path, compiled: list[str]) -> None:
    page, cache = tmp_path / "page.html", CompiledTemplates()
    page.write_text("{% trans %}bonjour{% endtrans %}, {{ name }}", encoding="utf-8")
    fr, en = (environment(tmp_path, cache, word) for word in ("Bonjour", "Hello"))
    assert fr.get_template("page.html").render(name="Léa") == "Bonjour, Léa"
    assert en.get_template("page.html").render(name="Léa") == "Hello, Léa"
    assert compiled == ["page.html"]

    page.write_text("{{ name }}: {{ _('bonjour') }}", encoding="utf-8")
    assert en.get_template("page.html").render(name="Léa") == "Léa: Hello"
    assert compiled == ["page.html"] * 2
