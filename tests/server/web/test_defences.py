"""Cookies, forged changes, headers, limits: what keeps people and the house safe."""

from __future__ import annotations

import re

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from server.app import build_app
from server.keys import RATE_LIMITS, SETTINGS
from server.settings import Settings
from server.web.way_back import safe_next
from tests.server.conftest import Visitors
from tests.server.mailbox import letters
from tests.server.offices import MANAGE, change_office, office_ids
from tests.server.visitors import Visitor

CAFE = "/c/les-pigistes/cafe"


async def test_a_change_without_its_token_is_refused(visitor: Visitor) -> None:
    await visitor.open(CAFE)
    visitor.csrf_token = "forged"
    assert await visitor.send("/nom", name="Zoé", next="/") == 403
    assert "Rechargez" in visitor.text
    assert visitor.cookie("moulin_login") == ""
    visitor.csrf_token = "forged"
    status, refused = await visitor.enter(f"{CAFE}/entrer", name="Zoé")
    assert (status, refused["error"]) == (403, "csrf")


async def test_a_token_of_another_browser_is_refused(visitors: Visitors) -> None:
    victim, attacker = visitors(), visitors()
    await victim.open(CAFE)
    await attacker.open(CAFE)
    victim.csrf_token = attacker.csrf_token
    assert await victim.send("/nom", name="Zoé", next="/") == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://ailleurs.example"},
        {"Origin": "null"},
        {"Origin": "http://["},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
async def test_a_change_from_another_site_is_refused(
    visitors: Visitors, headers: dict[str, str]
) -> None:
    visitor = visitors(**headers)
    assert await visitor.send("/nom", name="Zoé", next="/") == 403


async def test_every_address_that_changes_something_refuses_a_forged_form(
    house: web.Application, visitor: Visitor
) -> None:
    posts = [
        route.resource.canonical
        for route in house.router.routes()
        if route.method == "POST" and route.resource is not None
    ]
    forms = [path for path in posts if not path.startswith("/twirp")]
    assert len(forms) >= 12
    for path in forms:
        async with visitor.client.post(
            house[SETTINGS].address + re.sub(r"{\w+}", "x", path), data={"name": "Zoé"}
        ) as answer:
            assert answer.status == 403, path


async def test_cookies_are_kept_from_scripts_and_other_sites(visitor: Visitor) -> None:
    await visitor.open(CAFE)
    kept = [visitor.headers["Set-Cookie"]]
    await visitor.send("/nom", name="Zoé", next="/")
    kept += visitor.set_cookies
    await visitor.send("/langue", lang="en", next="/")
    kept += visitor.set_cookies
    names = [each.partition("=")[0] for each in kept]
    assert names == ["moulin_csrf", "moulin_login", "moulin_lang"]
    for each in kept:
        assert "HttpOnly" in each
        assert "SameSite=Lax" in each
        assert "Secure" not in each  # this one is served by http, on the machine itself


async def test_over_https_cookies_are_secure_and_pages_say_so(settings: Settings) -> None:
    secure = settings.model_copy(update={"public_url": "https://moulin.example.org"})
    async with TestServer(build_app(secure)) as server, Visitor(server) as visitor:
        await visitor.open("/c/les-pigistes", Host="moulin.example.org")
        assert "Secure" in visitor.headers["Set-Cookie"]
        assert "Strict-Transport-Security" in visitor.headers
        assert "wss://moulin.example.org" in visitor.headers["Content-Security-Policy"]


async def test_a_login_that_was_tampered_with_is_nobody(visitor: Visitor) -> None:
    await visitor.send("/nom", name="Zoé", next="/")
    login = visitor.cookie("moulin_login")
    visitor.steal_cookie("moulin_login", login[:-3] + "AAA")
    await visitor.open("/confidentialite")
    assert "Zoé" not in visitor.text


@pytest.mark.parametrize("path", ["/c/les-pigistes", "/nulle-part", "/sante", f"{CAFE}/salle"])
async def test_every_answer_carries_a_strict_policy(visitor: Visitor, path: str) -> None:
    await visitor.open(path)
    policy = visitor.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; ")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert visitor.headers["X-Content-Type-Options"] == "nosniff"
    assert visitor.headers["Referrer-Policy"] == "same-origin"
    assert "camera=(self)" in visitor.headers["Permissions-Policy"]


