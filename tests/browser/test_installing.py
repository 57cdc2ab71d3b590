"""Installing the house as an application: what a real browser makes of its manifest."""

from __future__ import annotations

import json

import pytest

from tests.browser.conftest import Arrive

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(("locale", "lang"), [("fr-CA", "fr-CA"), ("en-CA", "en-CA")])
async def test_the_browser_finds_nothing_to_say_against_it(
    arrive: Arrive, locale: str, lang: str
) -> None:
    person = await arrive(locale=locale)
    await person.open("/")
    devtools = await person.context.new_cdp_session(person.page)
    read = await devtools.send("Page.getAppManifest")
    assert read["errors"] == []
    assert json.loads(read["data"])["lang"] == lang
    found = await devtools.send("Page.getInstallabilityErrors")
    # Chromium installs nothing in a private profile, which every test's is.
    problems = {each["errorId"] for each in found["installabilityErrors"]} - {"in-incognito"}
    assert problems == set()
    assert person.problems == []
