"""The README's table of settings, drawn from the settings themselves; run it to write it anew."""

from __future__ import annotations

import re
from pathlib import Path

from pydantic_core import PydanticUndefined

from server.settings import Settings
from tests.python_source import ROOT

README = ROOT / "README.md"
_BLOCK = re.compile(r"(<!-- settings:.*?-->\n)(.*?)(<!-- /settings -->)", re.DOTALL)


def settings_table() -> str:
    """One row a setting: variable, default, what it is for."""
    rows = ["| setting | default | |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        shown = _shown(field.default)
        rows.append(f"| `MOULIN_{name.upper()}` | {shown} | {field.description} |")
    return "\n".join(rows) + "\n"


def written_table(readme: str) -> str:
    """The table that the README holds now; raises LookupError when its marks are gone."""
    found = _BLOCK.search(readme)
    if found is None:
        raise LookupError("README.md has lost the marks around its settings")
    return found[2]


def _shown(default: object) -> str:
    if default is PydanticUndefined or default in ("", None):
        return ""
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    return f"`{default}`" if isinstance(default, str | int | Path) else ""


if __name__ == "__main__":
    text = README.read_text(encoding="utf-8")
    table = settings_table()
    README.write_text(_BLOCK.sub(lambda m: m[1] + table + m[3], text), encoding="utf-8")