async def test_no_page_needs_what_the_policy_forbids(owner: Visitor) -> None:
    pages = ["/c/les-pigistes", CAFE, f"{CAFE}/salle", f"{CAFE}/au-revoir", MANAGE, "/x"]
    for path in pages:
        await owner.open(path)
        assert not re.search(r"<[^>]+\s(style|on\w+)=", owner.page), path
        assert not re.search(r"<style|javascript:", owner.page), path
        for script in re.findall(r"<script([^>]*)>", owner.page):
            assert "src=" in script or "application/json" in script, path


async def test_one_address_cannot_try_without_end(
    house: web.Application, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(house[RATE_LIMITS], "_now", lambda: 0.0)  # however long all this takes
    statuses = [await visitor.send("/cle/AAAAAAAAAAAAAAAAAAAAAA", name="Zoé") for _ in range(24)]
    assert statuses[0] == 410
    assert statuses[-1] == 429
    assert int(visitor.headers["Retry-After"]) > 0


async def test_a_body_is_small_or_refused(visitor: Visitor) -> None:
    assert await visitor.send("/nom", name="x" * 70_000, next="/") == 413


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("/c/les-pigistes?x=1", "/c/les-pigistes?x=1"),
        ("https://ailleurs.example", "/"),
        ("//ailleurs.example", "/"),
        ("/\\ailleurs.example", "/"),
        ("/\r\nSet-Cookie: a=b", "/"),
        (None, "/"),
    ],
)
def test_forms_lead_nowhere_else(asked: object, given: str) -> None:
    assert safe_next(asked) == given


async def test_who_may_not_see_a_page_may_sign_in_and_come_back_to_it(
    house: web.Application, visitor: Visitor
) -> None:
    assert await visitor.open(MANAGE) == 403
    ways_in = visitor.page.replace("%2F", "/").count(f'href="/connexion?next={MANAGE}"')
    assert ways_in == 2  # that of every page, and the button
    await visitor.send("/connexion", email="lea@exemple.org", next=MANAGE)
    (letter, *_others) = await letters(house)
    found = re.search(r"(/entree/[\w-]{22})", letter.text)
    assert found
    await visitor.open(found[1])
    await visitor.send(found[1], name="Léa")
    assert (visitor.path, visitor.status) == (MANAGE, 403)
    assert "/connexion?" not in visitor.page  # an account is not what is missing


async def test_who_was_signed_out_meanwhile_may_sign_in_and_come_back_to_the_form(
    owner: Visitor, house: web.Application
) -> None:
    form = f"{MANAGE}/offices/{(await office_ids(house))['cafe']}"
    await owner.open(form)
    owner.steal_cookie("moulin_login", "")  # as if on another page
    assert await owner.send(form, name_fr="Le bistro") == 403
    assert f'<a class="button" href="{form}">' in owner.page  # the way back
    ways_in = owner.page.replace("%2F", "/").count(f'href="/connexion?next={form}"')
    assert ways_in == 2  # that of every page, and the button


@pytest.mark.parametrize("referer", ["https://ailleurs.example/c/x", "http://[", "", None])
async def test_a_form_from_nowhere_leads_back_to_the_street(
    visitor: Visitor, referer: str | None
) -> None:
    await visitor.open(CAFE)
    body = f"csrf_token={visitor.csrf_token}&next=/".encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    headers |= {} if referer is None else {"Referer": referer}
    assert await visitor.send_raw("/calendrier/ouvrir", body, headers) == 403
    assert '<a class="button" href="/">' in visitor.page
    assert visitor.page.replace("%2F", "/").count('href="/connexion?next=/"') == 2


async def test_a_private_door_says_that_one_may_sign_in(
    house: web.Application, owner: Visitor, visitor: Visitor
) -> None:
    await visitor.open(CAFE)
    assert visitor.page.count(f'href="/connexion?next={CAFE}"') == 1  # that of every page
    await change_office(house, owner, "cafe", visibility="invitation")
    await visitor.open(CAFE)
    assert visitor.page.count(f'href="/connexion?next={CAFE}"') == 2


@pytest.mark.parametrize("path", ["/c/nulle-part/gerer", f"{MANAGE}/invitations/inv_0", "/nulle"])
async def test_what_is_not_there_is_not_told_from_what_is_hidden(
    owner: Visitor, visitors: Visitors, path: str
) -> None:
    assert await owner.open(path) == 404
    stranger = visitors()
    hidden = 403 if path.startswith(MANAGE) else 404  # before looking whether it is there
    assert await stranger.open(path) == hidden
