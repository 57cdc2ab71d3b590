"""The hours that a page writes by itself are those that the server writes."""

from __future__ import annotations

import pytest

from server.i18n import Words
from server.web.hours import clock_label
from tests.browser.conftest import Arrive

pytestmark = pytest.mark.browser

TIMES = [(0, 0), (0, 4), (9, 0), (9, 5), (11, 59), (12, 0), (13, 30), (23, 59)]
_WRITTEN = """async (times) => {
  const page = document.querySelector("script[src*='/js/page.js']").src;
  const { clock } = await import(page.replace("page.js", "i18n.js"));
  return times.map(([hour, minute]) => clock(new Date(2026, 10, 23, hour, minute)));
}"""


@pytest.mark.parametrize("lang", ["fr", "en"])
async def test_page_and_server_write_hours_alike(arrive: Arrive, lang: str) -> None:
    lea = await arrive(locale=f"{lang}-CA")
    await lea.open("/")
    words = Words(lang, {}, {})
    expected = [clock_label(hour, minute, words) for hour, minute in TIMES]
    assert await lea.page.evaluate(_WRITTEN, TIMES) == expected
