"""How a page looks: to axe-core, by day and by night, in a narrow window and in a wide one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from playwright.async_api import Page

AXE = Path(__file__).resolve().parents[2] / "node_modules/axe-core/axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

Look = tuple[Literal["light", "dark"], int]
"""A colour scheme, and the width of the window in pixels."""

# Of what passes one element a rule is told: to describe them all takes longer than to judge them.
_JUDGE = """async (tags) => {
  const told = await axe.run(
    document, { runOnly: { type: "tag", values: tags }, resultTypes: ["violations"] });
  return { passes: told.passes.length, violations: told.violations };
}"""


async def findings(page: Page) -> list[str]:
    """What axe-core finds serious or critical, with the elements concerned."""
    if not await page.evaluate("'axe' in window"):
        # evaluated rather than added as an element, which the page's own policy would refuse
        await page.evaluate(AXE.read_text(encoding="utf-8"))
    result: dict[str, Any] = await page.evaluate(_JUDGE, RULES)
    assert result["passes"], "axe-core looked at nothing"
    return [
        f"{found['id']}: {node['html'][:160]} {node['failureSummary']}"
        for found in result["violations"]
        if found["impact"] in ("serious", "critical")
        for node in found["nodes"]
    ]


class Eyes:
    """Looks at pages in several looks, one after the other; `wrong` gathers what is wrong."""

    def __init__(self, looks: Sequence[Look]) -> None:
        self._looks = list(looks)
        self.wrong: list[str] = []

    async def look(self, page: Page, where: str) -> None:
        """Find what scrolls sideways, and what axe-core finds, on the page as it is now."""
        for theme, width in self._looks:
            await page.emulate_media(color_scheme=theme)
            await page.set_viewport_size({"width": width, "height": 800})
            sideways = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
            seen = f"{where}, {theme}, {width}"
            if sideways > 0:
                self.wrong.append(f"{seen}: scrolls sideways by {sideways}")
            self.wrong += [f"{seen}: {found}" for found in await findings(page)]
        # The next page opens in the look that is on, so that each look meets pages both ways.
        self._looks.reverse()
