"""Crawlers, other apps' browsers and browsers are told apart by what they say of themselves."""

from __future__ import annotations

import pytest
from aiohttp.test_utils import make_mocked_request

from server.web.openings import Openings
from server.web.user_agents import in_app_browser, is_crawler, way_out
from tests.server.agents import BROWSERS, CRAWLERS, IN_APP


@pytest.mark.parametrize("agent", CRAWLERS.values(), ids=CRAWLERS)
def test_a_crawler_is_nobody(agent: str) -> None:
    assert is_crawler(make_mocked_request("GET", "/", headers={"User-Agent": agent}))
    assert in_app_browser(agent) is None


@pytest.mark.parametrize("agent", BROWSERS.values(), ids=BROWSERS)
def test_a_browser_is_somebody(agent: str) -> None:
    assert not is_crawler(make_mocked_request("GET", "/", headers={"User-Agent": agent}))
    assert in_app_browser(agent) is None


@pytest.mark.parametrize(("name", "agent"), IN_APP.items(), ids=IN_APP)
def test_another_apps_browser_is_somebody_with_a_bad_camera(name: str, agent: str) -> None:
    assert not is_crawler(make_mocked_request("GET", "/", headers={"User-Agent": agent}))
    found = in_app_browser(agent)
    assert found is not None
    app, system = name.split("-")
    assert (found.app, found.system) == (app if app != "webview" else "", system)


def test_a_page_fetched_ahead_is_not_looked_at() -> None:
    for headers in ({"Sec-Purpose": "prefetch;prerender"}, {"Purpose": "prefetch"}):
        agent = {"User-Agent": BROWSERS["firefox"]}
        assert is_crawler(make_mocked_request("GET", "/", headers={**agent, **headers}))


def test_each_system_has_its_way_out() -> None:
    address = "https://moulin.example/i/abc?x=1"
    android = in_app_browser(IN_APP["Facebook-android"])
    ios = in_app_browser(IN_APP["Instagram-ios"])
    assert android is not None
    assert ios is not None
    assert way_out(android, address) == (
        "intent://moulin.example/i/abc?x=1#Intent;scheme=https;package=com.android.chrome;end"
    )
    assert way_out(ios, address) == "x-safari-https://moulin.example/i/abc?x=1"


def test_a_look_counts_once_a_day_and_nothing_is_remembered_after() -> None:
    clock = [0.0]
    seen = Openings(lambda: clock[0])
    assert seen.is_first("a", "192.0.2.1", "Firefox")
    assert not seen.is_first("a", "192.0.2.1", "Firefox")
    assert seen.is_first("b", "192.0.2.1", "Firefox")
    assert seen.is_first("a", "192.0.2.2", "Firefox")
    clock[0] = 24 * 3600
    assert seen.is_first("a", "192.0.2.1", "Firefox")
